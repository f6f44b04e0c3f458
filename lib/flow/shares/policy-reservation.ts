/** What a fair-share policy of AWS Batch keeps free for tenants without jobs. */
import { CapacityError } from '../errors';
import { figure } from '../figures';
import { lastWhole } from '../search';
import { jobsIn, type TenantLoad } from './load';
import type { SharePolicyQuestion } from './policy-workload';
import type { Wanted } from './sizing';
import type { BatchCapacity } from './workload';

const MOST_RESERVATION = 99;
/** A job has the memory that it asks for to itself; far more than any sum of them, and far from the largest number. */
const BOUNDLESS = 1e200;

/** The vCPUs that are not reserved, which the tenants with jobs share; what a job needs besides is its own. */
export function sharedCapacity(maxvCpus: number, reservedRatio: number): BatchCapacity {
  return { cpu: maxvCpus * (1 - reservedRatio), memoryBytes: BOUNDLESS };
}

/** Part of the capacity that no tenant with a job may use. Source: AWS Batch API reference, FairsharePolicy. */
export function reservedBy(computeReservation: number, activeShares: number): number {
  return (computeReservation / 100) ** activeShares;
}

/** Mean time until a job of a tenant finds room when another one has taken all: enough of its jobs have to end. */
export function firstPlaceSeconds(maxvCpus: number, held: readonly TenantLoad[]): number {
  const capacity = sharedCapacity(maxvCpus, 0);
  const waits = held.flatMap((own) =>
    held
      .filter((other) => other !== own)
      .map((other) => (Math.ceil(own.jobCpu / other.jobCpu) * other.workload.serviceSeconds) / jobsIn(capacity, other)),
  );
  return Math.max(0, ...waits);
}

/**
 * The least percentage of which one job of each tenant finds room while all others have jobs. None where a tenant would then
 * have too little: with few places all of them need those that are reserved, and with many tenants most are reserved while
 * one is alone.
 *
 * @param jobsWith the jobs that each tenant comes to with a percentage while all ask; undefined when they are too few
 */
export function neededReservation(
  { maxvCpus, objective: { latencySeconds } }: SharePolicyQuestion,
  wanted: readonly Wanted[],
  firstPlace: number,
  jobsWith: (percent: number) => readonly number[] | undefined,
): number {
  if (wanted.length < 2 || firstPlace <= latencySeconds / 10) return 0;
  const largest = Math.max(...wanted.map(({ load }) => load.jobCpu));
  const needed = Math.min(MOST_RESERVATION, Math.ceil(100 * (largest / maxvCpus) ** (1 / (wanted.length - 1)) - 1e-9));
  const alone = sharedCapacity(maxvCpus, reservedBy(needed, 1));
  const jobs = jobsWith(needed);
  const suffices = wanted.every(({ load }, i) => {
    const aloneJobs = jobsIn(alone, load);
    return jobs !== undefined && aloneJobs >= jobs[i] && aloneJobs > load.steadyJobs;
  });
  return suffices ? needed : 0;
}

/**
 * Refuses a reservation that leaves a tenant too little while no other has jobs, even where it has enough while all have
 * them. The plan derives none that does.
 */
export function refuseTooLittleAlone(
  subject: string,
  { maxvCpus, computeReservation }: SharePolicyQuestion,
  wanted: readonly Wanted[],
  alone: BatchCapacity,
): void {
  const short = wanted.find(({ load }) => jobsIn(alone, load) <= load.steadyJobs);
  if (short === undefined) return;
  const { tenant, steadyJobs } = short.load;
  const fits = (percent: number) => {
    const left = sharedCapacity(maxvCpus, reservedBy(percent, 1));
    return wanted.every(({ load }) => jobsIn(left, load) > load.steadyJobs);
  };
  throw new CapacityError(
    subject,
    `${tenant.name} keeps ${figure(steadyJobs)} jobs running on average and comes to ${jobsIn(alone, short.load)} while no other tenant has jobs: ` +
      `it would never catch up (a computeReservation of ${computeReservation} leaves it ${figure(alone.cpu)} of ${figure(maxvCpus)} vCPUs then)`,
    [
      `computeReservation of at most ${lastWhole(0, computeReservation!, fits)}`,
      'leave computeReservation to the plan',
    ],
  );
}
