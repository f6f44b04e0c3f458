/** The validation table of a fair-share policy of AWS Batch. */
import { type Check, inRange, required, wholeNumber } from '../errors';
import { type Fields, listChecks, objectChecks } from '../fields';
import { MOST_CPU, promiseChecks, tenantListChecks } from './checks';
import type { SharePolicyQuestion } from './policy-workload';
import type { BatchTenant } from './workload';

/** AWS Batch API reference, ShareAttributes: active share identifiers of a job queue. */
export const MOST_SHARES = 500;
/** AWS Batch API reference, ShareAttributes, `weightFactor`: 0.0001 to 999.9999. The largest that is used here is 1. */
export const LEAST_FACTOR = 0.0001;
/** AWS Batch API reference, FairsharePolicy. */
export const LONGEST_DECAY_SECONDS = 604_800;
/** AWS Batch API reference, JobStateTimeLimitAction, `maxTimeSeconds`. */
export const RUNNABLE_SECONDS = { min: 600, max: 86_400 };

/** AWS Batch API reference, RetryStrategy. */
const MOST_ATTEMPTS = 10;

const FIELDS: Fields<SharePolicyQuestion> = {
  maxvCpus: true,
  tenants: true,
  objective: true,
  shareDecaySeconds: true,
  computeReservation: true,
  jobStartSeconds: true,
  jobAttempts: true,
  maxRunnableSeconds: true,
  snapshotSeconds: true,
};

/** Checks a job queue, its tenants and the promise. */
export function sharePolicyChecks(question: SharePolicyQuestion): Check[] {
  return objectChecks('question', question, FIELDS, ({ maxvCpus, tenants, objective, ...choices }) => [
    required(wholeNumber, 'maxvCpus', maxvCpus, 1, MOST_CPU),
    ...listChecks('tenants', tenants, (list) => [
      ...tenantListChecks(list, { cpu: maxvCpus }, 'AWS Batch shares by the inverse of the weight'),
      ...list.flatMap((tenant) => (isObject(tenant) ? shareChecks(tenant) : [])),
      ...countChecks(list),
    ]),
    ...promiseChecks(objective),
    wholeNumber('shareDecaySeconds', choices.shareDecaySeconds, 1, LONGEST_DECAY_SECONDS),
    wholeNumber('computeReservation', choices.computeReservation, 0, 99),
    inRange('jobStartSeconds', choices.jobStartSeconds, 0, 3600),
    wholeNumber('jobAttempts', choices.jobAttempts, 1, MOST_ATTEMPTS),
    wholeNumber('maxRunnableSeconds', choices.maxRunnableSeconds, RUNNABLE_SECONDS.min, RUNNABLE_SECONDS.max),
    wholeNumber('snapshotSeconds', choices.snapshotSeconds, 60, 3600),
    {
      refused: Number.isInteger(choices.snapshotSeconds) && choices.snapshotSeconds! % 60 !== 0,
      message: `snapshotSeconds must be whole minutes, got ${choices.snapshotSeconds} s`,
    },
  ]);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function shareChecks({ name, nominalJobs, borrowedJobs }: BatchTenant): Check[] {
  return [
    {
      refused: typeof name === 'string' && name.includes('-'),
      message: `tenants.name must have no hyphen on AWS Batch, whose share identifiers are letters and digits, got '${String(name).slice(0, 80)}'`,
    },
    {
      refused: nominalJobs !== undefined || borrowedJobs !== undefined,
      message: `tenants.nominalJobs and tenants.borrowedJobs of ${String(name).slice(0, 80)} must be left out: AWS Batch guarantees and bounds no number of jobs, it has weights`,
    },
  ];
}

function countChecks(list: readonly BatchTenant[]): Check[] {
  const weights = list.map((tenant) => tenant?.weight ?? 1);
  const [least, most] = [Math.min(...weights), Math.max(...weights)];
  return [
    {
      refused: list.length > MOST_SHARES,
      message: `tenants must be at most ${MOST_SHARES}, the share identifiers that a job queue of AWS Batch may have in use, got ${list.length}`,
    },
    {
      refused: least > 0 && least / most < LEAST_FACTOR,
      message: `tenants.weight must differ by a factor of at most ${1 / LEAST_FACTOR}, the range of weightFactor below its default of 1, got ${least} to ${most}`,
    },
  ];
}
