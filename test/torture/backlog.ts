/** What waits in a torture run: what is due and has no effect yet, looked at until it is ended. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Effects } from './effects';

const SAMPLE_MILLIS = 500;
const SAY_EVERY = 20;

interface Sample {
  readonly at: number;
  readonly waiting: number;
  readonly done: number;
}

/** Looks at a backlog. */
export interface BacklogWatch {
  most(): number;
  /** When no more than that waited, from then on; when it was looked at last if that never came. */
  settledAfter(from: number, settled: number): number;
  /** Letters that had their effect in a second, between these times; undefined when it was not looked at twice. */
  clearedPerSecond(from: number, to: number): number | undefined;
  /** Rejects when a look failed. */
  end(): Promise<void>;
}

/** @param dueBy letters that are due by then and are to have an effect */
export function watchBacklog(
  effects: Pick<Effects, 'count'>,
  dueBy: (seconds: number) => number,
  elapsed: () => number,
  say: (line: string) => void,
): BacklogWatch {
  const seen: Sample[] = [];
  let over = false;
  let failure: Error | undefined;
  const watching = (async () => {
    for (let sample = 0; !over; sample += 1) {
      const at = elapsed();
      const done = await effects.count();
      const waiting = dueBy(at) - done;
      seen.push({ at, waiting, done });
      if (sample % SAY_EVERY === 0) say(`${at.toFixed(0)} s: ${dueBy(at)} due, ${waiting} wait`);
      await wait(SAMPLE_MILLIS);
    }
  })().catch((error: Error) => {
    failure = error;
  });
  return {
    most: () => Math.max(...seen.map(({ waiting }) => waiting)),
    settledAfter: (from, settled) =>
      (seen.find(({ at, waiting }) => at >= from && waiting <= settled) ?? seen.at(-1)!).at,
    clearedPerSecond(from, to) {
      const between = seen.filter(({ at }) => at >= from && at <= to);
      const [first, last] = [between[0], between.at(-1)];
      return first === undefined || last === undefined || last.at === first.at
        ? undefined
        : (last.done - first.done) / (last.at - first.at);
    },
    async end() {
      over = true;
      await watching;
      if (failure) throw failure;
    },
  };
}
