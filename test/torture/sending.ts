/** The senders of a torture run: letters at an even rate, whatever is broken meanwhile. */
import { setTimeout as wait } from 'node:timers/promises';
import { Broken, type Running } from './engine';
import type { Letter } from './letters';

const TICK_MILLIS = 50;
const RETRY_MILLIS = 500;
/** A letter that was not taken for so long ends the run. */
const PATIENCE_SECONDS = 180;
/** Share of the letters that are not sent before the last version of the consumers is there. */
const HELD_SHARE = 0.02;

/**
 * Seconds at which the letter at a place is due. The last ones wait for the last version of the consumers, which must have had
 * letters: a busy machine takes as long to roll it out as a short flood lasts.
 */
export function dueTimes(
  messages: number,
  perSecond: number,
  consumers: { readonly rolledOut: boolean },
): (place: number) => number {
  const held = Math.floor((1 - HELD_SHARE) * messages);
  return (place) => (place < held || consumers.rolledOut ? place / perSecond : Number.POSITIVE_INFINITY);
}

/** Sends what is due, in order; what may not have arrived is sent again, for as long as a fault may last. */
export async function sendAll(
  letters: readonly Letter[],
  running: Running,
  dueAt: (place: number) => number,
  elapsed: () => number,
  failed: AbortSignal,
): Promise<void> {
  let sentAt = elapsed();
  for (let next = 0; next < letters.length && !failed.aborted; ) {
    const due: Letter[] = [];
    while (next + due.length < letters.length && dueAt(next + due.length) <= elapsed() && due.length < 500)
      due.push(letters[next + due.length]);
    if (due.length === 0) {
      sentAt = elapsed();
      await wait(TICK_MILLIS);
      continue;
    }
    try {
      // A letter of a mebibyte goes alone: together they are more than a request takes.
      for (const part of requests(due)) await running.send(part);
      next += due.length;
      sentAt = elapsed();
    } catch (error) {
      if (error instanceof Broken || elapsed() - sentAt > PATIENCE_SECONDS) throw error;
      await wait(RETRY_MILLIS);
    }
  }
}

function requests(letters: readonly Letter[]): Letter[][] {
  const parts: Letter[][] = [[]];
  for (const letter of letters) {
    const copies = Array.from({ length: letter.copies }, () => letter);
    if (letter.body.length > 100_000) parts.push(...copies.map((copy) => [copy]), []);
    else parts.at(-1)!.push(...copies);
  }
  return parts.filter((part) => part.length > 0);
}
