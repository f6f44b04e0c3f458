import { planStorage } from '../../flow/storage/plan';
import { sampledMonthlyCost } from '../../flow/storage/simulation';
import type { StorageScenario } from '../scenario';
import { type Measured, NO_TIMELINES } from './measured';

/** A store: everything stays where it is before, and moves as the plan says after. */
export function measureStorage(
  subject: string,
  { workload, sizeVariation, after }: StorageScenario,
  seed: number,
): Measured {
  const plan = planStorage(subject, { workload, objective: after.objective, ...after.choices });
  const retentionDays = plan.value('expirationInDays');
  const sampled = (days: number, transitions: typeof plan.transitions) =>
    sampledMonthlyCost(workload, sizeVariation, days, transitions, seed);
  return {
    before: { monthlyCost: sampled(retentionDays, []) },
    after: {
      // What has expired can still be brought back for a while, and is billed as long.
      measured: { monthlyCost: sampled(retentionDays + plan.value('noncurrentDays'), plan.transitions) },
      predicted: { monthlyCost: plan.predictions.monthlyCostAfter },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}
