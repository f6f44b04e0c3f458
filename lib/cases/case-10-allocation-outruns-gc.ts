import type { JvmChoices, JvmObjective, JvmWorkload } from '../flow/jvm/workload';
import { Case } from './case';

/**
 * 143.5 requests a second, each 20 ms of work for one of four threads; 750 MB are allocated a second, and 800 MB stay.
 */
export const BUSY_JVM: { workload: JvmWorkload; objective: JvmObjective } & Pick<JvmChoices, 'jdk' | 'cpu'> = {
  workload: {
    allocationBytesPerSecond: 750e6,
    liveBytes: 800e6,
    requestsPerSecond: 143.5,
    serviceSeconds: 0.02,
    requestThreads: 4,
  },
  objective: { pauseSeconds: 0.005, latencySeconds: 0.2 },
  jdk: 21,
  cpu: 4,
};

export const allocationOutrunsGc: Case = {
  number: 10,
  slug: 'allocation-outruns-gc',
  title: 'Allocation outruns the GC',
  summary:
    'A busy service makes short-lived objects faster than the collector reclaims them. Some reach the old generation, the heap has no head-room for a concurrent collection, and requests stall while it catches up. The heap has to hold the live set and the allocations of two cycles, because what is allocated during one outlives it, and the container has to hold the heap.',
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
    {
      name: 'JvmService',
      engines: ['k8s'],
      form: 'Deployment with derived heap, container and collector',
      available: true,
      deployed: 'services/Api',
    },
    {
      name: 'JvmService',
      engines: ['aws'],
      form: 'Fargate tasks with derived heap, size and collector',
      available: true,
      deployed: 'WebTier/Api',
    },
  ],
  trap: '`MaxGCPauseMillis` means nothing to ZGC; a 4 GiB heap needs a container well above 4 GiB; ZGC of JDK 17 has no generations.',
  scenario: {
    kind: 'jvm',
    calibration:
      'Before: four threads, 143.5 requests a second of 20 ms (exponential), 71.8 % of the threads. After each 0.9 s of running everything stops for 0.3 s: 300 MB of survivors, copied at 1 GB/s. So 95.7 % of the time that is left is used. The number of threads belongs to it: sixteen, at 88 % of the time that is left, have a P99 of 345 ms with the same pause. After: ZGC of Java 21 with the heap of the plan, whose pauses stay below a millisecond; the processors that it takes are taken from the requests.',
    answers: [
      { measure: 'latency P99', by: 'latencyP99Seconds' },
      { measure: 'collector pause', by: 'pauseSeconds' },
    ],
    question: BUSY_JVM,
    before: { runSeconds: 0.9, stopSeconds: 0.3 },
  },
};
