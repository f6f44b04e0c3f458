/** What a sender is given: messages, records of mails, providers with their buckets, and its numbers. */
import type { Provider } from './mail';
import type { Bucket } from './slots';

/** A message of the queue. */
export interface Message {
  /** The queue's id of this message. */
  readonly messageId: string;
  readonly body: string;
  /** Times that it was received, this one included. */
  readonly receives: number;
}

/** Of a mail, what is recorded. */
export type Claim =
  | { readonly state: 'mine' }
  | { readonly state: 'sent' | 'parked' }
  /**
   * Another sender claimed it then and has not said what became of it: when, in milliseconds since the epoch, and how long
   * ago, by the clock of the store where it has one.
   */
  | { readonly state: 'sending'; readonly since: number; readonly ageMillis: number };

/** The record of every mail. */
export interface Claims {
  /**
   * Claims the mail, unless there is a record of it.
   *
   * @param now for a store that has no clock of its own
   * @param token of this claim alone: a write that is repeated because its answer was lost finds itself
   */
  claim(id: string, now: number, token: string): Promise<Claim>;
  /** Takes over a claim. False when it has changed meanwhile. */
  takeOver(id: string, since: number, now: number, token: string): Promise<boolean>;
  /** Gives up the claim with that token: the mail was not sent. */
  release(id: string, token: string): Promise<void>;
  sent(id: string, providerMessageId: string, provider: string): Promise<void>;
  parked(id: string, reason: string): Promise<void>;
}

/** A provider with its bucket. */
export interface Lane {
  readonly name: string;
  readonly provider: Provider;
  readonly bucket: Bucket;
}

/** What is counted. */
export const COUNTED = [
  'Sent',
  'Throttled',
  'SlotsMissed',
  'Refused',
  'Parked',
  'Duplicate',
  'Failed',
  'Paused',
  'Away',
  'DayFull',
  'Busy',
  'Closed',
  'Standby',
  'Unrecorded',
] as const;
export type Counted = (typeof COUNTED)[number];

/** The world of a sender. */
export interface Ports {
  readonly claims: Claims;
  /** The first provider, and those that take over while it is closed. */
  readonly lanes: readonly Lane[];
  /** Sets a message aside for a person, with the reason. */
  park(message: Message, reason: string): Promise<void>;
  count(name: Counted, value: number): void;
  /** One line for a person. `detail` holds nothing of the mail. */
  log(event: string, detail: Readonly<Record<string, string>>): void;
  now(): number;
  wait(millis: number): Promise<void>;
  /** Whether the sender was told to stop: what waits for its slot is then given back. Default: never. */
  isStopped?(): boolean;
  random(): number;
}

/** The numbers of a sender. */
export interface SenderConfig {
  readonly mostRecipients: number;
  /** What becomes of a mail that was perhaps sent. */
  readonly onUnknown: 'park' | 'send';
  /** A claim that is older is of a sender that has ended. */
  readonly claimSeconds: number;
  /** The longest call to a provider. */
  readonly callSeconds: number;
  readonly backoffSeconds: number;
  readonly backoffCapSeconds: number;
  /** How long a message is hidden while nothing may be sent. */
  readonly closedSeconds: number;
  /** How long a sender waits before it gives messages back that may not be sent now. */
  readonly holdSeconds: number;
}

/** What becomes of a message: it is done, or comes back after so many seconds. */
export type Verdict = 'done' | { readonly hideSeconds: number };
