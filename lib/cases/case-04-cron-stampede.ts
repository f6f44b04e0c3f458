import { Case } from './case';

export const cronStampede: Case = {
  number: 4,
  slug: 'cron-stampede',
  title: 'Cron jobs stampede on the hour',
  summary:
    'Many services clean up and synchronise on the hour, because schedules are usually written that way. For a few minutes the machines are full and requests of users wait behind chores that are not urgent; the rest of the hour is idle. The chores have to be spread evenly and started a few at a time.',
  levers: ['spread', 'throttle'],
  difficulty: 'beginner',
  domains: ['performance'],
  dependsOn: [],
  headline: {
    text: 'CPU 90 % → < 60 %; P95 800 → 250 ms',
    changes: [
      {
        measure: 'CPU at the fullest minute',
        unit: 'ratio',
        before: { relation: 'is', value: 0.9 },
        after: { relation: 'below', value: 0.6 },
      },
      {
        measure: 'online latency P95',
        unit: 's',
        before: { relation: 'is', value: 0.8 },
        after: { relation: 'at most', value: 0.25 },
      },
    ],
  },
  constructs: [
    { name: 'SpreadSchedule', engines: ['aws'], form: 'EventBridge Scheduler, SQS, bounded worker', available: false },
    {
      name: 'SpreadSchedule',
      engines: ['k8s'],
      form: 'CronJobs at the minute that their name hashes to',
      available: false,
    },
  ],
  trap: 'A random sleep inside the job leaves uneven gaps between runs and pins a worker while it sleeps. A bucket that is refilled once a second lets bursts through.',
};
