import { CHORES } from '../case-04-cron-stampede';
import { type CaseExercises, sized } from './exercise';

export const CRON_STAMPEDE_EXERCISES: CaseExercises = {
  number: 4,
  basic: {
    task: 'Jobs start in the same minute, and a run may overlap the next one. Give each job a minute of its own, and let no two runs of one job overlap.',
    rules: ['BP-CRON-001', 'BP-CRON-002'],
  },
  advanced: sized('schedule', {
    task: 'Thirty-six chores of five minutes run every hour and take a fifth of a core each, on machines with 16 cores that are busy with requests for 45 % of the time. Choose the minute of each chore so that the machines stay below 60 % and 95 of 100 requests take less than 250 ms.',
    answers: Object.fromEntries(CHORES.jobs.map(({ name }) => [name, 'minute of the hour, 0 to 59'])),
    asked: (scenario, answers) => ({
      ...scenario,
      jobs: scenario.jobs.map((job) => ({ ...job, offsetMinutes: answers[job.name] })),
    }),
  }),
  project: {
    task: 'Build the chores of a team: three or more jobs spread over the hour, each with a deadline for its start, a bound on how many run at once, and alerts on a run that failed or did not come.',
    resources: { 'batch/CronJob': 3, 'monitoring.coreos.com/PrometheusRule': 1 },
    shows: [
      {
        claim: 'three jobs have a minute and a program of their own',
        types: ['batch/CronJob'],
        lines: [/^spec\.schedule: \d+ /, /containers\[0\]\.image: \S/],
        count: 3,
      },
      {
        claim: 'each of them has a deadline for its start',
        types: ['batch/CronJob'],
        lines: [/^spec\.startingDeadlineSeconds: [1-9]/],
        count: 3,
      },
      {
        claim: 'no run of them outlasts its place: it ends, and the next one waits for it',
        types: ['batch/CronJob'],
        lines: [/^spec\.concurrencyPolicy: (Forbid|Replace)/, /\.activeDeadlineSeconds: [1-9]/],
        count: 3,
      },
    ],
    alerts: { 'a run that failed': /fail/i, 'a run that did not come': /silent|missing|last_(successful|schedule)/i },
  },
};
