import { Duration, Token } from 'aws-cdk-lib';
import { type LifecycleRule, StorageClass, type Transition } from 'aws-cdk-lib/aws-s3';
import { ABORT_DAYS, ABORTING, accessLogKnobs } from '../../flow/access-logs';
import type { Check } from '../../flow/errors';
import { unlessGiven } from '../../flow/plan';
import { stockAlarmKnobs } from '../../flow/storage/alarms';
import { planStorage } from '../../flow/storage/plan';
import type { StorageObjective, StoragePlan, StorageQuestion, StorageWorkload } from '../../flow/storage/workload';

/** A hundred years. */
const LONGEST_DAYS = 36_500;

/** The props of an archive that determine its lifecycle; `ArchiveBucketProps` describes them. */
export interface LifecycleChoices {
  readonly workload: StorageWorkload;
  readonly objective?: StorageObjective;
  readonly transitions?: Transition[];
  readonly noncurrentVersionExpiration?: Duration;
  readonly abortIncompleteMultipartUploadAfter?: Duration;
  readonly costAllocationTag?: string;
  readonly budgetHeadroom?: number;
  readonly serverAccessLogsBucket?: unknown;
}

/** The days of the bucket that the construct makes for access logs and inventories. */
const LOG_KNOBS = accessLogKnobs(
  'this library, docs/constructs/archive-bucket.md',
  ', and to compare the last twelve inventories',
);

/**
 * The plan of a bucket's lifecycle, with every duration in whole days.
 *
 * @param others what else is wrong with the input; thrown together with what is found here
 * @throws InvalidInputError when a choice is outside its range
 * @throws CapacityError when the stock cannot be kept as chosen
 */
export function planLifecycle(id: string, choices: LifecycleChoices, others: readonly Check[]): StoragePlan {
  const checks = [...others, ...lifecycleChecks(choices)];
  // A duration that is refused has no days.
  const refused = checks.some((check) => check.refused);
  const abort = choices.abortIncompleteMultipartUploadAfter;
  const question: StorageQuestion = {
    workload: choices.workload,
    objective: choices.objective,
    budgetHeadroom: choices.budgetHeadroom,
    ...(!refused && {
      transitions: choices.transitions?.map((t) => ({
        storageClass: t.storageClass.value,
        afterDays: t.transitionAfter!.toDays(),
      })),
      noncurrentDays: knownDays(choices.noncurrentVersionExpiration),
    }),
  };
  const plan = planStorage(id, question, checks);
  return plan.withKnobs([
    {
      name: 'daysAfterInitiation',
      value: knownDays(abort) ?? ABORT_DAYS,
      unit: 'days',
      ...unlessGiven(abort, 'a week to finish an upload; its parts are billed but not listed'),
      source: ABORTING,
    },
    ...(choices.serverAccessLogsBucket === undefined ? LOG_KNOBS : []),
    ...stockAlarmKnobs(plan),
  ]);
}

/** Whole days; undefined when absent or known only at deployment. */
function knownDays(duration: Duration | undefined): number | undefined {
  return duration === undefined || duration.isUnresolved() ? undefined : duration.toDays();
}

/** The lifecycle rules of the plan. Durations that are known only at deployment are passed on as they are. */
export function lifecycleRules(plan: StoragePlan, choices: LifecycleChoices): LifecycleRule[] {
  return [
    {
      id: 'expire',
      expiration: Duration.days(plan.value('expirationInDays')),
      noncurrentVersionExpiration: choices.noncurrentVersionExpiration ?? Duration.days(plan.value('noncurrentDays')),
      abortIncompleteMultipartUploadAfter:
        choices.abortIncompleteMultipartUploadAfter ?? Duration.days(plan.value('daysAfterInitiation')),
    },
    // A separate rule: S3 refuses this action in a rule with an expiration by days.
    { id: 'expired-delete-markers', expiredObjectDeleteMarker: true },
    ...plan.transitions.map(({ storageClass }) => ({
      id: `move-to-${storageClass}`,
      objectSizeGreaterThan: plan.value(`objectSizeGreaterThan.${storageClass}`),
      transitions: [
        {
          storageClass: new StorageClass(storageClass),
          transitionAfter: Duration.days(plan.value(`transitionInDays.${storageClass}`)),
        },
      ],
    })),
  ];
}

function lifecycleChecks(choices: LifecycleChoices): Check[] {
  const { workload, transitions, costAllocationTag: tag } = choices;
  const numbers = {
    ...prefixed('workload', workload),
    ...prefixed('objective', choices.objective ?? {}),
    budgetHeadroom: choices.budgetHeadroom,
  };
  return [
    ...Object.entries(numbers).map(([name, value]) => ({
      refused: Token.isUnresolved(value),
      message: `${name} must be a number known at synth, got a token`,
    })),
    ...(transitions ?? []).flatMap((t) => [
      {
        // A JavaScript caller may pass only the name.
        refused: typeof t.storageClass?.value !== 'string',
        message: `transitions: storageClass must be a StorageClass, got ${JSON.stringify(t.storageClass) ?? 'none'}`,
      },
      {
        refused: t.transitionDate !== undefined,
        message: `transitions: ${t.storageClass} must have transitionAfter, got transitionDate`,
      },
      {
        refused: t.transitionAfter === undefined,
        message: `transitions: ${t.storageClass} must have transitionAfter, got none`,
      },
      {
        refused: t.transitionAfter?.isUnresolved() ?? false,
        message: `transitions: days to ${t.storageClass} must be known at synth, got a token`,
      },
      wholeDays(`transitions: days to ${t.storageClass}`, t.transitionAfter, 0),
    ]),
    wholeDays('noncurrentVersionExpiration', choices.noncurrentVersionExpiration, 1),
    wholeDays('abortIncompleteMultipartUploadAfter', choices.abortIncompleteMultipartUploadAfter, 1),
    {
      refused: tag !== undefined && !Token.isUnresolved(tag) && !/^(?!aws:)[\p{L}\p{N} +\-=._:/@]{1,128}$/u.test(tag),
      message: `costAllocationTag must be 1 to 128 letters, digits, spaces or + - = . _ : / @, and not begin with aws:, got '${tag}'`,
    },
  ];
}

function prefixed(name: string, values: object): { [name: string]: unknown } {
  return Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [`${name}.${key}`, value]));
}

/** S3 counts lifecycles in days, and the CDK cannot convert a token. */
function wholeDays(name: string, duration: Duration | undefined, min: number): Check {
  if (duration?.isUnresolved() && duration.unitLabel() !== 'days') {
    return { refused: true, message: `${name} must be in days when it is a token, got ${duration.unitLabel()}` };
  }
  const days = duration === undefined || duration.isUnresolved() ? min : duration.toDays({ integral: false });
  return {
    refused: !(Number.isInteger(days) && days >= min && days <= LONGEST_DAYS),
    message: `${name} must be whole days, ${days > LONGEST_DAYS ? `at most ${LONGEST_DAYS}` : `at least ${min}`}, got ${days}`,
  };
}
