/** A stream in place of a nightly batch: how often, how much at once, and on how many cores. */
import { CapacityError, type Check, validate } from '../errors';
import { DAY_SECONDS } from '../ranges';
import {
  batchOf,
  breaksAt,
  catchUpOf,
  newestOf,
  oldestAfter,
  oldestOf,
  type Sizing,
  type Stream,
  sizingOf,
  streamOf,
  waitsForWindow,
} from './batch';
import { etlChecks } from './checks';
import { coreHours, monthlyCosts } from './costs';
import { jobKnobs, shufflePartitions } from './knobs';
import { planLanding } from './landing';
import { heapStateBytes, stateBytes } from './memory';
import { refusal, tooDear, waysOut } from './refusals';
import { EtlPlan, type EtlPredictions, type EtlQuestion } from './workload';

/**
 * The plan of a streaming ETL.
 *
 * @param subject id of the construct; every error starts with it
 * @param question what arrives, what is promised, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when nothing keeps the promise, with ways out that were each solved
 */
export function planEtl(subject: string, question: EtlQuestion, checks: readonly Check[] = []): EtlPlan {
  validate(subject, [...checks, ...etlChecks(question)]);
  if (question.sink === 'landing') return planLanding(subject, question);
  const sizing = sizingOf(question);
  if (typeof sizing === 'string') throw new CapacityError(subject, refusal(question, sizing), waysOut(question));
  const dear = tooDear(question);
  if (dear !== undefined) throw new CapacityError(subject, dear, waysOut(question));
  const stream = streamOf(question);
  return new EtlPlan(
    subject,
    jobKnobs(question, stream, sizing),
    predictionsOf(question, stream, sizing),
    remarksOn(subject, question, stream, sizing),
  );
}

function predictionsOf(question: EtlQuestion, stream: Stream, sizing: Sizing): EtlPredictions {
  const hours = coreHours(stream, sizing);
  const costs = monthlyCosts(question.platform ?? 'emr-serverless', stream, sizing);
  const state = stateBytes(stream, sizing.trigger);
  return {
    outputMode: sizing.mode,
    oldestRecordSeconds: oldestOf(stream, sizing),
    newestRecordSeconds: newestOf(stream, sizing),
    recordsPerBatch: stream.peak * sizing.trigger,
    oldestAfterOutageSeconds: oldestAfter(stream, sizing, stream.outage),
    oldestAfterRestartSeconds: oldestAfter(stream, sizing, stream.restart),
    catchUpSeconds: catchUpOf(stream, sizing),
    catchUpAfterRestartSeconds: catchUpOf(stream, sizing, stream.restart),
    stateBytes: state,
    needsRocksDb: state > heapStateBytes(stream, sizing),
    filesPerDay: (DAY_SECONDS / sizing.trigger) * shufflePartitions(stream, sizing),
    coreHoursPerDay: hours.stream,
    batchCoreHoursPerDay: hours.batch,
    ...(costs !== undefined && { monthlyCost: costs.stream, batchMonthlyCost: costs.batch }),
    breaksAtLoad: breaksAt(stream, sizing),
  };
}

function remarksOn(subject: string, question: EtlQuestion, stream: Stream, sizing: Sizing): string[] {
  const { mode, cores, trigger } = sizing;
  const hours = coreHours(stream, sizing);
  const batch = batchOf(stream, cores, stream.peak * trigger);
  return [
    ...(mode === 'update'
      ? [
          `${subject}: a window is merged into the table in every batch until its watermark has passed: the table must set totals by MERGE, because a Delta sink refuses the output mode update.`,
        ]
      : []),
    ...(waitsForWindow(stream, mode)
      ? [
          `${subject}: a window is appended once, when its watermark has passed; the records that come later are dropped.`,
        ]
      : []),
    ...(hours.stream > 2 * hours.batch
      ? [
          `${subject}: the executors take ${(hours.stream / hours.batch).toPrecision(2)} times the core-hours of a nightly batch, because they wait between batches of ${Math.round(batch)} s and are sized for the peak.`,
        ]
      : []),
    ...(stream.platform.remark === undefined ? [] : [`${subject}: ${stream.platform.remark}`]),
    ...(question.workload.batchSeconds === undefined
      ? [`${subject}: batchSeconds is assumed to be 15; measure a batch of few records.`]
      : []),
  ];
}
