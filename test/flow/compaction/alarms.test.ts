/** Numbers of alarms, of a job of AWS Glue and of pods of Spark: known answers for the case's question. */
import { SMALL_FILES } from '../../../lib/cases/case-17-continuous-cleanup';
import { glueJobKnobs, sparkRunKnobs } from '../../../lib/flow/compaction/alarms';
import { planCompaction } from '../../../lib/flow/compaction/plan';
import { CompactedTableKind, type CompactionQuestion } from '../../../lib/flow/compaction/workload';

const DAY = 86_400;
const plan = (table: CompactedTableKind, more: Partial<CompactionQuestion> = {}) =>
  planCompaction('Events', { ...SMALL_FILES, table, ...more });
const values = (knobs: readonly { readonly name: string; readonly value: number }[]) =>
  Object.fromEntries(knobs.map(({ name, value }) => [name, value]));

describe('optimizers of AWS', () => {
  const planned = (40_000 / DAY) * 1.25;

  test('a failure is told before small files reach the objective at the planned load', () => {
    const optimizers = plan(CompactedTableKind.ICEBERG);
    const left = 400 + (40_000 / DAY) * optimizers.predictions.longestRunSeconds + 4;
    expect(optimizers.value('alarmMaintenanceChecks')).toBe(Math.floor((15_000 - left) / planned / 3600));
    expect(optimizers.value('alarmMaintenanceChecks')).toBe(6);
  });

  test('a compaction is late when as many files as allowed have come since', () => {
    expect(plan(CompactedTableKind.ICEBERG).value('alarmCompactionAgeSeconds')).toBe(Math.ceil(15_000 / planned));
    const rare = { ...SMALL_FILES.workload, filesPerDay: 3000 };
    // Never before three checks.
    const seldom = plan(CompactedTableKind.S3_TABLE, {
      workload: { ...rare, openPartitions: 1 },
      objective: { ...SMALL_FILES.objective, smallFiles: 200 },
    });
    expect(seldom.value('alarmCompactionAgeSeconds')).toBe(3 * 3600);
  });

  test('S3 Tables does not say how long a run took, so that nothing is compared with it', () => {
    const has = (table: CompactedTableKind) => plan(table).knobs.some(({ name }) => name === 'alarmRunSeconds');
    expect([has(CompactedTableKind.ICEBERG), has(CompactedTableKind.S3_TABLE)]).toEqual([true, false]);
  });

  test('little room for failures is at least one check, and a wide one a day', () => {
    const checks = (smallFiles: number) =>
      plan(CompactedTableKind.ICEBERG, { objective: { ...SMALL_FILES.objective, smallFiles } }).value(
        'alarmMaintenanceChecks',
      );
    expect([checks(1000), checks(1e6)]).toEqual([1, 24]);
  });
});

test('a job of AWS Glue: a driver beside the worker, a time-out in minutes, and windows of the interval', () => {
  expect(values(glueJobKnobs(plan(CompactedTableKind.DELTA_SPARK)))).toEqual({
    numberOfWorkers: 2,
    timeoutMinutes: 60,
    maxConcurrentRuns: 1,
    undeliveredRetentionSeconds: 14 * DAY,
    alarmPeriodSeconds: 300,
    alarmUndelivered: 0,
    alarmFailedRuns: 0,
    alarmConflictWindowSeconds: 64_800,
    alarmSilenceRuns: 1,
    alarmSilenceSeconds: 21_600,
    alarmSilencePeriods: 2,
    alarmVacuums: 1,
    alarmVacuumSeconds: DAY / 2,
    alarmVacuumPeriods: 6,
  });
});

test('pods of Spark: an executor a worker, with as many cores as one of AWS Glue', () => {
  const spark = values(sparkRunKnobs(plan(CompactedTableKind.DELTA_SPARK, { workers: 3 })));
  expect(spark).toEqual({
    executors: 3,
    executorCores: 4,
    executorMemoryMib: 8192,
    executorMemoryOverheadMib: 820,
    driverCores: 1,
    driverMemoryMib: 2048,
    driverMemoryOverheadMib: 384,
    timeToLiveSeconds: DAY,
  });
});

test('files left in a day: one a partition and run, and those that a run leaves in open partitions', () => {
  expect(plan(CompactedTableKind.DELTA_RS).value('alarmLeftFilesADay')).toBe(4 * 4 + 5 * 4);
});
