import * as kms from '@pulumi/gcp/kms';
import type * as monitoring from '@pulumi/gcp/monitoring';
import * as organizations from '@pulumi/gcp/organizations';
import * as storage from '@pulumi/gcp/storage';
import * as pulumi from '@pulumi/pulumi';
import { ABORT_DAYS } from '../../flow/access-logs';
import { type Check, shown, validate, wholeNumber } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, needed, sound, TEXT } from '../../flow/kinds';
import { unlessGiven } from '../../flow/plan';
import { bucketAlarmKnobs } from '../../flow/storage/alarms';
import { planStorage } from '../../flow/storage/plan';
import type { StorageObjective, StoragePlan, StorageTransition, StorageWorkload } from '../../flow/storage/workload';
import { componentName } from '../component-name';
import { INPUT, INPUT_LIST } from '../kinds';
import { createAlert } from '../watch';
import { type BucketSettings, bucketSettings } from './lifecycle';

/** What the plan of an archive follows from. */
export interface ArchiveBucketPlanArgs {
  /** What is written, how large objects are, and how long they are kept. */
  readonly workload: StorageWorkload;
  /** What it may cost. Default: no ceiling. `retrievalSeconds` refuses nothing: every class answers at once. */
  readonly objective?: StorageObjective;
  /**
   * The moves to colder classes, warmest first: `NEARLINE`, `COLDLINE`, `ARCHIVE`, each from `minimumObjectBytes` or
   * from the size at which they pay. Moves that cost more than they save are refused. Default: of `NEARLINE` after 30 and
   * `COLDLINE` after 180 days those that pay, or Autoclass where it costs less.
   */
  readonly transitions?: StorageTransition[];
  /**
   * Whether Autoclass moves objects, and no rule: `on`, `off`, or `auto` for what costs less at the mean object size.
   * Default: `auto`.
   */
  readonly autoclass?: 'auto' | 'on' | 'off';
  /** Days that a deleted object can be restored, and is billed. 0, or 7 to 90. Default: 7; 0 when the retention is below 30. */
  readonly softDeleteDays?: number;
  /** Whether replaced and expired objects stay as noncurrent versions. Default: false. */
  readonly versioned?: boolean;
  /** Days that a noncurrent version stays, with `versioned`. 1 to 36,500. Default: 30. */
  readonly noncurrentDays?: number;
  /** Days after which the parts of an unfinished upload are deleted. 1 or more. Default: 7. */
  readonly abortDays?: number;
}

/** Inputs of an archive. */
export interface ArchiveBucketArgs extends ArchiveBucketPlanArgs {
  /** Region, dual-region or multi-region of the bucket. The prices are those of one region in the US. */
  readonly location: pulumi.Input<string>;
  /** Cloud KMS key that encrypts objects; the component lets Cloud Storage use it. Default: keys of Google. */
  readonly kmsKeyName?: pulumi.Input<string>;
  /** Project id. Default: the provider's. */
  readonly project?: pulumi.Input<string>;
  /** Where the alert goes. Default: nowhere; incidents are still opened. */
  readonly notificationChannels?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether the bucket stays in Google Cloud when it leaves the program or is replaced. Default: true. */
  readonly retainOnDelete?: boolean;
}

const KINDS: Kinds<ArchiveBucketArgs> = {
  workload: CHECKED,
  objective: CHECKED,
  transitions: listOf(CHECKED),
  autoclass: TEXT,
  softDeleteDays: CHECKED,
  versioned: FLAG,
  noncurrentDays: CHECKED,
  abortDays: CHECKED,
  location: needed(INPUT),
  kmsKeyName: INPUT,
  project: INPUT,
  notificationChannels: INPUT_LIST,
  retainOnDelete: FLAG,
};

/**
 * A bucket of objects that are written once, rarely read and deleted in the end, with a bounded bill.
 *
 * Cures cold data that piles up (case 11). A move to a colder class is charged by the object and saves by the byte, so the
 * usual rule makes small objects dearer: each move here has the size from which it pays. Autoclass is taken instead where it
 * costs less. Soft delete, which is on by default and bills a deleted object for another week, is in the bill, and off where
 * objects live for less than 30 days.
 */
export class ArchiveBucket extends pulumi.ComponentResource {
  /** The bucket. */
  public readonly bucket: storage.Bucket;
  /** More is stored than the write rate and the retention explain. */
  public readonly storedBytes: monitoring.AlertPolicy;
  /** Every knob with its reason, and what to expect. */
  public readonly plan: StoragePlan;

  /**
   * The plan of an archive.
   *
   * @throws CapacityError, InvalidInputError as the constructor
   */
  public static planOf(name: string, args: ArchiveBucketPlanArgs): StoragePlan {
    return planArchive(name, args, []);
  }

  /**
   * What a bucket of yours is given for a plan: its lifecycle belongs to the bucket's own resource, so a bucket that is
   * there cannot be given one from outside. Spread it into the arguments of your `storage.Bucket`.
   */
  public static settingsOf(plan: StoragePlan): BucketSettings {
    return bucketSettings(plan);
  }

  private readonly args: ArchiveBucketArgs;

  /**
   * @param name 1 to 55 lower-case letters, digits and hyphens, beginning and ending with a letter or digit
   * @throws CapacityError when moves given by hand cost more than they save, or the archive costs more than the objective
   * allows; the message names the ways out
   * @throws InvalidInputError when arguments are out of range; the message names each
   */
  constructor(name: string, args: ArchiveBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super('backpressure:gcp:ArchiveBucket', componentName('ArchiveBucket', name), {}, opts);
    const { props, checks } = sound(args, KINDS);
    this.args = props;
    this.plan = planArchive(name, props, [...checks, bucketName(name)]);
    this.bucket = this.createBucket(name, this.allowEncryption(name));
    this.storedBytes = this.createAlert(name);
    this.registerOutputs({ bucket: this.bucket.name });
  }

  /** Lets an IAM member write new objects below a prefix, such as `service=orders/`; it can neither read nor replace any. */
  public grantWrite(name: string, member: pulumi.Input<string>, prefix = ''): storage.BucketIAMMember {
    return this.grant(name, 'roles/storage.objectCreator', member, prefix);
  }

  /** Lets an IAM member read objects below a prefix. */
  public grantRead(name: string, member: pulumi.Input<string>, prefix = ''): storage.BucketIAMMember {
    return this.grant(name, 'roles/storage.objectViewer', member, prefix);
  }

  private grant(name: string, role: string, member: pulumi.Input<string>, prefix: string): storage.BucketIAMMember {
    validate(name, [
      {
        refused: !/^[\w=./-]*$/.test(prefix),
        message: `prefix must be letters, digits and = . _ / -, got ${shown(prefix)}`,
      },
    ]);
    const condition = prefix !== '' && {
      condition: {
        title: `below ${prefix}`,
        expression: pulumi.interpolate`resource.name.startsWith("projects/_/buckets/${this.bucket.name}/objects/${prefix}")`,
      },
    };
    return new storage.BucketIAMMember(
      name,
      { bucket: this.bucket.name, role, member, ...condition },
      { parent: this },
    );
  }

  private createBucket(name: string, encryption: pulumi.Resource[]): storage.Bucket {
    const { location, project, kmsKeyName, retainOnDelete = true } = this.args;
    return new storage.Bucket(
      name,
      {
        location,
        project,
        uniformBucketLevelAccess: true,
        publicAccessPrevention: 'enforced',
        ...bucketSettings(this.plan),
        ...(kmsKeyName !== undefined && { encryption: { defaultKmsKeyName: kmsKeyName } }),
      },
      { parent: this, retainOnDelete, dependsOn: encryption },
    );
  }

  /** Cloud Storage encrypts as an account of its own. */
  private allowEncryption(name: string): pulumi.Resource[] {
    const { kmsKeyName, project: projectId, retainOnDelete = true } = this.args;
    if (kmsKeyName === undefined) return [];
    const project = organizations.getProjectOutput({ projectId }, { parent: this });
    const member = pulumi.interpolate`serviceAccount:service-${project.number}@gs-project-accounts.iam.gserviceaccount.com`;
    const role = 'roles/cloudkms.cryptoKeyEncrypterDecrypter';
    const grant = { cryptoKeyId: kmsKeyName, role, member };
    return [new kms.CryptoKeyIAMMember(`${name}-encryption`, grant, { parent: this, retainOnDelete })];
  }

  private createAlert(name: string): monitoring.AlertPolicy {
    const { project, notificationChannels } = this.args;
    return createAlert(this, {
      row: {
        name: `${name}-stored-bytes`,
        filter: pulumi.interpolate`resource.type = "gcs_bucket" AND resource.labels.project_id = "${this.bucket.project}" AND resource.labels.bucket_name = "${this.bucket.name}" AND metric.type = "storage.googleapis.com/storage/v2/total_bytes"`,
        aligner: 'ALIGN_MAX',
        // A series is one storage class and type: live, noncurrent, soft-deleted. The first version of the metric has no
        // soft-deleted bytes, which the limit includes.
        reducer: 'REDUCE_SUM',
        threshold: 'storedBytesLimit',
        seconds: 'alarmSampleSeconds',
        text: 'More is stored than the write rate and the retention explain. Check whether more is written than planned, whether a retention policy or a hold keeps objects from being deleted, and whether noncurrent versions or soft-deleted objects pile up.',
      },
      plan: this.plan,
      project,
      notificationChannels,
    });
  }
}

/** The plan of an archive; failures of `checks` are thrown together with those of the archive's own arguments. */
function planArchive(name: string, args: ArchiveBucketPlanArgs, checks: readonly Check[]): StoragePlan {
  const { workload, objective, transitions, autoclass, softDeleteDays, versioned, noncurrentDays, abortDays } = args;
  const question = { workload, objective, transitions, autoclass, softDeleteDays, versioned, noncurrentDays };
  const plan = planStorage(name, { ...question, store: 'gcs' }, [
    ...checks,
    wholeNumber('abortDays', abortDays, 1, LONGEST_DAYS),
  ]);
  return plan.withKnobs([
    {
      name: 'abortAge',
      value: abortDays ?? ABORT_DAYS,
      unit: 'days',
      ...unlessGiven(abortDays, 'a week to finish an upload; its parts are billed, and no list shows them'),
      source: 'Cloud Storage documentation, Object Lifecycle Management: AbortIncompleteMultipartUpload',
    },
    ...bucketAlarmKnobs(),
  ]);
}

/** A hundred years. */
const LONGEST_DAYS = 36_500;

/** Cloud Storage takes 63 characters, of which Pulumi adds eight. Source: Cloud Storage documentation, About buckets. */
function bucketName(name: string): Check {
  return {
    refused: !/^(?!goog)[a-z0-9]([a-z0-9-]{0,53}[a-z0-9])?$/.test(name) || name.includes('google'),
    message: `name must be 1 to 55 lower-case letters, digits and hyphens, without google, got ${shown(name)}`,
  };
}
