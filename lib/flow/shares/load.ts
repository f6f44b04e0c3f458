/** Load of the tenants: jobs per second with every attempt counted, sizes rounded as the cluster counts them. */

import {
  CONSUMER_DEFAULTS,
  type ResolvedConsumer,
  type ResolvedWorkload,
  resolveWorkload,
  workSeconds,
} from '../queue/resolve';
import type { BatchCapacity, BatchTenant } from './workload';

/** Attempts at a job: the first and `backoffLimit` more (Kubernetes, Jobs: 6 unless set). */
const ATTEMPTS = 7;

const MIB = 1024 ** 2;

/** One tenant with its defaults and its load. */
export interface TenantLoad {
  readonly tenant: BatchTenant;
  readonly workload: ResolvedWorkload;
  readonly weight: number;
  /** Cores of one job, in whole thousandths. */
  readonly jobCpu: number;
  /** Bytes of one job, in whole MiB. */
  readonly jobMemoryBytes: number;
  /** Mean number of jobs that run at the same time, by Little's law. */
  readonly steadyJobs: number;
  /** The same during its peak. */
  readonly peakJobs: number;
}

/**
 * A tenant's load.
 *
 * @param most attempts at a job
 */
export function loadOf(tenant: BatchTenant, most = ATTEMPTS): TenantLoad {
  const given = resolveWorkload(tenant.workload);
  const attempts = workSeconds(given, most) / given.serviceSeconds;
  // From here on an attempt is a job.
  const workload = {
    ...given,
    steadyPerSecond: given.steadyPerSecond * attempts,
    peakPerSecond: given.peakPerSecond * attempts,
    failureRatio: 0,
    poisonRatio: 0,
  };
  return {
    tenant,
    workload,
    weight: tenant.weight ?? 1,
    jobCpu: Math.ceil(tenant.jobCpu * 1000 - 1e-6) / 1000,
    jobMemoryBytes: Math.ceil(tenant.jobMemoryBytes / MIB) * MIB,
    steadyJobs: workload.steadyPerSecond * workload.serviceSeconds,
    peakJobs: workload.peakPerSecond * workload.serviceSeconds,
  };
}

/** Jobs of that tenant that fit into the capacity. */
export function jobsIn({ cpu, memoryBytes }: BatchCapacity, { jobCpu, jobMemoryBytes }: TenantLoad): number {
  // Thousandths of a core are no binary fractions: 0.3 ÷ 0.1 must be 3.
  return Math.max(0, Math.floor(Math.min(cpu / jobCpu, memoryBytes / jobMemoryBytes) + 1e-9));
}

/** Capacity left when each tenant runs this many jobs. */
export function leftBy(capacity: BatchCapacity, loads: readonly TenantLoad[], jobs: readonly number[]): BatchCapacity {
  const used = (size: (load: TenantLoad) => number) => loads.reduce((sum, load, i) => sum + jobs[i] * size(load), 0);
  return {
    cpu: Math.max(0, Math.round((capacity.cpu - used((load) => load.jobCpu)) * 1e6) / 1e6),
    memoryBytes: Math.max(0, capacity.memoryBytes - used((load) => load.jobMemoryBytes)),
  };
}

/** A crew of constant size. */
export function places(count: number): ResolvedConsumer {
  return {
    ...CONSUMER_DEFAULTS,
    minInstances: count,
    maxInstances: count,
    // Never reached: the crew is at its maximum.
    backlogPerInstance: Number.MAX_SAFE_INTEGER,
    maxAttempts: 1,
  };
}
