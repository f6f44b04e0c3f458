import { Case } from './case';

export const batchToStreaming: Case = {
  number: 3,
  slug: 'batch-to-streaming',
  title: 'Nightly batch ETL becomes streaming',
  summary:
    'Records arrive all day, yet the reports are built once a night in a single window. A whole day of work is squeezed into a few hours, one bad record repeats the entire run, and yesterday is on the table at half past nine. Spread over the day, through a log that keeps its place, the same work needs a small steady cluster and is minutes old.',
  levers: ['spread'],
  difficulty: 'advanced',
  domains: ['architecture'],
  dependsOn: [5],
  headline: {
    text: 'T+1 (09:30) → 2–5 min',
    changes: [
      {
        measure: 'age of the newest record in the report when it appears',
        unit: 's',
        before: { relation: 'is', value: 34_200 },
        after: { relation: 'at most', value: 300 },
      },
    ],
  },
  constructs: [
    {
      name: 'StreamingEtl',
      engines: ['aws'],
      form: 'MSK topic, EMR Serverless Spark job, Delta table',
      available: false,
    },
    { name: 'StreamingEtl', engines: ['k8s'], form: 'Strimzi topic and SparkApplication', available: false },
  ],
  trap: 'The Delta sink refuses `update` mode, so the job never starts. Without `maxOffsetsPerTrigger` the first batch swallows the whole backlog: the imbalance all over again.',
};
