/** The numbers of a compaction's alarms, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import { DAY_SECONDS } from '../ranges';
import { executorMib, WORKER_HEAP_MIB } from '../spark-memory';
import { dpusOf } from './cost';
import { type Load, mostPerSecond, mostSmallFiles, spanOf, startFiles, tailOf, touchedBy } from './sizing';
import { CompactedTableKind, type CompactionPlan } from './workload';

const OWN = 'this library, docs/constructs/k8s-continuous-compaction.md';
const AWS_OWN = 'this library, docs/constructs/continuous-compaction.md';
const VACUUM_DAYS = 3;
const MINUTE = 60;
const DRIVER_CORES = 1;
const EXECUTOR_CORES = 4;
/** An optimizer runs once a day or after many files: it is asked for its last runs once an hour. */
const CHECK_SECONDS = 3600;
/** A run of AWS Glue reports once, at its end; the alarms on it are looked at this often. */
const REPORT_SECONDS = 300;

/** Numbers of the alarms on scheduled runs. */
export function runAlarmKnobs(load: Load, interval: number, deadline: number): Knob[] {
  const { longestRunSeconds, smallFiles, fileBytes } = load;
  const files = mostPerSecond(load, interval) * spanOf(load, interval);
  const touched = touchedBy(load, interval);
  const longestTail = tailOf(load, interval, (files * fileBytes) / touched).most;
  return [
    {
      name: 'alarmSmallFiles',
      value: Math.ceil(smallFiles),
      unit: 'files',
      formula: 'the objective: a run found more, or skipped partitions',
      inputs: { smallFiles, startFiles: startFiles(load, interval) },
      source: OWN,
    },
    {
      name: 'alarmRunSeconds',
      value: Math.min(longestRunSeconds, Math.floor(0.9 * deadline)),
      unit: 's',
      formula: 'the objective, and below the deadline, after which there is no run to report',
      inputs: { longestRunSeconds, runDeadlineSeconds: deadline },
      source: OWN,
    },
    {
      name: 'alarmRewrittenBytes',
      value: Math.ceil(files * fileBytes + touched * longestTail),
      unit: 'bytes',
      formula:
        'files that a run finds at the planned load × bytes + partitions × the largest part-filled file: a run that rewrites more',
      inputs: { files, fileBytes, touched, longestTail },
      source: OWN,
    },
    chosenKnob(
      'alarmWindowSeconds',
      DAY_SECONDS,
      's',
      'a day: what is left adds up over the life of a table, so that only what comes to it says something',
      OWN,
    ),
    {
      name: 'alarmLeftFilesADay',
      value: Math.ceil((DAY_SECONDS / interval) * touched + load.engine.minInputFiles * load.openPartitions),
      unit: 'files',
      formula:
        'runs a day × partitions × one part-filled file + open partitions × the files that a run leaves alone: more are left in partitions that no run takes any more',
      inputs: {
        runsADay: DAY_SECONDS / interval,
        touched,
        minInputFiles: load.engine.minInputFiles,
        openPartitions: load.openPartitions,
      },
      source: OWN,
    },
    {
      name: 'alarmConflictSeconds',
      value: 2 * interval,
      unit: 's',
      formula: '2 × interval: three runs in a row gave up a partition; one conflict is retried by the next run',
      inputs: { intervalSeconds: interval },
      source: OWN,
    },
    firstOneKnob('alarmConflicts', 'partitions', 'of those runs', OWN),
    firstOneKnob('alarmFailures', 'runs', 'a run that fails twice needs a person: permission, storage, memory', OWN),
    {
      name: 'alarmReportAgeSeconds',
      value: 2 * interval + deadline,
      unit: 's',
      formula:
        '2 × interval + deadline of a run: two starts were missed; without a report the other alarms have no data',
      inputs: { intervalSeconds: interval, runDeadlineSeconds: deadline },
      source: OWN,
    },
    chosenKnob(
      'alarmVacuumAgeSeconds',
      VACUUM_DAYS * DAY_SECONDS,
      's',
      '3 days without a vacuum, which is due once a day: rewritten files are not deleted',
      OWN,
    ),
  ];
}

/** Numbers of the alarms on an optimizer of AWS, whose last runs a function asks for. */
export function maintenanceAlarmKnobs(table: CompactedTableKind, load: Load, interval: number): Knob[] {
  const { smallFiles, plannedPerSecond, longestRunSeconds } = load;
  const left = mostSmallFiles(load, interval, load.filesPerSecond);
  const spareSeconds = Math.max(0, smallFiles - left) / plannedPerSecond;
  return [
    chosenKnob(
      'checkIntervalSeconds',
      CHECK_SECONDS,
      's',
      'once an hour: an optimizer runs once a day, or after many files',
      AWS_OWN,
    ),
    firstOneKnob('alarmMaintenanceFailures', 'runs', 'the last run failed, and none after it succeeded', AWS_OWN),
    {
      name: 'alarmMaintenanceChecks',
      value: Math.min(DAY_SECONDS / CHECK_SECONDS, Math.max(1, Math.floor(spareSeconds / CHECK_SECONDS))),
      unit: 'checks',
      formula:
        'checks until the small files reach the objective at the planned load, 1 to 24: the service repeats a failed run by itself',
      inputs: { smallFiles, mostSmallFiles: left, plannedPerSecond, checkIntervalSeconds: CHECK_SECONDS },
      source: AWS_OWN,
    },
    {
      name: 'alarmCompactionAgeSeconds',
      value: Math.ceil(Math.max(smallFiles / plannedPerSecond, 3 * interval, 3 * CHECK_SECONDS)),
      unit: 's',
      formula:
        'the longest of: small files of the objective ÷ files a second at the planned load, 3 × the time between two runs, 3 checks',
      inputs: { smallFiles, plannedPerSecond, intervalSeconds: interval, checkIntervalSeconds: CHECK_SECONDS },
      source: AWS_OWN,
    },
    chosenKnob(
      'alarmExpiryAgeSeconds',
      VACUUM_DAYS * DAY_SECONDS,
      's',
      '3 days: old snapshots and files without one are deleted once a day',
      'AWS Glue, Snapshot retention optimization; Amazon S3 Tables maintenance',
    ),
    ...(table === CompactedTableKind.ICEBERG
      ? [
          {
            name: 'alarmRunSeconds',
            value: longestRunSeconds,
            unit: 's',
            formula: 'the objective',
            inputs: { longestRunSeconds },
            source: AWS_OWN,
          },
        ]
      : []),
  ];
}

/** What a run on Spark under Kubernetes has beside the plan of its runs: driver and executors. */
export function sparkRunKnobs(plan: CompactionPlan): Knob[] {
  const workers = plan.value('workers');
  const [driver, executor] = [executorMib(DRIVER_CORES), executorMib(EXECUTOR_CORES)];
  const memory = (role: string, cores: number, mib: typeof driver): Knob[] => [
    {
      name: `${role}MemoryMib`,
      value: mib.heap,
      unit: 'MiB',
      formula: `${WORKER_HEAP_MIB} MiB of heap for each core`,
      inputs: { cores },
      source: OWN,
    },
    {
      name: `${role}MemoryOverheadMib`,
      value: mib.overhead,
      unit: 'MiB',
      formula: '10 % of the heap, at least 384 MiB',
      inputs: { heapMib: mib.heap },
      source: 'Apache Spark, Configuration, spark.executor.memoryOverheadFactor',
    },
  ];
  return [
    {
      name: 'executors',
      value: workers,
      unit: 'executors',
      formula: 'a worker is an executor: bytesPerSecond is what one rewrites',
      inputs: { workers },
      source: 'the question',
    },
    chosenKnob('executorCores', EXECUTOR_CORES, 'cores', 'as many as a worker of AWS Glue has, G.1X', OWN),
    ...memory('executor', EXECUTOR_CORES, executor),
    chosenKnob('driverCores', DRIVER_CORES, 'cores', 'one: it reads the log of the table and commits', OWN),
    ...memory('driver', DRIVER_CORES, driver),
    chosenKnob('timeToLiveSeconds', DAY_SECONDS, 's', 'a day: the log of a run can be read for as long', OWN),
  ];
}

/** What a job of AWS Glue has beside the plan of its runs: its size, its time-out, and when alarms look at it. */
export function glueJobKnobs(plan: CompactionPlan): Knob[] {
  const [workers, interval] = [plan.value('workers'), plan.value('intervalSeconds')];
  const deadline = plan.value('runDeadlineSeconds');
  return [
    {
      name: 'numberOfWorkers',
      value: dpusOf(workers),
      unit: 'workers',
      formula: 'workers + 1: the driver takes one',
      inputs: { workers },
      source: 'AWS Glue Developer Guide, Worker types: G.1X',
    },
    {
      name: 'timeoutMinutes',
      value: Math.ceil(deadline / MINUTE),
      unit: 'min',
      formula: 'the deadline of a run in whole minutes; without one Glue ends a run after 48 hours',
      inputs: { runDeadlineSeconds: deadline },
      source: 'AWS Glue API Reference, Job, Timeout',
    },
    chosenKnob(
      'maxConcurrentRuns',
      1,
      'runs',
      'one: two drivers on one Delta table on Amazon S3 lose commits',
      'Delta Lake, Storage configuration, Amazon S3',
    ),
    chosenKnob(
      'undeliveredRetentionSeconds',
      14 * DAY_SECONDS,
      's',
      'the longest that Amazon SQS keeps a message: time to find out why a run was not started',
      'Amazon SQS quotas',
    ),
    chosenKnob('alarmPeriodSeconds', REPORT_SECONDS, 's', 'a run reports once, at its end', AWS_OWN),
    firstOneKnob(
      'alarmUndelivered',
      'starts',
      'a start that EventBridge Scheduler gave up waits for a person',
      AWS_OWN,
    ),
    firstOneKnob('alarmFailedRuns', 'runs', 'a run that failed or was ended by its time-out reports nothing', AWS_OWN),
    {
      name: 'alarmConflictWindowSeconds',
      value: Math.min(DAY_SECONDS, 3 * interval),
      unit: 's',
      formula: '3 × interval, a day at most: every run of it gave up a partition',
      inputs: { intervalSeconds: interval },
      source: AWS_OWN,
    },
    chosenKnob('alarmSilenceRuns', 1, 'runs', 'fewer than one in an interval', AWS_OWN),
    {
      name: 'alarmSilenceSeconds',
      value: interval,
      unit: 's',
      formula: 'the interval: each has the end of a run',
      inputs: { intervalSeconds: interval },
      source: AWS_OWN,
    },
    chosenKnob(
      'alarmSilencePeriods',
      2,
      'intervals',
      'two in a row: in one a run may begin late, and end in the next',
      AWS_OWN,
    ),
    chosenKnob('alarmVacuums', 1, 'runs', 'fewer than one in the time', AWS_OWN),
    chosenKnob('alarmVacuumSeconds', DAY_SECONDS / 2, 's', 'half a day: a vacuum is due once a day', AWS_OWN),
    {
      name: 'alarmVacuumPeriods',
      value: plan.value('alarmVacuumAgeSeconds') / (DAY_SECONDS / 2),
      unit: 'half days',
      formula: 'in a row: the time without a vacuum',
      inputs: { alarmVacuumAgeSeconds: plan.value('alarmVacuumAgeSeconds') },
      source: AWS_OWN,
    },
  ];
}
