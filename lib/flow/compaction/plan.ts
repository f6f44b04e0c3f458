/**
 * The plan of a compaction: how often it runs, from how many small files on, how long a run takes, what it rewrites
 * twice, and how long what it replaced is kept.
 */
import { CapacityError, type Check, validate } from '../errors';
import { figure } from '../figures';
import type { Knob } from '../plan';
import { WEEK_SECONDS } from '../ranges';
import { lastWhole, smallestAbove } from '../search';
import { maintenanceAlarmKnobs, runAlarmKnobs } from './alarms';
import { compactionChecks } from './checks';
import { monthlyCost, storageCost } from './cost';
import { GLUE_INPUT_FILES, LEAST_INPUT_FILES } from './engines';
import { deadlineOf, optimizerKnobs, runKnobs, streamingKnobs, tableKnobs, titleOf, vacuumKnobs } from './knobs';
import { intervalOf, refuseBusy, refuseShortQuiet, refuseStart, refuseTwoWriters } from './refusals';
import {
  amplification,
  fixedSecondsOf,
  keptAt,
  type Load,
  loadOf,
  MOST_UTILISATION,
  mostSmallFiles,
  retentionOf,
  runSeconds,
  spanOf,
  startFiles,
  utilisation,
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
  refuseShortQuiet(subject, question, load);
  const interval = intervalOf(subject, question, load);
  refuseStart(subject, question, load, interval);
  const start = question.startFiles ?? startFiles(load, interval);
  const deadline = deadlineOf(load, interval);
  const runs = runKnobs(question, load, interval, start);
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

/** What compacts by itself: optimizers, a table, or the writer. */
function planByItself(subject: string, question: CompactionQuestion, load: Load): CompactionPlan {
  const streaming = question.table === CompactedTableKind.DELTA_STREAMING;
  const batchSeconds = question.batchSeconds ?? BATCH_SECONDS;
  const minInputFiles = minInputFilesOf(question, load);
  const own: Knob[] = streaming ? streamingKnobs(load, batchSeconds) : optimizerKnobs(question, load, minInputFiles);
  // Batches come by the clock; an optimizer waits for files.
  const intervalAt: IntervalAt = (rate) =>
    streaming ? own[0].value * batchSeconds : (minInputFiles * load.openPartitions) / rate;
  refuseBusy(subject, question, load);
  refuseMany(subject, question, load, intervalAt);
  const knobs = [
    ...tableKnobs(question, load),
    ...own,
    ...(streaming
      ? vacuumKnobs(retentionOf(question))
      : maintenanceAlarmKnobs(question.table, load, intervalAt(load.filesPerSecond))),
  ];
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
  // A partition that never gets as many while it takes new files is never compacted.
  const lifetime = (load.filesPerSecond * load.partitionSeconds) / load.openPartitions / load.headroom;
  const most = Math.max(LEAST_INPUT_FILES, Math.min(GLUE_INPUT_FILES, Math.floor(lifetime)));
  const kept = (files: number) => mostSmallFiles(load, (files * load.openPartitions) / rate, rate) <= load.smallFiles;
  return kept(most) ? most : lastWhole(LEAST_INPUT_FILES, most, kept);
}

function refuseMany(subject: string, question: CompactionQuestion, load: Load, intervalAt: IntervalAt): void {
  const most = mostSmallFiles(load, intervalAt(load.plannedPerSecond), load.plannedPerSecond);
  const life = (load.filesPerSecond * load.partitionSeconds) / load.openPartitions;
  const least = question.table === CompactedTableKind.DELTA_STREAMING ? 0 : minInputFilesOf(question, load);
  if (life < least) {
    throw new CapacityError(
      subject,
      `a partition gets ${figure(life)} files while it takes new ones; from ${figure(least)} on it is compacted, so it never is`,
      [
        `let a partition take new files for ${Math.ceil((least * load.openPartitions * load.headroom) / load.filesPerSecond)} s`,
      ],
    );
  }
  if (most <= load.smallFiles) return;
  throw new CapacityError(
    subject,
    `${titleOf(question.table)} leaves up to ${figure(Math.ceil(most))} small files in ${figure(load.openPartitions)} open partition(s), ${figure(load.smallFiles)} are allowed`,
    [`allow ${Math.ceil(most)} small files`],
  );
}

/** Whether more is rewritten than was promised: the first remark says so. */
export function rewritesTooMuch(question: CompactionQuestion, { predictions }: CompactionPlan): boolean {
  return predictions.writeAmplification > loadOf(question).writeAmplification;
}

function remarksOn(subject: string, question: CompactionQuestion, load: Load, p: CompactionPredictions): string[] {
  const dear = p.writeAmplification > load.writeAmplification;
  return [
    ...(dear
      ? [
          `${subject}: ${titleOf(question.table)} rewrites ${figure(p.writeAmplification)} bytes for each new one, more than ${figure(load.writeAmplification)}: a partition is started at so few bytes. A smaller targetBytes or larger batches of the writer help.`,
        ]
      : []),
    ...(load.engine.runsInWriter
      ? []
      : [
          `${subject}: how long a run takes is the service's own affair: longestRunSeconds is predicted, and not promised.`,
        ]),
    ...(question.table === CompactedTableKind.S3_TABLE
      ? [`${subject}: S3 Tables has no setting for when it starts; 100 files a partition are an assumption.`]
      : []),
  ];
}

function predict(question: CompactionQuestion, load: Load, intervalAt: IntervalAt): CompactionPredictions {
  const [interval, busiest] = [intervalAt(load.filesPerSecond), intervalAt(load.busiestPerSecond)];
  const runsPerWeek = WEEK_SECONDS / spanOf(load, interval);
  const work = runsPerWeek * runSeconds(load, interval, load.filesPerSecond, false);
  const before =
    fixedSecondsOf(question.workload) + (WEEK_SECONDS * load.filesPerSecond * load.secondsPerFile) / load.workers;
  const rewritten = amplification(load, interval);
  const unreferenced = load.filesPerSecond * load.fileBytes * rewritten * retentionOf(question);
  return {
    runsPerWeek,
    longestRunSeconds: runSeconds(load, busiest, load.busiestPerSecond, true),
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
    const loaded = { ...load, plannedPerSecond: rate };
    const { run, files } = keptAt(loaded, intervalAt(rate));
    return !files || (load.engine.scheduled && !run) || utilisation(loaded) >= 2 * MOST_UTILISATION;
  };
  return broken(1) ? 1 : (smallestAbove(1, broken) ?? Number.POSITIVE_INFINITY);
}
