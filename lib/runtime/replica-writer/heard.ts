/** How old a signal is, by the clock of the program that has heard it. */
import type { ReplicaSignal } from '../replica-guard/signal';

/** A signal that was heard. Both moments are of the clock of the program that heard it, in milliseconds. */
export interface Heard {
  readonly signal: ReplicaSignal;
  /** When it was asked for. */
  readonly askedMillis: number;
  /** When it was decided, as far as can be told. */
  readonly decidedMillis: number;
}

/** What was heard, after what was heard before it. */
export function heardAt(signal: ReplicaSignal, askedMillis: number, before: Heard | undefined): Heard {
  return { signal, askedMillis, decidedMillis: decidedAt(signal, askedMillis, before) };
}

/**
 * A guard that answers itself says how old its signal is: no clocks are compared. One in a table has the clock of the guard,
 * which is believed within what is known without it: a signal that the last poll did not find was decided after that poll, and
 * one that it found already ages from there. So a clock that is wrong counts for one poll, except at the first signal.
 */
function decidedAt(signal: ReplicaSignal, askedMillis: number, before: Heard | undefined): number {
  if (signal.ageSeconds !== undefined) return askedMillis - 1000 * signal.ageSeconds;
  const byClock = Math.min(askedMillis, signal.atMillis);
  if (before === undefined) return byClock;
  if (signal.atMillis === before.signal.atMillis) return before.decidedMillis;
  return Math.max(before.askedMillis, byClock);
}
