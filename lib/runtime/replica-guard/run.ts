/** A guard that runs until it is told to stop: two clocks, one for heartbeats and one for ticks, and neither waits for the other. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Guard } from './guard';

/** How often. */
export interface Pace {
  readonly heartbeatMillis: number;
  readonly tickMillis: number;
}

/** Ends once it was stopped, or fails when another guard has taken over. */
export async function runGuard(guard: Guard, { heartbeatMillis, tickMillis }: Pace, stop: AbortSignal): Promise<void> {
  await Promise.all([every(heartbeatMillis, stop, () => guard.beat()), every(tickMillis, stop, () => guard.tick())]);
}

/** At fixed moments; one that took too long skips those it missed. */
async function every(millis: number, stop: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let next = Date.now(); !stop.aborted; ) {
    await work();
    const now = Date.now();
    next = Math.max(next + millis, now);
    await wait(Math.max(0, next - now), undefined, { signal: stop }).catch(() => {});
  }
}
