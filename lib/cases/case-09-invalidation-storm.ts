import type { MergingObjective, MergingWorkload } from '../flow/merging/workload';
import { Case } from './case';

/** A bulk update: a million announcements in ten minutes, of a thousand keys that take 1.8 ms each to rebuild. */
export const STORM: { workload: MergingWorkload; objective: MergingObjective } = {
  workload: { steadyPerSecond: 10, peakPerSecond: 1667, peakSeconds: 600, distinctKeys: 1000, keySeconds: 0.0018 },
  objective: { freshnessSeconds: 120 },
};

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
    {
      name: 'CoalescingQueue',
      engines: ['aws'],
      form: 'Kinesis keyed by the cache key, Lambda with a batching window',
      available: true,
      deployed: 'Notifications/Invalidations',
    },
    {
      name: 'CoalescingQueue',
      engines: ['k8s'],
      form: 'Redis stream, one consumer a shard in a StatefulSet',
      available: true,
      deployed: 'notifications/Invalidations',
    },
  ],
  absent: [
    {
      engine: 'gcp',
      reason:
        'An ordering key of Pub/Sub keeps the order of a key, and prevents its merge. A push subscription has one message of a key outstanding at a time, so a key stands for 1 event where one reader merges 11.3 in a window of 5 s: 1,667 events a second of 1.8 ms stay 3.0 s of work in each second. A pull gets a key in batches whose size is not documented (10 of 100 messages in googleapis/google-cloud-go#12207), so no merge ratio can be promised. Without ordering keys, readers share the events of every key: two merge 5.7 events a key, five 2.5, and no setting of a subscription limits it to one reader. The limit of 1 MB/s a key is not in the way: it is 3,906 events a second of 256 bytes, and the mean key has 1.7.',
      instead:
        'On Google Cloud, take the construct for Kubernetes on Google Kubernetes Engine, with a Redis stream: it has one reader a shard.',
    },
  ],
  trap: 'Reading a stream from `$` in a loop loses entries that arrive between two reads.',
  scenario: {
    kind: 'coalesce',
    calibration:
      'Before: one event at a time, 1.8 ms each, so 555.6 a second of the 1,667 that arrive: the last of a million waits (1,667 − 555.6) × 600 ÷ 555.6 = 1,200.4 s, and 556 keys a second are rebuilt. The reported number is only a bound, twenty minutes, so the time of a key is what makes the delay just longer than it. After: the same events, collected for the window of the plan, each key once. A second run kills a reader in the middle of a flush: no event is lost, and every key is worked on after its last event. The promise holds as long as the work on all keys, once each, fits into half the freshness: 30,000 keys of 1.8 ms need two calls at once.',
    answers: [{ measure: 'delay at 100,000 events a minute', by: 'worstDelaySeconds' }],
    ...STORM,
    killed: { afterSeconds: 60, restartSeconds: 30 },
  },
};
