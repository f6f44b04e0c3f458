/**
 * The plan of a compaction: how often it runs, from how many small files on, how long a run takes, what it rewrites
 * twice, and how long what it replaced is kept.
 */
import { CapacityError, type Check, validate } from '../errors';
import { duration, figure } from '../figures';
import type { Knob } from '../plan';
import { WEEK_SECONDS } from '../ranges';
import { lastWhole, smallestAbove } from '../search';
import { runAlarmKnobs } from './alarms';
import { compactionChecks } from './checks';
import { monthlyCost, storageCost } from './cost';
import { GLUE_INPUT_FILES, LEAST_INPUT_FILES } from './engines';
import { optimizerKnobs, runKnobs, streamingKnobs, tableKnobs, titleOf, vacuumKnobs } from './knobs';
import { intervalOf, refuseTwoWriters } from './refusals';
import {
  amplification,
  HYSTERESIS,
  keptAt,
  type Load,
  loadOf,
  mostSmallFiles,
  runSeconds,
  startFiles,
  stopFiles,
} from './sizing';
import { CompactedTableKind, CompactionPlan, type CompactionPredictions, type CompactionQuestion } from './workload';

const BATCH_SECONDS = 60;

/**
 * The plan of a compaction.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param question what writes the files, what is promised, what rewrites them, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range
 * @throws CapacityError when no interval keeps every promise, or when two writers would lose commits; the message names
 *   the ways out
 */
export function planCompaction(
  subject: string,
  question: CompactionQuestion,
  checks: readonly Check[] = [],
): CompactionPlan {
  validate(subject, [...checks, ...compactionChecks(question)]);
  refuseTwoWriters(subject, question);
  const load = loadOf(question);
  return load.engine.scheduled ? planRuns(subject, question, load) : planByItself(subject, question, load);
}

/** Runs that we start, by the clock. */
function planRuns(subject: string, question: CompactionQuestion, load: Load): CompactionPlan {
  const interval = intervalOf(subject, question, load);
  const start = question.startFiles ?? startFiles(load, interval);
  refuseLateStart(subject, load, interval, start);
  const runs = runKnobs(question, load, interval, start);
  const deadline = runs.find(({ name }) => name === 'runDeadlineSeconds')!.value;
  const knobs: Knob[] = [
    ...tableKnobs(question, load),
    ...runs,
    ...vacuumKnobs(retentionOf(question)),
    ...runAlarmKnobs(load, interval, deadline),
  ];
  return new CompactionPlan(
    subject,
    knobs,
    predict(question, load, () => interval),
  );
}

/** A start given by hand: below twice what a run leaves it never stops, above what comes it never begins. */
function refuseLateStart(subject: string, load: Load, interval: number, start: number): void {
  const least = HYSTERESIS * stopFiles(load, interval);
  const most = Math.floor(load.filesPerSecond * Math.max(interval, load.quietSeconds > 0 ? load.partitionSeconds : 0));
  if (start < least) {
    throw new CapacityError(
      subject,
      `a run leaves ${figure(least / HYSTERESIS)} small files; with startFiles ${start} the next one begins although there is nothing to do`,
      [`give startFiles ${least} or more`, 'leave startFiles to the plan'],
    );
  }
  if (start > most) {
    throw new CapacityError(
      subject,
      `in ${duration(interval)} ${figure(most)} files come; with startFiles ${start} runs are skipped, and small files are more than ${figure(load.smallFiles)} in the end`,
      [`give startFiles ${most} or less`, 'leave startFiles to the plan'],
    );
  }
}

/** What compacts by itself: optimizers, a table, or the writer. */
function planByItself(subject: string, question: CompactionQuestion, load: Load): CompactionPlan {
  const streaming = question.table === CompactedTableKind.DELTA_STREAMING;
  const batchSeconds = question.batchSeconds ?? BATCH_SECONDS;
  const minInputFiles = minInputFilesOf(question, load);
  const own: Knob[] = streaming ? streamingKnobs(load, batchSeconds) : optimizerKnobs(question, load, minInputFiles);
  // Batches come by the clock; an optimizer waits for files.
  const intervalAt: IntervalAt = (rate) =>
    streaming ? own[0].value * batchSeconds : (minInputFiles * load.openPartitions) / rate;
  refuseMany(subject, question, load, intervalAt);
  const knobs = [...tableKnobs(question, load), ...own, ...(streaming ? vacuumKnobs(retentionOf(question)) : [])];
  const predictions = predict(question, load, intervalAt);
  return new CompactionPlan(subject, knobs, predictions, remarksOn(subject, question, load, predictions));
}

/** Seconds between two compactions at so many files a second. */
type IntervalAt = (filesPerSecond: number) => number;

function minInputFilesOf({ table, startFiles: given }: CompactionQuestion, load: Load): number {
  if (given !== undefined) return given;
  // S3 Tables has no such setting; that it starts as Glue does is an assumption.
  if (table === CompactedTableKind.S3_TABLE) return GLUE_INPUT_FILES;
  const rate = load.plannedPerSecond;
  const kept = (files: number) => mostSmallFiles(load, (files * load.openPartitions) / rate, rate) <= load.smallFiles;
  return kept(GLUE_INPUT_FILES) ? GLUE_INPUT_FILES : lastWhole(LEAST_INPUT_FILES, GLUE_INPUT_FILES, kept);
}

function refuseMany(subject: string, question: CompactionQuestion, load: Load, intervalAt: IntervalAt): void {
  const most = mostSmallFiles(load, intervalAt(load.plannedPerSecond), load.plannedPerSecond);
  if (most <= load.smallFiles) return;
  throw new CapacityError(
    subject,
    `${titleOf(question.table)} leaves up to ${figure(Math.ceil(most))} small files in ${figure(load.openPartitions)} open partition(s), ${figure(load.smallFiles)} are allowed`,
    [`allow ${Math.ceil(most)} small files`],
  );
}

function remarksOn(subject: string, question: CompactionQuestion, load: Load, p: CompactionPredictions): string[] {
  const dear = p.writeAmplification > load.writeAmplification;
  return [
    ...(dear
      ? [
          `${subject}: ${titleOf(question.table)} rewrites ${figure(p.writeAmplification)} bytes for each new one, more than ${figure(load.writeAmplification)}: a partition is started at so few bytes. A smaller targetBytes or larger batches of the writer help.`,
        ]
      : []),
    ...(question.table === CompactedTableKind.S3_TABLE
      ? [`${subject}: S3 Tables has no setting for when it starts; 100 files a partition are an assumption.`]
      : []),
  ];
}

function retentionOf({ objective }: CompactionQuestion): number {
  return objective.retentionSeconds ?? WEEK_SECONDS;
}

function predict(question: CompactionQuestion, load: Load, intervalAt: IntervalAt): CompactionPredictions {
  const [interval, busiest] = [intervalAt(load.filesPerSecond), intervalAt(load.busiestPerSecond)];
  const fixed = question.table === CompactedTableKind.DELTA_STREAMING ? { ...load, fixedSeconds: 0 } : load;
  const runsPerWeek = WEEK_SECONDS / Math.max(interval, load.quietSeconds > 0 ? load.partitionSeconds : 0);
  const work = runsPerWeek * runSeconds(fixed, interval, load.filesPerSecond, false);
  const before = load.fixedSeconds + WEEK_SECONDS * load.filesPerSecond * load.secondsPerFile;
  const rewritten = amplification(load, interval);
  const unreferenced = load.filesPerSecond * load.fileBytes * rewritten * retentionOf(question);
  return {
    runsPerWeek,
    longestRunSeconds: runSeconds(fixed, busiest, load.busiestPerSecond, true),
    mostSmallFiles: mostSmallFiles(load, busiest, load.busiestPerSecond),
    writeAmplification: rewritten,
    weeklyWorkSeconds: work,
    weeklyWorkSecondsBefore: before,
    unreferencedBytes: unreferenced,
    monthlyCost: monthlyCost(load, question.table, work),
    monthlyCostBefore: monthlyCost(load, question.table, before),
    monthlyStorageCost: storageCost(unreferenced),
    breaksAtLoad: breaksAt(load, intervalAt),
  };
}

/** The multiple of the busiest load at which a run is longer, or small files are more, than promised. */
function breaksAt(load: Load, intervalAt: IntervalAt): number {
  const broken = (times: number) => {
    const rate = load.busiestPerSecond * times;
    const { run, files } = keptAt({ ...load, plannedPerSecond: rate }, intervalAt(rate));
    return !files || (load.engine.scheduled && !run);
  };
  return broken(1) ? 1 : (smallestAbove(1, broken) ?? Number.POSITIVE_INFINITY);
}
