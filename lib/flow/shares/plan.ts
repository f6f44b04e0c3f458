/** Shares of a cluster that several tenants submit jobs to, every knob with its reason. */

import { CapacityError, type Check, validate } from '../errors';
import { figure } from '../figures';
import { fewestSlots, sojournTail, variationFactor } from '../numerics/erlang';
import { serviceQuantile, serviceTail } from '../numerics/gamma';
import { weightedMaxMin } from '../numerics/max-min';
import { type Knob, unlessGiven } from '../plan';
import { forecast } from '../queue/forecast/predict';
import type { Objective } from '../queue/workload';
import { shareAlarmKnobs } from './alarms';
import { MOST_JOBS, sharesChecks } from './checks';
import { jobsIn, leftBy, loadOf, places, type TenantLoad } from './load';
import { type BatchCapacity, SharesPlan, type SharesQuestion, type TenantShare } from './workload';

/** A pod that is evicted has as long to end (Kubernetes, Pod lifecycle: `terminationGracePeriodSeconds`, 30 unless set). */
const GRACE_SECONDS = 30;
const DEFAULT_QUANTILE = 0.99;

/** One tenant's numbers on the way to a share. */
interface Wanted {
  readonly load: TenantLoad;
  readonly reclaimSeconds: number;
  readonly wantedJobs: number;
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
  const wanted = wantedBy(subject, tenants.map(loadOf), objective, byPreemption);
  const loads = wanted.map(({ load }) => load);
  const nominal = nominalJobs(subject, capacity, wanted);
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

/** Jobs at the same time that keep the promise, for each tenant by itself. */
function wantedBy(
  subject: string,
  loads: readonly TenantLoad[],
  objective: Objective,
  byPreemption: boolean,
): Wanted[] {
  const { latencySeconds, latencyQuantile: quantile = DEFAULT_QUANTILE } = objective;
  return loads.map((load, index) => {
    const { serviceSeconds: mean, serviceVariation: variation, peakPerSecond } = load.workload;
    const others = loads
      .filter((_, i) => i !== index)
      .map(({ workload: w }) => serviceQuantile(quantile, w.serviceSeconds, w.serviceVariation));
    const reclaimSeconds = byPreemption ? GRACE_SECONDS : Math.ceil(Math.max(0, ...others));
    const budget = latencySeconds - reclaimSeconds;
    if (!(budget > 0) || serviceTail(budget, mean, variation) >= 0.999 * (1 - quantile)) {
      const alone = Math.ceil(serviceQuantile(1 - 0.99 * (1 - quantile), mean, variation));
      throw new CapacityError(
        subject,
        `a job of ${load.tenant.name} alone takes ${alone} s at ${figure(100 * quantile)} %, lent room is returned within ${reclaimSeconds} s, ${figure(latencySeconds)} s are promised`,
        [
          `promise at least ${alone + reclaimSeconds} s`,
          `shorter jobs`,
          ...(byPreemption ? [] : ['let lent room be reclaimed by preemption']),
        ],
      );
    }
    const wantedJobs = fewestSlots(load.peakJobs, (slots, waiting) => {
      const decay = (slots / mean - peakPerSecond) / variationFactor(variation);
      return sojournTail(budget, mean, variation, waiting, decay) <= 1 - quantile;
    });
    return { load, reclaimSeconds, wantedJobs };
  });
}

/** Weighted max-min of each resource, in whole jobs; shares given by hand are taken out first. */
function nominalJobs(subject: string, capacity: BatchCapacity, wanted: readonly Wanted[]): number[] {
  const loads = wanted.map(({ load }) => load);
  const jobs = shareJobs(capacity, wanted);
  const reason = overload(capacity, loads, jobs);
  if (reason === undefined) return jobs;
  throw new CapacityError(subject, reason, waysOut(capacity, wanted));
}

function shareJobs(capacity: BatchCapacity, wanted: readonly Wanted[]): number[] {
  const given = wanted.map(({ load }) => load.tenant.nominalJobs);
  const open = wanted.filter((_, index) => given[index] === undefined);
  const left = leftBy(
    capacity,
    wanted.map(({ load }) => load),
    given.map((jobs) => jobs ?? 0),
  );
  const shared = (room: number, size: (load: TenantLoad) => number) =>
    weightedMaxMin(
      room,
      open.map((one) => one.wantedJobs * size(one.load)),
      open.map((one) => one.load.weight),
    );
  const cpu = shared(left.cpu, (load) => load.jobCpu);
  const memoryBytes = shared(left.memoryBytes, (load) => load.jobMemoryBytes);
  return wanted.map((one, index) => {
    const place = open.indexOf(one);
    return given[index] ?? jobsIn({ cpu: cpu[place], memoryBytes: memoryBytes[place] }, one.load);
  });
}

/** The first thing that does not fit, in words. */
function overload(capacity: BatchCapacity, loads: readonly TenantLoad[], jobs: readonly number[]): string | undefined {
  const has = `the cluster has ${figure(capacity.cpu)} cores and ${figure(capacity.memoryBytes / 1024 ** 3)} GiB`;
  const cpu = loads.reduce((sum, load, i) => sum + jobs[i] * load.jobCpu, 0);
  const memory = loads.reduce((sum, load, i) => sum + jobs[i] * load.jobMemoryBytes, 0);
  if (cpu > capacity.cpu * (1 + 1e-9) || memory > capacity.memoryBytes * (1 + 1e-9)) {
    return `the jobs given by hand need ${figure(cpu)} cores and ${figure(memory / 1024 ** 3)} GiB, ${has}`;
  }
  for (const [index, { tenant, steadyJobs }] of loads.entries()) {
    if (jobs[index] > steadyJobs) continue;
    return `${tenant.name} keeps ${figure(steadyJobs)} jobs running on average and its share is ${jobs[index]}: it would never catch up (${has})`;
  }
  return undefined;
}

/** Changes that each make it fit; each has been solved. */
function waysOut(capacity: BatchCapacity, wanted: readonly Wanted[]): string[] {
  const fits = (factor: number, trial = wanted) => {
    const more = { cpu: capacity.cpu * factor, memoryBytes: capacity.memoryBytes * factor };
    return (
      overload(
        more,
        trial.map(({ load }) => load),
        shareJobs(more, trial),
      ) === undefined
    );
  };
  const factor = Array.from({ length: 200 }, (_, step) => 1.05 ** (step + 1)).find((one) => fits(one));
  const free = wanted.map((one) => ({
    ...one,
    load: { ...one.load, tenant: { ...one.load.tenant, nominalJobs: undefined } },
  }));
  return [
    ...(factor === undefined
      ? []
      : [
          `${figure(Math.ceil(capacity.cpu * factor))} cores with ${figure(Math.ceil((capacity.memoryBytes * factor) / 1024 ** 3))} GiB`,
        ]),
    ...(free.some((one, i) => wanted[i].load.tenant.nominalJobs !== one.load.tenant.nominalJobs) && fits(1, free)
      ? ['leave nominalJobs to the plan']
      : []),
    'fewer or smaller jobs',
  ];
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
