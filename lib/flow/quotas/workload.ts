import { figure, sizeText } from '../figures';
import { type Expectation, type Knob, named, Plan } from '../plan';

/**
 * Capacity of a Kafka cluster.
 */
export interface KafkaCapacity {
  /**
   * Brokers in the cluster. A whole number, 1 to 1000.
   */
  readonly brokers: number;

  /**
   * Bytes per second that one broker sustains in each direction: the slower of network and disk, as measured or as the
   * provider promises for the instance. Above 0, at most 10^12.
   */
  readonly brokerBytesPerSecond: number;

  /**
   * Copies of every byte in the cluster. Each broker stores the records of its leaders and the copies that it fetches
   * from the others. A whole number, 1 to `brokers`.
   *
   * @default 3, or the number of brokers when there are fewer
   */
  readonly replicationFactor?: number;

  /**
   * Brokers that may be down at the same time, for a patch or a failure, without a tenant losing its share. A whole
   * number from 0 to `brokers` − 1.
   *
   * @default 1, and 0 with a single broker
   */
  readonly spareBrokers?: number;

  /**
   * Threads of one broker that serve requests: `num.io.threads` + `num.network.threads`. If given, every tenant gets a
   * share of their time by its weight. A whole number, 1 to 1000.
   *
   * @default - no limit on the time that a tenant's requests take
   */
  readonly requestThreads?: number;
}

/**
 * One party on a shared Kafka cluster.
 */
export interface KafkaTenant {
  /**
   * Name of the tenant in the plan. 1 to 64 letters, digits, dots, hyphens and underscores; no two alike.
   */
  readonly name: string;

  /**
   * Mean bytes per second that it writes over a day, on the wire, after compression. Above 0, at most 10^12.
   */
  readonly steadyBytesPerSecond: number;

  /**
   * The most bytes per second that it writes when it is busy, on the wire. No less than the steady rate.
   *
   * @default - the steady rate
   */
  readonly peakBytesPerSecond?: number;

  /**
   * How long a peak lasts, in seconds. 0 or more; needed with a peak above the steady rate.
   *
   * @default 0
   */
  readonly peakSeconds?: number;

  /**
   * Its weight when capacity is short. Above 0, at most 10^6.
   *
   * @default 1
   */
  readonly weight?: number;

  /**
   * Partitions that it writes to, over all of its topics. With fewer partitions than brokers, or an uneven number, the
   * busiest broker leads more of them, and its quota has to be larger. A whole number, 1 to 10^6.
   *
   * @default - as many on every broker
   */
  readonly partitions?: number;

  /**
   * Consumer groups that each read everything it writes. A whole number, 0 to 1000.
   *
   * @default 1
   */
  readonly readers?: number;

  /**
   * Bytes per second that it may write over the whole cluster, set by hand. Above 0.
   *
   * @default - its weighted max-min share, at most its peak
   */
  readonly producerBytesPerSecond?: number;

  /**
   * Bytes per second that it may read over the whole cluster, set by hand. Above 0.
   *
   * @default - its weighted max-min share of what replication leaves, at most twice its peak for each reader
   */
  readonly consumerBytesPerSecond?: number;
}

/**
 * The input of the plan of a shared Kafka cluster.
 */
export interface QuotasQuestion {
  /** Capacity of the cluster. */
  readonly capacity: KafkaCapacity;

  /** Its tenants. At least one, no two of the same name. */
  readonly tenants: readonly KafkaTenant[];
}

/**
 * Settings of a Kafka producer that has a quota, named as in the Java client.
 */
export interface ProducerSettings {
  /** `compression.type`. A quota counts compressed bytes. */
  readonly compressionType: string;
  /** `acks`. */
  readonly acks: string;
  /** `enable.idempotence`. */
  readonly enableIdempotence: boolean;
  /** `max.in.flight.requests.per.connection`. */
  readonly maxInFlightRequestsPerConnection: number;
  /** `batch.size`, in bytes. */
  readonly batchSizeBytes: number;
  /** `linger.ms`. */
  readonly lingerMs: number;
  /** `request.timeout.ms`. */
  readonly requestTimeoutMs: number;
  /** `delivery.timeout.ms`: bounds retries by time; a count of retries does not. */
  readonly deliveryTimeoutMs: number;
  /** `max.block.ms`: how long a send waits for room while the tenant is at its quota. */
  readonly maxBlockMs: number;
}

/**
 * One tenant's share.
 */
export interface TenantQuota {
  /** Name of the tenant. */
  readonly name: string;
  /** `producer_byte_rate`: bytes per second that it may write to each broker. */
  readonly producerByteRate: number;
  /** `consumer_byte_rate`: bytes per second that it may read from each broker. */
  readonly consumerByteRate: number;
  /**
   * `request_percentage`: percent of one thread's time on each broker.
   *
   * @default - no limit
   */
  readonly requestPercentage?: number;
  /** Bytes per second that it can write over the whole cluster with the spare brokers down. */
  readonly producerBytesPerSecond: number;
  /** Bytes per second that it can read over the whole cluster with the spare brokers down. */
  readonly consumerBytesPerSecond: number;
  /** Seconds that the last record of a peak waits in the producer because of the quota. */
  readonly peakWaitSeconds: number;
  /** Settings of its producers. */
  readonly producer: ProducerSettings;
}

/**
 * The plan of a cluster and its tenants: each tenant's quotas per broker, with reasons.
 */
export class QuotasPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** Each tenant's share, in the order they were given. */
    public readonly tenants: TenantQuota[],
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  /**
   * The share of the tenant of that name.
   *
   * @throws InvalidInputError when the plan has no such tenant; the message lists those it has
   */
  public tenant(name: string): TenantQuota {
    return named(this.subject, 'tenant', this.tenants, name);
  }

  public expectations(): Expectation[] {
    return this.tenants.map((one) => ({
      label: one.name,
      text:
        `writes up to ${sizeText(one.producerBytesPerSecond)}/s, reads up to ` +
        `${sizeText(one.consumerBytesPerSecond)}/s; a peak's last record waits ${figure(one.peakWaitSeconds)} s`,
    }));
  }
}
