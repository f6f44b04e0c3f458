/**
 * The effect on all tenants when one submits a multiple of its stated rate: in one shared line, and under the plan.
 */

import { validate } from '../errors';
import { erlangC, sojournTail, waitDecay } from '../numerics/erlang';
import { serviceTail } from '../numerics/gamma';
import { forecast } from '../queue/forecast/predict';
import { loadOf, places, type TenantLoad } from './load';
import type { BatchCapacity, BatchTenant, FloodForecast } from './workload';

/** The flood: tenant, multiple of its peak rate, duration. */
export interface Flood {
  readonly tenant: string;
  /** Times its own peak rate. At least 1. */
  readonly factor: number;
  /** Above 0. */
  readonly seconds: number;
}

/** What a forecast needs of a plan, whatever schedules the jobs. */
export interface FloodedPlan {
  readonly subject: string;
  readonly tenants: readonly { readonly nominalJobs: number; readonly borrowedJobs: number }[];
  /** The value of a knob. */
  value(name: string): number;
}

/**
 * Forecasts a flood while all other tenants submit at their peak rates.
 *
 * @param latencySeconds within which a job has to end
 * @param load how much of the capacity a tenant takes; default: while its jobs run
 * @throws InvalidInputError when factor or duration is out of range, or the tenant is unknown
 */
export function forecastFlood(
  plan: FloodedPlan,
  capacity: BatchCapacity,
  tenants: readonly BatchTenant[],
  latencySeconds: number,
  flood: Flood,
  load: (tenant: BatchTenant) => TenantLoad = (one) => loadOf(one),
): FloodForecast[] {
  const { tenant, factor, seconds } = flood;
  validate(plan.subject, [
    {
      refused: !tenants.some(({ name }) => name === tenant),
      message: `flood.tenant must be a tenant, got '${tenant}'`,
    },
    { refused: !(factor >= 1 && factor <= 1000), message: `flood.factor must be between 1 and 1000, got ${factor}` },
    { refused: !(seconds > 0 && seconds <= 31_536_000), message: `flood.seconds must be above 0, got ${seconds}` },
  ]);
  const loads = tenants.map(load);
  const times = loads.map(({ tenant: { name } }) => (name === tenant ? factor : 1));
  const reclaim = plan.value('reclaimSeconds');
  return loads.map((own, index) => {
    const { nominalJobs } = plan.tenants[index];
    const flooding = own.tenant.name === tenant;
    // A tenant within its share waits for its lent places; the flooding tenant runs in places that the others leave.
    const jobs = flooding ? nominalJobs + lentJobs(capacity, loads, plan, index) : nominalJobs;
    const workload = {
      ...own.workload,
      peakPerSecond: own.workload.peakPerSecond * times[index],
      peakSeconds: flooding ? seconds : Math.max(seconds, own.workload.peakSeconds),
    };
    const { latency } = forecast(workload, places(jobs));
    return {
      name: own.tenant.name,
      before: onTimeInOneLine(capacity, loads, times, seconds, latencySeconds, own),
      after: ratio(1 - latency().tail(Math.max(0, latencySeconds - (flooding ? 0 : reclaim)))),
    };
  });
}

/**
 * Mean number of jobs that a tenant runs beyond its own, in places that the others leave. Their use varies around its
 * mean, and places above the bound are not used: E[min(bound, left)] is less than min(bound, E[left]). Concurrent jobs
 * are Poisson where none waits (M/G/∞), here a gamma law of the same mean and variance.
 */
function lentJobs(capacity: BatchCapacity, loads: readonly TenantLoad[], plan: FloodedPlan, index: number): number {
  const { nominalJobs, borrowedJobs } = plan.tenants[index];
  const others = loads.flatMap((load, i) =>
    i === index ? [] : [{ load, jobs: Math.min(load.peakJobs, plan.tenants[i].nominalJobs) }],
  );
  const lent = (has: number, size: (load: TenantLoad) => number) => {
    const mean = others.reduce((sum, { load, jobs }) => sum + jobs * size(load), 0);
    const variance = others.reduce((sum, { load, jobs }) => sum + jobs * size(load) ** 2, 0);
    const own = size(loads[index]);
    // ∫ P(left > x) dx from 0 to the bound.
    const steps = 100;
    let sum = 0;
    for (let step = 0; step < steps; step += 1) {
      const left = has - own * (nominalJobs + (borrowedJobs * (step + 0.5)) / steps);
      if (left > 0) sum += mean > 0 ? 1 - serviceTail(left, mean, Math.sqrt(variance) / mean) : 1;
    }
    return (borrowedJobs * sum) / steps;
  };
  return Math.floor(
    Math.min(
      lent(capacity.cpu, ({ jobCpu }) => jobCpu),
      lent(capacity.memoryBytes, ({ jobMemoryBytes }) => jobMemoryBytes),
    ),
  );
}

/**
 * One line, first come, first served, over the resource that is scarcer. Above its capacity the line grows evenly for
 * the length of the flood and shrinks evenly after it, so a tenant that submits evenly has every wait between none and
 * the longest, (load − 1) × seconds, equally often.
 *
 * Source: Newell, Applications of Queueing Theory (1982), 2 (fluid approximation).
 */
function onTimeInOneLine(
  capacity: BatchCapacity,
  loads: readonly TenantLoad[],
  times: readonly number[],
  seconds: number,
  latencySeconds: number,
  { workload: { serviceSeconds: mean, serviceVariation: variation } }: TenantLoad,
): number {
  const used = (size: (load: TenantLoad) => number) =>
    loads.reduce((sum, load, i) => sum + times[i] * load.peakJobs * size(load), 0);
  const load = Math.max(
    used(({ jobCpu }) => jobCpu) / capacity.cpu,
    used((one) => one.jobMemoryBytes) / capacity.memoryBytes,
  );
  if (load <= 1) return inCalm(loads, times, load, latencySeconds, mean, variation);
  const longest = (load - 1) * seconds;
  // E[P(S ≤ D − w)] over w: service longer than the promise is late for any wait.
  const steps = 400;
  let late = 0;
  for (let step = 0; step < steps; step += 1) {
    late += serviceTail(latencySeconds - (longest * (step + 0.5)) / steps, mean, variation);
  }
  return ratio(1 - late / steps);
}

/** Below capacity: the wait of all tenants' jobs as if they were of one kind, then this tenant's own service. */
function inCalm(
  loads: readonly TenantLoad[],
  times: readonly number[],
  load: number,
  latencySeconds: number,
  mean: number,
  variation: number,
): number {
  const arrivalsPerSecond = loads.reduce((sum, one, i) => sum + times[i] * one.workload.peakPerSecond, 0);
  const busy = loads.reduce((sum, one, i) => sum + times[i] * one.peakJobs, 0);
  const stage = {
    arrivalsPerSecond,
    serviceSeconds: busy / arrivalsPerSecond,
    slots: Math.max(1, Math.round(busy / load)),
  };
  const waiting = erlangC(stage.slots, busy);
  return ratio(1 - sojournTail(latencySeconds, mean, variation, waiting, Math.max(1e-12, waitDecay(stage))));
}

function ratio(value: number): number {
  return Math.min(1, Math.max(0, value));
}
