/** Numbers that the plan, the simulation and the running senders share. */

/** However often a provider refuses, this share of the rate is used: it has to be asked to be found ready again. */
export const LEAST_FACTOR = 0.01;

/** One request to the table, and how often it is made. Retried longer, it would outlive the function. */
export const STORE = { requestSeconds: 2, attempts: 3 } as const;
/** Seconds that one change of the table takes at most. */
export const STORE_SECONDS = STORE.requestSeconds * STORE.attempts;
/** What a function keeps of its time: to give up the claims of mails that were not sent, and to answer. */
export const ANSWER_SECONDS = STORE_SECONDS + 0.5;

/** What left is counted in quarters of an hour. */
export const QUARTER_SECONDS = 900;
/** Quarters that count towards a day: those of 24 hours, and the one in which the first of them was. */
export const DAY_QUARTERS = 97;
/** A full day is looked at once in so many seconds. */
export const DAY_CHECK_SECONDS = 60;
/** Seconds until what left first may leave again: 24 hours, to the end of a quarter, and until that is seen. */
export const DAY_WINDOW_SECONDS = DAY_QUARTERS * QUARTER_SECONDS + DAY_CHECK_SECONDS;

/** The bucket of a provider: what its senders are told. */
export interface BucketSettings {
  readonly messagesPerSecond: number;
  /** Messages that may leave at once. */
  readonly burst: number;
  /** Seconds for which a slot is valid. */
  readonly slotSeconds: number;
  /** Messages in any 24 hours. Default: no daily limit. */
  readonly messagesPerDay?: number;
  /** Of the rate, what is left of it after a throttle. */
  readonly throttledFactor: number;
  /** Share of the rate that comes back with each change. */
  readonly recoveryStep: number;
  /** Seconds between two changes of the rate. */
  readonly adaptSeconds: number;
  /**
   * No sender takes a slot that is further away than this, at the full rate: it waits. All senders together hold fewer
   * slots, so what is further ahead was taken by a wrong clock, and both clocks together would break the limit.
   */
  readonly horizonSeconds: number;
}

/** One sample of what bounced: Amazon SES publishes its rates slowly, and senders in pods count over as long. */
export const REPUTATION_SECONDS = 3600;

/** When senders in pods pause by themselves: what they are told. */
export interface PauseSettings {
  /** Of the calls, the share that the provider refuses for good. */
  readonly ratio: number;
  /** Calls that are counted before the share says something. */
  readonly leastMessages: number;
  /** Seconds over which calls are counted. */
  readonly windowSeconds: number;
}
