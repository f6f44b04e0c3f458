/** The time of a sender that may be told to stop: then nothing waits any longer. */
import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Ports } from '../sender/ports';

/** Clock, wait and chance until a program is told to stop. */
export function untilStopped(stop: AbortController): Pick<Ports, 'now' | 'wait' | 'isStopped' | 'random'> {
  // Every mail that waits listens to it.
  setMaxListeners(0, stop.signal);
  return {
    now: Date.now,
    wait: async (millis) => {
      await wait(millis, undefined, { signal: stop.signal }).catch(() => {});
    },
    isStopped: () => stop.signal.aborted,
    random: Math.random,
  };
}
