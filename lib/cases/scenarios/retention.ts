import { planRetention } from '../../flow/retention/plan';
import { simulateCollection } from '../../flow/retention/simulation';
import type { RetentionObjective, RetentionWorkload } from '../../flow/retention/workload';
import type { Answer } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** A collection that keeps everything before, and forgets after. */
export interface RetentionScenario {
  readonly kind: 'retention';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  readonly workload: RetentionWorkload;
  /** Seconds since the first document of today's collection. */
  readonly ageSeconds: number;
  readonly after: { readonly objective: RetentionObjective };
}

/** How it is measured. */
export const retention: Kind<RetentionScenario> = { measure: measureRetention };

/** A collection: what it has grown to before, what it keeps after its plan has been carried out. */
function measureRetention(subject: string, { workload, ageSeconds, after }: RetentionScenario, seed: number): Measured {
  const plan = planRetention(subject, { workload, objective: after.objective });
  const { steadyBytes, backfillSeconds, drainSeconds } = plan.predictions;
  const measured = simulateCollection(
    workload,
    ageSeconds,
    {
      retentionSeconds: plan.value('retentionSeconds'),
      backfillSeconds: plan.value('backfillSeconds'),
      drainSeconds: plan.value('drainSeconds'),
    },
    seed,
  );
  return {
    before: { collectionBytes: measured.bytesToday },
    after: {
      measured: {
        collectionBytes: measured.steadyBytes,
        settledSeconds: measured.settledSeconds,
        deletionLagSeconds: measured.deletionLagSeconds,
      },
      predicted: { collectionBytes: steadyBytes, settledSeconds: backfillSeconds + drainSeconds },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}
