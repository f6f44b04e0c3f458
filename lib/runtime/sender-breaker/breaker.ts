/**
 * Pauses a sender by itself, and resumes it when a person says so: a list that bounces does not get better, and the
 * provider looks at what was sent until then.
 */
import { type Quarters, roomOfDay } from '../sender/day';

/** What it does. Every call may be made twice. */
export interface Switches {
  /**
   * Closes or opens the buckets of all providers, which may be shared with other senders: those that run stop at their next
   * portion. And records the same of this sender alone, so that another one's resume is not its own.
   */
  setPaused(reason: string | undefined): Promise<void>;
  /** Lets the provider refuse, or take, what names the configuration set. */
  setSending(enabled: boolean): Promise<void>;
  /** Stops or starts the receiving of messages, so that they wait in the queue. */
  setReceiving(enabled: boolean): Promise<void>;
  /** Whether this sender was paused, or a bucket that it uses. */
  isPaused(): Promise<boolean>;
  /** Whether receiving was stopped because the day is full. */
  isDayClosed(): Promise<boolean>;
  setDayClosed(closed: boolean): Promise<void>;
  /** What left in the last day, for each provider with a daily limit. */
  days(): Promise<readonly { readonly quarters: Quarters; readonly messagesPerDay: number }[]>;
  count(name: 'BreakerPaused' | 'BreakerResumed' | 'DayClosed' | 'DayOpened', reason: string): void;
  now(): number;
}

/** What the breaker is told: by an alarm, by its schedule, or by a person. */
export interface BreakerEvent {
  readonly action?: unknown;
  readonly reason?: unknown;
  readonly alarmData?: { readonly alarmName?: string; readonly state?: { readonly value?: string } };
}

/** What it did. */
export type Done = 'paused' | 'resumed' | 'day closed' | 'day opened' | 'nothing';

/**
 * @param batch messages that have to fit into a day for it to be open
 * @throws when a call failed, after all of them were made; the caller retries
 */
export async function decide(event: BreakerEvent, batch: number, switches: Switches): Promise<Done> {
  if (event.alarmData !== undefined) {
    // An alarm that ends resumes nothing.
    if (event.alarmData.state?.value !== 'ALARM') return 'nothing';
    return pause(event.alarmData.alarmName ?? 'an alarm', switches);
  }
  switch (event.action) {
    case 'pause':
      return pause(typeof event.reason === 'string' ? event.reason : 'by hand', switches);
    case 'resume':
      return resume(switches);
    case 'day':
      return day(batch, switches);
    default:
      throw new Error('action must be pause, resume or day');
  }
}

async function pause(reason: string, switches: Switches): Promise<Done> {
  // The quickest first.
  await all([() => switches.setPaused(reason), () => switches.setSending(false), () => switches.setReceiving(false)]);
  switches.count('BreakerPaused', reason);
  return 'paused';
}

async function resume(switches: Switches): Promise<Done> {
  await switches.setSending(true);
  await switches.setPaused(undefined);
  await switches.setDayClosed(false);
  await switches.setReceiving(true);
  switches.count('BreakerResumed', 'by hand');
  return 'resumed';
}

async function day(batch: number, switches: Switches): Promise<Done> {
  const [isPaused, isClosed, days] = await Promise.all([switches.isPaused(), switches.isDayClosed(), switches.days()]);
  if (isPaused) return 'nothing';
  const now = switches.now();
  // Closed at the last message, and open again for a whole batch, so that it does not go back and forth.
  const isOpen = days.some(
    ({ quarters, messagesPerDay }) =>
      roomOfDay(quarters, messagesPerDay, now) >= (isClosed ? Math.min(batch, messagesPerDay) : 1),
  );
  if (isOpen) {
    if (!isClosed) return 'nothing';
    // The record goes last, so that the next minute repairs a call that failed.
    await switches.setReceiving(true);
    // An alarm in between has stopped it for another reason.
    if (await switches.isPaused()) {
      await switches.setReceiving(false);
      return 'nothing';
    }
    await switches.setDayClosed(false);
    switches.count('DayOpened', 'there is room again');
    return 'day opened';
  }
  // And here first: what was stopped and not recorded would never be started.
  if (!isClosed) await switches.setDayClosed(true);
  await switches.setReceiving(false);
  if (isClosed) return 'nothing';
  switches.count('DayClosed', 'the daily limit');
  return 'day closed';
}

async function all(calls: readonly (() => Promise<void>)[]): Promise<void> {
  const results = await Promise.allSettled(calls.map((call) => call()));
  const failed = results.filter((one) => one.status === 'rejected');
  if (failed.length > 0) throw new AggregateError(failed.map(({ reason }) => reason));
}
