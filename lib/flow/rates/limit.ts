/**
 * The rate at which no window of a provider holds more than its limit. Slots are equally spaced. A message leaves in its
 * slot and reaches the provider up to a jitter later, so that a window of w seconds holds slots of at most w + J seconds:
 * ⌈r × (w + J)⌉ of them, and what leaves at once comes on top.
 *
 * Source: the generic cell rate algorithm, ITU-T I.371, its tolerance on the side of the receiver.
 */
import { DAY_WINDOW_SECONDS } from './run-time';
import { SENDERS, type SenderFacts } from './senders';
import type { ProviderLimit, RatesQuestion } from './workload';

const DEFAULT_JITTER_SECONDS = 0.05;

/** A limit in messages, and what a sender makes of it. */
export interface Pace {
  /** Messages in any window at most. */
  readonly windowMessages: number;
  readonly windowSeconds: number;
  readonly jitterSeconds: number;
  /** Messages that may leave at once. */
  readonly burst: number;
  /** Messages per second that the limit leaves. */
  readonly mostPerSecond: number;
  /** What bounds it: the slots of a window, what a queue that is its own bucket saves, or the sender. */
  readonly by: 'slots' | 'own bucket' | 'sender';
  /** Messages per second: given by hand, or as many as the limit leaves. */
  readonly messagesPerSecond: number;
  /** Messages in any 24 hours; infinite without such a limit. */
  readonly messagesPerDay: number;
  /** Messages per second that the provider allows on average. */
  readonly limitPerSecond: number;
}

/** What a sender may take of a limit. */
export function paceOf(limit: ProviderLimit, question: RatesQuestion, sender: SenderFacts): Pace {
  const { workload, jitterSeconds = DEFAULT_JITTER_SECONDS, burst = 1, messagesPerSecond } = question;
  const { recipientsPerMessage = 1 } = workload;
  const { share = 1, perDay = Number.POSITIVE_INFINITY } = limit;
  const limitPerSecond = (limit.perSecond * share) / recipientsPerMessage;
  const windowSeconds = windowSecondsOf(limit, recipientsPerMessage);
  // 0.29 × 100 is 28.999…
  const windowMessages = Math.floor(limitPerSecond * windowSeconds * (1 + 1e-12));
  const spread = windowSeconds + jitterSeconds;
  const bySlots = (windowMessages - (burst - 1)) / spread;
  // A queue that is its own bucket saves a fraction of a second of its rate, and starts with it.
  const { burstSeconds = 0 } = sender;
  const byOwnBucket = burstSeconds > 0 ? (windowMessages + 1) / (spread + burstSeconds) : bySlots;
  const mostPerSecond = Math.min(bySlots, byOwnBucket, sender.mostPerSecond);
  return {
    windowMessages,
    windowSeconds,
    jitterSeconds,
    burst,
    mostPerSecond,
    by: mostPerSecond === bySlots ? 'slots' : mostPerSecond === byOwnBucket ? 'own bucket' : 'sender',
    messagesPerSecond: messagesPerSecond ?? mostPerSecond,
    messagesPerDay: Math.floor((perDay * share) / recipientsPerMessage),
    limitPerSecond,
  };
}

/** Seconds for which a slot is valid: half of the jitter, because the other half is for the way to the provider. */
export function slotSecondsOf(jitterSeconds: number): number {
  return jitterSeconds / 2;
}

/** The pace of the second provider is its own, not the one that was set by hand for the first. */
export function standbyPace(question: RatesQuestion): Pace | undefined {
  const { standby, sender = 'lambda' } = question;
  if (standby === undefined) return undefined;
  return paceOf(standby, { ...question, messagesPerSecond: undefined }, SENDERS[sender]);
}

/** The window that a provider counts in: a second, or the time of one message where that is longer. */
export function windowSecondsOf({ perSecond, share = 1, windowSeconds }: ProviderLimit, recipients: number): number {
  return windowSeconds ?? Math.max(1, recipients / (perSecond * share));
}

/**
 * Seconds until the last of so many messages has left, beside a steady rate: at the rate that is left, in portions of what
 * is left of a day. Infinite when nothing is left.
 */
export function sendingSeconds(messages: number, steadyPerSecond: number, pace: Pace): number {
  const rate = pace.messagesPerSecond - steadyPerSecond;
  if (rate <= 0) return Number.POSITIVE_INFINITY;
  const daily = dailyLeft(steadyPerSecond, pace);
  if (daily <= 0) return Number.POSITIVE_INFINITY;
  const fullDays = daysFor(messages, steadyPerSecond, pace) - 1;
  if (fullDays === 0) return messages / rate;
  return fullDays * DAY_WINDOW_SECONDS + (messages - fullDays * daily) / rate;
}

/** Days that so many messages take by the daily limit: 1 without one. */
export function daysFor(messages: number, steadyPerSecond: number, pace: Pace): number {
  const daily = dailyLeft(steadyPerSecond, pace);
  return Number.isFinite(daily) ? Math.max(1, Math.ceil(messages / daily - 1e-9)) : 1;
}

/** Messages of a campaign in the window of a daily limit; infinite when the rate alone is the limit. */
function dailyLeft(steadyPerSecond: number, { messagesPerDay, messagesPerSecond }: Pace): number {
  if (messagesPerDay >= messagesPerSecond * DAY_WINDOW_SECONDS) return Number.POSITIVE_INFINITY;
  return messagesPerDay - steadyPerSecond * DAY_WINDOW_SECONDS;
}
