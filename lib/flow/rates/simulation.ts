/**
 * Senders of one campaign and a provider with a token bucket of its own, which holds what it takes in a window. What it
 * refuses is lost.
 */

import type { Random } from '../numerics/random';
import { TokenBucket } from '../numerics/token-bucket';
import { DAY_WINDOW_SECONDS } from './run-time';

/** Times that are a window apart differ by rounding. */
const ROUNDING_SECONDS = 1e-9;

/** A provider that refuses what is above its limit, and counts what was in any window. */
class Provider {
  public refused = 0;
  /** Calls in any window at most. */
  public mostInWindow = 0;
  private readonly bucket: TokenBucket;
  private readonly calls: number[] = [];
  private first = 0;

  constructor(private readonly mailing: Mailing) {
    const { windowMessages, windowSeconds } = mailing;
    this.bucket = new TokenBucket(windowMessages / windowSeconds, windowMessages);
  }

  /** Whether it takes a message now. Times never go back. */
  public takes(now: number): boolean {
    this.calls.push(now);
    while (this.calls[this.first] <= now - this.mailing.windowSeconds + ROUNDING_SECONDS) this.first += 1;
    this.mostInWindow = Math.max(this.mostInWindow, this.calls.length - this.first);
    if (this.bucket.take(now) === 0) return true;
    this.refused += 1;
    return false;
  }
}

/** A list of addresses in random order. Some of them do not exist: how many is a fact of the list, not of chance. */
class Addresses {
  private dead: number;

  constructor(
    private left: number,
    undeliverableRatio: number,
    private readonly random: Random,
  ) {
    this.dead = Math.floor(left * undeliverableRatio + 1e-6);
  }

  /** Whether the next one exists. */
  public next(): boolean {
    const isDead = this.random.uniform() * this.left < this.dead;
    this.left -= 1;
    if (isDead) this.dead -= 1;
    return !isDead;
  }
}

/** What is sent to whom. */
export interface Mailing {
  readonly messages: number;
  readonly windowMessages: number;
  readonly windowSeconds: number;
  /** Share of the addresses that do not exist. */
  readonly undeliverableRatio: number;
}

/** What became of a campaign. */
export interface MailingRun {
  /** Share of the messages that did not arrive: refused and lost, or to an address that does not exist. */
  readonly failedRatio: number;
  /** Share of the calls that the provider refused. */
  readonly refusedRatio: number;
  /** Seconds until the last message was sent, or lost. */
  readonly seconds: number;
  /** Calls in any window of the provider at most. */
  readonly mostInWindow: number;
}

/** Senders that each make one call after another and take no notice of the limit. What is refused is lost. */
export function sendUnlimited(mailing: Mailing, senders: number, callSeconds: number, random: Random): MailingRun {
  const provider = new Provider(mailing);
  // Calls take the same time, so senders take turns; each began somewhere in its call.
  const begins = Array.from({ length: senders }, () => random.uniform() * callSeconds).sort((a, b) => a - b);
  const addresses = new Addresses(mailing.messages, mailing.undeliverableRatio, random);
  let [failed, last] = [0, 0];
  for (let sent = 0; sent < mailing.messages; sent += 1) {
    last = begins[sent % senders] + Math.floor(sent / senders) * callSeconds;
    const exists = addresses.next();
    if (!provider.takes(last) || !exists) failed += 1;
  }
  return result(mailing.messages, failed, provider, last + callSeconds);
}

/** The rate of a plan. */
export interface Slots {
  readonly messagesPerSecond: number;
  readonly burst: number;
  /** Seconds for which a slot is valid. */
  readonly slotSeconds: number;
  /** Messages in flight at most. */
  readonly inFlight: number;
  /** Messages in any 24 hours; infinite without such a limit. */
  readonly messagesPerDay: number;
}

/** Seconds that a sender is late for its slot. */
export type Lateness = (random: Random) => number;

/**
 * Senders that share one bucket of slots. A sender that is later than its slot is valid for takes a new one.
 *
 * @param lateness drawn for every message; by default anything within the slot
 */
export function sendInSlots(
  mailing: Mailing,
  { messagesPerSecond, burst, slotSeconds, inFlight, messagesPerDay }: Slots,
  callSeconds: number,
  random: Random,
  lateness: Lateness = (draw) => draw.uniform() * slotSeconds,
): MailingRun {
  const provider = new Provider(mailing);
  const free = new Float64Array(inFlight);
  const arrivals: number[] = [];
  let [slot, today, dayBegan, left] = [0, 0, 0, mailing.messages];
  let end = 0;
  for (let turn = 0; left > 0; turn += 1) {
    if (today >= messagesPerDay) {
      dayBegan += DAY_WINDOW_SECONDS;
      slot = Math.max(slot, Math.ceil(dayBegan * messagesPerSecond));
      today = 0;
    }
    // The sender that is free first takes the next slot that is not over; a burst of slots may be saved.
    const sender = turn % inFlight;
    slot = Math.max(slot, Math.ceil(free[sender] * messagesPerSecond - 1e-9) - (burst - 1));
    const at = Math.max(slot / messagesPerSecond, free[sender]);
    slot += 1;
    const late = lateness(random);
    if (late > slotSeconds) {
      free[sender] = at + late;
      continue;
    }
    // As long again may be on its way.
    arrivals.push(at + late + random.uniform() * slotSeconds);
    free[sender] = at + callSeconds;
    end = Math.max(end, at + late + callSeconds);
    today += 1;
    left -= 1;
  }
  arrivals.sort((a, b) => a - b);
  const addresses = new Addresses(mailing.messages, mailing.undeliverableRatio, random);
  let failed = 0;
  for (const at of arrivals) {
    const exists = addresses.next();
    if (!provider.takes(at) || !exists) failed += 1;
  }
  return result(mailing.messages, failed, provider, end);
}

function result(messages: number, failed: number, provider: Provider, seconds: number): MailingRun {
  return {
    failedRatio: failed / messages,
    refusedRatio: provider.refused / messages,
    seconds,
    mostInWindow: provider.mostInWindow,
  };
}
