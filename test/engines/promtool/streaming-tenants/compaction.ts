/** The alerts of the compacted table. */
import type { ContinuousCompaction } from '../../../../lib/k8s/compaction/continuous-compaction';
import type { AlertCase } from '../rules';

/** Minutes between two values: days pass. */
const STEP = 4;
/** Longer than anything here. */
const FOREVER = 3000;

/** Each alert firing and silent. */
export function compactionCases({ plan, cronJob }: ContinuousCompaction): AlertCase[] {
  const of = (name: string) => `continuous_compaction_${name}{namespace="streaming-tenants",job="${cronJob!.name}"}`;
  const minutes = (knob: string) => STEP * Math.ceil(plan.value(knob) / 60 / STEP);
  const above = (alert: string, metric: string, knob: string, when: [fires: string, silent: string]): AlertCase[] =>
    [true, false].map((fires) => ({
      alert,
      when: fires ? when[0] : when[1],
      series: { [of(metric)]: `${plan.value(knob) + (fires ? 1 : 0)}x10` },
      atMinute: 5,
      fires,
    }));
  const conflicts = minutes('alarmConflictSeconds');
  const missing = minutes('alarmReportAgeSeconds') + minutes('runDeadlineSeconds') + 2 * STEP;
  const vacuum = minutes('alarmVacuumAgeSeconds') + minutes('vacuumIntervalSeconds') + 2 * STEP;
  const everyRun = `0+${60 * STEP}x${FOREVER}`;
  return [
    ...above('CompactionFallsBehind', 'small_files', 'alarmSmallFiles', [
      'a run finds more small files than queries may meet',
      'it finds as many as they may',
    ]),
    ...above('CompactionRunTooLong', 'run_seconds', 'alarmRunSeconds', [
      'a run takes longer than allowed',
      'it takes as long as allowed',
    ]),
    ...above('CompactionRewritesTooMuch', 'rewritten_bytes', 'alarmRewrittenBytes', [
      'a run rewrites more than comes',
      'it rewrites what comes at the planned load',
    ]),
    ...[true, false].map((fires): AlertCase => {
      // Every run leaves so many.
      const runs = 86_400 / plan.value('intervalSeconds');
      const each = (plan.value('alarmLeftFilesADay') * (fires ? 1.1 : 0.9)) / runs;
      const steps = plan.value('intervalSeconds') / 60 / STEP;
      const values = Array.from({ length: 2 * runs }, (_, run) => `${run * each}x${steps - 1}`).join(' ');
      return {
        alert: 'CompactionLeavesFiles',
        when: fires ? 'late data lands in old partitions, a few files each' : 'each run leaves a file a partition',
        series: { [of('left_files')]: values },
        stepMinutes: STEP,
        atMinute: 1440 + 60,
        fires,
      };
    }),
    ...above('CompactionFailing', 'failures', 'alarmFailures', ['a partition fails', 'none does']),
    {
      alert: 'CompactionConflicts',
      when: 'three runs in a row give up a partition',
      series: { [of('conflicts')]: `1x${FOREVER}` },
      stepMinutes: STEP,
      atMinute: conflicts + STEP,
      fires: true,
    },
    {
      alert: 'CompactionConflicts',
      when: 'two do, and the third does not',
      series: { [of('conflicts')]: `1x${conflicts / STEP - 2} 0x${FOREVER}` },
      stepMinutes: STEP,
      atMinute: conflicts + STEP,
      fires: false,
    },
    {
      alert: 'CompactionMissing',
      when: 'two runs are missing',
      series: { [of('reported_timestamp_seconds')]: `0x${FOREVER}` },
      stepMinutes: STEP,
      atMinute: missing,
      fires: true,
    },
    {
      alert: 'CompactionMissing',
      when: 'nothing was ever reported',
      series: {},
      stepMinutes: STEP,
      atMinute: minutes('runDeadlineSeconds') + STEP,
      fires: true,
    },
    {
      alert: 'CompactionMissing',
      when: 'one run is late',
      series: { [of('reported_timestamp_seconds')]: `0x${FOREVER}` },
      stepMinutes: STEP,
      atMinute: minutes('intervalSeconds') + 60,
      fires: false,
    },
    {
      alert: 'CompactionNeverVacuums',
      when: 'the last vacuum is days ago',
      series: { [of('vacuumed_timestamp_seconds')]: `0x${FOREVER}`, [of('reported_timestamp_seconds')]: everyRun },
      stepMinutes: STEP,
      atMinute: vacuum,
      fires: true,
    },
    {
      alert: 'CompactionNeverVacuums',
      when: 'there was one each day',
      series: { [of('vacuumed_timestamp_seconds')]: everyRun, [of('reported_timestamp_seconds')]: everyRun },
      stepMinutes: STEP,
      atMinute: vacuum,
      fires: false,
    },
  ];
}
