/** A slot that a request holds: its deadline, the end of work that does not end, and how long the work took. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerInstead } from './answer';
import type { Leave } from './gate';
import { WorkTime } from './work-time';

/** How long a request is waited for. */
export interface SlotTimes {
  /** Promised seconds of an answer, from its arrival. */
  readonly latencySeconds: number;
  /** Seconds after which a request that has not ended gives its slot back: its connection is closed. */
  readonly stuckSeconds: number;
}

/** A slot, from the moment that a request has it. */
export class Slot {
  readonly #late = new AbortController();
  readonly #stuck = new AbortController();
  readonly #time: WorkTime;
  readonly #overdue: NodeJS.Timeout;
  readonly #end: NodeJS.Timeout;

  /**
   * @param arrived milliseconds of `performance.now()` when the request came
   * @param giveBack gives the slot back
   */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    { latencySeconds, stuckSeconds }: SlotTimes,
    arrived: number,
    private readonly giveBack: Leave,
  ) {
    this.#time = new WorkTime(request);
    // Counted from its arrival: what it waited for a slot is part of what was promised. A timer may fire a millisecond early.
    const left = Math.max(0, 1000 * latencySeconds - (performance.now() - arrived)) + 1;
    // The slot stays taken: the program still works on it, whatever the caller was told.
    this.#overdue = setTimeout(() => {
      if (answerInstead(response, 504, 'too late\n')) this.#late.abort();
    }, left);
    this.#end = setTimeout(() => {
      this.#stuck.abort();
      if (!answerInstead(response, 504, 'too late\n') && !response.writableEnded) response.destroy();
      this.leave();
    }, 1000 * stuckSeconds);
  }

  /** Aborted when the caller was told that the answer takes too long. */
  public get late(): AbortSignal {
    return this.#late.signal;
  }

  /** Aborted when the slot was taken from work that did not end. */
  public get stuck(): AbortSignal {
    return this.#stuck.signal;
  }

  /** The program has written the head of its answer: a limit that follows the work measures until here. */
  public answered(): void {
    this.#time.answered();
    clearTimeout(this.#overdue);
  }

  /**
   * Gives the slot back; a second call does nothing.
   *
   * @param isWork false where nothing answered, which says nothing of the work
   */
  public leave(isWork = true): void {
    clearTimeout(this.#overdue);
    clearTimeout(this.#end);
    this.giveBack(isWork && this.#time.seconds);
  }
}
