/**
 * The runs of a schedule, event by event: each begins at a moment of the start spread after its minute, takes a time that
 * is drawn, and waits, or is skipped, as its scheduler does it. It judges the minutes of a plan.
 */

import { MomentHeap } from '../numerics/heap';
import { type Random, ServiceTime } from '../numerics/random';
import { DAY_SECONDS } from '../ranges';
import { CALENDAR_DAYS, DAY_MINUTES, WEEK_MINUTES, weekdayOf } from './calendar';
import { lateness } from './lateness';
import { loadAt } from './placement';
import { SCHEDULERS } from './schedulers';
import { type Chore, choreOf, runsWait, schedulerOf, unspreadOffsets } from './spread';
import type { SchedulePlan, ScheduleQuestion } from './workload';

/** What a schedule went through. */
export interface JobRun {
  /** For each second, runs that were active at its end. */
  readonly runs: Float64Array;
  /** For each second, cores that they took; runs where the jobs have no CPU. */
  readonly cores: Float64Array;
  /** For each minute of the run, whether the plan has as many cores in it as in any. */
  readonly fullest: Uint8Array;
  /** Runs that began. */
  readonly begun: number;
  /** Runs that were skipped: they could not begin in time, or the one before was still active. */
  readonly skipped: number;
}

/** A run that is due, in seconds. */
interface Due {
  readonly at: number;
  readonly index: number;
}

/** Where the jobs are, and how many run at once where they wait. */
export interface Places {
  readonly offsets: readonly number[];
  readonly atOnce: number;
}

/** The places of a plan. */
export function placesOf({ jobs }: ScheduleQuestion, plan: SchedulePlan): Places {
  return { offsets: jobs.map(({ name }) => plan.job(name).offsetMinutes), atOnce: plan.value('maxConcurrent') };
}

/** The places that jobs were written with; none waits. */
export function writtenPlaces(question: ScheduleQuestion): Places {
  const chores = question.jobs.map((job) => choreOf(job, question));
  return { offsets: unspreadOffsets(chores), atOnce: chores.length };
}

/**
 * Runs a schedule for some days of the calendar.
 *
 * @param firstDay the first of them, from 0
 */
export function runJobs(
  question: ScheduleQuestion,
  { offsets, atOnce }: Places,
  days: number,
  random: Random,
  firstDay = 0,
): JobRun {
  const scheduler = schedulerOf(question);
  const { startSpreadSeconds, oneAtATime } = SCHEDULERS[scheduler];
  const chores = question.jobs.map((job) => choreOf(job, question));
  const times = chores.map(({ job, variation }) => new ServiceTime(job.durationSeconds, variation));
  const limits = chores.map((chore) => lateness(chore, question.objective ?? {}, scheduler));
  const load = loadAt(chores, offsets);
  const most = Math.max(...load);
  const length = days * DAY_SECONDS;
  const [runs, cores] = [new Float64Array(length), new Float64Array(length)];
  const ends = new Float64Array(chores.length);
  const free = new MomentHeap(atOnce);
  for (let server = 0; server < atOnce; server += 1) free.push(0, server);
  const waits = runsWait(question);
  let [begun, skipped] = [0, 0];
  const due = dueWithin(chores, offsets, firstDay, days)
    .map(({ at, index }) => ({ minute: at, at: at + startSpreadSeconds * random.uniform(), index }))
    .sort((a, b) => a.at - b.at);
  for (const { minute, at, index } of due) {
    // With Forbid a run waits for the one before, as long as it may begin at all.
    const begins = Math.max(at, oneAtATime ? ends[index] : 0, waits ? free.next : 0);
    if (begins > at && begins - minute > limits[index]) {
      skipped += 1;
      continue;
    }
    begun += 1;
    const end = begins + times[index].draw(random);
    ends[index] = end;
    if (waits) free.replaceNext(end, index);
    for (let second = Math.floor(begins); second < Math.min(length, Math.floor(end)); second += 1) {
      runs[second] += 1;
      cores[second] += chores[index].weight;
    }
  }
  const fullest = Uint8Array.from({ length: days * (DAY_SECONDS / 60) }, (_, at) => {
    const ofWeek = weekdayOf((firstDay + Math.floor(at / DAY_MINUTES)) % CALENDAR_DAYS) * DAY_MINUTES;
    return Number(load[((ofWeek + (at % DAY_MINUTES)) % WEEK_MINUTES) % load.length] > most - 1e-9);
  });
  return { runs, cores, fullest, begun, skipped };
}

function dueWithin(chores: readonly Chore[], offsets: readonly number[], firstDay: number, days: number): Due[] {
  const due: Due[] = [];
  for (const [index, { recurrence }] of chores.entries()) {
    const { dates, cycleMinutes, minutes } = recurrence;
    for (let day = 0; day < days; day += 1) {
      const add = (minute: number) => due.push({ at: day * DAY_SECONDS + minute * 60, index });
      const ofCalendar = (firstDay + day) % CALENDAR_DAYS;
      if (dates) {
        if (dates.days[ofCalendar]) for (const minute of dates.minutes) add(minute + offsets[index]);
        continue;
      }
      const begin = weekdayOf(ofCalendar) * DAY_MINUTES;
      for (let turn = begin - (begin % cycleMinutes); turn < begin + DAY_MINUTES; turn += cycleMinutes) {
        for (const minute of minutes) {
          const at = turn + minute;
          if (at >= begin && at < begin + DAY_MINUTES) add(at - begin + offsets[index]);
        }
      }
    }
  }
  return due;
}

/** The most at any second of each minute. */
export function mostPerMinute(perSecond: Float64Array): Float64Array {
  return Float64Array.from({ length: perSecond.length / 60 }, (_, minute) =>
    perSecond.subarray(60 * minute, 60 * minute + 60).reduce((sofar, one) => (one > sofar ? one : sofar), 0),
  );
}

/** The share of the seconds within the plan's fullest minutes in which more than this was active. */
export function shareAbove(perSecond: Float64Array, fullest: Uint8Array, limit: number): number {
  let [seconds, above] = [0, 0];
  for (let second = 0; second < perSecond.length; second += 1) {
    if (!fullest[Math.floor(second / 60)]) continue;
    seconds += 1;
    if (perSecond[second] > limit + 1e-9) above += 1;
  }
  return seconds === 0 ? 0 : above / seconds;
}
