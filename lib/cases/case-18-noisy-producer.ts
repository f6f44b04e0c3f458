import type { KafkaCapacity, KafkaTenant } from '../flow/quotas/workload';
import { Case } from './case';
import type { Engine } from './engine';

/** Tenants of the cluster in the reference environments: numbers of an imagined platform. */
export const NOISY_TENANTS: readonly KafkaTenant[] = [
  { name: 'billing', steadyBytesPerSecond: 1_000_000, weight: 3 },
  { name: 'devices', steadyBytesPerSecond: 4_000_000, peakBytesPerSecond: 16_000_000, peakSeconds: 600 },
  // The noisy producer.
  { name: 'clicks', steadyBytesPerSecond: 6_000_000, peakBytesPerSecond: 60_000_000, peakSeconds: 900 },
];

/** The topics, one for each producer. */
export const NOISY_TOPICS = [
  { topicName: 'billing.events', tenant: 'billing', partitions: 6, retentionHours: 7 * 24 },
  { topicName: 'devices.metrics', tenant: 'devices', partitions: 6, retentionHours: 24 },
  { topicName: 'clicks.raw', tenant: 'clicks', partitions: 12, retentionHours: 12 },
] as const;

/** The clusters, on each engine: assumptions, to be replaced by a measurement. */
export const NOISY_CAPACITY = {
  // Brokers on nodes with 1 Gbit/s, two thirds of which they may use; eight I/O and three network threads are Kafka's
  // defaults.
  k8s: { brokers: 3, brokerBytesPerSecond: 80_000_000, requestThreads: 11 },
  // An m7g.large sustains 630 Mbit/s to its volumes, less than to its network.
  aws: { brokers: 3, brokerBytesPerSecond: 78_750_000 },
} as const satisfies Partial<Record<Engine, KafkaCapacity>>;

export const noisyProducer: Case = {
  number: 18,
  slug: 'noisy-producer',
  title: 'One Kafka producer drowns the rest',
  summary:
    'One service suddenly produces many times its usual volume, uncompressed and retrying without a pause. Disk and network of the brokers fill up and every other service on the cluster is late, although none of them changed. A shared cluster needs a share for each user, held by the broker.',
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
    {
      name: 'KafkaQuotas',
      engines: ['aws'],
      form: 'quotas on MSK with repair of drift',
      available: true,
      deployed: 'Telemetry/Quotas',
    },
    {
      name: 'KafkaQuotas',
      engines: ['k8s'],
      form: 'Strimzi KafkaUser quotas',
      available: true,
      deployed: 'streaming-tenants/Quotas',
    },
  ],
  trap: 'A quota in `server.properties` does nothing: quotas are dynamic, and hold for each broker by itself. A count of five retries is no delivery time-out.',
  scenario: {
    kind: 'quotas',
    calibration:
      'An incident is a period in which a tenant that keeps to its stated rate gets less than it offers from the brokers: it begins with the first such second, for any tenant, and ends when all get everything again. Three brokers take 80 MB/s each, which with three copies is 80 MB/s for all tenants. Three tenants have one peak a day, at some time of it; one of them, clicks, then offers four times its stated 60 MB/s, as without compression (an assumption). An overloaded broker cuts all tenants in proportion, and each day has its incident. After: the same offers, with each tenant held to its rate on each broker. On the last of the seven days a broker is down and all peaks come at once; the quotas are sized for that.',
    answers: [{ measure: 'incidents from one producer', by: 'incidents' }],
    capacity: NOISY_CAPACITY,
    tenants: NOISY_TENANTS.map((tenant) => ({
      ...tenant,
      partitions: NOISY_TOPICS.find((topic) => topic.tenant === tenant.name)?.partitions,
    })),
    noise: { tenant: 'clicks', factor: 4 },
    days: 7,
  },
};
