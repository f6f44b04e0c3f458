/** Numbers of the alarms of a schedule. */

import { chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import { DAY_SECONDS } from '../ranges';
import { HOUR_MINUTES } from './calendar';
import { secondsWithNode } from './lateness';
import type { SchedulerName } from './schedulers';
import type { Chore } from './spread';
import type { JobPlacement } from './workload';

const HOUR_SECONDS = 3600;
const WEEK_DAYS = 7;
const WEEK_HOURS = 168;
/** Amazon EventBridge Scheduler User Guide, Monitoring: metrics are published every five minutes. */
const METRIC_SECONDS = 300;

/** The numbers of the alarms on that scheduler. */
export function scheduleAlarms(
  jobs: readonly JobPlacement[],
  chores: readonly Chore[],
  scheduler: SchedulerName,
): Knob[] {
  return ALARMS[scheduler](jobs, chores);
}

type Alarms = (jobs: readonly JobPlacement[], chores: readonly Chore[]) => Knob[];

const ALARMS: Readonly<Record<SchedulerName, Alarms>> = {
  kubernetes: kubernetesAlarms,
  eventbridge: eventBridgeAlarms,
  google: googleAlarms,
};

function kubernetesAlarms(jobs: readonly JobPlacement[], chores: readonly Chore[]): Knob[] {
  return [
    ...jobs.map((placement, index) => silence(placement, chores[index])),
    {
      name: 'alarmJobs',
      value: jobs.length,
      unit: 'jobs',
      formula: 'the jobs of the list: with fewer, a CronJob was deleted, or nothing reports about them',
      inputs: {},
      source: 'kube-state-metrics, kube_cronjob_created',
    },
    chosenKnob(
      'alarmHoldSeconds',
      METRIC_SECONDS,
      's',
      'five minutes: a job that ends while the next begins is no overload',
      'Prometheus, Alerting rules, `for`',
    ),
    firstOneKnob(
      'alarmFailedRuns',
      'runs',
      'a job that has failed is not run again before its next minute',
      'kube-state-metrics, kube_job_status_failed',
    ),
    rateWindowKnob(),
  ];
}

function eventBridgeAlarms(jobs: readonly JobPlacement[], chores: readonly Chore[]): Knob[] {
  return [
    chosenKnob(
      'alarmPeriodSeconds',
      METRIC_SECONDS,
      's',
      'the metrics come every five minutes',
      'Amazon EventBridge Scheduler User Guide, Monitoring with CloudWatch',
    ),
    firstOneKnob(
      'alarmDropped',
      'runs',
      'a dropped invocation is a run that never happens',
      'Amazon EventBridge Scheduler User Guide: InvocationDroppedCount',
    ),
    firstOneKnob(
      'alarmDeadLettered',
      'runs',
      'an invocation in the dead-letter queue waits for a person',
      'Amazon EventBridge Scheduler User Guide: InvocationsSentToDeadLetterCount',
    ),
    firstOneKnob(
      'alarmThrottled',
      'invocations',
      'the region starts no more at a time, so runs begin late',
      'Amazon EventBridge Scheduler User Guide: InvocationThrottleCount',
    ),
    firstOneKnob(
      'alarmTargetErrors',
      'errors',
      'the target refuses what it should take',
      'Amazon EventBridge Scheduler User Guide: TargetErrorCount',
    ),
    chosenKnob(
      'alarmTargetErrorPeriods',
      3,
      'periods',
      'three periods one after the other: one refusal is retried by the scheduler',
      'Amazon EventBridge Scheduler User Guide, RetryPolicy',
    ),
    ...silentSchedules(jobs, chores),
  ];
}

function googleAlarms(): Knob[] {
  return [
    chosenKnob(
      'alarmHoldSeconds',
      METRIC_SECONDS,
      's',
      'five minutes: a run that ends while the next begins is no overload',
      'Cloud Monitoring, alignment and duration of a condition',
    ),
  ];
}

/** Seconds without a run that ended well after which a job counts as silent: one run may fail, not two. */
function silence({ name, longestGapSeconds: gap }: JobPlacement, chore: Chore): Knob {
  const run = secondsWithNode(chore);
  return {
    name: `alarmSilenceSeconds.${name}`,
    value: 2 * gap + run,
    unit: 's',
    formula:
      '2 × the longest time to the next run + what 99.9 % of its runs take with a new node, at most the time to the next run: one run may fail, not two',
    inputs: { longestGapSeconds: gap, runSeconds: run },
    source: 'kube-state-metrics, kube_cronjob_status_last_successful_time',
  };
}

/** Runs that begin in each hour, or on each day: with fewer, a schedule is missing or disabled. */
function silentSchedules(jobs: readonly JobPlacement[], chores: readonly Chore[]): Knob[] {
  const hourly = chores.every(({ recurrence }) => recurrence.cycleMinutes === HOUR_MINUTES);
  const counted = jobs.filter((_, index) => chores[index].recurrence.daily);
  const perWeek = counted.reduce((sum, { runsPerWeek }) => sum + runsPerWeek, 0);
  const runs = Math.round(perWeek / (hourly ? WEEK_HOURS : WEEK_DAYS));
  if (runs === 0) return [];
  const source = 'Amazon EventBridge Scheduler User Guide: InvocationAttemptCount';
  const every = hourly ? 'hour' : 'day';
  return [
    chosenKnob(
      'alarmSilenceSeconds',
      hourly ? HOUR_SECONDS : DAY_SECONDS,
      's',
      `in every ${every} each schedule that is counted fires equally often`,
      source,
    ),
    {
      name: 'alarmSilenceRuns',
      value: runs,
      unit: 'runs',
      formula: `runs of every ${every}, without jobs that do not run on every day`,
      inputs: { jobs: counted.length, runsPerWeek: perWeek },
      source,
    },
    chosenKnob(
      'alarmSilencePeriods',
      2,
      'periods',
      'two periods one after the other: the metrics of the last minutes come late, so the newest period may lack runs',
      'Amazon EventBridge Scheduler User Guide, Monitoring with CloudWatch: metrics are delivered on a best-effort basis',
    ),
  ];
}
