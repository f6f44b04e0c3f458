/** Alerts and graphs of a streaming ETL: how fresh the table is, and why it is not. */
import type { EtlPlan } from '../../flow/etl/workload';
import { duration, figure } from '../../flow/figures';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { matching } from '../promql';

/** The labels of the driver's metrics. */
export interface EtlSeries {
  readonly namespace?: string;
  readonly query: string;
}

/** The alerts of a job. */
export function etlAlerts(plan: EtlPlan, series: EtlSeries): Alert[] {
  const of = (name: string) => metric(series, name);
  const value = (name: string) => plan.value(name);
  return [
    {
      name: 'StreamingEtlLate',
      expr: `max(${of('freshness_seconds')}) > ${value('alarmFreshnessSeconds')}`,
      forSeconds: value('alarmLateSeconds'),
      severity: 'critical',
      summary: `Records have not been in the table for more than ${duration(value('alarmFreshnessSeconds'))}: it is staler than promised.`,
      runbook:
        'Is StreamingEtlBehind firing, more arrives than was planned for, or the job comes back from an outage: it then catches up by itself within the time that the plan says. Otherwise kubectl logs of the driver: a batch that fails is repeated, and its error is there. Is StreamingEtlSlow firing, look at the stages of the last batch in the UI of Spark (port 4040).',
    },
    {
      name: 'StreamingEtlUnseen',
      expr: `absent(${of('freshness_seconds')})`,
      forSeconds: value('alarmLateSeconds'),
      severity: 'critical',
      summary: 'The driver reports nothing: the job does not run, or Prometheus does not reach it.',
      runbook:
        'kubectl describe sparkapplication: its state and the last error. Pending pods lack room or a permission; a driver that fails again and again has its reason in its log. Records stay in the topic for its retention. Never start a second application on the checkpoint by hand.',
    },
    {
      name: 'StreamingEtlSlow',
      expr: `max(${of('batch_seconds')}) > ${value('alarmBatchSeconds')}`,
      forSeconds: value('alarmSlowSeconds'),
      severity: 'warning',
      summary: 'Batches take longer than the time between two triggers: each delays the next.',
      runbook:
        'Are all executors there (kubectl get pods)? In the UI of Spark: one task far longer than the rest is a skewed key; a slow MERGE is a table of many small files, so see that it is compacted. If records have become dearer, measure coreSecondsPerRecord and batchSeconds again and give them to the plan.',
    },
    {
      name: 'StreamingEtlBehind',
      expr: `max(${of('offsets_behind')}) > ${value('alarmOffsetsBehind')}`,
      forSeconds: value('alarmSlowSeconds'),
      severity: 'warning',
      summary: `More than ${figure(value('alarmOffsetsBehind'))} records wait in the topic after a batch.`,
      runbook:
        'After an outage this ends by itself. If it grows, more arrives than was planned for: tell the plan, or raise executors; maxOffsetsPerTrigger alone only makes batches longer. The lag exporters of Kafka show nothing: Spark commits no offsets.',
    },
    {
      name: 'StreamingEtlRecordsRejected',
      expr: `sum(increase(${of('rejected_records_total')}[${value('alarmWindowSeconds')}s])) > ${value('alarmRejected')}`,
      forSeconds: 0,
      severity: 'warning',
      summary: 'Records could not be read and are in the table of rejected ones.',
      runbook:
        'Read the table whose name ends in _rejected: each row has topic, partition, offset and value. Mend the producer or the schema, then produce the records again: they are counted like any other.',
    },
  ];
}

/** The graphs of a job. */
export function etlGraphs(plan: EtlPlan, series: EtlSeries): Graph[] {
  const of = (name: string) => metric(series, name);
  const rate = (name: string) => `sum(rate(${of(name)}[${plan.value('alarmWindowSeconds')}s]))`;
  return [
    {
      title: 'Age of the oldest record that is not in the table',
      unit: 's',
      lines: [
        { legend: 'measured, at most', expr: `max(${of('freshness_seconds')})` },
        { legend: 'predicted at the peak', expr: `vector(${plan.predictions.oldestRecordSeconds})` },
        { legend: 'promised', expr: `vector(${plan.value('alarmFreshnessSeconds')})` },
      ],
    },
    {
      title: 'Length of a batch',
      unit: 's',
      lines: [
        { legend: 'last batch', expr: `max(${of('batch_seconds')})` },
        { legend: 'trigger', expr: `vector(${plan.value('triggerSeconds')})` },
      ],
    },
    {
      title: 'Records that wait after a batch',
      unit: 'short',
      lines: [
        { legend: 'waiting', expr: `max(${of('offsets_behind')})` },
        { legend: 'alarm', expr: `vector(${plan.value('alarmOffsetsBehind')})` },
      ],
    },
    {
      title: 'Records that are not in the table',
      unit: 'short',
      lines: [
        { legend: 'rejected/s', expr: rate('rejected_records_total') },
        { legend: 'too late/s', expr: rate('late_records_total') },
      ],
    },
    { title: 'Keys of open windows', unit: 'short', lines: [{ legend: 'keys', expr: `max(${of('state_rows')})` }] },
  ];
}

function metric({ namespace, query }: EtlSeries, name: string): string {
  return `backpressure_etl_${name}${matching({ namespace, query })}`;
}
