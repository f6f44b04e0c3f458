import type { Objective } from '../flow/queue/workload';
import type { BatchCapacity, BatchTenant } from '../flow/shares/workload';
import { Case } from './case';

const GIB = 1024 ** 3;

/**
 * The rating jobs. Four tenants that fill 9/13 of the cluster: ten times one of them for two hours, in one line, leaves
 * the others 40 % of their jobs in time.
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

export const tenantStarvation: Case = {
  number: 20,
  slug: 'tenant-starvation',
  title: 'One tenant starves the others',
  summary:
    'Several tenants run their rating jobs on one cluster, first come, first served. One of them submits ten times its share and holds every slot; the jobs of the others are on time four times in ten. Each tenant needs a share that it gets whenever it asks, and may borrow what the others leave.',
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
    { name: 'FairShare', engines: ['k8s'], form: 'namespaces, Kueue queues with fair-share weights', available: true },
    { name: 'FairShare', engines: ['aws'], form: 'Batch fair-share scheduling policy', available: false },
  ],
  trap: 'A ResourceQuota rejects what is above it; it neither queues nor shares. The objects shown have no name and do not apply.',
  scenario: {
    kind: 'shares',
    calibration:
      'Four tenants submit a job of 10 minutes every 33 s each, which fills 9/13 of 104 places. One of them submits ten times as many for two hours: the line grows to 9,000 s of waiting, a job that has to end within 70 minutes bears an hour of it, and four in ten find no more than that. After: 19 places are always a tenant’s own, and it borrows up to 31 while others leave them; whoever comes into its own evicts the youngest of the borrowed jobs within 30 s, and that job begins anew. Counted are the jobs submitted from the beginning of the flood until no job of the tenant that floods waits, in twenty floods.',
    answers: [{ measure: 'completion of the other tenants', by: 'othersOnTimeRatio' }],
    ...RATING,
    flood: { tenant: 'risk', factor: 10, seconds: 7200 },
    floods: 20,
  },
};
