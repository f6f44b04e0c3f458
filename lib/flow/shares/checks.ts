/** The validation table of a shared cluster. */
import { above0, type Check, inRange, isKnown, oneOf, present, required, shown, wholeNumber } from '../errors';
import { type Fields, listChecks, objectChecks } from '../fields';
import { mostBusySlots, objectiveChecks, workloadChecks } from '../queue/resolve';
import type { Objective } from '../queue/workload';
import type { BatchCapacity, BatchTenant, SharesQuestion } from './workload';

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

const QUESTION_FIELDS: Fields<SharesQuestion> = {
  capacity: true,
  tenants: true,
  objective: true,
  reclaimByPreemption: true,
};
const CAPACITY_FIELDS: Fields<BatchCapacity> = { cpu: true, memoryBytes: true };
const TENANT_FIELDS: Fields<BatchTenant> = {
  name: true,
  workload: true,
  jobCpu: true,
  jobMemoryBytes: true,
  weight: true,
  nominalJobs: true,
  borrowedJobs: true,
};

/** Checks a cluster, its tenants and the promise. */
export function sharesChecks(question: SharesQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ capacity, tenants, objective, ...choices }) => [
    ...objectChecks('capacity', capacity, CAPACITY_FIELDS, ({ cpu, memoryBytes }) => [
      required(above0, 'capacity.cpu', cpu, MOST_CPU),
      required(above0, 'capacity.memoryBytes', memoryBytes, MOST_MEMORY_BYTES),
    ]),
    ...listChecks('tenants', tenants, (list) => tenantListChecks(list, capacity, KUEUE_ZERO)),
    oneOf('reclaimByPreemption', choices.reclaimByPreemption, [true, false]),
    ...promiseChecks(objective),
  ]);
}

/** What a weight of 0 is to Kueue. */
const KUEUE_ZERO = 'to Kueue that is a tenant that is always preempted first, and never comes into a share';

/** The promise to the tenants, whatever schedules their jobs. */
export function promiseChecks(objective: Objective | undefined): Check[] {
  return [
    ...(objective === undefined
      ? [present('objective', objective)]
      : objectiveChecks(objective).map(prefixed('objective'))),
    {
      refused: objective?.maxBacklog !== undefined || objective?.monthlyCost !== undefined,
      message: 'objective.maxBacklog and objective.monthlyCost must be left out: shares are sized by latency',
    },
  ];
}

/**
 * The tenants, whatever schedules their jobs.
 *
 * @param zeroWeight what a weight of 0 would be to the scheduler
 */
export function tenantListChecks(
  list: readonly BatchTenant[],
  capacity: Partial<BatchCapacity> | undefined,
  zeroWeight: string,
): Check[] {
  const names = list.map((tenant) => tenant?.name);
  return [
    { refused: list.length === 0, message: 'tenants must name at least one, got none' },
    {
      refused: new Set(names).size < names.length,
      message: `tenants must have different names, got ${names.map(String).join(', ')}`,
    },
    ...list.flatMap((tenant) =>
      objectChecks('tenants', tenant, TENANT_FIELDS, () => tenantChecks(tenant, capacity, zeroWeight)),
    ),
  ];
}

function tenantChecks(tenant: BatchTenant, capacity: Partial<BatchCapacity> | undefined, zeroWeight: string): Check[] {
  const { name, workload, weight, jobCpu, jobMemoryBytes } = tenant;
  const { cpu, memoryBytes } = capacity ?? {};
  const of = (field: string) => `tenants.${field} of ${String(name)}`;
  const busy = workload ? mostBusySlots(workload) : 0;
  return [
    {
      refused: typeof name !== 'string' || !/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name),
      message: `tenants.name must be 1 to 40 lower-case letters, digits and hyphens, beginning with a letter, got ${shown(name)}`,
    },
    ...workloadChecks(workload).map(prefixed(of('workload'))),
    {
      refused: Boolean(workload?.burstItems),
      message: `${of('workload')} must not have burstItems: a share is planned for jobs that come at random, got ${shown(workload?.burstItems)}; give peakPerSecond and peakSeconds`,
    },
    {
      refused: busy > MOST_JOBS,
      message: `${of('workload')} keeps ${busy} jobs running, at most ${MOST_JOBS} pods run in a cluster`,
    },
    {
      refused: weight === 0,
      message: `${of('weight')} must not be 0: ${zeroWeight}`,
    },
    weight === 0 ? PASSED : inRange(of('weight'), weight, LEAST_WEIGHT, MOST_WEIGHT),
    required(inRange, of('jobCpu'), jobCpu, LEAST_CPU, isKnown(cpu) && cpu > 0 ? cpu : MOST_CPU),
    required(
      above0,
      of('jobMemoryBytes'),
      jobMemoryBytes,
      isKnown(memoryBytes) && memoryBytes > 0 ? memoryBytes : MOST_MEMORY_BYTES,
    ),
    wholeNumber(of('nominalJobs'), tenant.nominalJobs, 1, MOST_JOBS),
    wholeNumber(of('borrowedJobs'), tenant.borrowedJobs, 0, MOST_JOBS),
  ];
}

const PASSED: Check = { refused: false, message: '' };

function prefixed(prefix: string): (check: Check) => Check {
  return ({ refused, message }) => ({ refused, message: `${prefix}: ${message}` });
}
