import { Case } from './case';

export const invalidationStorm: Case = {
  number: 9,
  slug: 'invalidation-storm',
  title: 'Cache-invalidation storm',
  summary:
    'A bulk update announces every change by itself, so a few popular keys are invalidated thousands of times and each announcement is handled alone. The queue is blocked for twenty minutes, the cache is cold meanwhile and the database takes its load. Announcements of the same key within a short window are one piece of work.',
  levers: ['merge'],
  difficulty: 'intermediate',
  domains: ['performance'],
  dependsOn: [],
  headline: {
    text: '100 k/min: > 20 min → < 2 min',
    changes: [
      {
        measure: 'delay at 100,000 events a minute',
        unit: 's',
        before: { relation: 'above', value: 1_200 },
        after: { relation: 'below', value: 120 },
      },
    ],
  },
  constructs: [
    { name: 'CoalescingQueue', engines: ['aws'], form: 'SQS, Lambda with a batching window', available: false },
    { name: 'CoalescingQueue', engines: ['k8s'], form: 'Redis stream consumer group and coalescer', available: false },
  ],
  trap: 'Reading a stream from `$` in a loop loses entries that arrive between two reads.',
};
