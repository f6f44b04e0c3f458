import { Case } from './case';

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
      available: false,
    },
    {
      name: 'BoundedService',
      engines: ['aws'],
      form: 'Fargate behind a load balancer, throttled in front',
      available: false,
    },
  ],
  trap: '50 threads at 100 ms with 200 waiting add 0.4 s of waiting to 0.1 s of work: the queue misses its own objective, and 150 is its bound. A refusal that is not mapped is a 500 rather than a 503 with Retry-After.',
};
