/** What to do about requests that fail: when to try again, over which connection, and when the brokers are gone. */
import { setTimeout as wait } from 'node:timers/promises';
import { SESSION_SECONDS } from '../../flow/streams/platforms';
import { type Closable, dropConnections } from './connections';

/** What is written to the log, a line each. */
export type Log = (line: Readonly<Record<string, unknown>>) => void;

/**
 * Brokers that gave no answer for so long are gone, in milliseconds: a coordinator gives the partitions of a silent member to
 * others after as long. A broker that restarts is back before.
 */
export const GONE_MILLIS = 1000 * SESSION_SECONDS;

/** Between two attempts. A leader that has moved costs no pause: what is asked next is who leads now. */
export const PAUSE_MILLIS = 1000;

/** What a broker answers that coordinates the group no more. The client never asks again which one does. */
const MOVED = 'NOT_COORDINATOR';
/** A broker that has just begun answers the same, until it is a coordinator again. */
const MOVED_MILLIS = 10_000;
/** What a coordinator answers while a group deals out its partitions, and to a member that has missed that. */
const DEALING = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];

/** Failures of one kind of request in a row. */
export class Failures {
  private since: number | undefined;
  private movedSince: number | undefined;
  private inARow = 0;

  constructor(
    private readonly client: Closable,
    private readonly log: Log,
  ) {}

  /** A request was answered as it should be. */
  public none(): void {
    this.since = undefined;
    this.movedSince = undefined;
    this.inARow = 0;
  }

  /**
   * Waits until it makes sense to try again.
   *
   * @param what the request, as the log has it
   * @param stop ends the pause
   * @throws the error itself, when brokers are gone for `GONE_MILLIS`, or the coordinator has moved for good
   */
  public async pause(what: Readonly<Record<string, string>>, error: Error, stop?: AbortSignal): Promise<void> {
    this.inARow += 1;
    const now = performance.now();
    this.since ??= now;
    this.movedSince = hasMoved(error) ? (this.movedSince ?? now) : undefined;
    this.log({ level: 'warn', ...what, error: reasonOf(error), inARow: this.inARow });
    if (now - this.since >= GONE_MILLIS || now - (this.movedSince ?? now) >= MOVED_MILLIS) throw error;
    if (isAnswer(error) && this.inARow === 1) return;
    if (!isAnswer(error)) dropConnections(this.client);
    await wait(PAUSE_MILLIS, undefined, { signal: stop }).catch(() => {});
  }
}

/** Whether another broker coordinates the group now: who begins anew finds it. */
export function hasMoved(error: Error): boolean {
  return reasonOf(error) === MOVED;
}

/** Whether the group deals out its partitions, or has done so without this member. */
export function isDealing(error: Error): boolean {
  return DEALING.includes(reasonOf(error));
}

/** Whether brokers have answered all that was asked: their connections are alive. */
export function isAnswer(error: Error): boolean {
  return leavesOf(error).every(({ apiId }) => apiId !== undefined);
}

/** The name that Kafka gives the reason, where it has one: of several attempts the last one's. */
export function reasonOf(error: Error): string {
  return (
    leavesOf(error)
      .flatMap(({ apiId }) => apiId ?? [])
      .at(-1) ?? error.name
  );
}

type Nested = Error & { readonly apiId?: string; readonly errors?: readonly (Nested | null | undefined)[] };

/** The client nests errors by attempt, by broker and by partition. */
function leavesOf(error: Nested): readonly Nested[] {
  const inner = (error.errors ?? []).flatMap((one) => (one ? leavesOf(one) : []));
  return inner.length === 0 ? [error] : inner;
}
