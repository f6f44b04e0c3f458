/** The jobs that a tenant wants at the same time, and those that it is guaranteed. */

import { CapacityError } from '../errors';
import { figure } from '../figures';
import { fewestSlots, sojournTail, variationFactor } from '../numerics/erlang';
import { serviceQuantile, serviceTail } from '../numerics/gamma';
import { weightedMaxMin } from '../numerics/max-min';
import type { Objective } from '../queue/workload';
import { jobsIn, leftBy, type TenantLoad } from './load';
import type { BatchCapacity } from './workload';

export const DEFAULT_QUANTILE = 0.99;

/** One tenant's numbers on the way to a share. */
export interface Wanted {
  readonly load: TenantLoad;
  readonly reclaimSeconds: number;
  readonly wantedJobs: number;
}

/** How a tenant gets room back that others use. */
export interface Reclaim {
  /** Seconds until it has it, by how long a job of each other tenant takes at the promised quantile. */
  readonly seconds: (others: readonly number[]) => number;
  /** Ways out of a promise that is too short, by how long a job alone takes then. */
  readonly waysOut: (alone: number) => readonly string[];
}

/** The capacity, as refusals call it. */
export interface Room {
  readonly has: (capacity: BatchCapacity) => string;
  readonly needs: (cpu: number, memoryBytes: number) => string;
  readonly enough: (capacity: BatchCapacity) => string;
}

/** Jobs at the same time that keep the promise, for each tenant by itself. */
export function wantedBy(
  subject: string,
  loads: readonly TenantLoad[],
  objective: Objective,
  reclaim: Reclaim,
): Wanted[] {
  const { latencySeconds, latencyQuantile: quantile = DEFAULT_QUANTILE } = objective;
  return loads.map((load, index) => {
    const { serviceSeconds: mean, serviceVariation: variation, peakPerSecond } = load.workload;
    const others = loads
      .filter((_, i) => i !== index)
      .map(({ workload: w }) => serviceQuantile(quantile, w.serviceSeconds, w.serviceVariation));
    const reclaimSeconds = reclaim.seconds(others);
    const budget = latencySeconds - reclaimSeconds;
    if (!(budget > 0) || serviceTail(budget, mean, variation) >= 0.999 * (1 - quantile)) {
      const alone = Math.ceil(serviceQuantile(1 - 0.99 * (1 - quantile), mean, variation));
      throw new CapacityError(
        subject,
        `a job of ${load.tenant.name} alone takes ${alone} s at ${figure(100 * quantile)} %, lent room is returned within ${reclaimSeconds} s, ${figure(latencySeconds)} s are promised`,
        [`promise at least ${alone + reclaimSeconds} s`, `shorter jobs`, ...reclaim.waysOut(alone)],
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
export function nominalJobs(subject: string, capacity: BatchCapacity, wanted: readonly Wanted[], room: Room): number[] {
  const loads = wanted.map(({ load }) => load);
  const jobs = shareJobs(capacity, wanted);
  const reason = overload(capacity, loads, jobs, room);
  if (reason === undefined) return jobs;
  throw new CapacityError(subject, reason, waysOut(capacity, wanted, room));
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
function overload(
  capacity: BatchCapacity,
  loads: readonly TenantLoad[],
  jobs: readonly number[],
  room: Room,
): string | undefined {
  const has = room.has(capacity);
  const cpu = loads.reduce((sum, load, i) => sum + jobs[i] * load.jobCpu, 0);
  const memory = loads.reduce((sum, load, i) => sum + jobs[i] * load.jobMemoryBytes, 0);
  if (cpu > capacity.cpu * (1 + 1e-9) || memory > capacity.memoryBytes * (1 + 1e-9)) {
    return `the jobs given by hand need ${room.needs(cpu, memory)}, ${has}`;
  }
  for (const [index, { tenant, steadyJobs }] of loads.entries()) {
    if (jobs[index] > steadyJobs) continue;
    return `${tenant.name} keeps ${figure(steadyJobs)} jobs running on average and its share is ${jobs[index]}: it would never catch up (${has})`;
  }
  return undefined;
}

/** Changes that each make it fit; each has been solved. */
function waysOut(capacity: BatchCapacity, wanted: readonly Wanted[], room: Room): string[] {
  const fits = (factor: number, trial = wanted) => {
    const more = { cpu: capacity.cpu * factor, memoryBytes: capacity.memoryBytes * factor };
    return (
      overload(
        more,
        trial.map(({ load }) => load),
        shareJobs(more, trial),
        room,
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
      : [room.enough({ cpu: capacity.cpu * factor, memoryBytes: capacity.memoryBytes * factor })]),
    ...(free.some((one, i) => wanted[i].load.tenant.nominalJobs !== one.load.tenant.nominalJobs) && fits(1, free)
      ? ['leave nominalJobs to the plan']
      : []),
    'fewer or smaller jobs',
  ];
}
