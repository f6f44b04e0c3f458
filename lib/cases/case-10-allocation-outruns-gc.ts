import { Case } from './case';

export const allocationOutrunsGc: Case = {
  number: 10,
  slug: 'allocation-outruns-gc',
  title: 'Allocation outruns the GC',
  summary:
    'A busy service makes short-lived objects faster than the collector reclaims them. Some reach the old generation, the heap has no head-room for a concurrent collection, and requests stall while it catches up. The heap has to hold the live set plus the allocations of one cycle, and the container has to hold the heap.',
  levers: ['bound'],
  difficulty: 'advanced',
  domains: ['performance', 'diagnosis'],
  dependsOn: [],
  headline: {
    text: 'P99 800 → 200 ms; pause 300 → < 50 ms',
    changes: [
      {
        measure: 'latency P99',
        unit: 's',
        before: { relation: 'is', value: 0.8 },
        after: { relation: 'at most', value: 0.2 },
      },
      {
        measure: 'collector pause',
        unit: 's',
        before: { relation: 'is', value: 0.3 },
        after: { relation: 'below', value: 0.05 },
      },
    ],
  },
  constructs: [
    { name: 'JvmService', engines: ['k8s'], form: 'Deployment with derived heap and collector', available: false },
    { name: 'JvmService', engines: ['aws'], form: 'Fargate task with derived heap and collector', available: false },
  ],
  trap: '`MaxGCPauseMillis` means nothing to ZGC; a 4 GiB heap needs a container well above 4 GiB; ZGC of JDK 17 has no generations.',
};
