import { Case } from './case';

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
};
