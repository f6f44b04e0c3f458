/** The plan of a schedule: the minute of every job, how many run at once, how late a run may be. */
import { CapacityError, type Check, validate } from '../errors';
import { figure, percent } from '../figures';
import { once } from '../once';
import type { Knob } from '../plan';
import { smallestAbove } from '../search';
import { scheduleAlarms } from './alarms';
import { scheduleChecks } from './checks';
import { clockRemarks } from './daylight';
import { jobKnobs, maxConcurrentKnob, runKnobs, spreadKnobs } from './knobs';
import { SCHEDULERS } from './schedulers';
import {
  type Chore,
  choreOf,
  countAt,
  cpuRatioOf,
  DEFAULT_QUANTILE,
  keeps,
  mostCpuRatio,
  onlineLatency,
  type Spread,
  spreadOf,
} from './spread';
import { refuseLongWaits, waitRemarks } from './waits';
import { type JobPlacement, SchedulePlan, type SchedulePredictions, type ScheduleQuestion } from './workload';

/** Times the length of every run that is planned for, unless the objective says otherwise. */
const DEFAULT_HEADROOM = 1.25;

/**
 * The plan of a schedule.
 *
 * @param subject id of the construct; every error starts with it
 * @param question jobs, host, objective, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a job or a number cannot be used; the message names every one of them
 * @throws CapacityError when the promise cannot be kept at any place of the jobs, with ways out that were each solved
 */
export function planSchedule(subject: string, question: ScheduleQuestion, checks: readonly Check[] = []): SchedulePlan {
  validate(subject, [...checks, ...scheduleChecks(question)]);
  const { jobs, objective = {}, scheduler = 'kubernetes' } = question;
  const chores = jobs.map((job) => choreOf(job, question.host));
  validate(
    subject,
    chores.map((chore) => expressible(chore, scheduler)),
  );
  const spread = spreadOf(question, chores);
  refuse(subject, spread);
  refuseLongWaits(subject, spread);
  const predictions = predictionsOf(spread);
  const placements = chores.map((chore, index) => placementOf(chore, spread.placed.offsets[index], scheduler));
  const knobs: Knob[] = [
    ...spreadKnobs(spread),
    maxConcurrentKnob(spread, objective.headroom ?? DEFAULT_HEADROOM),
    ...runKnobs(scheduler),
    ...placements.flatMap((placement, index) => jobKnobs(placement, chores[index], objective, scheduler)),
  ];
  const plan = new SchedulePlan(subject, knobs, placements, predictions, [
    ...remarksOn(spread),
    ...waitRemarks(spread),
  ]);
  return plan.withKnobs(scheduleAlarms(placements, chores, scheduler));
}

/** That the scheduler can say when the job runs. */
function expressible({ job, recurrence }: Chore, scheduler: NonNullable<ScheduleQuestion['scheduler']>): Check {
  const { title, dialect } = SCHEDULERS[scheduler];
  return {
    refused: recurrence.expression(0, dialect) === undefined,
    message: `jobs.cron of ${job.name} cannot be said to ${title}, got '${job.cron}'; give a day of the month or of the week, not both, and neither L, W, # nor a year where five fields are read`,
  };
}

function predictionsOf(spread: Spread): SchedulePredictions {
  const { question, chores, placed, fullest, mean } = spread;
  const { host, objective = {} } = question;
  const cpuRatio = host && cpuRatioOf(host, Math.max(...placed.load));
  const { latencyQuantile = DEFAULT_QUANTILE } = objective;
  const breaksAt = once(() => smallestAbove(1, (times) => !keeps(spread, times)) ?? Number.POSITIVE_INFINITY);
  return {
    fullestRuns: fullest,
    meanRuns: mean,
    unspreadRuns: countAt(
      chores,
      chores.map(() => 0),
    ),
    ...(cpuRatio !== undefined && { cpuRatio }),
    ...(host?.onlineServiceSeconds !== undefined && {
      onlineLatencySeconds: onlineLatency(host.onlineServiceSeconds, cpuRatio!, latencyQuantile),
    }),
    // Searched for when it is first read.
    get breaksAtDuration() {
      return breaksAt();
    },
  };
}

function placementOf({ job, recurrence }: Chore, offset: number, scheduler: keyof typeof SCHEDULERS): JobPlacement {
  const { runsPerWeek, gapSeconds, longestGapSeconds } = recurrence;
  const expression = recurrence.expression(offset, SCHEDULERS[scheduler].dialect)!;
  return { name: job.name, offsetMinutes: offset, expression, runsPerWeek, gapSeconds, longestGapSeconds };
}

/** Throws when a promise is broken. */
function refuse(subject: string, spread: Spread): void {
  const { question, placed, mean, fullest } = spread;
  const { host, objective = {}, maxConcurrent, scheduler = 'kubernetes', queued = false } = question;
  if (maxConcurrent !== undefined && mean > maxConcurrent - 1e-9) {
    throw new CapacityError(
      subject,
      `${figure(mean)} runs are active on average, maxConcurrent is ${maxConcurrent}: they would never catch up`,
      [`maxConcurrent of at least ${Math.floor(mean + 1e-9) + 1}`, 'shorter runs, or fewer'],
    );
  }
  const most = mostCpuRatio(host, objective);
  const busiest = Math.max(...placed.load);
  if (most !== undefined && cpuRatioOf(host!, busiest) > most + 1e-9) {
    const room = Math.max(0, (most - host!.onlineUtilisation) * host!.cores);
    throw new CapacityError(
      subject,
      `${fullest} runs meet in the fullest minute and take ${figure(busiest)} cores; of ${figure(host!.cores)} cores, ${percent(host!.onlineUtilisation)} busy with requests, the promise leaves ${figure(room)}`,
      waysOut(spread, most),
    );
  }
  // Without a queue nothing holds a run back but its minute.
  if (maxConcurrent !== undefined && scheduler === 'kubernetes' && !queued && fullest > maxConcurrent) {
    throw new CapacityError(
      subject,
      `${fullest} runs meet in the fullest minute, maxConcurrent is ${maxConcurrent} and CronJobs do not wait`,
      [
        `maxConcurrent of at least ${fullest}`,
        'a queue of Kueue, in which the others wait',
        ...ifWiderFits(spread, (other) => other.fullest <= maxConcurrent),
      ],
    );
  }
  if (objective.headroom !== undefined && !keeps(spread, objective.headroom)) {
    throw new CapacityError(
      subject,
      `with a head-room of ${objective.headroom} a run meets its next one, or the promise breaks`,
      ['leave headroom out: the plan then says at what multiple the promise breaks', 'shorter runs, or more cores'],
    );
  }
}

/** Changes that each keep the CPU below `most`; each has been tried. */
function waysOut(spread: Spread, most: number): string[] {
  const { question, chores, placed } = spread;
  const host = question.host!;
  const busiest = Math.max(...placed.load);
  const fits = (other: Spread) => cpuRatioOf(host, Math.max(...other.placed.load)) <= most + 1e-9;
  const shorter = (factor: number) =>
    spreadOf(
      question,
      chores.map(({ job }) => choreOf(job, host, factor)),
    );
  const factor = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01].find((one) => fits(shorter(one)));
  const room = most - host.onlineUtilisation;
  return [
    ...ifWiderFits(spread, fits),
    ...(room > 0 ? [`${figure(Math.ceil(busiest / room))} cores`] : []),
    ...(factor === undefined ? [] : [`runs of ${percent(factor)} of the time`]),
    ...(room > 0 ? [] : ['fewer online requests on these cores: they alone take what is promised']),
  ];
}

/** A window of which this is true: twice the given one, four times, and so on, up to each job's whole period. */
function ifWiderFits({ question, chores }: Spread, fits: (other: Spread) => boolean): string[] {
  const { windowSeconds } = question.objective ?? {};
  if (windowSeconds === undefined) return [];
  const longest = Math.max(...chores.map(({ recurrence }) => recurrence.places * 60));
  for (let wider = 2 * windowSeconds; wider < 2 * longest; wider *= 2) {
    const seconds = Math.min(wider, longest);
    const other = spreadOf({ ...question, objective: { ...question.objective, windowSeconds: seconds } }, chores);
    if (fits(other)) return [`a window of ${figure(seconds)} s`];
  }
  return [];
}

/** Less head-room than usual, and hours that a time zone does not always have. */
function remarksOn(spread: Spread): string[] {
  const { chores, placed, question, fullest } = spread;
  const { objective = {}, timeZone, queued = false, maxConcurrent = fullest } = question;
  const spare = objective.headroom !== undefined || keeps(spread, DEFAULT_HEADROOM);
  return [
    ...(spare
      ? []
      : [
          `the promise breaks before runs take ${DEFAULT_HEADROOM} × the time, the usual head-room: no minutes are better`,
        ]),
    ...(queued && fullest > maxConcurrent
      ? [
          `${fullest} runs meet in the fullest minute and ${maxConcurrent} run at once: the others wait in the queue, and end later than their minute says`,
        ]
      : []),
    ...(timeZone === undefined ? [] : clockRemarks(timeZone, chores, placed.offsets)),
  ];
}
