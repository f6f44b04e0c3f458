/** The validation table of a schedule. */
import {
  above0,
  between,
  type Check,
  fromBelow,
  inRange,
  isKnown,
  oneOf,
  required,
  shown,
  wholeNumber,
} from '../errors';
import { type Fields, listChecks, objectChecks } from '../fields';
import { figure } from '../figures';
import { DAY_SECONDS, WEEK_SECONDS } from '../ranges';
import { isTimeZone } from './daylight';
import { PERIOD_MINUTES, recurrenceOf } from './recurrence';
import { SCHEDULERS } from './schedulers';
import type { ScheduledJob, ScheduleHost, ScheduleObjective, ScheduleQuestion } from './workload';

/** More schedules than one construct should have; a region takes a million, a cluster some thousands. */
const MOST_JOBS = 5000;
const MOST_CORES = 1e6;
const MOST_CONCURRENT = 10_000;

const QUESTION_FIELDS: Fields<ScheduleQuestion> = {
  jobs: true,
  objective: true,
  host: true,
  scheduler: true,
  timeZone: true,
  maxConcurrent: true,
  queued: true,
};
const JOB_FIELDS: Fields<ScheduledJob> = {
  name: true,
  periodSeconds: true,
  cron: true,
  durationSeconds: true,
  durationVariation: true,
  cpu: true,
  pinned: true,
  offsetMinutes: true,
};
const HOST_FIELDS: Fields<ScheduleHost> = { cores: true, onlineUtilisation: true, onlineServiceSeconds: true };
const OBJECTIVE_FIELDS: Fields<ScheduleObjective> = {
  windowSeconds: true,
  startWithinSeconds: true,
  cpuRatio: true,
  onlineLatencySeconds: true,
  latencyQuantile: true,
  headroom: true,
};

/** Checks the jobs, the host and the promise. */
export function scheduleChecks(question: ScheduleQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ jobs, objective = {}, host, ...choices }) => [
    ...listChecks('jobs', jobs, (list) => [
      ...listOfJobs(list, typeof host === 'object' && host !== null),
      ...relationChecks(list, objective ?? {}),
    ]),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, () => objectiveChecks(objective, host)),
    ...(host === undefined ? [] : objectChecks('host', host, HOST_FIELDS, () => hostChecks(host))),
    oneOf('scheduler', choices.scheduler, Object.keys(SCHEDULERS)),
    {
      refused: choices.timeZone !== undefined && !isTimeZone(choices.timeZone),
      message: `timeZone must be a name of the IANA database, such as Europe/Berlin, got ${shown(choices.timeZone)}`,
    },
    wholeNumber('maxConcurrent', choices.maxConcurrent, 1, MOST_CONCURRENT),
    oneOf('queued', choices.queued, [true, false]),
  ]);
}

function listOfJobs(list: readonly ScheduledJob[], withHost: boolean): Check[] {
  const names = new Set<unknown>();
  const twice: unknown[] = [];
  for (const job of list) {
    if (names.has(job?.name)) twice.push(job?.name);
    names.add(job?.name);
  }
  return [
    { refused: list.length === 0, message: 'jobs must name at least one, got none' },
    { refused: list.length > MOST_JOBS, message: `jobs must be at most ${figure(MOST_JOBS)}, got ${list.length}` },
    { refused: twice.length > 0, message: `jobs must have different names, got ${twice.map(String).join(', ')} twice` },
    ...list.flatMap((job) => objectChecks('jobs', job, JOB_FIELDS, () => jobChecks(job, withHost))),
  ];
}

function jobChecks(job: ScheduledJob, withHost: boolean): Check[] {
  const { name, cron, periodSeconds, durationSeconds, pinned, offsetMinutes } = job;
  const of = (field: string) => `jobs.${field} of ${String(name)}`;
  return [
    {
      refused: typeof name !== 'string' || !/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name),
      message: `jobs.name must be 1 to 40 lower-case letters, digits and hyphens, beginning with a letter, got ${shown(name)}`,
    },
    {
      refused: (cron === undefined) === (periodSeconds === undefined),
      message: `${of('periodSeconds')} or ${of('cron')} must be given, one of them, got ${cron === undefined ? 'neither' : 'both'}`,
    },
    ...whenChecks(job, of),
    oneOf(of('pinned'), pinned, [true, false]),
    {
      refused: pinned === true && (cron === undefined || offsetMinutes !== undefined),
      message: `${of('pinned')} needs a cron with its minutes, and no offsetMinutes`,
    },
    required(inRange, of('durationSeconds'), durationSeconds, 0.001, WEEK_SECONDS),
    inRange(of('durationVariation'), job.durationVariation, 0, 10),
    withHost
      ? required(inRange, of('cpu'), job.cpu, 0.001, MOST_CORES)
      : inRange(of('cpu'), job.cpu, 0.001, MOST_CORES),
  ];
}

/** What the promise asks of every job: a given offset lies in the window, and no run begins after its next one. */
function relationChecks(list: readonly ScheduledJob[], objective: ScheduleObjective): Check[] {
  const { windowSeconds, startWithinSeconds } = objective;
  return list.flatMap((job) => {
    const recurrence = job && hasOneForm(job) ? recurrenceOf(job) : undefined;
    if (recurrence === undefined || typeof recurrence === 'string') return [];
    const { name, offsetMinutes } = job;
    return [
      {
        refused: isKnown(windowSeconds) && isKnown(offsetMinutes) && offsetMinutes * 60 >= windowSeconds,
        message: `jobs.offsetMinutes of ${String(name)} must lie within objective.windowSeconds, ${shown(windowSeconds)}, got ${shown(offsetMinutes)} min`,
      },
      {
        refused: isKnown(startWithinSeconds) && startWithinSeconds > recurrence.gapSeconds,
        message: `objective.startWithinSeconds must be at most the ${figure(recurrence.gapSeconds)} s from a run of ${String(name)} to its next one, got ${shown(startWithinSeconds)}`,
      },
    ];
  });
}

/** Whether it says when it runs in a form that can be read. */
function hasOneForm({ cron, periodSeconds }: ScheduledJob): boolean {
  if (cron !== undefined) return typeof cron === 'string' && periodSeconds === undefined;
  return PERIOD_MINUTES.includes((periodSeconds ?? 0) / 60);
}

/** When it runs, and that one run ends before the next. */
function whenChecks(job: ScheduledJob, of: (field: string) => string): Check[] {
  const { cron, periodSeconds, durationSeconds, offsetMinutes } = job;
  if (cron === undefined && periodSeconds === undefined) return [];
  if (cron !== undefined && typeof cron !== 'string') {
    return [{ refused: true, message: `${of('cron')} must be text, got ${shown(cron)}` }];
  }
  if (cron === undefined && !PERIOD_MINUTES.includes((periodSeconds ?? 0) / 60)) {
    const periods = PERIOD_MINUTES.map((minutes) => figure(minutes * 60)).join(', ');
    return [
      {
        refused: true,
        message: `${of('periodSeconds')} must be one of ${periods}, which divide the hour, the day or the week, got ${shown(periodSeconds)}`,
      },
    ];
  }
  const recurrence = recurrenceOf(job);
  if (typeof recurrence === 'string') return [{ refused: true, message: `${of('cron')}: ${recurrence}` }];
  return [
    wholeNumber(of('offsetMinutes'), offsetMinutes, 0, recurrence.places - 1),
    {
      refused: isKnown(durationSeconds) && durationSeconds >= recurrence.gapSeconds,
      message: `${of('durationSeconds')} must be below the ${figure(recurrence.gapSeconds)} s to its next run, got ${shown(durationSeconds)}; let it run less often, or split it`,
    },
  ];
}

function hostChecks({ cores, onlineUtilisation, onlineServiceSeconds }: ScheduleHost): Check[] {
  return [
    required(above0, 'host.cores', cores, MOST_CORES),
    required(fromBelow, 'host.onlineUtilisation', onlineUtilisation, 0, 1),
    above0('host.onlineServiceSeconds', onlineServiceSeconds, 3600),
  ];
}

function objectiveChecks(objective: ScheduleObjective, host: ScheduleHost | undefined): Check[] {
  const { windowSeconds, startWithinSeconds, cpuRatio, onlineLatencySeconds, latencyQuantile, headroom } = objective;
  const needs = (name: string, value: unknown, what: string, has: boolean): Check => ({
    refused: value !== undefined && !has,
    message: `objective.${name} needs ${what}`,
  });
  return [
    inRange('objective.windowSeconds', windowSeconds, 60, WEEK_SECONDS),
    inRange('objective.startWithinSeconds', startWithinSeconds, 60, DAY_SECONDS),
    between('objective.cpuRatio', cpuRatio, 0, 1),
    needs('cpuRatio', cpuRatio, 'host, with its cores', host !== undefined),
    above0('objective.onlineLatencySeconds', onlineLatencySeconds, 3600),
    needs(
      'onlineLatencySeconds',
      onlineLatencySeconds,
      'host.onlineServiceSeconds, the time of a request',
      host?.onlineServiceSeconds !== undefined,
    ),
    fromBelow('objective.latencyQuantile', latencyQuantile, 0.5, 1),
    inRange('objective.headroom', headroom, 1 + 1e-6, 10),
  ];
}
