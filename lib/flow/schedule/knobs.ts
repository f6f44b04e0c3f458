/** The knobs of a schedule, with their reasons. */
import { chosenKnob } from '../alarms';
import { serviceQuantile } from '../numerics/gamma';
import { type Knob, unlessGiven } from '../plan';
import { SCHEDULERS, type SchedulerName } from './schedulers';
import { type Chore, mostCpuRatio, type Spread } from './spread';
import type { JobPlacement, ScheduleObjective } from './workload';

const LIST_SCHEDULING =
  'Graham, Bounds on multiprocessing timing anomalies (1966), list scheduling; Azar, Broder, Karlin and Upfal, Balanced allocations (1999)';
/** Kubernetes, a node for a pending pod: Cluster Autoscaler FAQ, `--max-node-provision-time`. */
const NODE_PROVISION_SECONDS = 900;
const HOUR_SECONDS = 3600;
/** Runs that take longer than this share of all are ended. */
const DEADLINE_QUANTILE = 0.999;
/** Cloud Tasks reference, `dispatchDeadline`: 15 s to 30 min. */
export const DISPATCH_DEADLINE = { least: 15, most: 1800 } as const;

/** What the placement came to. */
export function spreadKnobs({ question, fullest, mean, chores }: Spread): Knob[] {
  const { host, objective = {} } = question;
  const most = mostCpuRatio(host, objective);
  return [
    {
      name: 'fullestMinuteRuns',
      value: fullest,
      unit: 'runs',
      formula: 'runs at once in the fullest minute, each as long as 95 % of its runs are',
      inputs: { jobs: chores.length, meanRuns: mean },
      source: LIST_SCHEDULING,
    },
    ...(host === undefined || most === undefined
      ? []
      : [
          {
            name: 'coresForRuns',
            value: Math.max(0, (most - host.onlineUtilisation) * host.cores),
            unit: 'cores',
            formula: '(CPU at which every promise is kept − online requests) × cores',
            inputs: { mostCpuRatio: most, onlineUtilisation: host.onlineUtilisation, cores: host.cores },
            source: 'utilisation law; Kleinrock, Queueing Systems I, 3.2, for the latency of online requests',
          },
        ]),
  ];
}

/** Runs at once: enough that no placed run waits, and that late ones are caught up with. */
export function maxConcurrentKnob({ question, fullest, mean }: Spread, headroom: number): Knob {
  const { maxConcurrent } = question;
  return {
    name: 'maxConcurrent',
    value: maxConcurrent ?? Math.max(1, fullest, Math.ceil(headroom * mean - 1e-9)),
    unit: 'runs',
    ...unlessGiven(maxConcurrent, 'the fullest minute; at least head-room × mean runs, rounded up', {
      fullestMinuteRuns: fullest,
      meanRuns: mean,
      headroom,
    }),
    source: 'utilisation law: runs at once = rate × time of a run',
  };
}

/** What every run of a scheduler has in common. */
export function runKnobs(scheduler: SchedulerName): Knob[] {
  if (scheduler !== 'kubernetes') return [];
  return [
    chosenKnob(
      'backoffLimit',
      0,
      'retries',
      'a failed run is not retried before its next minute: a retry would start at a minute that is not in the plan',
      'Kubernetes, Jobs, "Pod backoff failure policy"',
    ),
    chosenKnob(
      'terminationGracePeriodSeconds',
      30,
      's',
      'the default, for a run that is ended at its deadline or with its node: it does not go on where it stopped',
      'Kubernetes, Pod lifecycle, Termination of Pods',
    ),
    chosenKnob(
      'successfulJobsHistoryLimit',
      1,
      'jobs',
      'the last good run, with its logs: each kept Job and its pod is an object that the API server lists',
      'Kubernetes, CronJob, "Jobs history limits"',
    ),
    chosenKnob(
      'failedJobsHistoryLimit',
      3,
      'jobs',
      'the logs of three failed runs: enough to see whether they fail in the same way',
      'Kubernetes, CronJob, "Jobs history limits"',
    ),
  ];
}

/** The knobs of one job. */
export function jobKnobs(
  { name, offsetMinutes, gapSeconds }: JobPlacement,
  { job, variation, recurrence }: Chore,
  objective: ScheduleObjective,
  scheduler: SchedulerName,
): Knob[] {
  const longest = serviceQuantile(DEADLINE_QUANTILE, job.durationSeconds, variation);
  const timing = { gapSeconds, durationSeconds: job.durationSeconds };
  const place: Knob = {
    name: `offsetMinutes.${name}`,
    value: offsetMinutes,
    unit: 'min',
    ...(job.pinned
      ? { formula: 'pinned: it runs at the minutes of its cron expression', inputs: {} }
      : unlessGiven(job.offsetMinutes, 'the least loaded minute of its period, in the order of the list', {
          places: recurrence.places,
        })),
    source: LIST_SCHEDULING,
  };
  const late = lateness(job.durationSeconds, gapSeconds, objective, scheduler);
  const lateKnob = (knob: string): Knob => ({
    name: `${knob}.${name}`,
    value: late,
    unit: 's',
    ...unlessGiven(objective.startWithinSeconds, 'time to the next run − its duration, at most an hour', timing),
    source: SCHEDULERS[scheduler].source,
  });
  if (scheduler === 'kubernetes') {
    return [place, lateKnob('startingDeadlineSeconds'), deadline(`activeDeadlineSeconds.${name}`, longest, gapSeconds)];
  }
  if (scheduler === 'eventbridge') return [place, lateKnob('maximumEventAgeSeconds')];
  return [place, lateKnob('startWithinSeconds'), dispatchDeadline(`dispatchDeadlineSeconds.${name}`, longest)];
}

/** How late a run may begin, in whole seconds, within the limits of the scheduler. */
export function lateness(
  durationSeconds: number,
  gapSeconds: number,
  { startWithinSeconds }: ScheduleObjective,
  scheduler: SchedulerName,
): number {
  const { least, most } = SCHEDULERS[scheduler].lateness;
  const left = Math.floor(Math.min(gapSeconds - durationSeconds, HOUR_SECONDS));
  return Math.min(most, Math.max(least, 60, Math.floor(startWithinSeconds ?? left)));
}

/** When a run is ended: a node that has to come first is in it, and the next run never meets it. */
function deadline(name: string, longest: number, gapSeconds: number): Knob {
  return {
    name,
    value: Math.min(gapSeconds, Math.ceil(longest) + NODE_PROVISION_SECONDS),
    unit: 's',
    formula: 'what 99.9 % of its runs take + the time of a new node, at most the time to the next run',
    inputs: { longestSeconds: longest, nodeProvisionSeconds: NODE_PROVISION_SECONDS, gapSeconds },
    source: 'Kubernetes, Job: activeDeadlineSeconds counts from the start of the job, pending pods included',
  };
}

function dispatchDeadline(name: string, longest: number): Knob {
  const { least, most } = DISPATCH_DEADLINE;
  return {
    name,
    value: Math.min(most, Math.max(least, Math.ceil(longest))),
    unit: 's',
    formula: 'what 99.9 % of its runs take, within the limits of a task',
    inputs: { longestSeconds: longest, least, most },
    source: 'Cloud Tasks reference, Task: dispatchDeadline, 15 s to 30 min',
  };
}
