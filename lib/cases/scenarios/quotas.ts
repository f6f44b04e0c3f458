import { planQuotas } from '../../flow/quotas/plan';
import { resolveCapacity } from '../../flow/quotas/shares';
import { simulateBrokers } from '../../flow/quotas/simulation';
import type { KafkaCapacity, KafkaTenant, QuotasPlan } from '../../flow/quotas/workload';
import type { Engine } from '../engine';
import type { Answer, Numbers } from '../scenario';
import { enginesIn, type Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** Tenants of one Kafka cluster: without quotas before, held to their shares after. One of them is noisy in both. */
export interface QuotaScenario {
  readonly kind: 'quotas';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  /** What they share, on each engine that the case is deployed on. At least one. */
  readonly capacity: Readonly<Partial<Record<Engine, KafkaCapacity>>>;
  /** What each said that it writes. One peak a day, at some time of it. */
  readonly tenants: readonly KafkaTenant[];
  /**
   * What each may write to each broker in bytes a second, by its name, where that is chosen by hand.
   *
   * @default - as planned
   */
  readonly producerByteRates?: Readonly<Record<string, number>>;
  readonly noise: {
    /** The tenant that does not keep to it. */
    readonly tenant: string;
    /** Times its own peak that it offers while it is at its peak. */
    readonly factor: number;
  };
  /** Days watched. On the last one a broker is away, and all peaks come at once. */
  readonly days: number;
}

/** How it is measured, and where it is deployed. */
export const quotas: Kind<QuotaScenario> = { measure: measureQuotas, engines: ({ capacity }) => enginesIn(capacity) };

/** Tenants of a Kafka cluster: before, the tenant that sends most gets most; after, each is held to its share. */
function measureQuotas(subject: string, scenario: QuotaScenario, seed: number, engine?: Engine): Measured {
  const { tenants, noise, days, producerByteRates } = scenario;
  const capacity = engine === undefined ? Object.values(scenario.capacity)[0] : scenario.capacity[engine];
  if (capacity === undefined) throw new Error(`the case is not deployed on ${engine}`);
  const plan = planQuotas(subject, { capacity, tenants });
  const watched = (rates: readonly number[]) =>
    simulateBrokers(resolveCapacity(capacity), tenants, noise, rates, days, seed);
  return {
    before: watched(tenants.map(() => Number.POSITIVE_INFINITY)),
    after: {
      measured: watched(
        plan.tenants.map(({ name, producerByteRate }) => producerByteRates?.[name] ?? producerByteRate),
      ),
      predicted: predictionsOf(
        plan,
        tenants.filter(({ name }) => name !== noise.tenant),
        days,
      ),
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

/** A tenant that is throttled at its peak is short once a day: because of its own quota, not because of another tenant. */
function predictionsOf(plan: QuotasPlan, tenants: readonly KafkaTenant[], days: number): Numbers {
  const served = tenants.map(({ name, steadyBytesPerSecond, peakBytesPerSecond = steadyBytesPerSecond }) =>
    Math.min(1, plan.tenant(name).producerBytesPerSecond / peakBytesPerSecond),
  );
  return {
    incidents: days * served.filter((ratio) => ratio < 1 - 1e-3).length,
    leastServedRatio: Math.min(...served),
  };
}
