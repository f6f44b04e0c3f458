import { type CaseExercises, sized } from './exercise';

export const CONTINUOUS_CLEANUP_EXERCISES: CaseExercises = {
  number: 17,
  basic: {
    task: 'A compaction is started by one small file again and again, and a vacuum deletes files that readers may still need. Mend both.',
    rules: ['BP-COMPACT-001', 'BP-DELTA-002'],
  },
  advanced: sized('compaction', {
    task: 'A table gets 40,000 files of 2 MB a day in four open partitions; a run takes 180 s to start and rewrites 35.4 MB/s. Choose how often a run starts, so that the longest one takes half an hour and a query never meets more than 15,000 small files.',
    engine: 'k8s',
    answers: { intervalSeconds: 'seconds from one run to the next: a divisor of a day' },
    asked: (scenario, answers) => ({
      ...scenario,
      after: { on: { k8s: { ...scenario.after.on.k8s!, ...answers } } },
    }),
  }),
  project: {
    task: 'Build the clean-up: a job that rewrites small files when there are enough of them and never runs twice at once, and alerts on a run that failed, took too long or did not come.',
    resources: { 'batch/CronJob': 1, 'monitoring.coreos.com/PrometheusRule': 1 },
  },
};
