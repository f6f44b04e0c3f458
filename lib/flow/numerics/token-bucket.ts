import { between, validate } from '../errors';

/**
 * A rate limit that saves unused tokens, up to a burst: tokens = min(burst, tokens + Δt × rate).
 *
 * The caller passes the time with every call, so it is exact in a simulation and easy to test. Works at any rate, also
 * below one a second. It holds for one process; n processes together pass n × rate.
 *
 * Source: Turner, "New directions in communications", IEEE Communications 24 (1986).
 */
export class TokenBucket {
  private tokens: number;
  private at: number | undefined;

  /**
   * @param ratePerSecond tokens gained per second, above 0
   * @param burst most tokens that can be saved, above 0; the bucket starts full
   * @throws InvalidInputError when one is out of range
   */
  constructor(
    public readonly ratePerSecond: number,
    public readonly burst: number,
  ) {
    validate('TokenBucket', [between('ratePerSecond', ratePerSecond, 0), between('burst', burst, 0)]);
    this.tokens = burst;
  }

  /** Tokens available at `now` (seconds). A clock that steps back gains nothing. */
  public available(now: number): number {
    const elapsed = this.at === undefined ? 0 : Math.max(0, now - this.at);
    return Math.min(this.burst, this.tokens + elapsed * this.ratePerSecond);
  }

  /**
   * Takes `count` tokens at `now` (seconds) if they are available and returns 0; otherwise takes none and returns the
   * seconds until they are. `Infinity` when `count` exceeds the burst.
   */
  public take(now: number, count = 1): number {
    this.tokens = this.available(now);
    this.at = this.at === undefined ? now : Math.max(now, this.at);
    if (count > this.burst) return Number.POSITIVE_INFINITY;
    // Rounding in Δt × rate must not turn "exactly enough" into another round trip.
    if (count <= this.tokens * (1 + 1e-12)) {
      this.tokens = Math.max(0, this.tokens - count);
      return 0;
    }
    return (count - this.tokens) / this.ratePerSecond;
  }
}
