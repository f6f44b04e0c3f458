/** Alerts and graphs of a collection with a time to live: its size, overdue documents, and the report itself. */
import { sizeText } from '../../flow/figures';
import type { RetentionPlan } from '../../flow/retention/workload';
import type { Alert } from '../alert-rules';
import type { Graph } from '../grafana-dashboard';
import { aboutObject, matching } from '../promql';

/** The labels of a report's metrics. */
export interface TtlSeries {
  readonly namespace?: string;
  /** Group of the Pushgateway. */
  readonly report: string;
  /** Name of the backfill Job. */
  readonly backfill: string;
}

/** The alerts of a collection. */
export function ttlAlerts(plan: RetentionPlan, series: TtlSeries): Alert[] {
  const { namespace, backfill } = series;
  const of = (name: string) => metric(series, name);
  const lag = plan.value('deletionLagSeconds');
  const size = plan.value('sizeAlarmBytes');
  return [
    {
      name: 'TtlCollectionTooLarge',
      expr: `${of('used_bytes')} > ${size}`,
      forSeconds: plan.value('alarmSizeHoldSeconds'),
      severity: 'warning',
      summary: `The collection is larger than ${sizeText(size)}, the size that follows from rate × retention.`,
      runbook:
        'If TtlDeletionLag fires too, follow its runbook. Otherwise more is inserted, or documents grew. Space that deletion freed is not counted: the files do not shrink, new documents fill them. To get it back, run compact on a secondary.',
    },
    {
      name: 'TtlDeletionLag',
      expr: `${of('deletion_lag_seconds')} > ${lag}`,
      forSeconds: plan.value('reportSeconds'),
      severity: 'critical',
      summary: `Documents outlive their date by more than ${lag} s: the server deletes more slowly than they expire.`,
      runbook:
        'On the primary: is ttlMonitorEnabled true, does metrics.ttl.deletedDocuments grow, do deletions wait for replication? If deletions cannot keep up with inserts, waiting does not help: use fewer indexes, more shards, or a time series collection.',
    },
    {
      name: 'TtlDocumentsNeverExpire',
      expr: `${of('unexpiring_documents')} > ${plan.value('alarmUnexpiringDocuments')}`,
      forSeconds: plan.value('reportSeconds'),
      severity: 'warning',
      summary: 'Some documents that should expire have no usable date of expiry: they are never deleted.',
      runbook:
        'kubectl logs of the last backfill Job: refused counts documents that the server refused to change, by its error code (121: the validator of the collection). Otherwise find the writer that does not set expireAt, or sets a value that is not a date. Then run the backfill again: it changes only documents without the field.',
    },
    {
      name: 'TtlIndexMissing',
      expr: `${of('index')} == 0`,
      forSeconds: plan.value('backfillDeadlineSeconds'),
      severity: 'critical',
      summary: 'The TTL index is missing long after the backfill should have made it: nothing is deleted.',
      runbook:
        'kubectl logs of the backfill Job. Create the Job again and it resumes; an index on expireAt without expireAfterSeconds must be dropped first.',
    },
    {
      name: 'TtlBackfillFailed',
      expr: `max(${aboutObject('kube_job_status_failed', { job_name: backfill }, namespace)}) > ${plan.value('alarmBackfillFailures')}`,
      forSeconds: 0,
      severity: 'warning',
      summary: 'An attempt of the backfill failed.',
      runbook: 'kubectl logs of its pod: usually the connection or a missing permission (readWrite on the database).',
    },
    {
      name: 'TtlReportMissing',
      expr: `(time() - ${of('reported_timestamp_seconds')}) > ${plan.value('alarmReportAgeSeconds')} or absent(${of('reported_timestamp_seconds')})`,
      forSeconds: plan.value('reportSeconds'),
      severity: 'warning',
      summary: 'Three reports of the collection are missing: the other alerts have no data.',
      runbook:
        "kubectl get jobs of the report; the Job's log says whether the database or the Pushgateway was unreachable.",
    },
  ];
}

/** The graphs of a collection. */
export function ttlGraphs(plan: RetentionPlan, series: TtlSeries): Graph[] {
  const of = (name: string) => metric(series, name);
  return [
    {
      title: 'Size',
      unit: 'bytes',
      lines: [
        { legend: 'on disk', expr: of('disk_bytes') },
        { legend: 'on disk, without free space', expr: of('used_bytes') },
        { legend: 'data', expr: of('data_bytes') },
        { legend: 'steady, predicted', expr: `vector(${Math.ceil(plan.predictions.steadyBytes)})` },
        { legend: 'alarm', expr: `vector(${plan.value('sizeAlarmBytes')})` },
      ],
    },
    {
      title: 'Deletion lag',
      unit: 's',
      lines: [
        { legend: 'oldest overdue document', expr: of('deletion_lag_seconds') },
        { legend: 'allowed', expr: `vector(${plan.value('deletionLagSeconds')})` },
      ],
    },
    {
      title: 'Documents',
      unit: 'short',
      lines: [
        { legend: 'all', expr: of('documents') },
        { legend: 'without a date', expr: of('unexpiring_documents') },
        { legend: 'of unknown age, which stay', expr: of('unknown_age_documents') },
      ],
    },
  ];
}

function metric({ namespace, report }: TtlSeries, name: string): string {
  // The scrape of the Pushgateway keeps the labels of the group (honor_labels), as its documentation asks for.
  return `ttl_collection_${name}${matching({ namespace, job: report })}`;
}
