import * as storage from '@pulumi/gcp/storage';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { ArchiveBucket, type ArchiveBucketArgs } from '../../../lib/gcp/storage/archive-bucket';
import { inputsOf, program, type Registered } from '../../support/pulumi';
import type { Untyped } from '../../support/stack';

const MB = 2 ** 20;
const usual: ArchiveBucketArgs = {
  workload: { bytesPerDay: 735e9, objectBytes: MB, retentionDays: 365 },
  location: 'europe-west1',
};
const make = (args: Partial<ArchiveBucketArgs> = {}) => program(() => new ArchiveBucket('logs', { ...usual, ...args }));
const bucketOf = (resources: readonly Registered[]) => inputsOf(resources, 'Bucket', 'logs');
const rulesOf = (bucket: Record<string, Untyped>, type: string) =>
  bucket.lifecycleRules.filter(({ action }: Untyped) => action.type === type);

describe('by rules', () => {
  let bucket: Record<string, Untyped>;
  let made: ArchiveBucket;
  beforeAll(async () => {
    const run = await make({ autoclass: 'off' });
    made = run.made;
    bucket = bucketOf(run.resources);
  });

  test('Nearline after 30 and Coldline after 180 days, each from the size that pays, and never back', () => {
    expect(rulesOf(bucket, 'SetStorageClass')).toEqual([
      {
        action: { type: 'SetStorageClass', storageClass: 'NEARLINE' },
        condition: {
          ...{ age: 30, sizeAboveBytes: made.plan.value('sizeAboveBytes.NEARLINE') },
          ...{ matchesStorageClasses: ['STANDARD'], withState: 'ANY' },
        },
      },
      {
        action: { type: 'SetStorageClass', storageClass: 'COLDLINE' },
        condition: {
          ...{ age: 180, sizeAboveBytes: made.plan.value('sizeAboveBytes.COLDLINE') },
          ...{ matchesStorageClasses: ['STANDARD', 'NEARLINE'], withState: 'ANY' },
        },
      },
    ]);
    expect(bucket.autoclass).toBeUndefined();
  });

  // Without it noncurrent versions of a bucket that was versioned once would stay.
  test('everything is deleted after a year, whatever its state', () => {
    expect(rulesOf(bucket, 'Delete')).toEqual([
      { action: { type: 'Delete' }, condition: { age: 365, withState: 'ANY' } },
    ]);
  });

  test('parts of unfinished uploads are deleted after a week', () => {
    expect(rulesOf(bucket, 'AbortIncompleteMultipartUpload')).toEqual([
      { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } },
    ]);
  });

  test('it is closed to the public, has one way of permission, and deleted objects stay for a week', () => {
    expect(bucket).toMatchObject({
      ...{ publicAccessPrevention: 'enforced', uniformBucketLevelAccess: true, storageClass: 'STANDARD' },
      ...{ softDeletePolicy: { retentionDurationSeconds: 604_800 }, versioning: { enabled: false } },
    });
  });
});

describe('by itself', () => {
  test('where that costs less: to the coldest class, with no rule that moves', async () => {
    const { resources, made } = await make();
    expect(made.plan.value('autoclass')).toBe(1);
    expect(bucketOf(resources).autoclass).toEqual({ enabled: true, terminalStorageClass: 'ARCHIVE' });
    expect(rulesOf(bucketOf(resources), 'SetStorageClass')).toEqual([]);
    // Another one is refused with it.
    expect(bucketOf(resources).storageClass).toBe('STANDARD');
  });

  test('not where objects are small: nothing moves below the size that pays', async () => {
    const { resources } = await make({ workload: { ...usual.workload, objectBytes: 64 * 1024 } });
    expect(bucketOf(resources).autoclass).toBeUndefined();
    expect(rulesOf(bucketOf(resources), 'SetStorageClass')).toEqual([]);
  });
});

test('a move on the day of the creation is sent as such: the provider leaves an age of 0 out', async () => {
  const { resources } = await make({ transitions: [{ storageClass: 'NEARLINE', afterDays: 0 }] });
  const [{ condition }] = rulesOf(bucketOf(resources), 'SetStorageClass');
  expect(condition).toMatchObject({ age: 0, sendAgeIfZero: true });
});

test('the size that a move is given is the size of its rule', async () => {
  const transitions = [{ storageClass: 'COLDLINE', afterDays: 90, minimumObjectBytes: 4 * MB }];
  const { resources, made } = await make({ transitions });
  const [{ condition }] = rulesOf(bucketOf(resources), 'SetStorageClass');
  expect(condition.sizeAboveBytes).toBe(4 * MB - 1);
  expect(made.plan.knob('sizeAboveBytes.COLDLINE').formula).toBe('given');
});

test('objects that live for a day are not billed for eight', async () => {
  const { resources } = await make({ workload: { ...usual.workload, retentionDays: 1 } });
  expect(bucketOf(resources).softDeletePolicy).toEqual({ retentionDurationSeconds: 0 });
});

test('versions: a live object becomes noncurrent after its retention, and is deleted a month later', async () => {
  const { resources } = await make({ versioned: true });
  expect(bucketOf(resources).versioning).toEqual({ enabled: true });
  expect(rulesOf(bucketOf(resources), 'Delete').map(({ condition }: Untyped) => condition)).toEqual([
    { age: 365, withState: 'LIVE' },
    { daysSinceNoncurrentTime: 30, withState: 'ARCHIVED' },
  ]);
});

test('more bytes than planned, over all classes, open an incident', async () => {
  const { resources, made } = await make();
  const [{ conditionThreshold }] = inputsOf(resources, 'AlertPolicy', 'logs-stored-bytes').conditions;
  expect(conditionThreshold.thresholdValue).toBe(made.plan.value('storedBytesLimit'));
  expect(conditionThreshold.aggregations).toEqual([
    { alignmentPeriod: '86400s', perSeriesAligner: 'ALIGN_MAX', crossSeriesReducer: 'REDUCE_SUM' },
  ]);
  expect(conditionThreshold.filter).toContain('resource.labels.bucket_name = "logs-1a2b3c4"');
});

// The first version of the metric has none: with 30 days and 90 of soft delete it would fire at 4.8 times the plan.
test('soft-deleted bytes are in the metric, as they are in the limit', async () => {
  const workload = { ...usual.workload, retentionDays: 30 };
  const { resources, made } = await make({ workload, softDeleteDays: 90 });
  const [{ conditionThreshold }] = inputsOf(resources, 'AlertPolicy', 'logs-stored-bytes').conditions;
  expect(conditionThreshold.thresholdValue).toBeCloseTo(735e9 * (30 + 90) * 1.2, -3);
  expect(conditionThreshold.filter).toContain('metric.type = "storage.googleapis.com/storage/v2/total_bytes"');
  expect(made.plan.predictions.billedDays).toBe(120);
});

test('a key of yours encrypts, once the account of Cloud Storage may use it', async () => {
  const { resources } = await make({ kmsKeyName: 'projects/p/locations/l/keyRings/r/cryptoKeys/k' });
  expect(bucketOf(resources).encryption).toEqual({
    defaultKmsKeyName: 'projects/p/locations/l/keyRings/r/cryptoKeys/k',
  });
  expect(inputsOf(resources, 'CryptoKeyIAMMember', 'logs-encryption').member).toBe(
    'serviceAccount:service-4711@gs-project-accounts.iam.gserviceaccount.com',
  );
});

test('who writes may create objects below its prefix, and neither read nor replace any', async () => {
  const { resources } = await program(() => {
    const archive = new ArchiveBucket('logs', usual);
    archive.grantWrite('orders', 'serviceAccount:a@b', 'service=orders/');
    archive.grantRead('audit', 'group:audit@example.com');
  });
  expect(inputsOf(resources, 'BucketIAMMember', 'orders')).toMatchObject({
    role: 'roles/storage.objectCreator',
    condition: {
      expression: 'resource.name.startsWith("projects/_/buckets/logs-1a2b3c4/objects/service=orders/")',
    },
  });
  expect(inputsOf(resources, 'BucketIAMMember', 'audit').condition).toBeUndefined();
});

test('a bucket of yours takes the same settings', async () => {
  const { resources } = await program(() => {
    const plan = ArchiveBucket.planOf('theirs', { workload: usual.workload, autoclass: 'off' });
    new ArchiveBucket('logs', { ...usual, autoclass: 'off' });
    return new storage.Bucket('theirs', { location: 'EU', ...ArchiveBucket.settingsOf(plan) });
  });
  const { lifecycleRules } = inputsOf(resources, 'Bucket', 'theirs');
  expect(lifecycleRules).toEqual(bucketOf(resources).lifecycleRules);
});

describe('refused', () => {
  const refusal = (args: Partial<ArchiveBucketArgs>, name = 'logs') => {
    try {
      new ArchiveBucket(name, { ...usual, ...args });
    } catch (error) {
      return error as Error;
    }
    throw new Error('made');
  };

  test('moves that lose money, with ways out', () => {
    const error = refusal({
      workload: { ...usual.workload, objectBytes: 16 * 1024 },
      transitions: [{ storageClass: 'COLDLINE', afterDays: 30 }],
    });
    expect(error).toBeInstanceOf(CapacityError);
    expect(error.message).toMatch(/COLDLINE after 30 d costs .* drop the transition/);
  });

  test.each(['Logs', 'google-logs', 'goog', '-logs', 'a'.repeat(56)])('a name that no bucket may have: %s', (name) => {
    expect(refusal({}, name).message).toContain('name must be 1 to 55 lower-case letters');
  });

  test('all that is wrong, together', () => {
    const error = refusal({ autoclass: 'yes' as never, abortDays: 0, softDeleteDays: 91 });
    expect(error).toBeInstanceOf(InvalidInputError);
    expect((error as InvalidInputError).failures).toHaveLength(3);
  });

  test('a prefix that would end the text of the condition', async () => {
    await program(() => {
      const archive = new ArchiveBucket('logs', usual);
      expect(() => archive.grantWrite('x', 'user:a@b', '") || true')).toThrow(InvalidInputError);
    });
  });
});
