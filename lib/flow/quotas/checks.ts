/**
 * Problems that no quota can solve: inputs out of range, and tenants that write more than the cluster takes.
 */

import { above0, between, CapacityError, type Check, inRange, isKnown, required, shown, wholeNumber } from '../errors';
import { type Fields, listChecks, objectChecks } from '../fields';
import { sizeText } from '../figures';
import { lastWhole } from '../search';
import { type ResolvedCapacity, type Shares, shareOut } from './shares';
import type { KafkaCapacity, KafkaTenant, QuotasQuestion } from './workload';

const MOST_BYTES = 1e12;
/** More brokers than any cluster has. */
export const MOST_BROKERS = 1000;

const CAPACITY_FIELDS: Fields<KafkaCapacity> = {
  brokers: true,
  brokerBytesPerSecond: true,
  replicationFactor: true,
  spareBrokers: true,
  requestThreads: true,
};
const TENANT_FIELDS: Fields<KafkaTenant> = {
  name: true,
  steadyBytesPerSecond: true,
  peakBytesPerSecond: true,
  peakSeconds: true,
  weight: true,
  partitions: true,
  readers: true,
  producerBytesPerSecond: true,
  consumerBytesPerSecond: true,
};

/** The validation table of a cluster and its tenants. */
export function quotaChecks(question: QuotasQuestion): Check[] {
  return objectChecks('question', question, { capacity: true, tenants: true }, ({ capacity, tenants }) => [
    ...objectChecks('capacity', capacity, CAPACITY_FIELDS, capacityChecks),
    ...listChecks('tenants', tenants, (list) => {
      const names = list.map((tenant) => tenant?.name);
      return [
        { refused: list.length === 0, message: 'tenants must name at least one, got none' },
        {
          refused: new Set(names).size < names.length,
          message: `tenants must have different names, got ${names.map(String).join(', ')}`,
        },
        ...list.flatMap((tenant) => objectChecks('tenants', tenant, TENANT_FIELDS, tenantChecks)),
      ];
    }),
  ]);
}

function capacityChecks(capacity: KafkaCapacity): Check[] {
  const { brokers, brokerBytesPerSecond, replicationFactor, spareBrokers, requestThreads } = capacity;
  const whole = Number.isInteger(brokers) && brokers >= 1;
  return [
    required(wholeNumber, 'capacity.brokers', brokers, 1, MOST_BROKERS),
    required(above0, 'capacity.brokerBytesPerSecond', brokerBytesPerSecond, MOST_BYTES),
    wholeNumber('capacity.replicationFactor', replicationFactor, 1, whole ? brokers : MOST_BROKERS),
    wholeNumber('capacity.spareBrokers', spareBrokers, 0, whole ? brokers - 1 : MOST_BROKERS),
    wholeNumber('capacity.requestThreads', requestThreads, 1, 1000),
  ];
}

function tenantChecks(tenant: KafkaTenant): Check[] {
  const { name, steadyBytesPerSecond: steady, peakBytesPerSecond: peak, peakSeconds } = tenant;
  const of = (field: string) => `tenants.${field} of ${String(name)}`;
  return [
    {
      refused: typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name),
      message: `tenants.name must be 1 to 64 letters, digits, dots, hyphens and underscores, got ${shown(name)}`,
    },
    required(above0, of('steadyBytesPerSecond'), steady, MOST_BYTES),
    inRange(of('peakBytesPerSecond'), peak, isKnown(steady) && steady > 0 ? steady : 0, MOST_BYTES),
    inRange(of('peakSeconds'), peakSeconds, 0, 31_536_000),
    {
      refused: isKnown(peak) && isKnown(steady) && peak > steady && peakSeconds === undefined,
      message: `${of('peakSeconds')} must be given with a peak (${shown(peak)}) above the steady rate (${shown(steady)})`,
    },
    between(of('weight'), tenant.weight, 0, 1_000_001),
    wholeNumber(of('partitions'), tenant.partitions, 1, 1_000_000),
    wholeNumber(of('readers'), tenant.readers, 0, 1000),
    above0(of('producerBytesPerSecond'), tenant.producerBytesPerSecond, MOST_BYTES),
    above0(of('consumerBytesPerSecond'), tenant.consumerBytesPerSecond, MOST_BYTES),
  ];
}

/** Refuses a quota below the mean rate of writing or reading: the tenant would never catch up. */
export function refuseOverload(
  subject: string,
  capacity: ResolvedCapacity,
  tenants: readonly KafkaTenant[],
  shares: Shares,
): void {
  const reason = overload(capacity, tenants, shares);
  if (reason === undefined) return;
  throw new CapacityError(subject, reason, waysOut(capacity, tenants));
}

/** The first thing that does not fit, in words. */
function overload(
  { brokerBytesPerSecond, replicationFactor }: ResolvedCapacity,
  tenants: readonly KafkaTenant[],
  { producerCapacity, consumerCapacity, producer, consumer, seen }: Shares,
): string | undefined {
  const broker = `a broker of ${sizeText(brokerBytesPerSecond)}/s with ${replicationFactor} copies`;
  const given = (rate: (tenant: KafkaTenant) => number | undefined) =>
    tenants.reduce((sum, tenant, index) => sum + (rate(tenant) ?? 0) * seen[index].busiest, 0);
  const writes = given((tenant) => tenant.producerBytesPerSecond);
  if (writes > producerCapacity * (1 + 1e-9)) {
    return `the rates given to producers need ${sizeText(writes)}/s of the busiest broker, ${broker} takes ${sizeText(producerCapacity)}/s`;
  }
  const reads = given((tenant) => tenant.consumerBytesPerSecond);
  if (reads > consumerCapacity * (1 + 1e-9)) {
    return `the rates given to consumers need ${sizeText(reads)}/s of the busiest broker, ${broker} has ${sizeText(consumerCapacity)}/s left beside replication`;
  }
  for (const [index, { name, steadyBytesPerSecond: steady, readers = 1 }] of tenants.entries()) {
    const { busiest } = seen[index];
    // A quota is in whole bytes per second.
    const writing = Math.floor(producer[index]) / busiest;
    if (writing < steady * (1 - 1e-9) - 1 / busiest || producer[index] < 1) {
      return `${name} writes ${sizeText(steady)}/s on average and gets ${sizeText(writing)}/s: it would never catch up (${broker} takes ${sizeText(producerCapacity)}/s)`;
    }
    const reading = Math.floor(consumer[index]) / busiest;
    if (readers > 0 && reading <= readers * steady) {
      return `the readers of ${name} need more than ${sizeText(readers * steady)}/s to catch up and get ${sizeText(reading)}/s (${broker} has ${sizeText(consumerCapacity)}/s left beside replication)`;
    }
    if (consumer[index] < 1 && readers > 0) return `the readers of ${name} get less than a byte per second`;
  }
  return undefined;
}

/** Changes that each make it fit; each has been solved. */
function waysOut(capacity: ResolvedCapacity, tenants: readonly KafkaTenant[]): string[] {
  const fits = (changed: Partial<ResolvedCapacity>, load = 1) => {
    const scaled = tenants.map((tenant) => lighter(tenant, load));
    const trial = { ...capacity, ...changed };
    return overload(trial, scaled, shareOut(trial, scaled)) === undefined;
  };
  const brokers = smallest(capacity.brokers + 1, MOST_BROKERS, (count) => fits({ brokers: count }));
  const bytes = smallestFactor((factor) => fits({ brokerBytesPerSecond: capacity.brokerBytesPerSecond * factor }));
  const load = smallestFactor((factor) => fits({}, 1 / factor));
  return [
    ...(brokers === undefined ? [] : [`${brokers} brokers`]),
    ...(bytes === undefined ? [] : [`brokers of ${sizeText(capacity.brokerBytesPerSecond * bytes)}/s`]),
    ...(load === undefined ? [] : [`${Math.floor(100 / load)} % of the rates, by compression or by fewer tenants`]),
    ...(bytes === undefined && load === undefined && brokers === undefined ? ['fewer tenants on this cluster'] : []),
  ];
}

function lighter(tenant: KafkaTenant, load: number): KafkaTenant {
  const times = (rate: number | undefined) => (rate === undefined ? undefined : rate * load);
  return {
    ...tenant,
    steadyBytesPerSecond: tenant.steadyBytesPerSecond * load,
    peakBytesPerSecond: times(tenant.peakBytesPerSecond),
    producerBytesPerSecond: times(tenant.producerBytesPerSecond),
    consumerBytesPerSecond: times(tenant.consumerBytesPerSecond),
  };
}

/** The smallest whole number that holds; larger ones hold too. */
function smallest(least: number, most: number, holds: (value: number) => boolean): number | undefined {
  return least > most || !holds(most) ? undefined : lastWhole(most, least - 1, holds);
}

/** The smallest factor that holds, in steps of 5 %, up to some fifty. */
function smallestFactor(holds: (factor: number) => boolean): number | undefined {
  const step = smallest(1, 80, (steps) => holds(1.05 ** steps));
  return step === undefined ? undefined : 1.05 ** step;
}
