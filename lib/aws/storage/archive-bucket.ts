import { Annotations, Duration, Names, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import type { Alarm, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Effect, Grant, type IGrantable, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Bucket,
  type IBucket,
  InventoryFormat,
  InventoryFrequency,
  InventoryObjectVersion,
  PartitionDateSource,
  TargetObjectKeyFormat,
  type Transition,
  TransitionDefaultMinimumObjectSize,
} from 'aws-cdk-lib/aws-s3';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { CHECKED, FLAG, type Kinds, listOf, sound, struct, TEXT } from '../../flow/kinds';
import type { StorageObjective, StoragePlan, StorageWorkload } from '../../flow/storage/workload';
import { createAccessLogs } from '../access-logs';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { CLOSED_BUCKET, encryptedWith } from '../closed-bucket';
import { BUCKET, DURATION, KEY, TOPIC } from '../kinds';
import { removalCheck } from '../removal-policy';
import { retainPolicyOf } from '../retained-policy';
import { createAlarms } from '../watch';
import { objectBytesMetric, objectsMetric, stockRows, storedBytesMetric } from './archive-alarms';
import { lifecycleRules, planLifecycle } from './archive-lifecycle';
import { budgetChecks, CostBudget, wantsBudget } from './cost-budget';
import { partitionProjection, servicePrefix } from './partition-prefix';

/*
 * Cold data piles up: much is written, little is read, nothing is deleted, and the bill grows by the day. A lifecycle
 * rule is the missing consumer, but S3 charges moves by the object and storage by the byte, so the usual rule makes
 * small objects more expensive. This construct moves only objects for which that pays, deletes every version after its
 * retention, and predicts the cost of a month.
 */

/**
 * Properties of `ArchiveBucket`.
 */
export interface ArchiveBucketProps {
  /**
   * The write rate, the object size and the retention. The numbers must be known at synth.
   */
  readonly workload: StorageWorkload;

  /**
   * The largest cost of the archive, and the longest wait of a reader.
   *
   * @default - no ceiling; a reader may wait for a restore from Glacier
   */
  readonly objective?: StorageObjective;

  /**
   * The moves to colder storage classes, warmest first, each with `transitionAfter` in whole days. An empty list keeps
   * everything in S3 Standard; `INTELLIGENT_TIERING` after 0 days leaves the choice to S3. Moves that cost more than
   * they save are refused.
   *
   * @default - of `STANDARD_IA` after 30 and `GLACIER` after 180 days, those that pay back at `workload.objectBytes`
   */
  readonly transitions?: Transition[];

  /**
   * How long a replaced or expired object can still be recovered. Whole days, 1 or more. An expired object is
   * permanently deleted this long after the retention.
   *
   * @default Duration.days(30)
   */
  readonly noncurrentVersionExpiration?: Duration;

  /**
   * After how long the parts of an unfinished upload are deleted. Whole days, 1 or more.
   *
   * @default Duration.days(7)
   */
  readonly abortIncompleteMultipartUploadAfter?: Duration;

  /**
   * The KMS key that encrypts the objects, with an S3 bucket key. Readers and writers need permission to use it.
   *
   * @default - S3-managed encryption (SSE-S3)
   */
  readonly encryptionKey?: IKey;

  /**
   * Where the server access logs go. It must allow `logging.s3.amazonaws.com` to write and use SSE-S3.
   *
   * @default - a separate bucket, which keeps logs and inventories for 90 days
   */
  readonly serverAccessLogsBucket?: IBucket;

  /**
   * Where the weekly inventory goes. Not to this bucket: CloudFormation refuses a bucket that refers to itself.
   *
   * @default - the bucket of the server access logs
   */
  readonly inventoryBucket?: IBucket;

  /**
   * Where the budget and the alarms report. An imported topic must let AWS Budgets and CloudWatch publish.
   *
   * @default - a separate topic without subscribers
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * Whether to make a monthly budget in AWS Budgets. The plan has its limit either way.
   *
   * @default - true; false, with a warning, when the region is known at synth and is in China, GovCloud or the European
   *   Sovereign Cloud, where AWS Budgets does not exist or does not count in US dollars
   */
  readonly budget?: boolean;

  /**
   * Key of the cost allocation tag that the budget filters by. Until it is activated in the Billing console of the
   * payer account, the budget counts no cost; the alarm on stored bytes needs no activation. 1 to 128 characters.
   *
   * @default 'backpressure:archive'
   */
  readonly costAllocationTag?: string;

  /**
   * The budget's limit and the limit of stored bytes, as a multiple of the predicted values. 1 to 10.
   *
   * @default 1.2
   */
  readonly budgetHeadroom?: number;

  /**
   * What happens to the buckets when they leave the stack.
   * RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const KINDS: Kinds<ArchiveBucketProps> = {
  workload: CHECKED,
  objective: CHECKED,
  transitions: listOf(
    struct<Transition>({ storageClass: CHECKED, transitionAfter: DURATION, transitionDate: CHECKED }),
  ),
  noncurrentVersionExpiration: DURATION,
  abortIncompleteMultipartUploadAfter: DURATION,
  encryptionKey: KEY,
  serverAccessLogsBucket: BUCKET,
  inventoryBucket: BUCKET,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  budget: FLAG,
  costAllocationTag: TEXT,
  budgetHeadroom: CHECKED,
  removalPolicy: CHECKED,
};

/**
 * An S3 bucket for objects that are written once, rarely read and deleted in the end, at the lowest cost that their
 * size allows, with the month's bill predicted and watched.
 */
export class ArchiveBucket extends Construct {
  /** The bucket. */
  public readonly bucket: Bucket;
  /** The bucket of the access logs and inventories, unless `serverAccessLogsBucket` was given. */
  public readonly logBucket?: Bucket;
  /** Where the budget and the alarms report. */
  public readonly alarmTopic: ITopic;
  /**
   * The monthly budget.
   *
   * @default - none when `budget` is false
   */
  public readonly budget?: CfnBudget;
  /** Fires when more is stored than the workload and the retention explain. */
  public readonly storedBytesAlarm: Alarm;
  /** Fires when the mean object is too small to be worth moving. Only where objects are moved. */
  public readonly objectBytesAlarm?: Alarm;
  /** Every setting with its reason, and the month's cost before and after. */
  public readonly plan: StoragePlan;

  /**
   * @throws InvalidInputError when a prop is outside its range
   * @throws CapacityError when given transitions cost more than they save or answer too late, or when the archive
   *   costs more than `objective.monthlyCost`; it names the break-even object size and the ways out
   */
  constructor(scope: Construct, id: string, props: ArchiveBucketProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    // Log delivery by bucket policy: with the older way, by ACL, the log bucket could not have its ACLs disabled.
    this.node.setContext('@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy', true);
    this.plan = planLifecycle(id, usable, [
      ...checks,
      ...budgetChecks(this, usable.budget),
      removalCheck(usable.removalPolicy),
    ]);
    for (const remark of this.plan.remarks) {
      Annotations.of(this).addWarningV2('backpressure-constructs:archiveBucketTransitions', remark);
    }

    const removalPolicy = usable.removalPolicy ?? RemovalPolicy.RETAIN;
    if (!usable.serverAccessLogsBucket) this.logBucket = createAccessLogs(this, 'Logs', this.plan, removalPolicy);
    const logs = usable.serverAccessLogsBucket ?? this.logBucket!;
    this.bucket = new Bucket(this, 'Bucket', {
      ...CLOSED_BUCKET,
      removalPolicy,
      versioned: true,
      ...encryptedWith(usable.encryptionKey),
      serverAccessLogsBucket: logs,
      serverAccessLogsPrefix: 'access/',
      targetObjectKeyFormat: TargetObjectKeyFormat.partitionedPrefix(PartitionDateSource.EVENT_TIME),
      lifecycleRules: lifecycleRules(this.plan, usable),
      transitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize.ALL_STORAGE_CLASSES_128_K,
      inventories: [
        {
          destination: { bucket: usable.inventoryBucket ?? logs, prefix: 'inventory' },
          format: InventoryFormat.PARQUET,
          frequency: InventoryFrequency.WEEKLY,
          includeObjectVersions: InventoryObjectVersion.ALL,
          optionalFields: ['Size', 'LastModifiedDate', 'StorageClass', 'IsMultipartUploaded'],
        },
      ],
    });

    Validations.of(this.bucket).acknowledge({
      id: 'CloudFormation-Validate::W9003',
      reason:
        'aws-cdk-lib writes ObjectSizeGreaterThan as a number; CloudFormation expects digits in a string, accepts both.',
    });

    this.refuseForeignInventories(usable.inventoryBucket ?? logs);
    retainPolicyOf(this.bucket, removalPolicy);
    this.alarmTopic = usable.alarmTopic ?? new Topic(this, 'Alarms', { enforceSSL: true });
    if (wantsBudget(this, usable.budget)) {
      this.budget = new CostBudget(this, 'Budget', {
        monthlyLimit: this.plan.value('budgetLimit'),
        alertPercent: this.plan.value('alarmBudgetPercent'),
        topic: this.alarmTopic,
        target: this.bucket,
        tagKey: usable.costAllocationTag ?? 'backpressure:archive',
        tagValue: Names.uniqueResourceName(this, { maxLength: 128 }),
      }).budget;
    }
    const { bucket, plan, alarmTopic } = this;
    const alarms = createAlarms(this, { rows: stockRows(bucket, plan), plan, alarmTopic, alarms: usable.alarms });
    this.storedBytesAlarm = alarms.StoredBytesAlarm;
    this.objectBytesAlarm = alarms.ObjectBytesAlarm;
  }

  /** Bytes stored in all storage classes and versions, once a day. */
  public metricStoredBytes(): MathExpression {
    return storedBytesMetric(this.bucket, this.plan);
  }

  /** Objects stored, every version counted, once a day. */
  public metricObjects(): Metric {
    return objectsMetric(this.bucket, this.plan);
  }

  /** Mean size of a stored object in bytes, once a day. */
  public metricObjectBytes(): MathExpression {
    return objectBytesMetric(this.bucket, this.plan);
  }

  /**
   * The prefix under which `service` delivers, for Amazon Data Firehose:
   * `service=orders/date=!{timestamp:yyyy-MM-dd}/`.
   *
   * @param service Name of the service: letters, digits, `-`, `_` and `.`, at most 128 of them
   * @throws InvalidInputError when the name has any other character
   */
  public prefixFor(service: string): string {
    return `${servicePrefix(this.node.path, service)}date=!{timestamp:yyyy-MM-dd}/`;
  }

  /**
   * The prefix of one day (UTC) of `service`: `service=orders/date=2026-11-23/`.
   *
   * @param service Name of the service, as for `prefixFor`
   * @param day Any time of that day
   * @throws InvalidInputError when the name is not one that `prefixFor` takes
   */
  public dayPrefixFor(service: string, day: Date): string {
    return `${servicePrefix(this.node.path, service)}date=${day.toISOString().slice(0, 10)}/`;
  }

  /**
   * Table parameters with which Athena computes the partitions of `prefixFor`, as far back as the retention. Give them
   * to a Glue table partitioned by `service` and `date`.
   *
   * Source: Amazon Athena user guide, partition projection.
   *
   * @param services Names of the services, as for `prefixFor`. At least one
   * @throws InvalidInputError when there is none, or a name is not one that `prefixFor` takes
   */
  public partitionProjection(services: string[]): { [key: string]: string } {
    return partitionProjection(this.node.path, services, this.bucket.bucketName, this.plan.value('expirationInDays'));
  }

  /**
   * Lets `grantee` write only below the prefix of `service`.
   *
   * @param grantee Who writes
   * @param service Name of the service, as for `prefixFor`
   * @throws InvalidInputError when the name is not one that `prefixFor` takes
   */
  public grantWrite(grantee: IGrantable, service: string): Grant {
    // The L2's grantPut also allows s3:Abort*, legal holds and tags.
    const resourceArns = [this.bucket.arnForObjects(`${servicePrefix(this.node.path, service)}*`)];
    const grant = Grant.addToPrincipal({ grantee, actions: ['s3:PutObject', 's3:AbortMultipartUpload'], resourceArns });
    return this.bucket.encryptionKey ? grant.combine(this.bucket.encryptionKey.grantEncryptDecrypt(grantee)) : grant;
  }

  /**
   * Lets `grantee` read only below the prefix of `service`.
   *
   * @param grantee Who reads
   * @param service Name of the service, as for `prefixFor`
   * @throws InvalidInputError when the name is not one that `prefixFor` takes
   */
  public grantRead(grantee: IGrantable, service: string): Grant {
    return this.bucket.grantRead(grantee, `${servicePrefix(this.node.path, service)}*`);
  }

  /** A bucket's ARN has no account: once this bucket is deleted, another account may take its name. */
  private refuseForeignInventories(destination: IBucket): void {
    destination.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [destination.arnForObjects('inventory*')],
        conditions: {
          ArnLike: { 'aws:SourceArn': this.bucket.bucketArn },
          StringNotEquals: { 'aws:SourceAccount': Stack.of(this).account },
        },
      }),
    );
  }
}
