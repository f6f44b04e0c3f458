import { MomentHeap } from '../../numerics/heap';
import type { Random } from '../../numerics/random';
import { ServiceTime } from '../../numerics/random';
import type { Flood } from '../flood';
import type { TenantLoad } from '../load';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min } = Math;

/** A flood and the rest of its day. */
const DAY_SECONDS = 86_400;

/** A job as it is submitted. */
export interface Job {
  /** Its tenant, by its place in the list. */
  readonly tenant: number;
  readonly submittedSeconds: number;
  readonly serviceSeconds: number;
}

/** Result for the jobs of one flood. */
export interface BatchResult {
  /** When each job ended, in their order. */
  readonly endSeconds: readonly number[];
  /** The first moment after the flood at which no job of the tenant that floods waits. */
  readonly calmSeconds: number;
}

/** Jobs of a day that begins with a flood, in the order of their submission: Poisson, each tenant at its peak rate. */
export function submittedJobs(loads: readonly TenantLoad[], flood: Flood, random: Random): Job[] {
  const jobs = loads.flatMap(({ tenant: { name }, workload }, tenant) => {
    const { peakPerSecond, serviceSeconds, serviceVariation } = workload;
    const service = new ServiceTime(serviceSeconds, serviceVariation);
    const submitted: Job[] = [];
    const submit = (from: number, to: number, perSecond: number) => {
      for (let now = from + random.exponential() / perSecond; now < to; now += random.exponential() / perSecond) {
        submitted.push({ tenant, submittedSeconds: now, serviceSeconds: service.draw(random) });
      }
    };
    submit(0, flood.seconds, peakPerSecond * (name === flood.tenant ? flood.factor : 1));
    submit(flood.seconds, DAY_SECONDS, peakPerSecond);
    return submitted;
  });
  return jobs.sort((one, other) => one.submittedSeconds - other.submittedSeconds);
}

/**
 * All tenants in one line, first come, first served.
 *
 * Source: Kiefer & Wolfowitz, "On the theory of queues with many servers", Trans. AMS 78 (1955).
 */
export function runInOneLine(jobs: readonly Job[], places: number, floodSeconds: number): BatchResult {
  const free = new MomentHeap(places);
  for (let place = 0; place < places; place += 1) free.push(0, place);
  let calmSeconds = Number.POSITIVE_INFINITY;
  const endSeconds = jobs.map(({ submittedSeconds, serviceSeconds }) => {
    const start = max(submittedSeconds, free.next);
    if (submittedSeconds >= floodSeconds && start === submittedSeconds) {
      calmSeconds = min(calmSeconds, submittedSeconds);
    }
    free.replaceNext(start + serviceSeconds, free.nextValue);
    return start + serviceSeconds;
  });
  return { endSeconds, calmSeconds };
}
