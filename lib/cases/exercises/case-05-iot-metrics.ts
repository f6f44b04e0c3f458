import { type CaseExercises, sized } from './exercise';
import { runsImage, SET_ASIDE, scaledOn, topicsWithRetention, usersWithQuota } from './shows';

export const IOT_METRICS_EXERCISES: CaseExercises = {
  number: 5,
  basic: {
    task: 'A scaler allows more consumers than its topic has partitions, and a client of librdkafka is given a property that only the Java client knows. Mend both.',
    rules: ['BP-KEDA-004', 'BP-LIBRDKAFKA-001'],
  },
  advanced: sized('stream', {
    task: 'Devices send 150 records a second, and 444 a second for a quarter of an hour; a record takes 4 ms and a commit half a millisecond. Choose partitions, consumers and batch so that fewer than 5,000 records wait and none for 30 s. At most 12 partitions, 4 consumers in the peak and 3 of them always are paid for.',
    engine: 'k8s',
    answers: {
      partitions: 'partitions of the topic',
      instances: 'consumers in the peak',
      minInstances: 'consumers that always run',
      batchSize: 'records of a batch at most',
    },
    bounds: { partitions: { atMost: 12 }, instances: { atMost: 4 }, minInstances: { atMost: 3 } },
    asked: (scenario, answers) => ({
      ...scenario,
      after: { on: { ...scenario.after.on, k8s: { ...scenario.after.on.k8s, ...answers } } },
    }),
  }),
  project: {
    task: 'Build the way of the metrics: a topic with a retention, a user with a quota, consumers scaled on their lag and never above the partitions, a topic for what cannot be handled, and alerts on lag and on what was set aside.',
    resources: {
      'kafka.strimzi.io/KafkaTopic': 2,
      'kafka.strimzi.io/KafkaUser': 1,
      'keda.sh/ScaledObject': 1,
      'apps/Deployment': 1,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
    shows: [
      topicsWithRetention(1),
      usersWithQuota(1),
      runsImage('apps/Deployment'),
      scaledOn(
        'KEDA scales the consumers on their lag',
        /^spec\.triggers\[\d+\]\.type: (kafka|apache-kafka|prometheus)/,
      ),
    ],
    alerts: { lag: /lag|backlog/i, 'what was set aside': SET_ASIDE },
  },
};
