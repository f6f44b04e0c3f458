import { COLD_DATA } from '../case-11-cold-data';
import { type CaseExercises, sized } from './exercise';

export const COLD_DATA_EXERCISES: CaseExercises = {
  number: 11,
  basic: {
    task: 'A bucket with versions never deletes replaced ones, and another one never deletes uploads that were not finished. Write the lifecycle rules.',
    rules: ['BP-S3-001', 'BP-S3-002'],
  },
  advanced: sized('storage', {
    task: 'A bucket gets 596 GB of logs a day in objects of 1 MiB and keeps them for a year: $5,000 a month in one class. Choose after how many days objects move to infrequent access and to Glacier Flexible Retrieval, so that a month costs at most $2,800.',
    answers: {
      infrequentAccessDays: 'days until STANDARD_IA, 30 or more',
      glacierDays: 'days until GLACIER',
    },
    asked: (scenario, { infrequentAccessDays, glacierDays }) => ({
      ...scenario,
      after: {
        ...scenario.after,
        on: {
          aws: {
            ...COLD_DATA.on.aws,
            transitions: [
              { storageClass: 'STANDARD_IA', afterDays: infrequentAccessDays },
              { storageClass: 'GLACIER', afterDays: glacierDays },
            ],
          },
        },
      },
    }),
  }),
  project: {
    task: 'Build the archive: a bucket that is encrypted and private, with rules for current and replaced versions and for unfinished uploads, and a budget that says when the bill leaves its plan.',
    resources: { 'AWS::S3::Bucket': 1, 'AWS::Budgets::Budget': 1 },
    shows: [
      {
        claim: 'the bucket is encrypted and private',
        types: ['AWS::S3::Bucket'],
        lines: [/SSEAlgorithm: \S/, /BlockPublicAcls: true/, /BlockPublicPolicy: true/, /RestrictPublicBuckets: true/],
      },
      {
        claim: 'rules move or delete current and replaced versions, and end unfinished uploads',
        types: ['AWS::S3::Bucket'],
        lines: [
          /Rules\[\d+\]\.(Transitions?\b|Expiration)/,
          /Rules\[\d+\]\.NoncurrentVersion/,
          /AbortIncompleteMultipartUpload\.DaysAfterInitiation: [1-9]/,
        ],
      },
      {
        claim: 'a budget has its limit, and tells somebody',
        types: ['AWS::Budgets::Budget'],
        lines: [/BudgetLimit\.Amount: [1-9]/, /Subscribers\[0\]\.Address: \S/],
      },
    ],
    alerts: {},
  },
};
