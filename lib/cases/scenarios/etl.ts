import { streamOf } from '../../flow/etl/batch';
import { planEtl } from '../../flow/etl/plan';
import type { EtlPlatformName } from '../../flow/etl/platforms';
import { daily, type MicroBatches, runNightly, runStream } from '../../flow/etl/simulation';
import type { EtlQuestion } from '../../flow/etl/workload';
import { Random } from '../../flow/numerics/random';
import { DAY_SECONDS } from '../../flow/ranges';
import type { Engine } from '../engine';
import type { Answer } from '../scenario';
import type { Kind } from './kind';
import { type Measured, NO_TIMELINES } from './measured';

/** The records of a day: in one batch at night before, in a stream after. */
export interface EtlScenario {
  readonly kind: 'etl';
  readonly calibration: string;
  readonly answers: readonly Answer[];
  /** What is asked, without the platform. */
  readonly question: Omit<EtlQuestion, 'platform'>;
  /** Records a second of the nightly batch. */
  readonly nightlyPerSecond: number;
}

/** How it is measured. */
export const etl: Kind<EtlScenario> = {
  measure: measureEtl,
  beside: [
    { measure: 'age of the oldest record when it appears', unit: 's', by: 'oldestRecordSeconds' },
    { measure: 'the same after 10 min away at noon', unit: 's', by: 'oldestAfterOutageSeconds' },
    { measure: 'caught up after them', unit: 's', by: 'catchUpSeconds' },
    { measure: 'core-hours a day', unit: 'core-hours', by: 'coreHoursPerDay' },
  ],
};

/** What runs the job on each engine. */
const PLATFORM_OF: Readonly<Record<Engine, EtlPlatformName>> = {
  aws: 'emr-serverless',
  k8s: 'spark-operator',
  gcp: 'spark-operator',
};

function measureEtl(subject: string, scenario: EtlScenario, seed: number, engine: Engine = 'aws'): Measured {
  const question: EtlQuestion = { ...scenario.question, platform: PLATFORM_OF[engine] };
  const plan = planEtl(subject, question);
  const stream = streamOf(question);
  const arriving = daily(stream.mean, stream.peak);
  const job: MicroBatches = {
    triggerSeconds: plan.value('triggerSeconds'),
    maxOffsetsPerTrigger: plan.value('maxOffsetsPerTrigger'),
    cores: plan.value('cores'),
    fixedSeconds: stream.fixedSeconds,
    coreSecondsPerRecord: stream.coreSeconds,
  };
  const random = new Random(seed);
  // Of independent arrivals as many as their mean, give or take its root.
  const expected = DAY_SECONDS * stream.mean;
  const night = runNightly(expected + Math.sqrt(expected) * random.normal(), scenario.nightlyPerSecond);
  const steady = runStream(arriving, job, DAY_SECONDS);
  const killed = runStream(arriving, job, DAY_SECONDS, {
    atSeconds: killedAt(job.triggerSeconds, plan.predictions.newestRecordSeconds ?? 0, random),
    seconds: stream.outage,
  });
  const p = plan.predictions;
  return {
    before: {
      newestRecordSeconds: night.newestSeconds,
      oldestRecordSeconds: night.oldestSeconds,
      coreHoursPerDay: p.batchCoreHoursPerDay,
    },
    after: {
      measured: {
        newestRecordSeconds: steady.newestSeconds,
        oldestRecordSeconds: steady.oldestSeconds,
        oldestAfterOutageSeconds: killed.oldestSeconds,
        catchUpSeconds: killed.caughtUpSeconds ?? Number.POSITIVE_INFINITY,
        coreHoursPerDay: (DAY_SECONDS * job.cores) / 3600,
      },
      predicted: {
        newestRecordSeconds: p.newestRecordSeconds,
        oldestRecordSeconds: p.oldestRecordSeconds,
        oldestAfterOutageSeconds: p.oldestAfterOutageSeconds,
        catchUpSeconds: p.catchUpSeconds,
        coreHoursPerDay: p.coreHoursPerDay,
      },
    },
    knobs: plan.knobs,
    timelines: NO_TIMELINES,
  };
}

/** Within a batch at noon. */
function killedAt(triggerSeconds: number, batchSeconds: number, random: Random): number {
  const noon = triggerSeconds * Math.ceil(DAY_SECONDS / 2 / triggerSeconds);
  return noon + batchSeconds * random.uniform();
}
