import type { Arrivals } from '../arrivals';
import { figure, percent } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';
import { breakingMultiple, noticeablyBadPeak } from './expected';

/**
 * The workload: arrivals, time of one item, failures.
 *
 * Every number is in the SI unit that its name ends in, so that the same workload serves every engine and every
 * language.
 */
export interface Workload extends Arrivals {
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
   * Mean size of one item in the queue in bytes; what a message refers to, such as an object in a bucket, does not
   * count. Above 0; at most 1,048,576 on SQS and 10,000,000 on Pub/Sub, otherwise 10¹⁸.
   *
   * @default 1024
   */
  readonly itemBytes?: number;

  /**
   * Share of attempts at a healthy item that fail and are retried (time-outs, throttles). 0 to below 1.
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

  /**
   * Items that arrive at one moment besides the steady rate, such as a file of orders or the runs that a clock starts. A
   * burst takes the place of a peak. 0 to 10⁹.
   *
   * @default 0
   */
  readonly burstItems?: number;
}

/**
 * The promise to the users of a queue.
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
   * The most that the instances may cost at worst, every one of them running all month, in US dollars. Above 0, at most
   * 10¹². Needs the price of an instance: some constructs know it, otherwise give `instanceHourCost`.
   *
   * @default - no ceiling
   */
  readonly monthlyCost?: number;

  /**
   * The multiple of the load that the plan is made for: load or service time may grow by this factor before the promise
   * breaks. Above 1, at most 10. A given value is part of the promise; the default yields to bounds given by hand, such
   * as `maxInstances`, and the plan says so.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/**
 * The consumer of the items: how many at once, and how fast it scales.
 */
export interface Consumer {
  /**
   * Items that one instance serves at the same time. A whole number, 1 to 2⁵³.
   *
   * @default 1
   */
  readonly slotsPerInstance?: number;

  /**
   * Seconds between two polls of the backlog by the scaler. 0 to 31,536,000 (a year).
   *
   * @default 30
   */
  readonly pollSeconds?: number;

  /**
   * Seconds between reading the backlog and requesting more instances. 0 to 31,536,000 (a year).
   *
   * @default 15
   */
  readonly decideSeconds?: number;

  /**
   * Seconds from the request for an instance to its first item. 0 to 31,536,000 (a year).
   *
   * @default 30
   */
  readonly startSeconds?: number;

  /**
   * The fewest instances, given by hand. It is checked against the promise. 0 to 2⁵³; 0 lets the consumer sleep.
   *
   * @default - derived
   */
  readonly minInstances?: number;

  /**
   * The most instances, given by hand. It is checked against the promise. 1 to 2⁵³.
   *
   * @default - derived
   */
  readonly maxInstances?: number;

  /**
   * The most instances that can exist: partitions, quota, licences. 1 to 2⁵³.
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

/**
 * Predictions for one peak, from its first item to an empty backlog.
 */
export interface Predictions {
  /**
   * Busy slots at the peak ÷ slots of every instance. Above 0; above 1 more arrives than is served while the peak lasts. Of
   * a burst, while it is served: at most 1.
   */
  readonly utilisation: number;
  /** Share of items that wait at all at the peak with every instance up (Erlang C), or of those of a burst. 0 to 1. */
  readonly waitProbability: number;
  /** Median time in seconds from arrival to the end of service. */
  readonly latencyP50Seconds: number;
  /**
   * The 99th percentile of the time in seconds from arrival to the end of service, of the items of many peaks taken
   * together. Near capacity peaks differ: in some, many items exceed it, in others none.
   */
  readonly latencyP99Seconds: number;
  /**
   * The 99th percentile of one bad peak, in seconds: what one peak in twenty exceeds as the 99th percentile of its own
   * items. The simulation agrees within 20 % for peaks of up to 20 relaxation times at 0.85 to 1.15 of the capacity.
   *
   * @default - not predicted: the peak is long, or its load far below the capacity, so that peaks hardly differ; or
   * instances are added during the peak, or attempts fail, which no law covers
   */
  readonly badPeakP99Seconds?: number;
  /** The most items that wait at the same time. */
  readonly peakBacklog: number;
  /** Seconds from the end of the peak to an empty backlog. */
  readonly drainSeconds: number;
  /** Seconds from the backlog's growth to the first item of an added instance, at worst. */
  readonly reactionSeconds: number;
  /**
   * US dollars a month for the instances, with one peak a day. The most that they can cost is the knob `costCeiling`.
   *
   * @default - the price of an instance is not known
   */
  readonly monthlyCost?: number;
  /**
   * The multiple of the load at which the promise breaks, to 1 %, with the instances of the plan. Above 1.
   *
   * @default - nothing is promised
   */
  readonly breaksAtLoad?: number;
  /**
   * The multiple of the service time at which the promise breaks, to 1 %, with the instances of the plan. Above 1.
   *
   * @default - nothing is promised
   */
  readonly breaksAtServiceTime?: number;
}

/**
 * The plan of a queue and its consumer: every knob with its reason, and the predictions.
 */
export class QueuePlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: Predictions,
    remarks: string[] = [],
    /** The platform and the broker that the plan is for, in words. */
    public readonly servedBy: string = '',
    /** Whether the load has a peak; without one nothing drains after it. */
    public readonly peaked: boolean = true,
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const p = this.predictions;
    const cost = p.monthlyCost;
    return [
      ...(this.servedBy === '' ? [] : [{ label: 'served by', text: this.servedBy }]),
      { label: 'utilisation at the peak', text: percent(p.utilisation) },
      { label: 'probability of waiting', text: percent(p.waitProbability) },
      {
        label: 'latency P50 / P99',
        text: `${figure(p.latencyP50Seconds)} s / ${figure(p.latencyP99Seconds)} s, over the items of many peaks`,
      },
      ...badPeak(p),
      { label: 'peak backlog', text: `${figure(p.peakBacklog)} items` },
      ...(this.peaked ? [drained(p)] : []),
      { label: 'reaction of the scaler', text: `${figure(p.reactionSeconds)} s` },
      ...(p.breaksAtLoad === undefined ? [] : [{ label: 'the promise breaks at', text: breaking(p) }]),
      ...(cost === undefined ? [] : [{ label: 'instances', text: `${figure(cost)} USD/month` }]),
    ];
  }
}

function drained({ drainSeconds }: Predictions): Expectation {
  return drainSeconds === 0
    ? { label: 'drained', text: 'by the end of the peak: at full size more is served than arrives' }
    : { label: 'drained after the peak in', text: `${figure(drainSeconds)} s` };
}

function badPeak(predictions: Predictions): Expectation[] {
  const bad = noticeablyBadPeak(predictions);
  if (bad === undefined) return [];
  return [{ label: 'latency P99 of a bad peak', text: `${figure(bad)} s, exceeded by one peak in twenty` }];
}

function breaking({ breaksAtLoad, breaksAtServiceTime }: Predictions) {
  return `${breakingMultiple(breaksAtLoad)} the load, ${breakingMultiple(breaksAtServiceTime)} the service time`;
}
