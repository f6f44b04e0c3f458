import type { StreamObjective, StreamWorkload } from '../flow/streams/workload';
import { Case } from './case';
import type { StreamChoices } from './scenarios/streams';

/** Metrics of thirty thousand devices: 150 a second, and 444 a second for a quarter of an hour. */
export const METRICS = {
  workload: {
    steadyPerSecond: 150,
    peakPerSecond: 444,
    peakSeconds: 900,
    // A record at a time: half a millisecond of it is the commit.
    recordSeconds: 0.004,
    batchSeconds: 0.0005,
    recordVariation: 0,
    recordBytes: 256,
    keys: 30_000,
  },
  objective: { latencySeconds: 30, maxLag: 5000 },
  on: {
    // The topic is that of a tenant, which `KafkaQuotas` makes.
    k8s: { platform: 'kafka-keda', existingTopic: true },
    aws: { platform: 'kinesis-lambda' },
  },
} as const satisfies {
  workload: StreamWorkload;
  objective: StreamObjective;
  on: Readonly<Record<'aws' | 'k8s', StreamChoices>>;
};

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
      available: true,
      deployed: 'Telemetry/Metrics/Stream',
    },
    {
      name: 'PartitionedStream',
      engines: ['k8s'],
      form: 'Strimzi topic, consumers scaled by KEDA',
      available: true,
      deployed: 'streaming-tenants/Metrics/Stream',
    },
  ],
  trap: "A partition count from the consumer alone ignores the producer's write rate and the consumers that the peak needs. `max.poll.records` is a property of the Java client: librdkafka accepts it and does nothing. Three consumers on four partitions are no better than two: the busiest reads two of them.",
  scenario: {
    kind: 'stream',
    calibration:
      'Before: one partition and one consumer, which takes 4.5 ms for a record, 4 ms of work and half a millisecond to commit it: 222 a second of the 444 that arrive for a quarter of an hour, so (444 − 222.2) × 900 = 199,600 are behind at its end, and the last of them waits 898 s. After: three consumers on six partitions, each with a line of its own; the busiest gets a third of the records and is busy two thirds of its time. They run all day, because KEDA would be late: scaled from one consumer, 222 records a second pile up for the 55.5 s until others have started (a poll of 15 s, 10.5 s more where it finds part of the lag, a start of 30 s), 12,309, and 5,000 are allowed. From two consumers nothing piles up meanwhile: the headline holds from two on, unless the group stops. It does in each rebalance, for 10 s (an assumption), in which 4,440 records arrive; pods that start one after the other make two, so the plan keeps three.',
    answers: [
      { measure: 'consumer lag', by: 'peakBacklog' },
      { measure: 'latency', by: 'latencyP99Seconds' },
    ],
    workload: METRICS.workload,
    objective: METRICS.objective,
    before: { partitions: 1, instances: 1, batchSize: 1 },
    after: { on: METRICS.on },
  },
};
