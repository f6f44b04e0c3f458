import type { ServiceChoices, ServiceObjective, ServiceWorkload } from '../flow/services/workload';
import { Case } from './case';

/** 543 requests a second at the peak, each 0.1 s of work in one of 30 slots of an instance. */
export const OVERRUN_API: { workload: ServiceWorkload; objective: ServiceObjective } & Pick<
  ServiceChoices,
  'slotsPerInstance'
> = {
  workload: {
    peakPerSecond: 543,
    steadyPerSecond: 250,
    peakSeconds: 1800,
    serviceSeconds: 0.1,
    serviceVariation: 0.5,
  },
  objective: { latencySeconds: 0.4, errorRatio: 0.015 },
  slotsPerInstance: 30,
};

export const unboundedThreadPool: Case = {
  number: 12,
  slug: 'unbounded-thread-pool',
  title: 'Thread pool without a bound',
  summary:
    'A service hands every request to a pool whose queue has no bound, and waits for slow dependencies without a time-out. Under overload the queue holds requests whose callers have already timed out, memory grows, and the failure spreads to the callers. Requests that cannot be served in time should be refused at once, with a clear status.',
  levers: ['bound', 'throttle'],
  difficulty: 'intermediate',
  domains: ['architecture', 'diagnosis'],
  dependsOn: [1, 8],
  headline: {
    text: 'P99 > 2 s → < 400 ms; errors 8 → < 1.5 %',
    changes: [
      {
        measure: 'latency P99',
        unit: 's',
        before: { relation: 'above', value: 2 },
        after: { relation: 'below', value: 0.4 },
      },
      {
        measure: 'errors',
        unit: 'ratio',
        before: { relation: 'is', value: 0.08 },
        after: { relation: 'below', value: 0.015 },
      },
    ],
  },
  constructs: [
    {
      name: 'BoundedService',
      engines: ['k8s'],
      form: 'Deployment, autoscaler on concurrency, DestinationRule',
      available: true,
      deployed: 'services/Bounded',
    },
    {
      name: 'BoundedService',
      engines: ['aws'],
      form: 'Fargate behind a load balancer, Target Optimizer, tracking on requests of a task',
      available: true,
      deployed: 'WebTier/Orders',
    },
  ],
  trap: '50 threads at 100 ms with 200 waiting add 0.4 s of waiting to 0.1 s of work: the queue misses its own objective, and so does 150, which leaves time only for a request of average length. What is left beside the P99 of the work are 74. A refusal that is not mapped is a 500 rather than a 503 with Retry-After.',
  scenario: {
    kind: 'services',
    calibration:
      'Before: one pool of 50 threads, 500 requests/s, behind a queue without a bound; 543 arrive, 8 % more, for the 30 minutes of the peak. Callers hang up after 2.2 s, and the pool does not begin what was hung up on; one that did would answer nobody in time, with every error for a reason. After: instances of 30 slots with a queue of 44 each, as many as the plan says; the peak begins at once, and the fewest instances serve it until others have started. A bound alone keeps the latency and not the errors: 50 threads refuse 7.9 % whatever the bound is.',
    answers: [
      { measure: 'latency P99', by: 'latencyP99Seconds' },
      { measure: 'errors', by: 'errorRatio' },
    ],
    question: OVERRUN_API,
    before: { slots: 50, patienceSeconds: 2.2 },
  },
};
