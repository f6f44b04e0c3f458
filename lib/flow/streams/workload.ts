import type { Arrivals } from '../arrivals';
import { duration, figure, percent } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';
import type { StreamPlatformName } from './platforms';
import { breaking } from './predicted';

/**
 * Records that arrive at a stream, and what one of them costs its consumer.
 */
export interface StreamWorkload extends Arrivals {
  /**
   * Mean seconds of work for one record. 10⁻⁹ to 3600.
   */
  readonly recordSeconds: number;

  /**
   * Coefficient of variation of the work of a record (standard deviation ÷ mean). 0 is constant, 1 is exponential. 0 to
   * 10.
   *
   * @default 1
   */
  readonly recordVariation?: number;

  /**
   * Seconds of one batch that do not depend on how many records it has, such as a commit, or a round trip to a database.
   * 0 to 600.
   *
   * @default 0
   */
  readonly batchSeconds?: number;

  /**
   * Mean bytes of one record on the wire, with its key. 1 to 1,048,576.
   *
   * @default 1024
   */
  readonly recordBytes?: number;

  /**
   * Different keys, such as devices. Records of one key keep their order and come to one consumer, so that some consumers
   * get more than others. A whole number, 1 to 10^12.
   *
   * @default - records have no key and are spread evenly; nothing keeps their order
   */
  readonly keys?: number;

  /**
   * Share of the records that have the most frequent key. It comes to one consumer, however many there are. 0 to 1; needs
   * `keys`.
   *
   * @default - all keys are as frequent
   */
  readonly hottestKeyRatio?: number;

  /**
   * Share of the records that no attempt can handle. 0 to below 1.
   *
   * @default 0
   */
  readonly poisonRatio?: number;
}

/**
 * The promise of a stream.
 */
export interface StreamObjective {
  /**
   * Seconds from the arrival of a record to the end of its work, for 99 % of the records. Above 0, at most 604,800 (7
   * days).
   */
  readonly latencySeconds: number;

  /**
   * The most records of all partitions that may be without a commit at any time. Above 0, at most 10^15.
   *
   * @default - no bound of its own; the latency bounds it
   */
  readonly maxLag?: number;

  /**
   * Times the load that the partitions are for: their number only grows, and keys move to other partitions when it does. 1
   * to 100. A stream of Amazon Kinesis does not need it: shards are split while records keep their order.
   *
   * @default 2
   */
  readonly growthFactor?: number;

  /**
   * US dollars that 30 days with one peak a day may cost at list price. Needs a platform with a price: on Kubernetes, and on
   * brokers, machines have none here. Above 0, at most 10^12.
   *
   * @default - no ceiling
   */
  readonly monthlyCost?: number;

  /**
   * The multiple of the load that the plan is made for. Above 1, at most 10. A given value is part of the promise; the
   * default yields, and the plan says so.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/** The input of the plan. Case, docs, environment and construct use the same one. */
export interface StreamQuestion {
  /** What arrives, and what a record costs. */
  readonly workload: StreamWorkload;
  /** What is promised. */
  readonly objective: StreamObjective;
  /** The stream and its consumers. Default: `kafka-keda`. */
  readonly platform?: StreamPlatformName;
  /** Partitions or shards, given by hand, or those of a topic that exists. Default: derived. */
  readonly partitions?: number;
  /** Partitions that the topic has today: Kafka has no fewer afterwards. Default: none. */
  readonly currentPartitions?: number;
  /** Consumers, given by hand. Default: the fewest that keep the promise. */
  readonly instances?: number;
  /** Consumers that always run, given by hand; on Kubernetes only, where their number follows the lag. Default: derived. */
  readonly minInstances?: number;
  /** Records of one batch at most, given by hand. Default: as many as make the cost of a batch small. */
  readonly batchSize?: number;
  /** Bytes a second that one partition takes (Kafka). Default: 5,000,000. */
  readonly partitionBytesPerSecond?: number;
  /** Seconds that all consumers may be away with no record lost. Default: 14,400 (4 hours). */
  readonly outageSeconds?: number;
  /** Seconds that records are kept, given by hand. 1 to ten years. Default: derived from the outage. */
  readonly retentionSeconds?: number;
  /** Whether the topic is there already, with settings that are not known here (Kafka). Default: false. */
  readonly existingTopic?: boolean;
  /** Bytes of the largest batch of records that the topic takes (Kafka). 1,024 to 100 MiB less 64 KiB. Default: 1,048,588. */
  readonly maxMessageBytes?: number;
  /** Seconds until a new pod has its first record (Kubernetes). Default: 30. */
  readonly startSeconds?: number;
  /**
   * Whether the pollers of AWS Lambda are provisioned (Amazon MSK). Default: where the promise needs it, or a record may fail
   * at every attempt.
   */
  readonly provisionedPollers?: boolean;
  /** Whether the stream sets the number of its shards by itself (Amazon Kinesis with AWS Lambda). Default: false. */
  readonly onDemand?: boolean;
  /** Memory of the function in MiB, for its price (AWS Lambda). Default: 256. */
  readonly functionMemoryMiB?: number;
  /** US dollars an hour for one consumer (AWS Fargate). Default: unknown, and no cost is predicted. */
  readonly instanceHourCost?: number;
}

/**
 * Predictions for a stream at its peak.
 */
export interface StreamPredictions {
  /** Records a second at the peak. */
  readonly peakPerSecond: number;
  /** Share of all records that come to the busiest consumer: of its partitions, with the skew of the keys. 0 to 1. */
  readonly busiestShare: number;
  /** Share of its time that the busiest consumer works at the peak. */
  readonly busiestUtilisation: number;
  /** How much more than an even share the busiest consumer gets, because keys are dealt out at random. 1 is even. */
  readonly keySkew: number;
  /** The 99th percentile of the seconds from the arrival of a record to the end of its work. */
  readonly latencyP99Seconds: number;
  /** The most records of all partitions without a commit at the same time: about one run in a hundred exceeds it. */
  readonly peakLag: number;
  /** Records a second that one consumer handles at most, in full batches. */
  readonly consumerRecordsPerSecond: number;
  /** Consumers that would be needed in one group without partitions: the same by Erlang C. */
  readonly pooledInstances: number;
  /** Seconds from the growth of the lag until more consumers work; 0 where their number is fixed. */
  readonly reactionSeconds: number;
  /** Records that would be behind at the end of the peak with a single consumer. */
  readonly lagOfOne: number;
  /** Seconds that the last record of the peak would wait with a single consumer. */
  readonly waitOfOneSeconds: number;
  /**
   * US dollars of 30 days with one peak a day at list price, without what is free: shards and records of Amazon Kinesis,
   * requests and time of AWS Lambda, tasks of AWS Fargate. Brokers of Amazon MSK, provisioned
   * pollers of AWS Lambda and the lease table of the Kinesis Client Library are not in it.
   *
   * @default - the machines have no price here
   */
  readonly monthlyCost?: number;
  /** The multiple of the load at which the promise breaks, to 1 %. */
  readonly breaksAtLoad: number;
  /** The multiple of the work of a record at which the promise breaks, to 1 %. */
  readonly breaksAtRecordTime: number;
}

/**
 * The plan of a partitioned stream: partitions, consumers, batch and lag threshold, derived together, each with its
 * reason.
 */
export class StreamPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: StreamPredictions,
    remarks: string[] = [],
    /** The stream and its consumers, in words. */
    public readonly servedBy: string = '',
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const p = this.predictions;
    return [
      ...(this.servedBy === '' ? [] : [{ label: 'served by', text: this.servedBy }]),
      {
        label: 'busiest consumer',
        text: `${percent(p.busiestShare)} of the records, busy ${percent(p.busiestUtilisation)} of its time at the peak`,
      },
      { label: 'skew of the keys', text: `${figure(p.keySkew)} × an even share` },
      { label: 'latency P99', text: duration(p.latencyP99Seconds) },
      { label: 'lag', text: `${figure(p.peakLag)} records at most` },
      {
        label: 'with one consumer',
        text:
          p.lagOfOne === 0
            ? 'it keeps up with the peak'
            : p.lagOfOne === Number.POSITIVE_INFINITY
              ? 'it never catches up'
              : `${figure(p.lagOfOne)} records behind, the last waits ${duration(p.waitOfOneSeconds)}`,
      },
      { label: 'the promise breaks at', text: breaking(p) },
      ...(p.monthlyCost === undefined ? [] : [{ label: 'cost', text: `${figure(p.monthlyCost)} USD/month` }]),
    ];
  }
}
