import { numberSetting } from '../settings';

/** Unused retries are kept for about so long. */
const SECONDS_KEPT = 10;

/**
 * How many retries a client may make: a share of its requests, and so many a second beside them. A storm of failures then adds
 * both and no more.
 *
 * Source: Finagle, RetryBudget.
 */
export class RetryBudget {
  #tokens: number;
  #at: number;

  /**
   * @param ratio retries for each request
   * @param perSecond retries a second beside it
   * @param now milliseconds of a clock that does not go back
   */
  constructor(
    private readonly ratio: number,
    private readonly perSecond: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#tokens = Math.max(1, perSecond);
    this.#at = now();
  }

  /** A first attempt was made. */
  public request(): void {
    this.#refill();
    this.#tokens = Math.min(this.#most, this.#tokens + this.ratio);
    this.#recent += this.ratio;
  }

  /** Whether a retry may be made; it is counted. */
  public retry(): boolean {
    this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** What the requests of the last seconds brought, which is kept for as long. */
  #recent = 0;

  /** One at least: a client of few requests would never have a whole one. */
  get #most(): number {
    return Math.max(1, SECONDS_KEPT * this.perSecond + this.#recent + this.ratio);
  }

  #refill(): void {
    const seconds = Math.max(0, this.now() - this.#at) / 1000;
    this.#at += 1000 * seconds;
    this.#recent *= Math.exp(-seconds / SECONDS_KEPT);
    this.#tokens = Math.min(this.#most, this.#tokens + seconds * this.perSecond);
  }
}

/**
 * The budget of a plan: RETRY_BUDGET_RATIO and RETRY_BUDGET_PER_SECOND of the environment. One for each service that is called.
 *
 * @throws Error when one is missing or is no number; the message names it
 */
export function retryBudget(): RetryBudget {
  return new RetryBudget(numberSetting('RETRY_BUDGET_RATIO'), numberSetting('RETRY_BUDGET_PER_SECOND'));
}
