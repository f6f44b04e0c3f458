import type { Objective } from '../flow/queue/workload';
import type { SharePolicyQuestion } from '../flow/shares/policy-workload';
import type { BatchCapacity, BatchTenant } from '../flow/shares/workload';
import { Case } from './case';

const GIB = 1024 ** 3;

/**
 * The rating jobs. Four tenants that fill 9/13 of the cluster: when one submits ten times as much for two hours, in one
 * line, 40 % of the others' jobs are in time.
 */
export const RATING: { capacity: BatchCapacity; tenants: BatchTenant[]; objective: Objective } = {
  capacity: { cpu: 208, memoryBytes: 832 * GIB },
  tenants: ['billing', 'fraud', 'pricing', 'risk'].map((name) => ({
    name,
    jobCpu: 2,
    jobMemoryBytes: 4 * GIB,
    workload: { steadyPerSecond: 0.03, serviceSeconds: 600, serviceVariation: 0.5 },
  })),
  objective: { latencySeconds: 4200, latencyQuantile: 0.95 },
};

/** The same on AWS Batch, where a job has its memory to itself: the vCPUs of the compute environment are what is shared. */
export const RATING_ON_BATCH: SharePolicyQuestion = {
  maxvCpus: RATING.capacity.cpu,
  tenants: RATING.tenants,
  objective: RATING.objective,
};

export const tenantStarvation: Case = {
  number: 20,
  slug: 'tenant-starvation',
  title: 'One tenant starves the others',
  summary:
    "Several tenants run their rating jobs on one cluster, first come, first served. One of them submits ten times its share and holds every slot; only 40 % of the others' jobs are on time. Each tenant needs a guaranteed share, and may borrow capacity that the others leave.",
  levers: ['isolate'],
  difficulty: 'intermediate',
  domains: ['architecture'],
  dependsOn: [],
  headline: {
    text: "other tenants' completion 40 → > 90 %",
    changes: [
      {
        measure: 'completion of the other tenants',
        unit: 'ratio',
        before: { relation: 'is', value: 0.4 },
        after: { relation: 'above', value: 0.9 },
      },
    ],
  },
  constructs: [
    {
      name: 'FairShare',
      engines: ['k8s'],
      form: 'namespaces, Kueue queues with fair-share weights',
      available: true,
      deployed: 'batch-pricing/Rating',
    },
    {
      name: 'FairShare',
      engines: ['aws'],
      form: 'Batch fair-share scheduling policy',
      available: true,
      deployed: 'BatchPricing/Shares/Rating',
    },
  ],
  trap: 'A ResourceQuota rejects pods above it; it neither queues nor shares. The objects shown have no name and cannot be applied.',
  scenario: {
    kind: 'shares',
    calibration:
      'Four tenants submit a job of 10 minutes every 33 s each, which fills 9/13 of 104 places. One of them submits ten times as many for two hours: the line grows to 9,000 s of waiting, a job that has to end within 70 minutes can wait an hour, and 40 % wait no longer. After: each tenant has 19 places of its own, and borrows up to 31 while others leave them; a tenant that needs its own places evicts the youngest borrowed jobs within 30 s, and those jobs start again. On AWS Batch a job takes 60 s more to start, the next place goes to the tenant that used least, and nobody is evicted. The measure counts the jobs submitted from the beginning of the flood until no job of the flooding tenant waits, in twenty floods.',
    answers: [{ measure: 'completion of the other tenants', by: 'othersOnTimeRatio' }],
    ...RATING,
    flood: { tenant: 'risk', factor: 10, seconds: 7200 },
    floods: 20,
  },
};
