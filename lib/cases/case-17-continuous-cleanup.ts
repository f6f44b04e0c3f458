import { Case } from './case';

export const continuousCleanup: Case = {
  number: 17,
  slug: 'continuous-cleanup',
  title: 'Weekly clean-up becomes continuous',
  summary:
    'A data platform compacts, merges small files and drops old ones on one day of the week. For six days queries get slower, on the seventh a six-hour job that must not fail blocks other work. The same work, started by accumulated files and done a partition at a time, is too small to notice.',
  levers: ['spread'],
  difficulty: 'advanced',
  domains: ['architecture'],
  dependsOn: [5],
  headline: {
    text: '6 h weekly → 4 × 30 min daily',
    changes: [
      {
        measure: 'longest clean-up',
        unit: 's',
        before: { relation: 'is', value: 21_600 },
        after: { relation: 'at most', value: 1_800 },
      },
      {
        measure: 'clean-ups a week',
        unit: 'runs',
        before: { relation: 'is', value: 1 },
        after: { relation: 'is', value: 28 },
      },
    ],
  },
  constructs: [
    {
      name: 'ContinuousCompaction',
      engines: ['aws'],
      form: 'S3 events, Step Functions, Glue or EMR Serverless',
      available: false,
    },
    {
      name: 'ContinuousCompaction',
      engines: ['k8s'],
      form: 'Argo or Airflow schedule and SparkApplication',
      available: false,
    },
  ],
  trap: '"More than 100 files, or one below 20 MB" is always true as soon as one small file exists: it never stops compacting.',
};
