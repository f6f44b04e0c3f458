import type { Arrivals } from '../arrivals';
import { duration, figure } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';
import type { InvalidatorName } from './invalidators';
import type { TransportName } from './transports';

/**
 * Events that each say that a key of a cache has changed. Many events name the same key.
 */
export interface MergingWorkload extends Arrivals {
  /**
   * Different keys that the events of the peak name. A whole number, 1 to 10^9.
   */
  readonly distinctKeys: number;

  /**
   * How uneven the keys are: the exponent of Zipf's law, by which the second key is named 2^−keySkew times as often as the
   * first. 0 is even. 0 to 3.
   *
   * @default 0
   */
  readonly keySkew?: number;

  /**
   * Mean seconds of work for one key: to rebuild or to delete what is cached. Above 0, at most 3600.
   */
  readonly keySeconds: number;

  /**
   * Seconds of a flush beside its calls: to read, to merge and to acknowledge. 0 to 3600.
   *
   * @default 0
   */
  readonly flushSeconds?: number;

  /**
   * Seconds of one call that do not depend on how many keys it has, such as the way there and back. A flush has as many calls
   * as its keys need: `keysPerCall` of the plan. 0 to 60.
   *
   * @default 0
   */
  readonly callSeconds?: number;

  /**
   * Of the distinct keys, those that end in `*`: paths of Amazon CloudFront with a wildcard, of which it takes 15 at once. A
   * whole number, 0 to `distinctKeys`. Needs an invalidator that has wildcards.
   *
   * @default 0
   */
  readonly wildcardKeys?: number;

  /**
   * Bytes of one event, with its partition key where it has one. Text: what is no UTF-8 does not reach a function as it was
   * sent. 1 to 1,048,576.
   *
   * @default 256
   */
  readonly eventBytes?: number;
}

/**
 * The promise of a queue that merges.
 */
export interface MergingObjective {
  /**
   * Seconds from an event until its key is invalidated, at most. Above 0, at most 86,400.
   */
  readonly freshnessSeconds: number;

  /**
   * US dollars that the invalidations of one peak may cost at list price. Needs an invalidator with a price. Above 0, at
   * most 10^12.
   *
   * @default - no ceiling
   */
  readonly invalidationCost?: number;

  /**
   * US dollars that 30 days with one peak a day may cost at list price: what carries the events, the merger and the
   * invalidations, without a function that rebuilds keys. Needs a transport with a price, Amazon Kinesis or Amazon SQS. Above
   * 0, at most 10^12.
   *
   * @default - no ceiling
   */
  readonly monthlyCost?: number;

  /**
   * The multiple of the load, events and keys alike, that the freshness is promised for. Above 1, at most 10. A given
   * value is part of the promise; the default yields, and the plan says so.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/** The input of the plan. Case, docs, environment and construct use the same one. */
export interface MergingQuestion {
  /** What arrives, and what a key costs. */
  readonly workload: MergingWorkload;
  /** What is promised. */
  readonly objective: MergingObjective;
  /** What carries the events. Default: `kinesis`. */
  readonly transport?: TransportName;
  /** What is done with a key. Default: `rebuild`. */
  readonly invalidator?: InvalidatorName;
  /** Whether a flush with more paths than the invalidator takes sends one wildcard in their place. Default: false. */
  readonly wildcardFallback?: boolean;
  /** Seconds that a reader collects before it flushes, given by hand. Default: the least that pays. */
  readonly windowSeconds?: number;
  /** Events of one flush at most, given by hand. Default: as many as the transport hands over. */
  readonly maxBatch?: number;
  /** Parts of the stream by key, given by hand; each has one reader. Default: as many as the transport needs. */
  readonly shards?: number;
  /** Calls that one reader has in flight, given by hand. Default: as few as keep the promise. */
  readonly workers?: number;
  /** Seconds that all readers may be away with no event lost. Default: 900. */
  readonly outageSeconds?: number;
}

/**
 * Predictions for a queue that merges, at the peak.
 */
export interface MergingPredictions {
  /** Events for each key that is worked on: 6 means that one piece of work stands for six events. */
  readonly mergeRatio: number;
  /** Seconds from one flush to the next. */
  readonly cycleSeconds: number;
  /** Seconds from an event until its key is invalidated, at most. */
  readonly worstDelaySeconds: number;
  /** Of these, seconds from the end of a flush until what was cached is gone. */
  readonly settleSeconds: number;
  /** Seconds of the peak. 0 where there is none. */
  readonly peakSeconds: number;
  /** Events of a flush. */
  readonly eventsPerFlush: number;
  /** Different keys of a flush. */
  readonly keysPerFlush: number;
  /** Keys that all readers work on in a second: the load on what is behind the cache. */
  readonly keysPerSecond: number;
  /** The merge ratio with one reader more for the same keys: why their number is fixed. */
  readonly ratioWithOneMoreReader: number;
  /**
   * US dollars that the invalidations of one peak cost at list price, without the free ones of a month.
   *
   * @default - the invalidator has no price, or there is no peak
   */
  readonly invalidationCost?: number;
  /**
   * US dollars that the invalidations of 30 days at the steady rate cost at list price, without the free ones. Events that
   * are rare are hardly merged.
   *
   * @default - the invalidator has no price
   */
  readonly steadyCostPerMonth?: number;
  /**
   * US dollars of 30 days with one peak a day at list price, without what is free: shards or requests of the queue, the
   * merger, and invalidations. A function that rebuilds keys is not in it.
   *
   * @default - the events are in a cluster, whose machines have no price here
   */
  readonly monthlyCost?: number;
  /** The multiple of the load, events and keys alike, at which the freshness breaks, to 1 %. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a queue that merges: its window, its readers and its limits, each number with its reason.
 */
export class MergingPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: MergingPredictions,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const { mergeRatio, cycleSeconds, worstDelaySeconds, eventsPerFlush, keysPerFlush, keysPerSecond } =
      this.predictions;
    const { ratioWithOneMoreReader, invalidationCost, steadyCostPerMonth, monthlyCost, breaksAtLoad } =
      this.predictions;
    const breaks = Number.isFinite(breaksAtLoad) ? `${figure(breaksAtLoad)} ×` : 'no multiple of';
    return [
      { label: 'merge ratio', text: `${figure(mergeRatio)} events a key` },
      {
        label: 'flush',
        text: `every ${duration(cycleSeconds)}, ${figure(eventsPerFlush)} events of ${figure(keysPerFlush)} keys`,
      },
      { label: 'delay', text: `${duration(worstDelaySeconds)} at most` },
      { label: 'work', text: `${figure(keysPerSecond)} keys/s` },
      { label: 'with one reader more', text: `${figure(ratioWithOneMoreReader)} events a key` },
      ...(invalidationCost === undefined
        ? []
        : [{ label: 'invalidations of a peak', text: `${figure(invalidationCost)} USD` }]),
      ...(steadyCostPerMonth === undefined
        ? []
        : [{ label: 'invalidations of a month without a peak', text: `${figure(steadyCostPerMonth)} USD` }]),
      ...(monthlyCost === undefined
        ? []
        : [{ label: 'a month with one peak a day', text: `${figure(monthlyCost)} USD` }]),
      { label: 'the promise breaks at', text: `${breaks} the events and keys` },
    ];
  }
}
