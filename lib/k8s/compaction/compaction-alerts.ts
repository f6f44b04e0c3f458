/** Alerts and graphs of a compaction: small files, runs, and the vacuum that frees what runs replace. */
import type { CompactionPlan } from '../../flow/compaction/workload';
import { duration, figure, sizeText } from '../../flow/figures';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { matching } from '../promql';

/** The labels of what a run reports. */
export interface CompactionSeries {
  readonly namespace?: string;
  /** Group of the Pushgateway. */
  readonly job: string;
}

/** The alerts of a compaction. */
export function compactionAlerts(plan: CompactionPlan, series: CompactionSeries): Alert[] {
  const of = (name: string) => metric(series, name);
  const value = (name: string) => plan.value(name);
  return [
    {
      name: 'CompactionFallsBehind',
      expr: `${of('small_files')} > ${value('alarmSmallFiles')}`,
      forSeconds: 0,
      severity: 'warning',
      summary: `A run found more than ${figure(value('alarmSmallFiles'))} small files, the most that queries may meet.`,
      runbook:
        'Are waiting_partitions above 0: the run had no time for all of them; give it workers. Are runs missing: kubectl get jobs. Otherwise writers make more files than planned: compare with filesPerDay and peakRatio, and let them write larger batches.',
    },
    {
      name: 'CompactionRunTooLong',
      expr: `${of('run_seconds')} > ${value('alarmRunSeconds')}`,
      forSeconds: 0,
      severity: 'warning',
      summary: `A run took longer than ${duration(value('alarmRunSeconds'))}.`,
      runbook:
        'Compare rewritten_bytes with the plan. If they are as planned, the store or the node is slower than bytesPerSecond says: measure it and plan again. One partition with most of the files: partition the table finer.',
    },
    {
      name: 'CompactionRewritesTooMuch',
      expr: `${of('rewritten_bytes')} > ${value('alarmRewrittenBytes')}`,
      forSeconds: 0,
      severity: 'warning',
      summary: `A run rewrote more than ${sizeText(value('alarmRewrittenBytes'))}: more than comes in an interval, with its write amplification.`,
      runbook:
        'After an outage of the compaction one such run is expected. Otherwise: did somebody change the target size of the table, or run a Z-order on it? Both rewrite everything.',
    },
    {
      name: 'CompactionLeavesFiles',
      // What comes to it in a day: it adds up over the life of a table.
      expr: `delta(${of('left_files')}[${value('alarmWindowSeconds')}s]) > ${value('alarmLeftFilesADay')}`,
      forSeconds: 0,
      severity: 'warning',
      summary: `In a day more than ${figure(value('alarmLeftFilesADay'))} small files were left that no run will take.`,
      runbook:
        'Data that comes late lands in old partitions, a few files each: too few for a run. Count such partitions among openPartitions, let the writer collect late data for longer, or rewrite old partitions once by hand. After a change of the target size it is expected once.',
    },
    {
      name: 'CompactionConflicts',
      expr: `${of('conflicts')} > ${value('alarmConflicts')}`,
      forSeconds: value('alarmConflictSeconds'),
      severity: 'warning',
      summary: 'Three runs in a row gave up partitions because a writer changed them meanwhile.',
      runbook:
        'Appends never conflict; an update, a merge or a delete does. Set quietSeconds to the time after which writers leave a partition alone. Is a second compaction running on the table?',
    },
    {
      name: 'CompactionFailing',
      expr: `${of('failures')} > ${value('alarmFailures')}`,
      forSeconds: 0,
      severity: 'critical',
      summary: 'A run could not rewrite a partition, or not vacuum.',
      runbook:
        'kubectl logs of the last Job name the partition and the error: usually a permission of the store, its address, or memory. The table is as it was; the next run retries.',
    },
    {
      name: 'CompactionMissing',
      expr: `(time() - ${of('reported_timestamp_seconds')}) > ${value('alarmReportAgeSeconds')} or absent(${of('reported_timestamp_seconds')})`,
      forSeconds: value('runDeadlineSeconds'),
      severity: 'critical',
      summary: 'Two runs are missing: small files accumulate, and the other alerts have no data.',
      runbook:
        'kubectl get cronjob, jobs: is it suspended, does the pod start, was it ended by its deadline? Its log says whether the store or the Pushgateway was unreachable.',
    },
    {
      name: 'CompactionNeverVacuums',
      expr: `(time() - ${of('vacuumed_timestamp_seconds')}) > ${value('alarmVacuumAgeSeconds')} or absent(${of('vacuumed_timestamp_seconds')})`,
      forSeconds: value('vacuumIntervalSeconds'),
      severity: 'warning',
      summary: 'Rewritten files are not deleted: the table takes twice its size, and then more.',
      runbook:
        'The log of the first run of a day says why vacuum failed: usually the right to list and delete. Run it by hand with the same hours, never with fewer.',
    },
  ];
}

/** The graphs of a compaction. */
export function compactionGraphs(plan: CompactionPlan, series: CompactionSeries): Graph[] {
  const of = (name: string) => metric(series, name);
  const line = (legend: string, knob: string) => ({ legend, expr: `vector(${plan.value(knob)})` });
  return [
    {
      title: 'Small files',
      unit: 'short',
      lines: [
        { legend: 'found by a run', expr: of('small_files') },
        line('a run starts', 'startFiles'),
        line('a run leaves', 'stopFiles'),
        line('alarm', 'alarmSmallFiles'),
        { legend: 'left for good', expr: of('left_files') },
      ],
    },
    {
      title: 'Run',
      unit: 's',
      lines: [{ legend: 'run', expr: of('run_seconds') }, line('alarm', 'alarmRunSeconds')],
    },
    {
      title: 'Rewritten in a run',
      unit: 'bytes',
      lines: [{ legend: 'rewritten', expr: of('rewritten_bytes') }, line('alarm', 'alarmRewrittenBytes')],
    },
    {
      title: 'Partitions of a run',
      unit: 'short',
      lines: [
        { legend: 'rewritten', expr: of('partitions') },
        { legend: 'left to the next run', expr: of('waiting_partitions') },
        { legend: 'given up: conflict', expr: of('conflicts') },
        { legend: 'failed', expr: of('failures') },
      ],
    },
  ];
}

function metric({ namespace, job }: CompactionSeries, name: string): string {
  // The scrape of the Pushgateway keeps the labels of the group (honor_labels), as its documentation asks for.
  return `continuous_compaction_${name}${matching({ namespace, job })}`;
}
