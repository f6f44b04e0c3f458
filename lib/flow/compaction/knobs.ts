/** The knobs of a compaction, each with its reason. */
import { chosenKnob } from '../alarms';
import { type Knob, unlessGiven } from '../plan';
import { DAY_SECONDS } from '../ranges';
import { memoryMiB } from './cost';
import { ENGINES, SMALL_SHARE } from './engines';
import { compactEveryBatches, DELTA_COMPACT_FILES } from './inline';
import {
  HYSTERESIS,
  INTERVALS,
  keptAt,
  type Load,
  retentionOf,
  runSeconds,
  startBytes,
  stopFiles,
  tailFiles,
  touchedBy,
  utilisation,
  workSeconds,
} from './sizing';
import { CompactedTableKind, type CompactionQuestion } from './workload';

const HOUR = 3600;
const WEEK_HOURS = 168;
const DELTA_DOCS = 'Delta Lake, Optimizations: OPTIMIZE is idempotent, and never conflicts with an append';

/** Knobs that every table has. */
export function tableKnobs(question: CompactionQuestion, load: Load): Knob[] {
  const { plannedPerSecond, secondsPerFile, workers, targetBytes } = load;
  return [
    {
      name: 'targetBytes',
      value: targetBytes,
      unit: 'bytes',
      ...unlessGiven(question.targetBytes, 'the default of the format'),
      source: 'Delta Lake, autoCompact.maxFileSize: 128 MB; Apache Iceberg, write.target-file-size-bytes: 512 MB',
    },
    {
      name: 'smallBytes',
      value: load.smallBytes,
      unit: 'bytes',
      formula: `${SMALL_SHARE} × target: a smaller file is small`,
      inputs: { targetBytes },
      source: 'AWS Glue, Compaction optimization',
    },
    {
      name: 'utilisation',
      value: utilisation(load),
      unit: 'ratio',
      formula: 'files a second at the planned load × seconds a file ÷ workers',
      inputs: { plannedPerSecond, secondsPerFile, workers },
      source: 'utilisation law',
    },
  ];
}

/** Knobs of runs that we start. */
export function runKnobs(question: CompactionQuestion, load: Load, interval: number, start: number): Knob[] {
  const stop = stopFiles(load, interval);
  return [
    {
      name: 'workers',
      value: load.workers,
      unit: 'workers',
      ...unlessGiven(question.workers, 'one'),
      source: 'the question',
    },
    {
      name: 'intervalSeconds',
      value: interval,
      unit: 's',
      ...unlessGiven(
        question.intervalSeconds,
        'the longest of 5 min to 24 h at which, at the planned load, the longest run and the small files keep the objective',
        {
          byRunSeconds: INTERVALS.find((one) => keptAt(load, one).run) ?? 0,
          bySmallFilesSeconds: INTERVALS.find((one) => keptAt(load, one).files) ?? 0,
          plannedPerSecond: load.plannedPerSecond,
        },
      ),
      source: 'run: fixed part + files × seconds a file; small files: rate × (interval + run)',
    },
    {
      name: 'stopFiles',
      value: stop,
      unit: 'files',
      formula: 'files that come during a run + part-filled files: what a run leaves',
      inputs: {
        filesPerSecond: load.filesPerSecond,
        runSeconds: runSeconds(load, interval, load.filesPerSecond, false),
        tailFiles: tailFiles(load, interval),
      },
      source: "Little's law",
    },
    {
      name: 'startFiles',
      value: start,
      unit: 'files',
      ...unlessGiven(
        question.startFiles,
        `the larger of ${HYSTERESIS} × stopFiles and partitions × startBytes ÷ bytes a file: below it a run does nothing`,
        {
          stopFiles: stop,
          touched: touchedBy(load, interval),
          startBytes: startBytes(load),
          fileBytes: load.fileBytes,
        },
      ),
      source: "hysteresis; O'Neil, The log-structured merge-tree (1996), for the bytes that pay back a rewrite",
    },
    chosenKnob(
      'minInputFiles',
      load.engine.minInputFiles,
      'files',
      'a partition with fewer small files is left as it is: part-filled files of earlier runs do not count',
      'Apache Iceberg, rewrite_data_files: min-input-files',
    ),
    {
      name: 'quietSeconds',
      value: load.quietSeconds,
      unit: 's',
      ...unlessGiven(question.quietSeconds, 'none: writers only append'),
      source: DELTA_DOCS,
    },
    ...timeKnobs(load, interval),
  ];
}

/** Seconds after which a run is ended. */
export function deadlineOf({ longestRunSeconds }: Load, interval: number): number {
  return Math.min(Math.ceil(2 * longestRunSeconds), interval);
}

/** How long a run may take, and how late it may begin. */
function timeKnobs(load: Load, interval: number): Knob[] {
  const { longestRunSeconds } = load;
  const partition = workSeconds(load, interval, load.plannedPerSecond, true) / touchedBy(load, interval);
  return [
    {
      name: 'runBudgetSeconds',
      value: Math.max(1, Math.floor(Math.min(longestRunSeconds, interval) - load.fixedSeconds - partition)),
      unit: 's',
      formula:
        'longest run − its fixed part − the work of one partition at the planned load: no partition is begun later; it waits',
      inputs: { longestRunSeconds, fixedSeconds: load.fixedSeconds, partitionWorkSeconds: partition },
      source: 'the objective',
    },
    {
      name: 'runDeadlineSeconds',
      value: deadlineOf(load, interval),
      unit: 's',
      formula: '2 × longest run, at most the interval: a run that hangs is ended; what it committed stays',
      inputs: { longestRunSeconds, intervalSeconds: interval },
      source: 'Kubernetes, Jobs, activeDeadlineSeconds; the factor is an assumption',
    },
    {
      name: 'startingDeadlineSeconds',
      value: Math.min(HOUR, interval / 2),
      unit: 's',
      formula: 'half of the interval, an hour at most: a later start would crowd the next one',
      inputs: { intervalSeconds: interval },
      source: 'Kubernetes, CronJob, startingDeadlineSeconds; the number is an assumption',
    },
    chosenKnob(
      'terminationGracePeriodSeconds',
      30,
      's',
      'the default: a killed run leaves the table as it was, and the next one begins again',
      'Kubernetes, Pod lifecycle, Termination of Pods',
    ),
    {
      name: 'memoryMiB',
      value: memoryMiB(load),
      unit: 'MiB',
      formula: '512 + 512 × workers: files are read and written batch by batch',
      inputs: { workers: load.workers },
      source: 'measured, test/engines/compaction.test.ts',
    },
  ];
}

/** Knobs of Delta's old versions. */
export function vacuumKnobs(retentionSeconds: number): Knob[] {
  return [
    {
      name: 'vacuumHours',
      value: Math.max(WEEK_HOURS, Math.ceil(retentionSeconds / HOUR)),
      unit: 'hours',
      formula: 'the retention, at least a week: a younger file may still be read, or written',
      inputs: { retentionSeconds },
      source: 'Delta Lake, Table utility commands, VACUUM: 168 hours',
    },
    chosenKnob(
      'vacuumIntervalSeconds',
      DAY_SECONDS,
      's',
      'once a day: it lists every file of the table',
      'Delta Lake, Table utility commands, VACUUM; the number is an assumption',
    ),
  ];
}

/** Knobs of a table whose optimizers start by themselves. */
export function optimizerKnobs(question: CompactionQuestion, load: Load, minInputFiles: number): Knob[] {
  const days = Math.max(1, Math.ceil(retentionOf(question) / DAY_SECONDS));
  const iceberg: Knob[] =
    question.table === CompactedTableKind.ICEBERG
      ? [
          {
            name: 'minInputFiles',
            value: minInputFiles,
            unit: 'files',
            ...unlessGiven(
              question.startFiles,
              'the most, 5 to 100, with which small files keep the objective at the planned load',
              {
                smallFiles: load.smallFiles,
                openPartitions: load.openPartitions,
                headroom: load.headroom,
              },
            ),
            source: 'AWS Glue, Compaction optimization, icebergConfiguration.minInputFiles',
          },
        ]
      : [];
  return [
    ...iceberg,
    {
      name: 'snapshotRetentionDays',
      value: days,
      unit: 'days',
      formula: 'the retention in days',
      inputs: {},
      source: 'AWS Glue, Snapshot retention optimization; Amazon S3 Tables maintenance',
    },
    chosenKnob(
      'snapshotsToRetain',
      1,
      'snapshots',
      'the current one stays whatever its age',
      'AWS Glue, Snapshot retention optimization, numberOfSnapshotsToRetain',
    ),
    chosenKnob(
      'orphanRetentionDays',
      3,
      'days',
      'the default: a writer that is still running may have files that no snapshot names yet',
      'AWS Glue, Deleting orphan files',
    ),
  ];
}

/** The knob of a streaming writer that compacts its own table. */
export function streamingKnobs(load: Load, batchSeconds: number): Knob[] {
  const filesABatch = (load.filesPerSecond * batchSeconds) / load.openPartitions;
  return [
    {
      name: 'compactEveryBatches',
      value: compactEveryBatches(filesABatch),
      unit: 'batches',
      formula: `⌈${DELTA_COMPACT_FILES} ÷ files that a batch writes into a partition⌉`,
      inputs: { filesABatch, batchSeconds },
      source: 'Delta Lake, Optimizations, spark.databricks.delta.autoCompact.minNumFiles: 50',
    },
  ];
}

/** What rewrites the table, in words. */
export function titleOf(table: CompactedTableKind): string {
  return ENGINES[table].title;
}
