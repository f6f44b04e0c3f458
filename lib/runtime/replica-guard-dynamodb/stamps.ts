/**
 * Which writers are there, from the moments that they leave in a table. Those are of their own clocks, so a moment is not compared
 * with the clock of the guard: a writer is there as long as its moment changes.
 */

/** A writer and its moment, as it stands in the table. */
export interface Stamp {
  readonly writer: string;
  readonly atMillis: number;
}

/** Writers by name, and when each was seen to move, by the clock of the guard. */
export class Stamps {
  #seen = new Map<string, { readonly atMillis: number; readonly seenMillis: number }>();

  constructor(private readonly forgottenMillis: number) {}

  /** How many are there, of all that the table has now. */
  public count(stamps: readonly Stamp[], nowMillis: number): number {
    this.#seen = new Map(stamps.map((stamp) => [stamp.writer, this.#moved(stamp, nowMillis)]));
    return [...this.#seen.values()].filter(({ seenMillis }) => nowMillis - seenMillis <= this.forgottenMillis).length;
  }

  #moved({ writer, atMillis }: Stamp, nowMillis: number) {
    const before = this.#seen.get(writer);
    if (before?.atMillis === atMillis) return before;
    // The first moment of a writer may be one that it left long ago; whether it is there shows with its next one.
    return { atMillis, seenMillis: before === undefined ? Math.min(nowMillis, atMillis) : nowMillis };
  }
}
