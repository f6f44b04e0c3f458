/** The alarms of an archive, on S3's daily storage metrics, summed over the classes that the plan moves to. */
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, MathExpression, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { StoragePlan } from '../../flow/storage/workload';
import type { AlarmRow } from '../watch';

/** S3's daily storage metrics by storage class (Amazon S3 user guide, CloudWatch dimensions, `StorageType`). */
const STORAGE_TYPES: { [storageClass: string]: string[] } = {
  STANDARD: ['StandardStorage'],
  STANDARD_IA: ['StandardIAStorage'],
  INTELLIGENT_TIERING: ['IntelligentTieringFAStorage', 'IntelligentTieringIAStorage', 'IntelligentTieringAIAStorage'],
  GLACIER_IR: ['GlacierInstantRetrievalStorage'],
  GLACIER: ['GlacierStorage'],
  DEEP_ARCHIVE: ['DeepArchiveStorage'],
};

/** Bytes stored in all storage classes and versions. */
export function storedBytesMetric(bucket: IBucket, plan: StoragePlan): MathExpression {
  const usingMetrics = storedBytesByClass(bucket, plan);
  return new MathExpression({
    expression: `SUM([${Object.keys(usingMetrics).join(', ')}])`,
    usingMetrics,
    label: 'Stored bytes',
    period: samplePeriod(plan),
  });
}

/** Objects stored, every version counted. */
export function objectsMetric(bucket: IBucket, plan: StoragePlan): Metric {
  return storageMetric(bucket, plan, 'NumberOfObjects', 'AllStorageTypes');
}

/** Mean size of a stored object in bytes. */
export function objectBytesMetric(bucket: IBucket, plan: StoragePlan): MathExpression {
  const bytes = storedBytesByClass(bucket, plan);
  return new MathExpression({
    expression: `SUM([${Object.keys(bytes).join(', ')}]) / objects`,
    usingMetrics: { ...bytes, objects: objectsMetric(bucket, plan) },
    label: 'Bytes an object',
    period: samplePeriod(plan),
  });
}

/** The alarms on stored bytes and, if objects move, on their size. */
export function stockRows(bucket: IBucket, plan: StoragePlan): AlarmRow[] {
  // S3 publishes hours late, so a missing value means no change.
  const daily = { seconds: 'alarmSampleSeconds', missing: TreatMissingData.IGNORE };
  const stock: AlarmRow = {
    id: 'StoredBytesAlarm',
    severity: 'warning',
    metric: () => storedBytesMetric(bucket, plan),
    threshold: 'storedBytesLimit',
    ...daily,
    text: 'More is stored than the write rate and the retention explain: some objects do not expire.',
  };
  if (plan.transitions.length === 0) return [stock];
  return [
    stock,
    {
      id: 'ObjectBytesAlarm',
      severity: 'warning',
      metric: () => objectBytesMetric(bucket, plan),
      threshold: 'alarmObjectBytes',
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      ...daily,
      text: 'The mean object is smaller than the break-even size, so objects stay in S3 Standard. Compact before upload.',
    },
  ];
}

function storedBytesByClass(bucket: IBucket, plan: StoragePlan): { [id: string]: IMetric } {
  const classes = ['STANDARD', ...plan.transitions.map((t) => t.storageClass)];
  const entries = classes
    .flatMap((storageClass) => STORAGE_TYPES[storageClass])
    .map((type) => [type[0].toLowerCase() + type.slice(1), storageMetric(bucket, plan, 'BucketSizeBytes', type)]);
  return Object.fromEntries(entries);
}

function storageMetric(bucket: IBucket, plan: StoragePlan, metricName: string, storageType: string): Metric {
  return new Metric({
    namespace: 'AWS/S3',
    metricName,
    dimensionsMap: { BucketName: bucket.bucketName, StorageType: storageType },
    statistic: 'Average',
    period: samplePeriod(plan),
  });
}

function samplePeriod(plan: StoragePlan): Duration {
  return Duration.seconds(plan.value('alarmSampleSeconds'));
}
