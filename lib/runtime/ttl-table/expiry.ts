/** When an item expires. Pure: the clock and the dice are given. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** Before it lie the zero dates of programming languages. */
const FIRST_SECONDS = Date.UTC(1971, 0, 1) / 1000;
/** The last second of the year 9999; more is a typing error, or microseconds. */
const LAST_SECONDS = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;
/** As seconds it would be the year 5138. */
const LEAST_MILLIS = 1e11;
/** Amazon DynamoDB Developer Guide, TTL: an expiry that is further in the past is never acted on. */
export const FIVE_YEARS_SECONDS = 5 * 365.25 * 86_400;
/** An ISO 8601 date, as text that sorts by time. */
const ISO = /^\d{4}-\d\d-\d\d([T ]|$)/;

/** What says when an item expires. */
export interface ExpirySettings {
  readonly retentionSeconds: number;
  /** Seconds over which items that are too old expire. */
  readonly drainSeconds: number;
}

/** When the item was created, in seconds; undefined when the attribute does not say so. */
export function createdSeconds(value: AttributeValue | undefined): number | undefined {
  const seconds = secondsOf(value);
  return seconds >= FIRST_SECONDS && seconds <= LAST_SECONDS ? seconds : undefined;
}

function secondsOf(value: AttributeValue | undefined): number {
  if (value?.N !== undefined) return numberOf(value.N);
  if (value?.S === undefined) return Number.NaN;
  if (ISO.test(value.S)) return Date.parse(value.S) / 1000;
  return /^\d{9,13}(\.\d+)?$/.test(value.S) ? numberOf(value.S) : Number.NaN;
}

/** Seconds, or milliseconds when it is so large. */
function numberOf(text: string): number {
  const number = Number(text);
  return number >= LEAST_MILLIS ? number / 1000 : number;
}

/**
 * The expiry, in whole seconds. What would expire before the drain begins is spread over it, so that deletions keep to
 * their budget and none lies in the past.
 *
 * @param created undefined: the item is given the expiry of one that is created now, never that of an old one
 * @param drainFrom the first second of the drain
 * @param dice a random number from 0 to below 1
 */
export function expirySeconds(
  created: number | undefined,
  now: number,
  drainFrom: number,
  { retentionSeconds, drainSeconds }: ExpirySettings,
  dice: number,
): number {
  const due = (created ?? now) + retentionSeconds;
  const first = Math.max(drainFrom, now);
  return Math.min(Math.ceil(due < first ? first + dice * drainSeconds : due), LAST_SECONDS);
}

/** What DynamoDB will do with an item. */
export enum Expiry {
  /** It expires later. */
  TO_COME = 'to-come',
  /** It waits for its deletion. */
  OVERDUE = 'overdue',
  /** It has no expiry that DynamoDB acts on: none, another type, milliseconds, or one too long ago. */
  NEVER = 'never',
}

/** What DynamoDB will do with an item that has this expiry, and for how long it has waited. */
export function stateOf(value: AttributeValue | undefined, now: number): { state: Expiry; overdueSeconds: number } {
  const due = value?.N === undefined ? Number.NaN : Number(value.N);
  if (!(due <= LEAST_MILLIS && due > now - FIVE_YEARS_SECONDS)) return { state: Expiry.NEVER, overdueSeconds: 0 };
  return due > now
    ? { state: Expiry.TO_COME, overdueSeconds: 0 }
    : { state: Expiry.OVERDUE, overdueSeconds: now - due };
}
