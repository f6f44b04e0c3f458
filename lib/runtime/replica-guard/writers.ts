/** Who has asked lately. An entry is a name and a moment; the oldest are forgotten, so that no flood of names fills the memory. */

const MOST_WRITERS = 10_000;

/** Bulk writers by name. */
export class Writers {
  readonly #seen = new Map<string, number>();

  constructor(private readonly forgottenMillis: number) {}

  /** Notes that a writer has asked. */
  public see(name: string, nowMillis: number): void {
    // Set again: a map keeps the order of insertion, so that the first one is the oldest.
    this.#seen.delete(name);
    this.#seen.set(name, nowMillis);
    if (this.#seen.size > MOST_WRITERS) this.#seen.delete(this.#seen.keys().next().value as string);
  }

  /** How many have asked within the time. */
  public count(nowMillis: number): number {
    for (const [name, at] of this.#seen) {
      if (nowMillis - at <= this.forgottenMillis) break;
      this.#seen.delete(name);
    }
    return this.#seen.size;
  }
}
