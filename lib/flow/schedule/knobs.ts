/** The knobs of a schedule, with their reasons. */
import { chosenKnob } from '../alarms';
import { type Knob, unlessGiven } from '../plan';
import { activeDeadline, lateness, longestSeconds, NODE_PROVISION_SECONDS } from './lateness';
import { SCHEDULERS, type SchedulerName } from './schedulers';
import { boundOf, type Chore, mostCpuRatio, type Spread } from './spread';
import type { JobPlacement, ScheduleObjective } from './workload';

const LIST_SCHEDULING =
  'Graham, Bounds on multiprocessing timing anomalies (1966), list scheduling; Azar, Broder, Karlin and Upfal, Balanced allocations (1999)';
/** What the placement came to. */
export function spreadKnobs({ question, fullest, mean, chores, scheduler }: Spread): Knob[] {
  const { startSpreadSeconds, startSpreadSource } = SCHEDULERS[scheduler];
  const { host, objective = {} } = question;
  const most = mostCpuRatio(host, objective);
  return [
    {
      name: 'fullestMinuteRuns',
      value: fullest,
      unit: 'runs',
      formula:
        'runs at once in the fullest minute, each as long as 95 % of its runs are, and begun at any moment within the start spread',
      inputs: { jobs: chores.length, meanRuns: mean, startSpreadSeconds },
      source: `${LIST_SCHEDULING}; ${startSpreadSource}`,
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
export function maxConcurrentKnob(spread: Spread): Knob {
  const { question, fullestWithHeadroom, mean, headroom } = spread;
  return {
    name: 'maxConcurrent',
    value: boundOf(spread),
    unit: 'runs',
    ...unlessGiven(
      question.maxConcurrent,
      'the fullest minute when runs take head-room × the time; at least head-room × mean runs, rounded up',
      { runsWithHeadroom: fullestWithHeadroom, meanRuns: mean, headroom },
    ),
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
      'a failed run is not retried before its next minute: a retry would start at a minute that is not in the plan. A pod that was removed with its node does not count as failed (podFailurePolicy)',
      'Kubernetes, Jobs, "Pod backoff failure policy" and "Pod failure policy"',
    ),
    chosenKnob(
      'terminationGracePeriodSeconds',
      30,
      's',
      'the default, for a run that is ended at its deadline or with its node: its next run begins anew',
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
  { name, offsetMinutes }: JobPlacement,
  chore: Chore,
  objective: ScheduleObjective,
  scheduler: SchedulerName,
): Knob[] {
  const { job, recurrence } = chore;
  const { gapSeconds } = recurrence;
  const longest = longestSeconds(chore);
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
  const late = lateness(chore, objective, scheduler);
  const { least } = SCHEDULERS[scheduler].lateness;
  const timing = { gapSeconds, longestSeconds: longest, leastSeconds: least };
  const lateKnob = (knob: string, formula: string, inputs: Knob['inputs']): Knob => ({
    name: `${knob}.${name}`,
    value: late,
    unit: 's',
    ...unlessGiven(objective.startWithinSeconds, formula, inputs),
    source: SCHEDULERS[scheduler].source,
  });
  if (scheduler === 'kubernetes') {
    const formula =
      'time to the next run − what 99.9 % of its runs take − the time of a new node, at most an hour; where that is no minute, a minute without the node, at least what the controller needs';
    return [
      place,
      lateKnob('startingDeadlineSeconds', formula, { ...timing, nodeProvisionSeconds: NODE_PROVISION_SECONDS }),
      deadline(`activeDeadlineSeconds.${name}`, chore, late),
    ];
  }
  const lateName = scheduler === 'eventbridge' ? 'maximumEventAgeSeconds' : 'startWithinSeconds';
  const formula = 'time to the next run − what 99.9 % of its runs take, at most an hour, at least what may be set';
  return [place, lateKnob(lateName, formula, timing), timeLimit(`timeLimitSeconds.${name}`, longest)];
}

/** When a run is ended: a node that has to come first is in it, and the next run never meets it. */
function deadline(name: string, chore: Chore, late: number): Knob {
  return {
    name,
    value: activeDeadline(chore, late),
    unit: 's',
    formula:
      'what 99.9 % of its runs take + the time of a new node, at most the time to the next run − how late it may begin; never less than what they take, nor more than the time to the next run',
    inputs: {
      longestSeconds: longestSeconds(chore),
      nodeProvisionSeconds: NODE_PROVISION_SECONDS,
      gapSeconds: chore.recurrence.gapSeconds,
      startWithinSeconds: late,
    },
    source: 'Kubernetes, Job: activeDeadlineSeconds counts from the start of the job, pending pods included',
  };
}

/** How long the compute has to let a run take. */
function timeLimit(name: string, longest: number): Knob {
  return {
    name,
    value: Math.ceil(longest),
    unit: 's',
    formula: 'what 99.9 % of its runs take, rounded up',
    inputs: { longestSeconds: longest },
    source: 'one run in a thousand may be given up; the gamma law is the one the simulation draws from',
  };
}
