import { type CaseExercises, sized } from './exercise';

const DAY_SECONDS = 86_400;

export const COLLECTION_SWELLS_EXERCISES: CaseExercises = {
  number: 16,
  basic: {
    task: 'A TTL index is made on a collection that is already old, so that everything expires at once; a table that gets duplicates has no time to live. Mend both.',
    rules: ['BP-MONGO-001', 'BP-DDB-001'],
  },
  advanced: sized('retention', {
    task: 'A collection of 500 GB grows by 15.85 documents of 1 KB a second. Choose how long documents are kept, so that it settles below 120 GB. Documents are worth keeping: at least 80 days.',
    answers: { retentionDays: 'days that a document is kept' },
    bounds: { retentionDays: { atLeast: 80 } },
    asked: (scenario, { retentionDays }) => ({
      ...scenario,
      after: {
        ...scenario.after,
        objective: { ...scenario.after.objective, retentionSeconds: retentionDays * DAY_SECONDS },
      },
    }),
  }),
  project: {
    task: 'Build the retention of a collection: the index, a job that gives old documents a date a batch at a time, a bound on how many are deleted, and alerts on deletion that falls behind.',
    resources: { 'batch/Job': 1, 'batch/CronJob': 1, 'monitoring.coreos.com/PrometheusRule': 1 },
    shows: [
      {
        claim: 'the index has its time to live',
        types: ['batch/Job', 'batch/CronJob', 'ConfigMap'],
        lines: [/expire_?After_?Seconds|TTL/i],
      },
      {
        claim: 'old documents get a date a batch at a time',
        types: ['batch/Job'],
        lines: [/image: \S/, /batch/i],
      },
      {
        claim: 'a job looks again and again',
        types: ['batch/CronJob'],
        lines: [/^spec\.schedule: \S/, /image: \S/],
      },
    ],
    alerts: { 'deletion that falls behind': /lag|behind/i },
  },
};
