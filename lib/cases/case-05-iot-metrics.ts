import { Case } from './case';

export const iotMetrics: Case = {
  number: 5,
  slug: 'iot-metrics',
  title: 'IoT metrics, one consumer',
  summary:
    'Tens of thousands of devices report all the time and a single consumer on too few partitions reads them, record by record. More consumers would not help: a partition feeds one member of a group at a time. Dashboards and their alarms show data that is a quarter of an hour old.',
  levers: ['scale'],
  difficulty: 'intermediate',
  domains: ['architecture', 'integration'],
  dependsOn: [2],
  headline: {
    text: 'lag 200 k → < 5 k; 15 min → < 30 s',
    changes: [
      {
        measure: 'consumer lag',
        unit: 'items',
        before: { relation: 'is', value: 200_000 },
        after: { relation: 'below', value: 5_000 },
      },
      {
        measure: 'latency',
        unit: 's',
        before: { relation: 'is', value: 900 },
        after: { relation: 'below', value: 30 },
      },
    ],
  },
  constructs: [
    {
      name: 'PartitionedStream',
      engines: ['aws'],
      form: 'IoT rule, MSK topic or Kinesis, consumers',
      available: false,
    },
    { name: 'PartitionedStream', engines: ['k8s'], form: 'Strimzi topic, consumers scaled by KEDA', available: false },
  ],
  trap: "A partition count from the consumer alone ignores the producer's write rate and the consumers that the peak needs. `max.poll.records` is a property of the Java client: librdkafka accepts it and does nothing.",
};
