/**
 * Decision on one dead letter. Pure: time, chance and the counts of the windows come in, a decision goes out.
 *
 * Time is cut into windows as long as a redriven message needs to fail again and return. Each window counts what was
 * redriven in it and how much of that came back, so the success ratio of a window is exact; it is final when the next
 * window has ended.
 */
import { fullJitter } from '../../flow/queue/backoff';

/** Attributes of a redriven message. A message may have ten in all. */
export const REDRIVES = 'backpressure-redrives';
export const MESSAGE_ID = 'backpressure-id';
export const FIRST_SEEN = 'backpressure-first-seen';
export const OWN_ATTRIBUTES: readonly string[] = [REDRIVES, MESSAGE_ID, FIRST_SEEN];
/** Attributes of messages that earlier versions redrove. */
export const FORMER_ATTRIBUTES: readonly string[] = ['backpressure-redriven-at'];
export const MAX_ATTRIBUTES = 10;

/**
 * A redrive that failed along with its whole window says nothing about the message: everything failed. It is forgiven
 * this many times. Without a bound, a poison message would circle for as long as an outage lasts.
 */
export const FORGIVEN = 4;

/** A letter that has less than this left of its retention is parked: a masked copy is better than none. */
const EXPIRY_MARGIN_SECONDS = 86_400;
/** SQS hides a message for at most 12 hours from its receipt. */
const MAX_HOLD_SECONDS = 43_200 - 900;
/** Wait of a letter after a failed try; it doubles with every try. */
const FIRST_RETRY_SECONDS = 180;

/** The guard's limits, as the construct derived them. */
export interface Limits {
  readonly maxRedrives: number;
  readonly windowSeconds: number;
  /** Redrives that a window may hold while the circuit is closed. */
  readonly redrivesPerWindow: number;
  /** Redrives that a window needs before it can fail, and may hold while the circuit is open. */
  readonly verdictMinimum: number;
  /** A window has failed if a smaller share of its redrives succeeded. */
  readonly successRatioFloor: number;
  /** Upper bound of the first redrive's delay; it doubles from redrive to redrive. */
  readonly backoffSeconds: number;
  /** Upper bound of every redrive's delay, at most 900: `DelaySeconds` takes no more. */
  readonly backoffCapSeconds: number;
  /** Retention of the dead-letter queue. */
  readonly retentionSeconds: number;
  /** Failed tries to move a letter from which on it counts as stuck. */
  readonly stuckTries: number;
  /** Upper bound of the time between two tries. */
  readonly stuckHoldSeconds: number;
}

/** One dead letter, as the decision needs it. */
export interface Letter {
  readonly redrives: number;
  /** Epoch milliseconds of the last redrive; absent when there was none. */
  readonly redrivenAt?: number;
  /** Epoch milliseconds from which the queue counts the message's retention. */
  readonly sentAt: number;
  /** Attributes that the producer set. */
  readonly attributeCount: number;
}

/** Redrives of one window, and how many of them failed again. */
export interface WindowCount {
  readonly redriven: number;
  readonly returned: number;
}

/** Counts by number of the window. */
export type Windows = ReadonlyMap<number, WindowCount>;

/** Why a letter is parked for good. */
export type Reason = 'attempts-exhausted' | 'no-room-for-attributes' | 'about-to-expire' | 'refused-by-queue';

/** The decision on a letter. A `redrive` still needs a place in the window. */
export type Decision =
  | { readonly action: 'redrive'; readonly delaySeconds: number }
  | { readonly action: 'quarantine'; readonly reason: Reason }
  | { readonly action: 'hold'; readonly seconds: number };

/** The window that an instant falls into. */
export function windowAt(millis: number, limits: Limits): number {
  return Math.floor(millis / 1000 / limits.windowSeconds);
}

/** The circuit is open while one of the last three windows has failed: the last complete verdict and what runs since. */
export function isOpen(windows: Windows, now: number, limits: Limits): boolean {
  const current = windowAt(now, limits);
  return [current, current - 1, current - 2].some((window) => failed(windows.get(window), limits));
}

/** Redrives that still have a place in the current window. An open circuit lets just enough through for a verdict. */
export function placesLeft(windows: Windows, now: number, limits: Limits): number {
  const limit = placesInWindow(windows, now, limits);
  return Math.max(0, limit - (windows.get(windowAt(now, limits))?.redriven ?? 0));
}

/** Redrives that the current window may hold in all. */
export function placesInWindow(windows: Windows, now: number, limits: Limits): number {
  return isOpen(windows, now, limits) ? limits.verdictMinimum : limits.redrivesPerWindow;
}

/** The decision on the letter, before places are given out. */
export function decide(letter: Letter, windows: Windows, now: number, limits: Limits, random: () => number): Decision {
  const decision = decideOnRedrives(letter, windows, now, limits, random);
  return decision.action === 'hold' ? heldUnlessExpiring(letter, decision.seconds, now, limits) : decision;
}

/** The decision on a letter without a place in the window. */
export function withoutPlace(
  letter: Letter,
  windows: Windows,
  now: number,
  limits: Limits,
  random: () => number,
): Decision {
  return heldUnlessExpiring(letter, holdSeconds(windows, now, limits, random), now, limits);
}

/** The decision on a letter that could not be checked. */
export function afterError(letter: Letter, now: number, limits: Limits): Decision {
  return heldUnlessExpiring(letter, retrySeconds(1, limits), now, limits);
}

/** How long a letter waits before the next try after this many failed ones. */
export function retrySeconds(tries: number, limits: Limits): number {
  return Math.min(MAX_HOLD_SECONDS, limits.stuckHoldSeconds, FIRST_RETRY_SECONDS * 2 ** Math.max(0, tries - 1));
}

/** True when the queue will drop the letter within a day. */
export function isExpiring(letter: Letter, now: number, limits: Limits): boolean {
  return limits.retentionSeconds - (now - letter.sentAt) / 1000 < EXPIRY_MARGIN_SECONDS;
}

function decideOnRedrives(
  letter: Letter,
  windows: Windows,
  now: number,
  limits: Limits,
  random: () => number,
): Decision {
  // Without room for the count there would be no cap.
  if (letter.attributeCount > MAX_ATTRIBUTES - OWN_ATTRIBUTES.length) {
    return { action: 'quarantine', reason: 'no-room-for-attributes' };
  }
  if (letter.redrives >= limits.maxRedrives + FORGIVEN) return { action: 'quarantine', reason: 'attempts-exhausted' };
  const verdict = verdictOn(letter, windows, now, limits);
  if (letter.redrives >= limits.maxRedrives && verdict !== 'failed') {
    if (verdict === 'pending' || isOpen(windows, now, limits)) {
      return { action: 'hold', seconds: holdSeconds(windows, now, limits, random) };
    }
    return { action: 'quarantine', reason: 'attempts-exhausted' };
  }
  const backoff = { baseSeconds: limits.backoffSeconds, capSeconds: limits.backoffCapSeconds };
  return { action: 'redrive', delaySeconds: Math.round(fullJitter(letter.redrives, random, backoff)) };
}

/** Whether the letter failed alone (a fault of the letter) or with its whole window (a fault of the consumer). */
function verdictOn(letter: Letter, windows: Windows, now: number, limits: Limits): 'failed' | 'passed' | 'pending' {
  if (letter.redrivenAt === undefined) return 'passed';
  const window = windowAt(letter.redrivenAt, limits);
  const count = windows.get(window);
  if (failed(count, limits)) return 'failed';
  // A message returns only after all its attempts; by then letters that failed with it have been redriven too. If they
  // are too few for a verdict, waiting does not help.
  if ((count?.redriven ?? 0) < limits.verdictMinimum) return 'passed';
  return windowAt(now, limits) - window >= 2 ? 'passed' : 'pending';
}

function failed(count: WindowCount | undefined, limits: Limits): boolean {
  if (count === undefined || count.redriven < limits.verdictMinimum) return false;
  return count.returned > (1 - limits.successRatioFloor) * count.redriven;
}

/**
 * To the next window and a random time beyond, longer with less capacity, so that held letters are retried spread out.
 */
function holdSeconds(windows: Windows, now: number, limits: Limits, random: () => number): number {
  const toNextWindow = limits.windowSeconds - ((now / 1000) % limits.windowSeconds);
  const spread = isOpen(windows, now, limits) ? 3 : placesLeft(windows, now, limits) === 0 ? 1 : 0.1;
  return Math.min(MAX_HOLD_SECONDS, Math.ceil(toNextWindow + random() * spread * limits.windowSeconds));
}

function heldUnlessExpiring(letter: Letter, seconds: number, now: number, limits: Limits): Decision {
  return isExpiring(letter, now, limits)
    ? { action: 'quarantine', reason: 'about-to-expire' }
    : { action: 'hold', seconds };
}
