import { type CaseExercises, sized } from './exercise';
import { BOUNDS_DISRUPTIONS, runsImage } from './shows';

export const ALLOCATION_OUTRUNS_GC_EXERCISES: CaseExercises = {
  number: 10,
  basic: {
    task: 'A heap fills its container so that the kernel ends it, and another container is given two sizes of one heap. Leave room for what is not heap, and give one size.',
    rules: ['BP-JVM-001', 'BP-JVM-005'],
  },
  advanced: sized('jvm', {
    task: 'A service allocates 750 MB a second and keeps 800 MB. Java 21 runs it on four cores, and a request may wait for a collection 5 ms at most. Choose the heap so that 99 of 100 requests take 200 ms or less and no allocation has to wait. At most 2,500,000,000 bytes of heap are paid for.',
    answers: { heapBytes: 'bytes of the heap' },
    bounds: { heapBytes: { atMost: 2_500_000_000 } },
    asked: (scenario, answers) => ({ ...scenario, question: { ...scenario.question, ...answers } }),
  }),
  project: {
    task: 'Build the service: a heap and a collector that are named, a container with room for what is not heap, a log of the collector that is rotated and exported, and alerts on allocations that wait, on pauses and on the container.',
    resources: {
      'apps/Deployment': 1,
      'policy/PodDisruptionBudget': 1,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
    shows: [
      runsImage('apps/Deployment'),
      {
        claim: 'a heap and a collector are named, in a container with a limit',
        types: ['apps/Deployment'],
        lines: [/-Xmx\d|MaxRAMPercentage=\d/, /\+Use\w+GC\b/, /resources\.limits\.memory: \S/],
      },
      {
        claim: 'the log of the collector is rotated',
        types: ['apps/Deployment'],
        lines: [/-Xlog:\S*file/, /filecount=\d/],
      },
      BOUNDS_DISRUPTIONS,
    ],
    alerts: { 'allocations that wait': /stall|allocation/i, pauses: /pause/i, 'the container': /container|memory/i },
  },
};
