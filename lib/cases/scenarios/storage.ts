import { planStorage } from '../../flow/storage/plan';
import { sampledMonthlyCost } from '../../flow/storage/simulation';
import { storeOf } from '../../flow/storage/stores';
import type { StorageQuestion } from '../../flow/storage/workload';
import type { Engine } from '../engine';
import type { Answer } from '../scenario';
import { enginesIn, type Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** A store in which everything stays as it is before, and moves and expires after. */
export interface StorageScenario {
  readonly kind: 'storage';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  /** Standard deviation ÷ mean of the objects' sizes. The plan knows only the mean. */
  readonly sizeVariation: number;
  readonly after: {
    /** What is asked on each engine: prices differ, and with them the stock that costs the same before. */
    readonly on: Readonly<Partial<Record<Engine, StorageQuestion>>>;
  };
}

/** How it is measured. */
export const storage: Kind<StorageScenario> = { measure: measureStorage, engines: ({ after }) => enginesIn(after.on) };

/** A store: everything stays where it is before, and moves as the plan says after. */
function measureStorage(
  subject: string,
  { sizeVariation, after }: StorageScenario,
  seed: number,
  engine?: Engine,
): Measured {
  const question = engine === undefined ? Object.values(after.on)[0] : after.on[engine];
  if (question === undefined) throw new Error(`the case is not deployed on ${engine}`);
  const plan = planStorage(subject, question);
  const { retentionDays = 365 } = question.workload;
  const sampled = (days: number, transitions: typeof plan.transitions) =>
    sampledMonthlyCost(question.workload, sizeVariation, days, transitions, seed, storeOf(question.store));
  return {
    before: { monthlyCost: sampled(retentionDays, []) },
    after: {
      // What has expired can still be brought back for a while, and is billed as long.
      measured: { monthlyCost: sampled(plan.predictions.billedDays, plan.transitions) },
      predicted: { monthlyCost: plan.predictions.monthlyCostAfter },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}
