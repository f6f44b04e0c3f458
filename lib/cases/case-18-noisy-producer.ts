import { Case } from './case';

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
