import { type CaseExercises, sized } from './exercise';

export const BATCH_TO_STREAMING_EXERCISES: CaseExercises = {
  number: 3,
  basic: {
    task: 'Two jobs of Spark read a topic of Kafka. One has no checkpoint, the other skips everything that the topic holds at its first start. Mend both.',
    rules: ['BP-SPARK-003', 'BP-SPARK-005'],
  },
  advanced: sized('etl', {
    task: 'Views of pages come at 1,000 a second on average and 2,000 at noon. A batch costs 15 s, and a record a millisecond of a core. Choose how often a batch starts, how many records it takes at most, and how many executors of four cores run, so that the newest record of a batch is in the table within five minutes. At most 2 executors are paid for.',
    answers: {
      triggerSeconds: 'seconds from the start of one batch to the next',
      maxOffsetsPerTrigger: 'records of a batch at most',
      executors: 'executors of four cores',
    },
    bounds: { executors: { atMost: 2 } },
    asked: (scenario, answers) => ({ ...scenario, question: { ...scenario.question, ...answers } }),
  }),
  project: {
    task: 'Build a stream from Kafka into a table: a job of Spark that merges, a checkpoint that outlives it, a user and a topic, and alerts on freshness and on batches that take too long.',
    resources: {
      'sparkoperator.k8s.io/SparkApplication': 1,
      'kafka.strimzi.io/KafkaTopic': 1,
      'monitoring.coreos.com/PrometheusRule': 1,
    },
    shows: [
      {
        claim: 'a job of Spark has its program and a checkpoint',
        types: ['sparkoperator.k8s.io/SparkApplication'],
        lines: [/^spec\.mainApplicationFile: \S/, /checkpoint/i],
      },
      {
        claim: 'a batch that comes again is merged',
        types: ['sparkoperator.k8s.io/SparkApplication', 'ConfigMap'],
        lines: [/\bmerge/i],
      },
      {
        claim: 'a user has its rights',
        types: ['kafka.strimzi.io/KafkaUser'],
        lines: [/^spec\.authentication\.type: \S/, /^spec\.authorization\.acls\[0\]/],
      },
      {
        claim: 'a topic has its partitions',
        types: ['kafka.strimzi.io/KafkaTopic'],
        lines: [/^spec\.partitions: [1-9]/],
      },
    ],
    alerts: { freshness: /fresh|late|behind/i, 'batches that take too long': /slow|batch/i },
  },
};
