/**
 * Shares of a Kafka cluster. A quota holds for each broker by itself, so everything is computed on the busiest broker:
 * its capacity, the demand of each tenant, and the shares.
 */
import { bytesArriving } from '../arrivals';
import { leastByteRate, MESSAGE_BYTES } from '../kafka';
import { weightedMaxMin } from '../numerics/max-min';
import type { KafkaCapacity, KafkaTenant } from './workload';

/** A reader that was down has to read twice the write rate, or it takes too long to catch up. */
const CATCH_UP = 2;

/** The capacity with every default in place. */
export type ResolvedCapacity = Required<Omit<KafkaCapacity, 'requestThreads'>> & Pick<KafkaCapacity, 'requestThreads'>;

/** One tenant as its busiest broker sees it. */
export interface Seen {
  readonly tenant: KafkaTenant;
  readonly weight: number;
  readonly peak: number;
  /** Share of the tenant's traffic that the broker which leads most of its partitions gets. */
  readonly busiest: number;
  readonly partitions: number;
}

/** Each tenant's share of one broker, and the broker's capacity. */
export interface Shares {
  readonly producerCapacity: number;
  readonly consumerCapacity: number;
  readonly producer: readonly number[];
  readonly consumer: readonly number[];
  readonly seen: readonly Seen[];
}

/** The capacity with its defaults. */
export function resolveCapacity(capacity: KafkaCapacity): ResolvedCapacity {
  return {
    ...capacity,
    replicationFactor: capacity.replicationFactor ?? Math.min(3, capacity.brokers),
    spareBrokers: capacity.spareBrokers ?? Math.min(1, capacity.brokers - 1),
  };
}

/** Weighted max-min shares of the busiest broker; rates given by hand are taken out first. */
export function shareOut(capacity: ResolvedCapacity, tenants: readonly KafkaTenant[]): Shares {
  const { brokerBytesPerSecond, replicationFactor } = capacity;
  const seen = tenants.map((tenant) => onBusiestBroker(tenant, capacity));
  const share = (room: number, given: (number | undefined)[], demands: number[]) => {
    const taken = given.reduce<number>((sum, rate) => sum + (rate ?? 0), 0);
    const open = given.flatMap((rate, index) => (rate === undefined ? [index] : []));
    const fair = weightedMaxMin(
      Math.max(0, room - taken),
      open.map((index) => demands[index]),
      open.map((index) => seen[index].weight),
    );
    return given.map((rate, index) => rate ?? fair[open.indexOf(index)]);
  };
  const producerCapacity = brokerBytesPerSecond / replicationFactor;
  const producer = share(
    producerCapacity,
    seen.map(({ tenant, busiest }) => scaled(tenant.producerBytesPerSecond, busiest)),
    seen.map(({ peak, busiest }) => peak * busiest),
  );
  // A broker sends to the followers of its leaders, and to readers.
  const written = producer.reduce((sum, rate) => sum + rate, 0);
  const consumerCapacity = Math.max(0, brokerBytesPerSecond - (replicationFactor - 1) * written);
  const consumer = share(
    consumerCapacity,
    seen.map(({ tenant, busiest }) => scaled(tenant.consumerBytesPerSecond, busiest)),
    seen.map(({ tenant: { readers = 1 }, peak, busiest }) =>
      readers === 0 ? 0 : Math.max(CATCH_UP * readers * peak * busiest, leastByteRate(MESSAGE_BYTES)),
    ),
  );
  return { producerCapacity, consumerCapacity, producer, consumer, seen };
}

/**
 * With the spare brokers down, min(partitions, remaining brokers) lead a tenant's partitions, and the busiest of them
 * leads the rounded-up share.
 */
function onBusiestBroker(tenant: KafkaTenant, { brokers, spareBrokers }: ResolvedCapacity): Seen {
  const up = brokers - spareBrokers;
  const partitions = tenant.partitions ?? up;
  const leading = Math.min(partitions, up);
  const busiest = Math.ceil(partitions / leading) / partitions;
  const { peakPerSecond: peak } = bytesArriving(tenant);
  return { tenant, weight: tenant.weight ?? 1, peak, busiest, partitions };
}

function scaled(rate: number | undefined, factor: number): number | undefined {
  return rate === undefined ? undefined : rate * factor;
}
