/** Signing secrets, read anew every few minutes, from wherever they are kept. */

/** How long what was read is trusted, in milliseconds. Short enough that a revoked secret dies within minutes. */
const CACHE_MILLIS = 5 * 60 * 1000;

/** Remembers secrets by where they are kept. */
export class CachedSecrets {
  readonly #cache = new Map<string, { readonly until: number; readonly values: Promise<readonly string[]> }>();

  /** @param read fetches what is kept there, and throws when that is nothing */
  constructor(
    private readonly read: (place: string) => Promise<readonly string[]>,
    private readonly now: () => number = Date.now,
  ) {}

  /** The secrets that a signature may be made with. Never logs them. */
  public async of(place: string): Promise<readonly string[]> {
    const cached = this.#cache.get(place);
    if (cached && cached.until > this.now()) return cached.values;
    const values = this.read(place);
    this.#cache.set(place, { until: this.now() + CACHE_MILLIS, values });
    // A failed read must not be remembered for five minutes.
    values.catch(() => this.#cache.delete(place));
    return values;
  }
}
