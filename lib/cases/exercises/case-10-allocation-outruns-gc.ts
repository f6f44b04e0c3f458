import { type CaseExercises, sized } from './exercise';

export const ALLOCATION_OUTRUNS_GC_EXERCISES: CaseExercises = {
  number: 10,
  basic: {
    task: 'A heap fills its container so that the kernel ends it, and another container is given two sizes of one heap. Leave room for what is not heap, and give one size.',
    rules: ['BP-JVM-001', 'BP-JVM-005'],
  },
  advanced: sized('jvm', {
    task: 'A service allocates 750 MB a second and keeps 800 MB. Java 21 runs it on four cores, and a request may wait for a collection 5 ms at most. Choose the heap so that 99 of 100 requests take 200 ms or less and no allocation has to wait.',
    answers: { heapBytes: 'bytes of the heap' },
    asked: (scenario, answers) => ({ ...scenario, question: { ...scenario.question, ...answers } }),
  }),
  project: {
    task: 'Build the service: a heap and a collector that are named, a container with room for what is not heap, a log of the collector that is rotated and exported, and alerts on allocations that wait, on pauses and on the container.',
    resources: {
      'apps/Deployment': 1,
      'policy/PodDisruptionBudget': 1,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
  },
};
