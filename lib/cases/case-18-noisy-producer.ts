import type { KafkaTenant } from '../flow/quotas';
import { Case } from './case';

/** Who shares the cluster in the reference environments: numbers of an imagined platform. */
export const NOISY_TENANTS: readonly KafkaTenant[] = [
  { name: 'billing', steadyBytesPerSecond: 1_000_000, weight: 3 },
  { name: 'devices', steadyBytesPerSecond: 4_000_000, peakBytesPerSecond: 16_000_000, peakSeconds: 600 },
  // The one that drowned the rest.
  { name: 'clicks', steadyBytesPerSecond: 6_000_000, peakBytesPerSecond: 60_000_000, peakSeconds: 900 },
];

/** What they write to, each to one topic. */
export const NOISY_TOPICS = [
  { topicName: 'billing.events', tenant: 'billing', partitions: 6, retentionHours: 7 * 24 },
  { topicName: 'devices.metrics', tenant: 'devices', partitions: 6, retentionHours: 24 },
  { topicName: 'clicks.raw', tenant: 'clicks', partitions: 12, retentionHours: 12 },
] as const;

export const noisyProducer: Case = {
  number: 18,
  slug: 'noisy-producer',
  title: 'One Kafka producer drowns the rest',
  summary:
    'One service suddenly produces many times its usual volume, uncompressed and retrying without a pause. Disk and network of the brokers fill up and every other service on the cluster is late, though none of them changed. A shared cluster needs a share for each user, held by the broker.',
  levers: ['throttle', 'isolate'],
  difficulty: 'advanced',
  domains: ['performance'],
  dependsOn: [5],
  headline: {
    text: 'incidents → 0',
    changes: [
      {
        measure: 'incidents from one producer',
        unit: 'incidents',
        before: { relation: 'above', value: 0 },
        after: { relation: 'is', value: 0 },
      },
    ],
  },
  constructs: [
    { name: 'KafkaQuotas', engines: ['aws'], form: 'quotas on MSK with repair of drift', available: true },
    { name: 'KafkaQuotas', engines: ['k8s'], form: 'Strimzi KafkaUser quotas', available: true },
  ],
  trap: 'A quota in `server.properties` does nothing: quotas are dynamic, and hold for each broker by itself. A count of five retries is no delivery time-out.',
};
