/** The plan of a schedule: the minute of every job, how many run at once, how late a run may be. */

import { CapacityError, type Check, validate } from '../errors';
import { figure } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { once } from '../once';
import type { Knob } from '../plan';
import { smallestAbove } from '../search';
import { scheduleAlarms } from './alarms';
import { scheduleChecks } from './checks';
import { clockRemarks } from './daylight';
import { jobKnobs, maxConcurrentKnob, runKnobs, spreadKnobs } from './knobs';
import { latenessRemarks } from './lateness';
import { keeps, refusalOf } from './refusals';
import { SCHEDULERS, type SchedulerName } from './schedulers';
import {
  boundOf,
  busiestCores,
  type Chore,
  choreOf,
  countAt,
  cpuRatioOf,
  DEFAULT_QUANTILE,
  onlineLatency,
  runsWait,
  type Spread,
  schedulerOf,
  spreadOf,
  unspreadOffsets,
  withoutHeadroom,
} from './spread';
import { latestStart } from './waits';
import { type JobPlacement, SchedulePlan, type SchedulePredictions, type ScheduleQuestion } from './workload';

/** Above this multiple of the time of a run it is of no interest where a promise breaks. */
const MOST_TIMES = 64;

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
  const { jobs, objective = {} } = question;
  const scheduler = schedulerOf(question);
  validate(
    subject,
    jobs.map((job) => expressible(choreOf(job, question), scheduler)),
  );
  const spread = settled(question);
  const refusal = refusalOf(spread);
  if (refusal !== undefined) throw new CapacityError(subject, refusal.reason, refusal.waysOut());
  const { chores, offsets } = spread;
  const predictions = predictionsOf(spread);
  const placements = chores.map((chore, index) => placementOf(chore, offsets[index], scheduler));
  const knobs: Knob[] = [
    ...spreadKnobs(spread),
    maxConcurrentKnob(spread),
    ...runKnobs(scheduler),
    ...placements.flatMap((placement, index) => jobKnobs(placement, chores[index], objective, scheduler)),
  ];
  const plan = new SchedulePlan(subject, knobs, placements, predictions, [
    ...remarksOn(spread),
    ...latenessRemarks(spread),
  ]);
  return plan.withKnobs(scheduleAlarms(placements, chores, scheduler));
}

/**
 * The jobs at their places, with head-room. A given one is part of the promise. The default yields: first the promise has
 * to hold without it at the same places, so that a job more does not move the others; then at places made without it.
 */
function settled(question: ScheduleQuestion): Spread {
  const { headroom } = question.objective ?? {};
  const spread = spreadOf(question, headroom ?? DEFAULT_HEADROOM);
  if (headroom !== undefined || refusalOf(spread) === undefined) return spread;
  const same = withoutHeadroom(spread);
  return refusalOf(same) === undefined ? same : spreadOf(question, 1);
}

/** That the scheduler can say when the job runs. */
function expressible({ job, recurrence }: Chore, scheduler: SchedulerName): Check {
  const { title, dialect } = SCHEDULERS[scheduler];
  return {
    refused: recurrence.expression(0, dialect) === undefined,
    message: `jobs.cron of ${job.name} has no form for ${title}, got '${job.cron}'; give a day of the month or of the week, not both, and neither L, W, # nor a year where five fields are read`,
  };
}

function predictionsOf(spread: Spread): SchedulePredictions {
  const { question, chores, fullest, mean } = spread;
  const { host, objective = {} } = question;
  const cpuRatio = host && cpuRatioOf(host, busiestCores(spread, 1));
  const { latencyQuantile = DEFAULT_QUANTILE } = objective;
  const breaksAt = once(() =>
    keeps(spread, MOST_TIMES) ? Number.POSITIVE_INFINITY : smallestAbove(1, (times) => !keeps(spread, times))!,
  );
  return {
    fullestRuns: fullest,
    meanRuns: mean,
    unspreadRuns: countAt(chores, unspreadOffsets(chores)),
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

function placementOf({ job, recurrence }: Chore, offset: number, scheduler: SchedulerName): JobPlacement {
  const { runsPerWeek, gapSeconds, longestGapSeconds } = recurrence;
  const expression = recurrence.expression(offset, SCHEDULERS[scheduler].dialect)!;
  return { name: job.name, offsetMinutes: offset, expression, runsPerWeek, gapSeconds, longestGapSeconds };
}

/** Less head-room than usual, runs that wait, places outside the window, and hours that a time zone does not always have. */
function remarksOn(spread: Spread): string[] {
  const { chores, offsets, question, fullest } = spread;
  const { objective = {}, timeZone } = question;
  const spare = objective.headroom !== undefined || keeps(spread, DEFAULT_HEADROOM);
  const waits = runsWait(question) && fullest > boundOf(spread);
  return [
    ...(spare
      ? []
      : [
          `the promise breaks before runs take ${DEFAULT_HEADROOM} × the time, the usual head-room: no minutes are better`,
        ]),
    ...(waits
      ? [
          `${fullest} runs meet in the fullest minute and ${boundOf(spread)} run at once: the others wait in the queue, and the last begins ${figure(Math.ceil(latestStart(spread)))} s after its minute`,
        ]
      : []),
    ...outsideWindow(spread),
    ...(timeZone === undefined ? [] : clockRemarks(timeZone, chores, offsets, schedulerOf(question))),
  ];
}

/** Pinned jobs keep their minutes, whatever the window. */
function outsideWindow({ question, chores }: Spread): string[] {
  const { windowSeconds = Number.POSITIVE_INFINITY } = question.objective ?? {};
  const outside = chores.filter(({ recurrence: { pinnedMinute = 0 } }) => 60 * pinnedMinute >= windowSeconds);
  if (outside.length === 0) return [];
  return [
    `pinned outside the window of ${figure(windowSeconds)} s, and left there: ${outside.map(({ name }) => name).join(', ')}`,
  ];
}
