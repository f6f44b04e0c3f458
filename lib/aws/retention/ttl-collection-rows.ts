/** What is watched of a collection with a time to live, as rows. */
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Plan } from '../../flow/plan';
import type { DashboardSection } from '../dashboard';
import type { AlarmRow } from '../watch';

/** What there is to watch. */
export interface WatchedCollection {
  readonly plan: Plan;
  /** The dimension of the metrics in the logs. */
  readonly metricsName: string;
  /** Starts that were not delivered. */
  readonly undeliveredQueue: IQueue;
}

/** The names of all alarms of a collection. */
export const TTL_COLLECTION_ALARMS: readonly string[] = [
  'deletionLag',
  'indexMissing',
  'collectionTooLarge',
  'documentsNeverExpire',
  'backfillLate',
  'backfillFailing',
  'backfillMissing',
  'reportMissing',
  'startsUndelivered',
];

type OfPeriod = AlarmRow['metric'];

/** A metric that a script writes into its log: `lib/runtime/ttl-collection/documentdb.js`. */
function logged(metricsName: string, metricName: string, statistic: string = Stats.MAXIMUM): OfPeriod {
  return (period): IMetric =>
    new Metric({
      namespace: 'Backpressure',
      metricName,
      dimensionsMap: { TtlCollection: metricsName },
      statistic,
      period,
    });
}

/** The alarms. */
export function ttlCollectionRows({ metricsName, undeliveredQueue }: WatchedCollection): AlarmRow[] {
  const reported = (name: string) => ({ metric: logged(metricsName, name), seconds: 'alarmReportSeconds' });
  const silent = { comparison: ComparisonOperator.LESS_THAN_THRESHOLD, missing: TreatMissingData.BREACHING };
  return [
    {
      id: 'DeletionLag',
      severity: 'critical',
      ...reported('DeletionLagSeconds'),
      threshold: 'deletionLagSeconds',
      text: 'Documents outlive their date by more than is allowed: the server deletes more slowly than they expire. Is ttl_monitor enabled in the parameter group of the cluster? Does TTLDeletedDocuments of AWS/DocDB grow? If deletions cannot keep up with inserts, waiting does not help: use a larger instance or fewer indexes.',
    },
    {
      id: 'IndexMissing',
      severity: 'critical',
      ...reported('IndexMissing'),
      threshold: 'alarmIndexMissing',
      text: 'The TTL index is gone after the backfill made it: nothing is deleted. Find out who dropped it. Then remove finishedRun from the document of the collection in ttl_backfill: the next start looks for documents without a date and makes the index.',
    },
    {
      id: 'CollectionTooLarge',
      severity: 'warning',
      ...reported('SettledBytes'),
      threshold: 'sizeAlarmBytes',
      text: 'The collection is larger than inserts × retention say, after old documents should be gone. If DeletionLag or DocumentsNeverExpire fire too, begin there. Otherwise more is inserted, or documents grew: compare the workload with what arrives. Counted is SettledBytes, which space that deletion freed does not belong to: the files (DiskBytes) do not shrink, new documents fill them. The free space of the collection is an estimate of the server, and that of indexes is not known to it: an index that was once large stays so until it is made again.',
    },
    {
      id: 'DocumentsNeverExpire',
      severity: 'warning',
      ...reported('UnexpiringDocuments'),
      threshold: 'alarmUnexpiringDocuments',
      text: 'Some of the newest documents that should expire have no usable date of expiry: they are never deleted. Find the writer that does not set expireAt, or sets a value that is not a date. Then remove finishedRun from the document of the collection in ttl_backfill: the next start changes only documents without the field.',
    },
    {
      id: 'BackfillLate',
      severity: 'warning',
      ...reported('BackfillSeconds'),
      threshold: 'alarmBackfillSeconds',
      text: 'The backfill takes more than twice the predicted time, and without its index nothing is deleted. Its log says how many documents it has changed. A build of the index waits for queries that began before it; one that was stopped goes on by itself. A run that does nothing any more: stop its task.',
    },
    {
      id: 'BackfillFailing',
      severity: 'warning',
      metric: logged(metricsName, 'BackfillErrors', Stats.SUM),
      threshold: 'alarmBackfillErrors',
      seconds: 'startSeconds',
      periods: 'alarmBackfillPeriods',
      beyond: 'alarmBackfillStarts',
      text: 'Three starts of the backfill failed within a day. Its log says why: usually a missing permission (readWrite on the database), an index on expireAt without expireAfterSeconds 0, or too little local storage for a build of the index (FreeLocalStorage of AWS/DocDB: take a larger instance for it).',
    },
    {
      id: 'BackfillMissing',
      severity: 'warning',
      metric: logged(metricsName, 'BackfillStarts', Stats.SAMPLE_COUNT),
      threshold: 'alarmStarts',
      seconds: 'alarmStartSeconds',
      ...silent,
      text: 'Two starts of the backfill are missing, also those that only see that it is done. Messages in the queue of undelivered starts say why the scheduler could not start a task, stopped tasks in the ECS console why one did not begin: image, secret, subnets. If they started, their log says whether the database was reached. After the first deployment the alarm is on until the first start.',
    },
    {
      id: 'ReportMissing',
      severity: 'warning',
      metric: logged(metricsName, 'DiskBytes', Stats.SAMPLE_COUNT),
      threshold: 'alarmReports',
      seconds: 'alarmReportSeconds',
      ...silent,
      text: 'Two reports are missing: lag, size and documents without a date have no data. Look into the queue of undelivered starts, at stopped tasks in the ECS console, then into the log of the report. After the first deployment the alarm is on until the first report.',
    },
    {
      id: 'StartsUndelivered',
      severity: 'warning',
      metric: (period) =>
        undeliveredQueue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
      threshold: 'alarmUndeliveredStarts',
      seconds: 'alarmReportSeconds',
      text: 'The scheduler could not start a task. The message in the queue has the reason in its attributes ERROR_CODE and ERROR_MESSAGE: usually a role, a cluster or a subnet that is gone. Each start comes again within the hour; delete the message when the cause is mended.',
    },
  ];
}

/** The graphs. */
export function ttlCollectionSections(watched: WatchedCollection, clusterIdentifier: string): DashboardSection[] {
  const { plan, metricsName } = watched;
  const period = Duration.seconds(plan.value('alarmReportSeconds'));
  const of = (name: string, statistic?: string) => logged(metricsName, name, statistic)(period);
  const deletions = new Metric({
    namespace: 'AWS/DocDB',
    metricName: 'TTLDeletedDocuments',
    dimensionsMap: { DBClusterIdentifier: clusterIdentifier },
    statistic: Stats.SUM,
    period,
  });
  return [
    {
      heading: 'Collection',
      graphs: [
        { title: 'Size', unit: 'bytes', metrics: [of('DiskBytes'), of('DataBytes'), of('SettledBytes')] },
        { title: 'Oldest document that outlived its date', unit: 's', metrics: [of('DeletionLagSeconds')] },
        { title: 'Deletions of all collections of the cluster', unit: 'documents', metrics: [deletions] },
        { title: 'Newest documents without a date', unit: 'documents', metrics: [of('UnexpiringDocuments')] },
      ],
    },
    {
      heading: 'Backfill',
      graphs: [
        { title: 'Documents dated', unit: 'documents', metrics: [of('DatedDocuments', Stats.SUM)] },
        { title: 'Seconds since it began', unit: 's', metrics: [of('BackfillSeconds')] },
        {
          title: 'Starts, and those that failed',
          unit: 'starts',
          metrics: [of('BackfillStarts', Stats.SUM), of('BackfillErrors', Stats.SUM)],
        },
      ],
    },
  ];
}
