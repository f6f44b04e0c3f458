/**
 * What no quota can cure: inputs out of range, and tenants that write more than there is.
 */
import { between, CapacityError, type Check, inRange, shown, wholeNumber } from '../errors';
import { sizeText } from '../figures';
import { type ResolvedCapacity, type Shares, shareOut } from './shares';
import type { KafkaCapacity, KafkaTenant } from './workload';

const MOST_BYTES = 1e12;
/** More brokers than any cluster has. */
export const MOST_BROKERS = 1000;

/** The validation table of a cluster and its tenants. */
export function quotaChecks(capacity: KafkaCapacity, tenants: readonly KafkaTenant[]): Check[] {
  const { brokers, brokerBytesPerSecond, replicationFactor, spareBrokers, requestThreads } = capacity;
  const names = tenants.map(({ name }) => name);
  const whole = Number.isInteger(brokers) && brokers >= 1;
  return [
    wholeNumber('capacity.brokers', brokers, 1, MOST_BROKERS),
    positive('capacity.brokerBytesPerSecond', brokerBytesPerSecond),
    wholeNumber('capacity.replicationFactor', replicationFactor, 1, whole ? brokers : MOST_BROKERS),
    wholeNumber('capacity.spareBrokers', spareBrokers, 0, whole ? brokers - 1 : MOST_BROKERS),
    wholeNumber('capacity.requestThreads', requestThreads, 1, 1000),
    { refused: tenants.length === 0, message: 'tenants must name at least one, got none' },
    {
      refused: new Set(names).size < names.length,
      message: `tenants must have different names, got ${names.join(', ')}`,
    },
    ...tenants.flatMap(tenantChecks),
  ];
}

function tenantChecks(tenant: KafkaTenant): Check[] {
  const { name, steadyBytesPerSecond: steady, peakBytesPerSecond: peak, peakSeconds } = tenant;
  const of = (field: string) => `tenants.${field} of ${name}`;
  return [
    {
      refused: typeof name !== 'string' || !/^[\w.-]{1,64}$/.test(name),
      message: `tenants.name must be 1 to 64 letters, digits, dots, hyphens and underscores, got ${shown(name)}`,
    },
    positive(of('steadyBytesPerSecond'), steady),
    inRange(of('peakBytesPerSecond'), peak, steady > 0 ? steady : 0, MOST_BYTES),
    inRange(of('peakSeconds'), peakSeconds, 0, 31_536_000),
    {
      refused: peak !== undefined && peak > steady && peakSeconds === undefined,
      message: `${of('peakSeconds')} must be given with a peak (${peak}) above the steady rate (${steady})`,
    },
    between(of('weight'), tenant.weight, 0, 1_000_001),
    wholeNumber(of('partitions'), tenant.partitions, 1, 1_000_000),
    wholeNumber(of('readers'), tenant.readers, 0, 1000),
    positive(of('producerBytesPerSecond'), tenant.producerBytesPerSecond),
    positive(of('consumerBytesPerSecond'), tenant.consumerBytesPerSecond),
  ];
}

function positive(name: string, value: number | undefined): Check {
  const refused = value !== undefined && !(value > 0 && value <= MOST_BYTES);
  return { refused, message: `${name} must be above 0, at most ${MOST_BYTES}, got ${value}` };
}

/** Refuses what would fall behind for ever: a quota below what is written or read in the mean. */
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
    // A whole byte per second is the finest that a quota can be.
    const writing = Math.floor(producer[index]) / busiest;
    if (writing < steady * (1 - 1e-9) - 1 / busiest || producer[index] < 1) {
      return `${name} writes ${sizeText(steady)}/s in the mean and gets ${sizeText(writing)}/s: it would fall behind for ever (${broker} takes ${sizeText(producerCapacity)}/s)`;
    }
    const reading = Math.floor(consumer[index]) / busiest;
    if (readers > 0 && reading <= readers * steady) {
      return `the readers of ${name} need more than ${sizeText(readers * steady)}/s to catch up and get ${sizeText(reading)}/s (${broker} has ${sizeText(consumerCapacity)}/s left beside replication)`;
    }
    if (consumer[index] < 1 && readers > 0) return `the readers of ${name} get less than a byte per second`;
  }
  return undefined;
}

/** Changes that each make it fit; every one was tried. */
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

/** The smallest whole number that holds, by bisection: more never holds less. */
function smallest(least: number, most: number, holds: (value: number) => boolean): number | undefined {
  if (least > most || !holds(most)) return undefined;
  let [low, high] = [least - 1, most];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The smallest factor that holds, in steps of 5 %, up to some fifty. */
function smallestFactor(holds: (factor: number) => boolean): number | undefined {
  const step = smallest(1, 80, (steps) => holds(1.05 ** steps));
  return step === undefined ? undefined : 1.05 ** step;
}
