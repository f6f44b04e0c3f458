import { type CaseExercises, sized } from './exercise';

export const CONTINUOUS_CLEANUP_EXERCISES: CaseExercises = {
  number: 17,
  basic: {
    task: 'A compaction is started by one small file again and again, and a vacuum deletes files that readers may still need. Mend both.',
    rules: ['BP-COMPACT-001', 'BP-DELTA-002'],
  },
  advanced: sized('compaction', {
    task: 'A table gets 40,000 files of 2 MB a day in four open partitions; a run takes 180 s to start and rewrites 35.4 MB/s. Choose how often a run starts, so that the longest one takes half an hour and a query never meets more than 15,000 small files. A run costs its start: at least 10,800 s lie between two.',
    engine: 'k8s',
    answers: { intervalSeconds: 'seconds from one run to the next: a divisor of a day' },
    bounds: { intervalSeconds: { atLeast: 10_800 } },
    asked: (scenario, answers) => ({
      ...scenario,
      after: { on: { k8s: { ...scenario.after.on.k8s!, ...answers } } },
    }),
  }),
  project: {
    task: 'Build the clean-up: a job that rewrites small files when there are enough of them and never runs twice at once, and alerts on a run that failed, took too long or did not come.',
    resources: { 'batch/CronJob': 1, 'monitoring.coreos.com/PrometheusRule': 1 },
    shows: [
      {
        claim: 'a job runs by the clock, one at a time, and ends',
        types: ['batch/CronJob'],
        lines: [/^spec\.schedule: \S/, /^spec\.concurrencyPolicy: (Forbid|Replace)/, /activeDeadlineSeconds: [1-9]/],
      },
      {
        claim: 'it rewrites when there are enough files',
        types: ['batch/CronJob', 'ConfigMap'],
        lines: [/(start|min)\S*files\W+[1-9]/i],
      },
    ],
    alerts: {
      'a run that failed': /fail/i,
      'a run that took too long': /long|duration/i,
      'a run that did not come': /missing|absent/i,
    },
  },
};
