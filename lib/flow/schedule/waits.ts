/** A burst: more runs are due at once than may run at once, and the others wait in the queue, first come, first served. */
import { CapacityError } from '../errors';
import { figure } from '../figures';
import { MomentHeap } from '../numerics/heap';
import { firstIndex } from '../search';
import { lateness } from './knobs';
import type { Chore, Spread } from './spread';

const MINUTE_SECONDS = 60;

/** The longest wait of each job in seconds, when so many run at once and each takes its mean time. */
export function longestWaits(chores: readonly Chore[], offsets: readonly number[], atOnce: number): number[] {
  const cycle = Math.max(...chores.map(({ recurrence }) => recurrence.cycleMinutes));
  const due = chores.flatMap(({ recurrence: { cycleMinutes, minutes } }, index) =>
    Array.from({ length: cycle / cycleMinutes }, (_, turn) =>
      minutes.map((minute) => ({
        at: ((turn * cycleMinutes + minute + offsets[index]) % cycle) * MINUTE_SECONDS,
        index,
      })),
    ).flat(),
  );
  due.sort((a, b) => a.at - b.at || a.index - b.index);
  const waits = chores.map(() => 0);
  const free = new MomentHeap(atOnce);
  for (let server = 0; server < atOnce; server += 1) free.push(0, server);
  // The second time around begins with what the first has left.
  for (const start of [0, cycle * MINUTE_SECONDS]) {
    for (const { at, index } of due) {
      const begins = Math.max(start + at, free.next);
      waits[index] = Math.max(waits[index], begins - start - at);
      free.replaceNext(begins + chores[index].job.durationSeconds, index);
    }
  }
  return waits;
}

/** Throws when a run of a burst would wait longer than it may. Runs on Kubernetes have no queue to wait in. */
export function refuseLongWaits(subject: string, spread: Spread): void {
  const { maxConcurrent } = spread.question;
  if (maxConcurrent === undefined || !isBurst(spread)) return;
  const late = latest(spread, maxConcurrent);
  if (late === undefined) return;
  // As many as the fullest minute has: then none waits.
  const more = firstIndex(
    spread.fullest - maxConcurrent,
    (extra) => latest(spread, maxConcurrent + extra) === undefined,
  );
  throw new CapacityError(
    subject,
    `${spread.fullest} runs meet in the fullest minute and ${maxConcurrent} run at once: ${late.name} would begin ${figure(late.wait)} s late, and it may ${figure(late.limit)} s`,
    [`maxConcurrent of at least ${maxConcurrent + more}`, 'shorter runs, or other minutes for those that are pinned'],
  );
}

/** How late the last run of a burst begins. */
export function waitRemarks(spread: Spread): string[] {
  const { maxConcurrent = spread.fullest } = spread.question;
  if (!isBurst(spread)) return [];
  const longest = Math.max(...longestWaits(spread.chores, spread.placed.offsets, maxConcurrent));
  if (longest === 0) return [];
  return [
    `${spread.fullest} runs meet in the fullest minute and ${maxConcurrent} run at once: the last begins ${figure(Math.ceil(longest))} s after its minute`,
  ];
}

function isBurst({ question: { maxConcurrent, scheduler }, fullest }: Spread): boolean {
  return scheduler === 'eventbridge' && maxConcurrent !== undefined && fullest > maxConcurrent;
}

/** The job that begins too late by most; undefined when none does. */
function latest({ question, chores, placed }: Spread, atOnce: number) {
  const { objective = {}, scheduler = 'kubernetes' } = question;
  const waits = longestWaits(chores, placed.offsets, atOnce);
  const late = chores
    .map(({ name, job, recurrence }, index) => ({
      name,
      wait: waits[index],
      limit: lateness(job.durationSeconds, recurrence.gapSeconds, objective, scheduler),
    }))
    .filter(({ wait, limit }) => wait > limit);
  return late.sort((a, b) => b.wait - b.limit - (a.wait - a.limit))[0];
}
