import { planRetention } from '../../flow/retention/plan';
import { type Forgetting, simulateCollection } from '../../flow/retention/simulation';
import { planTtlTable } from '../../flow/retention/table-plan';
import type { TtlTableQuestion } from '../../flow/retention/table-workload';
import type { RetentionObjective, RetentionWorkload } from '../../flow/retention/workload';
import type { Engine } from '../engine';
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
  /** On AWS the table of DynamoDB is asked for, unless the collection is. */
  readonly after: { readonly objective: RetentionObjective; readonly table: TtlTableQuestion };
}

/** The construct of a collection, where an engine has one of a table too. */
const COLLECTION = 'TtlCollection';

/** How it is measured. */
export const retention: Kind<RetentionScenario> = { measure: measureRetention };

/** What a plan says of the collection that keeps no more than it should. */
interface Forgotten {
  readonly knobs: Measured['knobs'];
  readonly forgetting: Forgetting;
  readonly predicted: { readonly collectionBytes: number; readonly settledSeconds: number };
  /** The backfill: dates a second, and whether what is new has one. */
  readonly backfill: Pick<RetentionWorkload, 'spareWritesPerSecond' | 'writersSetExpiry'>;
}

/** A collection: what it has grown to before, what it keeps after its plan has been carried out. */
function measureRetention(
  subject: string,
  scenario: RetentionScenario,
  seed: number,
  engine?: Engine,
  construct?: string,
): Measured {
  const { workload, ageSeconds } = scenario;
  const { knobs, forgetting, predicted, backfill } =
    engine === 'aws' && construct !== COLLECTION ? inTable(subject, scenario) : inCollection(subject, scenario, engine);
  const measured = simulateCollection({ ...workload, ...backfill }, ageSeconds, forgetting, seed);
  return {
    before: { collectionBytes: measured.bytesToday },
    after: {
      measured: {
        collectionBytes: measured.steadyBytes,
        settledSeconds: measured.settledSeconds,
        deletionLagSeconds: measured.deletionLagSeconds,
      },
      predicted,
    },
    knobs,
    timelines: NO_TIMELINES,
  };
}

function inCollection(subject: string, { workload, after }: RetentionScenario, engine?: Engine): Forgotten {
  const platform = engine === 'aws' ? 'fargate' : undefined;
  const plan = planRetention(subject, { workload, objective: after.objective, platform });
  const { steadyBytes, backfillSeconds, drainSeconds } = plan.predictions;
  return {
    knobs: plan.knobs,
    forgetting: {
      retentionSeconds: plan.value('retentionSeconds'),
      backfillSeconds: plan.value('backfillSeconds'),
      drainSeconds: plan.value('drainSeconds'),
    },
    predicted: { collectionBytes: steadyBytes, settledSeconds: backfillSeconds + drainSeconds },
    backfill: workload,
  };
}

function inTable(subject: string, { after }: RetentionScenario): Forgotten {
  const plan = planTtlTable(subject, after.table);
  const { steadyBytes, backfillSeconds, drainSeconds, lagSeconds } = plan.predictions;
  return {
    knobs: plan.knobs,
    forgetting: {
      retentionSeconds: plan.value('retentionSeconds'),
      backfillSeconds: plan.value('backfillSeconds'),
      drainSeconds: plan.value('drainSeconds'),
      lagSeconds: plan.value('ttlLagSeconds'),
    },
    predicted: { collectionBytes: steadyBytes, settledSeconds: backfillSeconds + drainSeconds + lagSeconds },
    backfill: {
      spareWritesPerSecond: plan.predictions.datesPerSecond,
      writersSetExpiry: after.table.workload.writersSetExpiry,
    },
  };
}
