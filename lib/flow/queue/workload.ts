/**
 * Numbers about the world: what arrives, how long one item takes, how often it fails.
 *
 * Every number is a plain one in the SI unit its name ends in, so that the same workload serves every engine
 * and every language.
 */
export interface Workload {
  /**
   * Items that arrive per second outside the peak. 10⁻⁹ to 10⁹.
   */
  readonly steadyPerSecond: number;

  /**
   * Items that arrive per second during the peak. `steadyPerSecond` to 10⁹.
   *
   * @default - `steadyPerSecond`: there is no peak
   */
  readonly peakPerSecond?: number;

  /**
   * Length of the peak in seconds. 0, or 0.001 to 31,536,000 (a year).
   *
   * @default 0
   */
  readonly peakSeconds?: number;

  /**
   * Mean time in seconds that one slot is busy with one attempt at one item. 10⁻⁹ to 31,536,000 (a year).
   */
  readonly serviceSeconds: number;

  /**
   * Coefficient of variation of the service time (standard deviation ÷ mean). 0 is constant, 1 is exponential.
   * 0 to 10.
   *
   * @default 1
   */
  readonly serviceVariation?: number;

  /**
   * Mean size of one item in bytes. Above 0, at most 10¹⁸.
   *
   * @default 1024
   */
  readonly itemBytes?: number;

  /**
   * Share of attempts at a healthy item that fail and are made again (time-outs, throttles). 0 to below 1.
   *
   * @default 0
   */
  readonly failureRatio?: number;

  /**
   * Share of items that no attempt can ever serve (malformed, refused by the business). 0 to below 1.
   *
   * @default 0
   */
  readonly poisonRatio?: number;
}

/**
 * What is promised to whoever waits.
 */
export interface Objective {
  /**
   * Time in seconds from an item's arrival to the end of its service, at `latencyQuantile`. 10⁻⁹ to 31,536,000 (a year).
   */
  readonly latencySeconds: number;

  /**
   * The share of items that must keep `latencySeconds`. 0.5 to below 1.
   *
   * @default 0.99
   */
  readonly latencyQuantile?: number;

  /**
   * The largest number of waiting items tolerated at any time. Above 0, at most 10¹⁸.
   *
   * @default - no bound of its own; the latency bounds it
   */
  readonly maxBacklog?: number;

  /**
   * The most that the instances may cost at worst, every one of them running all month, in US dollars. Above 0, at
   * most 10¹². Needs the price of an instance: constructs that know it bring it along, elsewhere it is `instanceHourCost`.
   *
   * @default - no ceiling
   */
  readonly monthlyCost?: number;
}

/**
 * Who serves the items: how many at once, and how fast more of them can be had.
 */
export interface Consumer {
  /**
   * Items that one instance serves at the same time. A whole number, 1 to 2⁵³.
   *
   * @default 1
   */
  readonly slotsPerInstance?: number;

  /**
   * Seconds between two looks at the backlog by whatever scales the consumer. 0 to 31,536,000 (a year).
   *
   * @default 30
   */
  readonly pollSeconds?: number;

  /**
   * Seconds between seeing the backlog and asking for more instances. 0 to 31,536,000 (a year).
   *
   * @default 15
   */
  readonly decideSeconds?: number;

  /**
   * Seconds from asking for an instance to its first item. 0 to 31,536,000 (a year).
   *
   * @default 30
   */
  readonly startSeconds?: number;

  /**
   * The fewest instances, given by hand. It is checked, not trusted. 0 to 2⁵³; 0 lets the consumer sleep.
   *
   * @default - derived
   */
  readonly minInstances?: number;

  /**
   * The most instances, given by hand. It is checked, not trusted. 1 to 2⁵³.
   *
   * @default - derived
   */
  readonly maxInstances?: number;

  /**
   * The most instances that can be had at all: partitions, quota, licences. 1 to 2⁵³.
   *
   * @default - no limit
   */
  readonly instanceLimit?: number;

  /**
   * Attempts at one item before it is set aside as poison. 1 to 1,000.
   *
   * @default 5
   */
  readonly maxAttempts?: number;

  /**
   * Price of one instance in US dollars an hour. Above 0, at most 10¹².
   *
   * @default - unknown: no cost is predicted
   */
  readonly instanceHourCost?: number;
}
