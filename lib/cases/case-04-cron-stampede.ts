import type { ScheduledJob, ScheduleHost, ScheduleObjective } from '../flow/schedule/workload';
import { Case } from './case';

/**
 * The chores: each of 36 services has one that runs hourly, takes five minutes and is limited to a fifth of a core, on
 * machines whose 16 cores are 45 % busy with requests.
 */
export const CHORES: { jobs: ScheduledJob[]; host: ScheduleHost; objective: ScheduleObjective } = {
  jobs: Array.from({ length: 36 }, (_, index) => ({
    name: `chore-${String(index + 1).padStart(2, '0')}`,
    periodSeconds: 3600,
    durationSeconds: 300,
    durationVariation: 0,
    cpu: 0.2,
  })),
  host: { cores: 16, onlineUtilisation: 0.45, onlineServiceSeconds: 0.0267 },
  objective: { cpuRatio: 0.6, onlineLatencySeconds: 0.25 },
};

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
    {
      name: 'SpreadSchedule',
      engines: ['aws'],
      form: 'EventBridge Scheduler, SQS, bounded worker',
      available: true,
      deployed: 'Notifications/Chores',
    },
    {
      name: 'SpreadSchedule',
      engines: ['k8s'],
      form: 'CronJobs at the least loaded minute, Kueue where runs must wait',
      available: true,
      deployed: 'notifications/Chores',
    },
    {
      name: 'SpreadSchedule',
      engines: ['gcp'],
      form: 'Cloud Scheduler, Cloud Tasks, Cloud Run',
      available: true,
      deployed: 'gcp/chores',
    },
  ],
  trap: 'A random sleep inside the job leaves uneven gaps between runs and pins a worker while it sleeps. A bucket that is refilled once a second lets bursts through.',
  scenario: {
    kind: 'schedule',
    calibration:
      'Before: all 36 chores start at minute 0, take 36 × 0.2 of 16 cores, and with the 45 % of the requests the machines are 90 % busy for five minutes. A request takes 26.7 ms of CPU, so that in those minutes P95 is 800 ms: −ln(0.05) × S ÷ (1 − ρ). Over the whole hour it would be 210 ms even before, so P95 is of the requests that arrive in the fullest minutes, before and after. Every core is one event loop that serves in first-come order, at the speed that the chores leave it.',
    answers: [
      { measure: 'CPU at the fullest minute', by: 'cpuRatio' },
      { measure: 'online latency P95', by: 'latencyP95Seconds' },
    ],
    ...CHORES,
    requests: 200_000,
  },
};
