import { type CaseExercises, sized } from './exercise';
import { BOUNDS_DISRUPTIONS, runsImage, scaledOn } from './shows';

export const UNBOUNDED_THREAD_POOL_EXERCISES: CaseExercises = {
  number: 12,
  basic: {
    task: 'A full pool answers with a server error where the caller could try again, and a circuit breaker waits without a time-out. Mend both.',
    rules: ['BP-POOL-001', 'BP-POOL-002'],
  },
  advanced: sized('services', {
    task: 'Requests come at 250 a second, and at 543 a second for half an hour; one takes 0.1 s in one of 30 slots of an instance. Choose how many instances always run, how many there may be, and how many requests wait in one of them, so that 99 of 100 are answered within 400 ms and fewer than 1.5 % are refused. At most 3 instances may run always, and 4 in the peak.',
    answers: {
      minInstances: 'instances that always run',
      maxInstances: 'instances at most',
      queueBound: 'requests that wait in an instance at most',
    },
    bounds: { minInstances: { atMost: 3 }, maxInstances: { atMost: 4 } },
    asked: (scenario, answers) => ({ ...scenario, question: { ...scenario.question, ...answers } }),
  }),
  project: {
    task: 'Build the service: a bound on the work and on what waits, time-outs that nest, an autoscaler on the work in hand, a budget of disruptions, and alerts on what is refused and on what is late.',
    resources: {
      'apps/Deployment': 1,
      'keda.sh/ScaledObject': 1,
      'policy/PodDisruptionBudget': 1,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
    shows: [
      runsImage('apps/Deployment'),
      {
        claim: 'the work has a bound, and what waits has one',
        types: ['apps/Deployment', 'networking.istio.io/EnvoyFilter', 'gateway.envoyproxy.io/BackendTrafficPolicy'],
        lines: [/slots|threads|concurren|maxParallelRequests/i, /queue|pending|backlog|max_concurrency_limit/i],
      },
      {
        claim: 'the work has a time-out',
        types: ['apps/Deployment', 'networking.istio.io/VirtualService', 'gateway.envoyproxy.io/BackendTrafficPolicy'],
        // The time-out of a probe is none.
        lines: [/\.name: \w*(DEADLINE|TIMEOUT)|[-.]\w*timeout=|\.(request)?timeout: \d/i],
      },
      {
        claim: 'a pod that ends has time for what it accepted',
        types: ['apps/Deployment'],
        lines: [/terminationGracePeriodSeconds: [1-9]/, /\.preStop\./],
      },
      scaledOn(
        'KEDA scales the pods on the work in hand',
        /^spec\.triggers\[\d+\]\.metadata\.query: .*(flight|concurren|working|active|request)/i,
      ),
      BOUNDS_DISRUPTIONS,
    ],
    alerts: { 'what is refused': /refus|shed|reject|503|429/i, 'what is late': /slow|late|latency|duration/i },
  },
};
