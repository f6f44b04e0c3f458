import { Random } from '../numerics/random';
import type { ResolvedCapacity } from './shares';
import type { KafkaTenant } from './workload';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { ceil, max, min } = Math;

const DAY_SECONDS = 86_400;
/**
 * A tenant's offer varies from second to second, uniformly between this share of its stated rate and the rate itself.
 */
const QUIETEST = 0.8;
/** A quota is in whole bytes per second: a thousandth less than offered is no shortfall. */
const SERVED_RATIO = 0.999;

/** A tenant that offers a multiple of its peak while it is at its peak. */
export interface Noise {
  readonly tenant: string;
  readonly factor: number;
}

/** Result for the tenants that keep to their stated rates. */
export interface BrokersResult {
  /**
   * Periods in which one of them got less than it offered. A period begins with the first second in which any is short,
   * and ends when all get everything again.
   */
  readonly incidents: number;
  /** The least share of its offer that one of them got in any second. */
  readonly leastServedRatio: number;
}

/**
 * Brokers second by second. Traffic to a broker's leaders beyond its capacity is cut in proportion to what each tenant
 * sends, and is not retried: no tenant is short because of an earlier second. A tenant with a quota sends each broker
 * its quota at most.
 *
 * Every tenant has one peak a day, at some time of it. On the last day a broker is down, its partitions are led by the
 * others, and all peaks come at once.
 *
 * @param rates bytes per second that each tenant may write to each broker; `Infinity` without a quota
 */
export function simulateBrokers(
  capacity: ResolvedCapacity,
  tenants: readonly KafkaTenant[],
  noise: Noise,
  rates: readonly number[],
  days: number,
  seed: number,
): BrokersResult {
  const { brokers, spareBrokers, brokerBytesPerSecond, replicationFactor } = capacity;
  const room = brokerBytesPerSecond / replicationFactor;
  const random = new Random(seed);
  const kept = tenants.map(({ name }) => name !== noise.tenant);
  let [incidents, leastServedRatio, short] = [0, 1, false];
  for (let day = 0; day < days; day += 1) {
    const last = day === days - 1;
    const leads = tenants.map((tenant) => leadersOf(tenant, last ? brokers - spareBrokers : brokers));
    const peaks = peakBegins(tenants, random, last);
    for (let second = 0; second < DAY_SECONDS; second += 1) {
      const offers = tenants.map((tenant, index) => {
        const rate = rateAt(tenant, second - peaks[index], noise);
        return rate * (QUIETEST + (1 - QUIETEST) * random.uniform());
      });
      const served = servedRatios(offers, leads, rates, room);
      const least = min(...served.filter((_, index) => kept[index]));
      leastServedRatio = min(leastServedRatio, least);
      const isShort = least < SERVED_RATIO;
      if (isShort && !short) incidents += 1;
      short = isShort;
    }
  }
  return { incidents, leastServedRatio };
}

/** Share of a tenant's traffic that each broker leads, when its partitions are dealt out one by one. */
function leadersOf({ partitions }: KafkaTenant, up: number): number[] {
  const total = partitions ?? up;
  return Array.from({ length: up }, (_, broker) => ceil((total - broker) / up) / total);
}

/** Seconds of the day at which the peaks begin. */
function peakBegins(tenants: readonly KafkaTenant[], random: Random, atOnce: boolean): number[] {
  const longest = max(...tenants.map(({ peakSeconds = 0 }) => peakSeconds));
  const begins = tenants.map(() => random.uniform() * (DAY_SECONDS - longest));
  return atOnce ? begins.map(() => begins[0]) : begins;
}

function rateAt(tenant: KafkaTenant, sincePeak: number, noise: Noise): number {
  const { steadyBytesPerSecond: steady, peakBytesPerSecond: peak = steady, peakSeconds = 0 } = tenant;
  if (sincePeak < 0 || sincePeak >= peakSeconds) return steady;
  return tenant.name === noise.tenant ? peak * noise.factor : peak;
}

/** Share of its offer that each tenant gets, over all brokers. */
function servedRatios(
  offers: readonly number[],
  leads: readonly (readonly number[])[],
  rates: readonly number[],
  room: number,
): number[] {
  const served = offers.map(() => 0);
  for (let broker = 0; broker < leads[0].length; broker += 1) {
    const sent = offers.map((offer, tenant) => min(offer * leads[tenant][broker], rates[tenant]));
    const cut = min(1, room / sent.reduce((sum, bytes) => sum + bytes, 0));
    for (let tenant = 0; tenant < sent.length; tenant += 1) served[tenant] += sent[tenant] * cut;
  }
  // Shares of brokers add up to 1 except for rounding.
  return served.map((bytes, tenant) => (bytes >= offers[tenant] * (1 - 1e-12) ? 1 : bytes / offers[tenant]));
}
