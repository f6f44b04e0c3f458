/** Shares of a cluster that several tenants submit jobs to, every knob with its reason. */

import { type Check, validate } from '../errors';
import { figure } from '../figures';
import { type Knob, unlessGiven } from '../plan';
import { forecast } from '../queue/forecast/predict';
import type { Objective } from '../queue/workload';
import { shareAlarmKnobs } from './alarms';
import { MOST_JOBS, sharesChecks } from './checks';
import { jobsIn, leftBy, loadOf, places, type TenantLoad } from './load';
import { DEFAULT_QUANTILE, nominalJobs, type Reclaim, type Room, type Wanted, wantedBy } from './sizing';
import { type BatchCapacity, SharesPlan, type SharesQuestion, type TenantShare } from './workload';

/** A pod that is evicted has as long to end (Kubernetes, Pod lifecycle: `terminationGracePeriodSeconds`, 30 unless set). */
const GRACE_SECONDS = 30;

/** What the plan calls the capacity in its refusals. */
const CLUSTER: Room = {
  has: ({ cpu, memoryBytes }) => `the cluster has ${coresAndMemory(cpu, memoryBytes)}`,
  needs: (cpu, memoryBytes) => coresAndMemory(cpu, memoryBytes),
  enough: ({ cpu, memoryBytes }) =>
    `${figure(Math.ceil(cpu))} cores with ${figure(Math.ceil(memoryBytes / 1024 ** 3))} GiB`,
};

const BY_PREEMPTION: Reclaim = { seconds: () => GRACE_SECONDS, waysOut: () => [] };
const BY_PATIENCE: Reclaim = {
  seconds: (others) => Math.ceil(Math.max(0, ...others)),
  waysOut: () => ['let lent room be reclaimed by preemption'],
};

function coresAndMemory(cpu: number, memoryBytes: number): string {
  return `${figure(cpu)} cores and ${figure(memoryBytes / 1024 ** 3)} GiB`;
}

/**
 * Shares a cluster.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param question capacity, tenants and objective
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range; the message names every one of them
 * @throws CapacityError when a tenant would never catch up, or a promise is shorter than a job
 */
export function planShares(subject: string, question: SharesQuestion, checks: readonly Check[] = []): SharesPlan {
  validate(subject, [...checks, ...sharesChecks(question)]);
  const { capacity, tenants, objective, reclaimByPreemption: byPreemption = true } = question;
  const reclaim = byPreemption ? BY_PREEMPTION : BY_PATIENCE;
  const wanted = wantedBy(
    subject,
    tenants.map((tenant) => loadOf(tenant)),
    objective,
    reclaim,
  );
  const loads = wanted.map(({ load }) => load);
  const nominal = nominalJobs(subject, capacity, wanted, CLUSTER);
  const shares = wanted.map((one, index) => tenantShare(one, index, capacity, loads, nominal, objective));
  const reclaimSeconds = Math.max(...wanted.map((one) => one.reclaimSeconds));
  const knobs = [
    reclaimKnob(reclaimSeconds, byPreemption),
    ...shares.flatMap((share, i) => shareKnobs(share, wanted[i], capacity)),
    ...shareAlarmKnobs(shares, tenants, {
      ...objective,
      latencyQuantile: objective.latencyQuantile ?? DEFAULT_QUANTILE,
    }),
  ];
  return new SharesPlan(subject, knobs, shares, leftBy(capacity, loads, nominal), remarks(shares, objective));
}

function tenantShare(
  { load, reclaimSeconds, wantedJobs }: Wanted,
  index: number,
  capacity: BatchCapacity,
  loads: readonly TenantLoad[],
  nominal: readonly number[],
  { latencySeconds }: Objective,
): TenantShare {
  const others = loads.map((other, i) => (i === index ? nominal[i] : other.steadyJobs));
  const borrowedJobs = load.tenant.borrowedJobs ?? Math.min(MOST_JOBS, jobsIn(leftBy(capacity, loads, others), load));
  const bound = nominal[index] + borrowedJobs;
  const { latency } = forecast(load.workload, places(nominal[index]));
  return {
    name: load.tenant.name,
    weight: load.weight,
    wantedJobs,
    nominalJobs: nominal[index],
    borrowedJobs,
    quotaJobs: bound + turnover(bound, load),
    jobCpu: load.jobCpu,
    jobMemoryBytes: load.jobMemoryBytes,
    onTimeRatio: Math.min(1, Math.max(0, 1 - latency().tail(latencySeconds - reclaimSeconds))),
  };
}

/** Pods that still end while the next ones begin, by Little's law; at least one, at most what a cluster runs. */
function turnover(bound: number, { workload }: TenantLoad): number {
  return Math.min(MOST_JOBS, Math.max(1, Math.ceil((bound * GRACE_SECONDS) / workload.serviceSeconds)));
}

function reclaimKnob(seconds: number, byPreemption: boolean): Knob {
  return {
    name: 'reclaimSeconds',
    value: seconds,
    unit: 's',
    formula: byPreemption
      ? "a borrower's pod is evicted and has its grace period to end"
      : 'the longest job of another tenant, at the promised quantile: lent room is returned when it ends',
    inputs: byPreemption ? { gracePeriodSeconds: GRACE_SECONDS } : {},
    source: byPreemption
      ? 'Kubernetes, Pod lifecycle, Termination of Pods'
      : 'Kueue, ClusterQueue, reclaimWithinCohort',
  };
}

function shareKnobs(share: TenantShare, { load }: Wanted, capacity: BatchCapacity): Knob[] {
  const { name, weight, wantedJobs, jobCpu, jobMemoryBytes } = share;
  const knob = (of: string, value: number, reason: Pick<Knob, 'formula' | 'inputs'>, source: string): Knob => ({
    name: `${of}.${name}`,
    value,
    unit: 'jobs',
    ...reason,
    source,
  });
  const { nominalJobs: givenNominal, borrowedJobs: givenBorrowed } = load.tenant;
  return [
    knob(
      'wantedJobs',
      wantedJobs,
      {
        formula: 'fewest places with which the promised share of its jobs ends in time at its peak',
        inputs: {
          peakPerSecond: load.workload.peakPerSecond,
          serviceSeconds: load.workload.serviceSeconds,
          offeredJobs: load.peakJobs,
        },
      },
      'Erlang C; Allen–Cunneen for other variations',
    ),
    knob(
      'nominalJobs',
      share.nominalJobs,
      unlessGiven(givenNominal, 'weighted max-min share of CPU and of memory, at most the wanted jobs, in whole jobs', {
        wantedJobs,
        weight,
        jobCpu,
        jobMemoryBytes,
        cpu: capacity.cpu,
        memoryBytes: capacity.memoryBytes,
      }),
      'Bertsekas and Gallager, Data Networks, 6.5.2; Kueue, ClusterQueue, nominalQuota',
    ),
    knob(
      'borrowedJobs',
      share.borrowedJobs,
      unlessGiven(givenBorrowed, 'places beyond its own that are left when the others run their mean number of jobs', {
        cpu: capacity.cpu,
        memoryBytes: capacity.memoryBytes,
        nominalJobs: share.nominalJobs,
      }),
      'Kueue, ClusterQueue, borrowingLimit',
    ),
    knob(
      'quotaJobs',
      share.quotaJobs,
      {
        formula:
          'nominal + borrowed + those that end while the next begin (bound × grace ÷ job, 1 to 150,000): a quota rejects, so the queue must stop jobs first',
        inputs: {
          nominalJobs: share.nominalJobs,
          borrowedJobs: share.borrowedJobs,
          graceSeconds: GRACE_SECONDS,
          serviceSeconds: load.workload.serviceSeconds,
        },
      },
      'Kubernetes, Resource Quotas: what would exceed the quota is refused with 403; pods count until they are terminal',
    ),
  ];
}

function remarks(shares: readonly TenantShare[], { latencyQuantile = DEFAULT_QUANTILE }: Objective): string[] {
  return shares
    .filter(({ nominalJobs: has, wantedJobs }) => has < wantedJobs)
    .map(
      ({ name, nominalJobs: has, wantedJobs, onTimeRatio }) =>
        `${name} wants ${wantedJobs} jobs at its peak and is guaranteed ${has}: ${figure(100 * onTimeRatio)} % end in time unless others leave room, ${figure(100 * latencyQuantile)} % are promised`,
    );
}
