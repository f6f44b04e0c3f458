/** The plan of an archive as the settings of a bucket. */
import type * as storage from '@pulumi/gcp/storage';
import type { StoragePlan } from '../../flow/storage/workload';

/** What a plan decides about a bucket. */
export type BucketSettings = Required<
  Pick<storage.BucketArgs, 'lifecycleRules' | 'softDeletePolicy' | 'versioning' | 'storageClass'>
> &
  Pick<storage.BucketArgs, 'autoclass'>;

/** The settings of a bucket. */
export function bucketSettings(plan: StoragePlan): BucketSettings {
  const versioned = has(plan, 'daysSinceNoncurrentTime');
  return {
    storageClass: 'STANDARD',
    lifecycleRules: [
      // In a versioned bucket a deleted object becomes noncurrent, and a second rule deletes that.
      {
        action: { type: 'Delete' },
        condition: { age: plan.value('expirationAge'), withState: versioned ? 'LIVE' : 'ANY' },
      },
      ...(versioned
        ? [
            {
              action: { type: 'Delete' },
              condition: {
                daysSinceNoncurrentTime: plan.value('daysSinceNoncurrentTime'),
                withState: 'ARCHIVED',
              },
            },
          ]
        : []),
      { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: plan.value('abortAge') } },
      ...(has(plan, 'autoclass') ? [] : moves(plan)),
    ],
    // The default is the terminal class Nearline, which keeps most of what an archive could save.
    ...(has(plan, 'autoclass') && { autoclass: { enabled: true, terminalStorageClass: 'ARCHIVE' } }),
    softDeletePolicy: { retentionDurationSeconds: plan.value('softDeleteSeconds') },
    versioning: { enabled: versioned },
  };
}

function moves(plan: StoragePlan) {
  return plan.transitions.map(({ storageClass }, i) => {
    const age = plan.value(`transitionAge.${storageClass}`);
    return {
      action: { type: 'SetStorageClass', storageClass },
      condition: {
        // The provider leaves out an age of 0 otherwise.
        age,
        ...(age === 0 && { sendAgeIfZero: true }),
        sizeAboveBytes: plan.value(`sizeAboveBytes.${storageClass}`),
        // Not those that are there already, or colder.
        matchesStorageClasses: ['STANDARD', ...plan.transitions.slice(0, i).map((t) => t.storageClass)],
        withState: 'ANY',
      },
    };
  });
}

function has(plan: StoragePlan, knob: string): boolean {
  return plan.knobs.some(({ name }) => name === knob);
}
