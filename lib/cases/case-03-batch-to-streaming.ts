import { Case } from './case';

export const batchToStreaming: Case = {
  number: 3,
  slug: 'batch-to-streaming',
  title: 'Nightly batch ETL becomes streaming',
  summary:
    "Records arrive all day, yet the reports are built once a night in a single window. A day of work runs in a few hours, one bad record repeats the whole run, and yesterday's report is ready at half past nine. Spread over the day, through a log that keeps its offset, the same work needs a small steady cluster and is minutes old.",
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
  trap: 'The Delta sink refuses `update` mode, so the job never starts. Without `maxOffsetsPerTrigger` the first batch is the whole backlog: the same imbalance again.',
};
