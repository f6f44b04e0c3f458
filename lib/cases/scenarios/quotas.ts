import { planQuotas } from '../../flow/quotas/plan';
import { resolveCapacity } from '../../flow/quotas/shares';
import { simulateBrokers } from '../../flow/quotas/simulation';
import type { KafkaTenant, QuotasPlan } from '../../flow/quotas/workload';
import type { Engine } from '../engine';
import type { Numbers, QuotaScenario } from '../scenario';
import { type Measured, NO_TIMELINES } from './measured';

/** Tenants of a Kafka cluster: whoever sends most gets most before, each is held to its share after. */
export function measureQuotas(subject: string, scenario: QuotaScenario, seed: number, engine?: Engine): Measured {
  const { tenants, noise, days } = scenario;
  const capacity = engine === undefined ? Object.values(scenario.capacity)[0] : scenario.capacity[engine];
  if (capacity === undefined) throw new Error(`the case is not deployed on ${engine}`);
  const plan = planQuotas(subject, { capacity, tenants });
  const watched = (rates: readonly number[]) =>
    simulateBrokers(resolveCapacity(capacity), tenants, noise, rates, days, seed);
  return {
    before: watched(tenants.map(() => Number.POSITIVE_INFINITY)),
    after: {
      measured: watched(plan.tenants.map(({ producerByteRate }) => producerByteRate)),
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

/** Whoever is held back at its peak is short once a day: by the plan's own quotas, not by anybody's noise. */
function predictionsOf(plan: QuotasPlan, tenants: readonly KafkaTenant[], days: number): Numbers {
  const served = tenants.map(({ name, steadyBytesPerSecond, peakBytesPerSecond = steadyBytesPerSecond }) =>
    Math.min(1, plan.tenant(name).producerBytesPerSecond / peakBytesPerSecond),
  );
  return {
    incidents: days * served.filter((ratio) => ratio < 1 - 1e-3).length,
    leastServedRatio: Math.min(...served),
  };
}
