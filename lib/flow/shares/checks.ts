/** The validation table of a shared cluster. */
import { resolveArrivals } from '../arrivals';
import { type Check, inRange, shown, wholeNumber } from '../errors';
import { objectiveChecks, workloadChecks } from '../queue/resolve';
import type { Objective } from '../queue/workload';
import type { BatchCapacity, BatchTenant } from './workload';

/** More pods than any cluster runs (Kubernetes, Considerations for large clusters: 150,000 pods). */
export const MOST_JOBS = 150_000;
/** Cores at most. */
export const MOST_CPU = 1e6;
/** Kubernetes counts no finer than a thousandth of a core. */
export const LEAST_CPU = 0.001;
/** Bytes of memory at most. */
export const MOST_MEMORY_BYTES = 1e16;
/** Kueue counts weights no finer than a thousandth. */
export const LEAST_WEIGHT = 0.001;
export const MOST_WEIGHT = 1e6;

/** Checks a cluster, its tenants and the promise. */
export function sharesChecks(capacity: BatchCapacity, tenants: readonly BatchTenant[], objective: Objective): Check[] {
  const { cpu, memoryBytes } = capacity;
  const names = tenants.map(({ name }) => name);
  return [
    above('capacity.cpu', cpu, MOST_CPU),
    above('capacity.memoryBytes', memoryBytes, MOST_MEMORY_BYTES),
    { refused: tenants.length === 0, message: 'tenants must name at least one, got none' },
    {
      refused: new Set(names).size < names.length,
      message: `tenants must have different names, got ${names.join(', ')}`,
    },
    ...objectiveChecks(objective).map(prefixed('objective')),
    {
      refused: objective.maxBacklog !== undefined || objective.monthlyCost !== undefined,
      message: 'objective.maxBacklog and objective.monthlyCost must be left out: shares are sized by latency',
    },
    ...tenants.flatMap((tenant) => tenantChecks(tenant, capacity)),
  ];
}

function tenantChecks(tenant: BatchTenant, { cpu, memoryBytes }: BatchCapacity): Check[] {
  const { name, workload, weight, jobCpu, jobMemoryBytes } = tenant;
  const of = (field: string) => `tenants.${field} of ${name}`;
  const { steadyPerSecond, peakPerSecond } = resolveArrivals(workload);
  const busy = Math.max(steadyPerSecond, peakPerSecond) * workload.serviceSeconds;
  return [
    {
      refused: typeof name !== 'string' || !/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name),
      message: `tenants.name must be 1 to 40 lower-case letters, digits and hyphens, beginning with a letter, got ${shown(name)}`,
    },
    ...workloadChecks(workload).map(prefixed(of('workload'))),
    {
      refused: busy > MOST_JOBS,
      message: `${of('workload')} keeps ${busy} jobs running, at most ${MOST_JOBS} pods run in a cluster`,
    },
    {
      refused: weight === 0,
      message: `${of('weight')} must not be 0: to Kueue that is a tenant that is always preempted first, and never comes into a share`,
    },
    weight === 0 ? PASSED : inRange(of('weight'), weight, LEAST_WEIGHT, MOST_WEIGHT),
    inRange(of('jobCpu'), jobCpu, LEAST_CPU, cpu > 0 ? cpu : MOST_CPU),
    above(of('jobMemoryBytes'), jobMemoryBytes, memoryBytes > 0 ? memoryBytes : MOST_MEMORY_BYTES),
    wholeNumber(of('nominalJobs'), tenant.nominalJobs, 1, MOST_JOBS),
    wholeNumber(of('borrowedJobs'), tenant.borrowedJobs, 0, MOST_JOBS),
  ];
}

const PASSED: Check = { refused: false, message: '' };

function above(name: string, value: number, max: number): Check {
  return { refused: !(value > 0 && value <= max), message: `${name} must be above 0, at most ${max}, got ${value}` };
}

function prefixed(prefix: string): (check: Check) => Check {
  return ({ refused, message }) => ({ refused, message: `${prefix}: ${message}` });
}
