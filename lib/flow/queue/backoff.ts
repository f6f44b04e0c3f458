/**
 * How long to wait before the next attempt, so that items that failed together do not retry together.
 *
 * Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (aws-arch-backoff-simulator).
 */

/** Bounds of a backoff. */
export interface Backoff {
  /** Upper bound in seconds of the first delay. Above 0. */
  readonly baseSeconds: number;
  /** Upper bound in seconds of every delay. At least `baseSeconds`. */
  readonly capSeconds: number;
}

/**
 * The backoff of a consumer that retries by itself. Queues count delays in whole seconds, so that a shorter base could
 * not be kept; five attempts reach 8 s, far from the cap.
 */
export const DEFAULT_BACKOFF: Backoff = { baseSeconds: 1, capSeconds: 60 };

/** How long a failed item waits before it is delivered again. The base may be 0: it is delivered at once. */
export interface RetryDelay extends Backoff {
  /** Whether a delay is drawn from U(0, bound); otherwise it is the bound. */
  readonly jitter: boolean;
}

/** The delay where no broker decides it: a consumer with a backoff of its own. */
export const DEFAULT_RETRY_DELAY: RetryDelay = { ...DEFAULT_BACKOFF, jitter: true };

/** Upper bound in seconds of the delay after failed attempt number `attempt` (0 is the first): min(cap, base·2ⁿ). */
export function backoffBound(attempt: number, backoff: Backoff = DEFAULT_BACKOFF): number {
  return Math.min(backoff.capSeconds, backoff.baseSeconds * 2 ** attempt);
}

/** Full jitter: a delay in seconds drawn from U(0, min(cap, base·2ⁿ)); `random` yields U(0, 1). */
export function fullJitter(attempt: number, random: () => number, backoff: Backoff = DEFAULT_BACKOFF): number {
  return random() * backoffBound(attempt, backoff);
}

/**
 * Decorrelated jitter: min(cap, U(base, 3 × the previous delay)) in seconds.
 *
 * @param previousSeconds the delay before this one; `baseSeconds` for the first
 */
export function decorrelatedJitter(
  previousSeconds: number,
  random: () => number,
  backoff: Backoff = DEFAULT_BACKOFF,
): number {
  const { baseSeconds, capSeconds } = backoff;
  const high = Math.max(baseSeconds, 3 * previousSeconds);
  return Math.min(capSeconds, baseSeconds + random() * (high - baseSeconds));
}

/** Expected sum in seconds of the full-jitter delays between `attempts` attempts: half of every bound. */
export function expectedDelay(attempts: number, backoff: Backoff = DEFAULT_BACKOFF): number {
  let sum = 0;
  for (let n = 0; n < attempts - 1; n += 1) sum += backoffBound(n, backoff) / 2;
  return sum;
}
