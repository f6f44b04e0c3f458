/** The validation table of a streaming ETL. */
import { above0, type Check, inRange, isKnown, oneOf, positive, required, shown, wholeNumber } from '../errors';
import { type Fields, objectChecks, rowOf } from '../fields';
import { DAY_SECONDS, LEAST_RATE, LEAST_SECONDS, MOST_DOLLARS, MOST_ITEMS_PER_SECOND, WEEK_SECONDS } from '../ranges';
import { ETL_PLATFORMS, LANDING_SOURCES } from './platforms';
import type { EtlObjective, EtlQuestion, EtlWorkload } from './workload';

const HOUR_SECONDS = 3600;
/** Apache Kafka: records above 1 MB need settings of their own; ten times that is no record any more. */
const MOST_RECORD_BYTES = 10 * 2 ** 20;
const MOST_KEYS = 1e9;

const QUESTION_FIELDS: Fields<EtlQuestion> = {
  workload: true,
  objective: true,
  platform: true,
  sink: true,
  source: true,
  outputMode: true,
  executors: true,
  executorCores: true,
  triggerSeconds: true,
  maxOffsetsPerTrigger: true,
  restartSeconds: true,
};
const WORKLOAD_FIELDS: Fields<EtlWorkload> = {
  steadyPerSecond: true,
  peakPerSecond: true,
  recordBytes: true,
  coreSecondsPerRecord: true,
  batchSeconds: true,
  windowSeconds: true,
  lateSeconds: true,
  keysPerWindow: true,
};
const OBJECTIVE_FIELDS: Fields<EtlObjective> = {
  freshnessSeconds: true,
  outageSeconds: true,
  catchUpSeconds: true,
  monthlyCost: true,
  headroom: true,
};

/** Checks what arrives, the promise, and what was chosen by hand. */
export function etlChecks(question: EtlQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective, ...choices }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, () => objectiveChecks(objective, choices)),
    ...choiceChecks(choices, { workload, objective }),
  ]);
}

function workloadChecks(workload: EtlWorkload): Check[] {
  const { steadyPerSecond, peakPerSecond, recordBytes, coreSecondsPerRecord, batchSeconds } = workload;
  const { windowSeconds, lateSeconds, keysPerWindow } = workload;
  const noWindow = windowSeconds === undefined || windowSeconds === 0;
  return [
    required(positive, 'steadyPerSecond', steadyPerSecond, LEAST_RATE, MOST_ITEMS_PER_SECOND),
    positive('peakPerSecond', peakPerSecond, LEAST_RATE, MOST_ITEMS_PER_SECOND),
    {
      refused: isKnown(peakPerSecond) && isKnown(steadyPerSecond) && peakPerSecond < steadyPerSecond,
      message: `peakPerSecond must be at least steadyPerSecond, ${shown(steadyPerSecond)}, got ${shown(peakPerSecond)}`,
    },
    required(inRange, 'recordBytes', recordBytes, 1, MOST_RECORD_BYTES),
    required(positive, 'coreSecondsPerRecord', coreSecondsPerRecord, LEAST_SECONDS, HOUR_SECONDS),
    inRange('batchSeconds', batchSeconds, 0.1, HOUR_SECONDS),
    // Spark's interval and the arguments of the job are whole.
    wholeNumber('windowSeconds', windowSeconds, 0, DAY_SECONDS),
    wholeNumber('lateSeconds', lateSeconds, 0, WEEK_SECONDS),
    wholeNumber('keysPerWindow', keysPerWindow, 1, MOST_KEYS),
    {
      refused: noWindow && isKnown(lateSeconds) && lateSeconds > 0,
      message: `lateSeconds needs windowSeconds: without a window nothing waits for late records, got ${shown(lateSeconds)}`,
    },
    {
      refused: noWindow && isKnown(keysPerWindow),
      message: `keysPerWindow needs windowSeconds, got ${shown(keysPerWindow)}`,
    },
  ];
}

function objectiveChecks(
  { freshnessSeconds, outageSeconds, catchUpSeconds, monthlyCost, headroom }: EtlObjective,
  { platform = 'emr-serverless', sink }: Pick<EtlQuestion, 'platform' | 'sink'>,
): Check[] {
  return [
    required(above0, 'objective.freshnessSeconds', freshnessSeconds, DAY_SECONDS),
    inRange('objective.outageSeconds', outageSeconds, 0, WEEK_SECONDS),
    above0('objective.catchUpSeconds', catchUpSeconds, WEEK_SECONDS),
    above0('objective.monthlyCost', monthlyCost, MOST_DOLLARS),
    {
      refused: monthlyCost !== undefined && (platform === 'spark-operator' || sink === 'landing'),
      message:
        'objective.monthlyCost needs a platform with a price, emr-serverless or glue; the machines of a cluster and a managed delivery have none here',
    },
    inRange('objective.headroom', headroom, 1, 10),
  ];
}

function choiceChecks(
  choices: Omit<EtlQuestion, 'workload' | 'objective'>,
  given: Partial<Pick<EtlQuestion, 'workload' | 'objective'>>,
): Check[] {
  const { platform = 'emr-serverless', sink, source, outputMode, executors, executorCores } = choices;
  const { triggerSeconds, maxOffsetsPerTrigger, restartSeconds } = choices;
  const facts = rowOf(ETL_PLATFORMS, platform);
  const spark = { outputMode, executors, executorCores, triggerSeconds, maxOffsetsPerTrigger, restartSeconds };
  const { workload, objective } = given;
  const unused = {
    windowSeconds: workload?.windowSeconds || undefined,
    'objective.catchUpSeconds': objective?.catchUpSeconds,
    platform: choices.platform,
    ...spark,
  };
  const idle = Object.entries(unused).filter(([, value]) => value !== undefined);
  return [
    oneOf('platform', choices.platform, Object.keys(ETL_PLATFORMS)),
    oneOf('sink', sink, ['aggregate', 'landing']),
    oneOf('source', source, Object.keys(LANDING_SOURCES)),
    oneOf('outputMode', outputMode, ['append', 'update']),
    {
      refused: sink === 'landing' && idle.length > 0,
      message: `${idle.map(([name]) => name).join(', ')}: a landing has no Spark job that aggregates; leave them out`,
    },
    wholeNumber('executors', executors, 1, facts?.mostExecutors(executorCores ?? 4) ?? Number.MAX_SAFE_INTEGER),
    ...(facts === undefined ? [] : [oneOf('executorCores', executorCores, facts.executorCores)]),
    wholeNumber('triggerSeconds', triggerSeconds, 1, DAY_SECONDS),
    wholeNumber('maxOffsetsPerTrigger', maxOffsetsPerTrigger, 1, 1e15),
    inRange('restartSeconds', restartSeconds, 1, HOUR_SECONDS),
  ];
}
