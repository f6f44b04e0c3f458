import { planStorage } from '../../flow/storage/plan';
import { sampledMonthlyCost } from '../../flow/storage/simulation';
import type { StorageChoices, StorageObjective, StorageWorkload } from '../../flow/storage/workload';
import type { Answer } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** A store in which everything stays as it is before, and moves and expires after. */
export interface StorageScenario {
  readonly kind: 'storage';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: StorageWorkload;
  /** Standard deviation ÷ mean of the objects' sizes. The plan knows only the mean. */
  readonly sizeVariation: number;
  readonly after: {
    readonly objective: StorageObjective;
    readonly choices: StorageChoices;
  };
}

/** How it is measured. */
export const storage: Kind<StorageScenario> = { measure: measureStorage };

/** A store: everything stays where it is before, and moves as the plan says after. */
function measureStorage(subject: string, { workload, sizeVariation, after }: StorageScenario, seed: number): Measured {
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
