/**
 * One batch of dead letters: read the windows, decide letter by letter, then act.
 *
 * Every action is send first, delete after (Lambda deletes letters that are not reported as failed). A journal tells a
 * letter that was sent from one that was not when the function ends in between. One letter does not stop the others:
 * each fails alone, slow ones come last, and letters not reached in time are reported.
 */
import { createHash } from 'node:crypto';
import type { SQSBatchItemFailure, SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import type { Masking } from '../masking';
import {
  afterError,
  type Decision,
  decide,
  FORGIVEN,
  FORMER_ATTRIBUTES,
  isExpiring,
  isOpen,
  type Letter,
  type Limits,
  OWN_ATTRIBUTES,
  placesInWindow,
  placesLeft,
  type Reason,
  retrySeconds,
  type Windows,
  windowAt,
  withoutPlace,
} from './decide';
import { MAX_MESSAGE_BYTES, messageBytes, parkedForms, parkedGroup } from './parked';
import { markAttributes, markOf } from './seal';

/** A message to be sent; attributes in the form of the event. */
export interface Outgoing {
  readonly body: string;
  readonly attributes: SQSMessageAttributes;
  readonly delaySeconds: number;
  readonly groupId?: string;
  /** Used on FIFO queues only. */
  readonly deduplicationId: string;
}

/** Purpose of a try. Each kind is counted separately: only a masking can end the function. */
export type Purpose = 'redrive' | 'masking';

/** How often the redriver tried to move a letter. */
export interface Journal {
  /** Tries of this purpose whose outcome is unknown, this one included. */
  readonly tries: number;
  /** True when the letter was sent, so that only its deletion is missing. */
  readonly isSent: boolean;
}

/** The ports to the outside. */
export interface Ports {
  now(): number;
  random(): number;
  /** Milliseconds that the invocation has left. */
  remaining(): number;
  /** The key of the seals: 32 bytes that only this redriver knows. */
  key(): Promise<Uint8Array>;
  /** Sends to the source queue. Rejects with `RefusedMessage` when no retry can help, `NotSent` when one may. */
  sendToSource(message: Outgoing): Promise<void>;
  /** Sends to the quarantine queue. Rejects as `sendToSource` does. */
  sendToQuarantine(message: Outgoing): Promise<void>;
  /** Hides a dead letter for so many seconds. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
  /** Notes, before anything is sent, that a letter is being moved. Letters are known by the id that SQS gave them. */
  begin(letter: string, purpose: Purpose): Promise<Journal>;
  /** Notes that the letter was sent. */
  finish(letter: string): Promise<void>;
  /** Takes each `begin` of these purposes back, because nothing was sent. Returns how often that has happened. */
  fail(letter: string, begun: readonly Purpose[]): Promise<number>;
  /** The counts of these windows; a window without counts may be absent. */
  readWindows(windows: readonly number[]): Promise<Windows>;
  /** True for the first call with this key, false for every other one, of all redrivers together. */
  isNew(key: string): Promise<boolean>;
  /** Adds to the count of messages that came back from a window. */
  addReturned(window: number, count: number): Promise<void>;
  /** Takes places in a window, all or none; false when `limit` would be passed. */
  takePlaces(window: number, count: number, limit: number): Promise<boolean>;
  /** Counts one event. Details must hold no content of a message. */
  count(name: string, details: Record<string, string>): void;
}

/** The queue will never take this message: too long, or a character that it refuses. */
export class RefusedMessage extends Error {}

/** The queue did not accept this message and may accept it later: a permission, a key, a throttle. */
export class NotSent extends Error {
  constructor(public readonly reason: string) {
    super('the queue did not take the message');
  }
}

/** Settings of the redriver. */
export interface RedriverConfig {
  readonly limits: Limits;
  /** Name of the source queue, shown in the quarantine. */
  readonly sourceName: string;
  /** The account of the source queue: with its name it tells the letters of this queue from those of another. */
  readonly sourceAccount: string;
  readonly fifo: boolean;
  readonly masking: Masking;
}

/** Time reserved for the answer, and for a send that hangs until its time-out. */
const RESERVE_MILLIS = 5000;
/** Ten times the time of the most hostile mebibyte on a whole core: the redriver has a seventh of one. */
const MASKING_MILLIS_PER_BYTE = 15_000 / 1_048_576;
/** A letter whose masking ended the function this often is no longer masked: only its digest is kept. */
const TRIES_WITH_MASKING = 3;

interface Received extends Letter {
  readonly record: SQSRecord;
  readonly id: string;
  readonly firstSeen: number;
  /** False when the producer wrote attributes that are the guard's. */
  readonly isGenuine: boolean;
}

interface Task {
  readonly letter: Received;
  decision: Decision;
  /** The last `begin` of this invocation. */
  journal?: Journal;
  begun: Purpose[];
}

/** Processes one batch and returns the letters that stay in the dead-letter queue. */
export async function redriveBatch(
  records: readonly SQSRecord[],
  config: RedriverConfig,
  ports: Ports,
): Promise<SQSBatchItemFailure[]> {
  const now = ports.now();
  const invocationMillis = ports.remaining();
  const { limits } = config;
  const key = await ports.key();
  const letters = records.map((record) => received(record, key));
  for (const { isGenuine } of letters) if (!isGenuine) ports.count('Unsealed', {});
  const uncounted = await countReturns(letters, limits, ports);
  const current = windowAt(now, limits);
  const returnWindows = letters.flatMap(({ redrivenAt }) =>
    redrivenAt === undefined ? [] : [windowAt(redrivenAt, limits)],
  );
  const windows = await ports.readWindows([...new Set([current, current - 1, current - 2, ...returnWindows])]);
  if (isOpen(windows, now, limits)) ports.count('CircuitOpen', {});

  const random = () => ports.random();
  const tasks = letters.map((letter): Task => {
    if (isOfAnother(letter, config)) return { letter, decision: heldForAnother(letter, limits, ports), begun: [] };
    const decision = uncounted.has(letter)
      ? afterError(letter, now, limits)
      : decided(letter, windows, now, limits, ports);
    return { letter, decision, begun: [] };
  });
  let places = await takePlaces(
    tasks.filter(({ decision }) => decision.action === 'redrive').length,
    windows,
    now,
    limits,
    ports,
  );
  for (const task of tasks) {
    if (task.decision.action === 'redrive' && places-- <= 0)
      task.decision = withoutPlace(task.letter, windows, now, limits, random);
  }
  const moved = await new Batch(config, ports, key, now, invocationMillis).run(lanes(tasks, config.fifo));
  return records
    .filter((_, index) => !moved.has(letters[index]))
    .map(({ messageId }) => ({ itemIdentifier: messageId }));
}

/** Whether SQS says that a letter came from another queue, which has the same dead-letter queue. */
function isOfAnother({ record }: Received, { sourceAccount, sourceName }: RedriverConfig): boolean {
  const arn = record.attributes.DeadLetterQueueSourceArn;
  return arn !== undefined && !arn.endsWith(`:${sourceAccount}:${sourceName}`);
}

/** It is sent nowhere: this queue's consumer would take it for its own. Whoever has the alarm moves it. */
function heldForAnother({ id, redrives, record }: Received, limits: Limits, ports: Ports): Decision {
  const source = record.attributes.DeadLetterQueueSourceArn ?? '';
  ports.count('OfAnotherQueue', { id, source });
  ports.count('Stuck', { id, redrives: String(redrives), tries: '0' });
  return { action: 'hold', seconds: retrySeconds(limits.stuckTries, limits) };
}

/** A letter on which the decision fails waits; the others of its batch do not. */
function decided(letter: Received, windows: Windows, now: number, limits: Limits, ports: Ports): Decision {
  try {
    return decide(letter, windows, now, limits, () => ports.random());
  } catch (error) {
    ports.count('RedriveFailed', { id: letter.id, redrives: String(letter.redrives), error: nameOf(error) });
    return afterError(letter, now, limits);
  }
}

/** On a FIFO queue the letters of a group stay in order; elsewhere each is independent. */
function lanes(tasks: readonly Task[], fifo: boolean): Task[][] {
  if (!fifo) return tasks.map((task) => [task]);
  const groups = new Map<string, Task[]>();
  for (const task of tasks) {
    const group = task.letter.record.attributes.MessageGroupId ?? '';
    groups.set(group, [...(groups.get(group) ?? []), task]);
  }
  return [...groups.values()];
}

class Batch {
  private readonly moved = new Set<Received>();
  private hasMasked = false;
  /** The most time that an invocation has for one masking. */
  private readonly mostMillis: number;

  constructor(
    private readonly config: RedriverConfig,
    private readonly ports: Ports,
    private readonly key: Uint8Array,
    private readonly now: number,
    invocationMillis: number,
  ) {
    this.mostMillis = invocationMillis - RESERVE_MILLIS;
  }

  /** Processes the lanes: first letters to send, in parallel; then letters to mask, one by one, small ones first. */
  public async run(all: readonly Task[][]): Promise<ReadonlySet<Received>> {
    const rest = await Promise.all(all.map((lane) => this.follow(lane, false)));
    const masked = rest.filter((lane) => lane.length > 0);
    masked.sort(([one], [other]) => one.letter.record.body.length - other.letter.record.body.length);
    for (const lane of masked) await this.follow(lane, true);
    return this.moved;
  }

  /** Follows a lane up to the first letter that stays; returns the letters that wait to be masked. */
  private async follow(lane: readonly Task[], mayMask: boolean): Promise<readonly Task[]> {
    for (const [index, task] of lane.entries()) {
      if (this.ports.remaining() < RESERVE_MILLIS) return [];
      let outcome = task.decision.action === 'quarantine' ? 'masking' : await this.guarded(task, () => this.move(task));
      if (outcome === 'masking') {
        if (!mayMask) return lane.slice(index);
        outcome = await this.guarded(task, () => this.quarantine(task));
      }
      if (outcome !== 'moved') return [];
      this.moved.add(task.letter);
    }
    return [];
  }

  /** An error leaves the letter in the queue, hidden for longer after every failure. */
  private async guarded(task: Task, action: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await action();
    } catch (error) {
      try {
        return await this.failed(task, error);
      } catch {
        // The queue delivers the letter again after its visibility timeout.
        return 'stays';
      }
    }
  }

  private async failed(task: Task, error: unknown): Promise<Outcome> {
    const { letter, decision } = task;
    const { limits } = this.config;
    const details = { id: letter.id, redrives: String(letter.redrives) };
    // The name only: a message of an error may quote the body.
    this.ports.count('RedriveFailed', { ...details, error: nameOf(error) });
    if (task.journal === undefined) return 'stays';
    const tries =
      error instanceof NotSent
        ? await this.noting(this.ports.fail(letter.record.messageId, task.begun))
        : task.journal.tries;
    const isLast = isExpiring(letter, this.now, limits);
    if (tries >= limits.stuckTries || isLast) this.ports.count('Stuck', { ...details, tries: String(tries) });
    if (isLast && decision.action === 'redrive' && error instanceof NotSent) {
      // A masked copy is better than none.
      task.decision = { action: 'quarantine', reason: 'about-to-expire' };
      task.begun = [];
      return 'masking';
    }
    await this.ports.hide(letter.record.receiptHandle, retrySeconds(tries, limits));
    return 'stays';
  }

  private async move(task: Task): Promise<Outcome> {
    const { letter, decision } = task;
    const details = { id: letter.id, redrives: String(letter.redrives) };
    if (decision.action === 'hold') {
      await this.ports.hide(letter.record.receiptHandle, decision.seconds);
      this.ports.count('Held', details);
      return 'stays';
    }
    if (decision.action !== 'redrive') return 'masking';
    const { tries, isSent } = await this.begin(task, 'redrive');
    if (isSent) return 'moved';
    // A try whose outcome is unknown may have sent a copy, so it counts.
    const redrives = letter.redrives + tries;
    const { limits } = this.config;
    if (redrives > limits.maxRedrives + FORGIVEN) return this.parkFor(task, 'attempts-exhausted');
    const message = this.redriven(letter, redrives, decision.delaySeconds);
    if (messageBytes(message) > MAX_MESSAGE_BYTES) return this.parkFor(task, 'no-room-for-attributes');
    try {
      await this.ports.sendToSource(message);
    } catch (error) {
      if (error instanceof RefusedMessage) return this.parkFor(task, 'refused-by-queue');
      throw error;
    }
    this.ports.count('Redriven', details);
    return this.sent(task);
  }

  private parkFor(task: Task, reason: Reason): Outcome {
    task.decision = { action: 'quarantine', reason };
    return 'masking';
  }

  private async quarantine(task: Task): Promise<Outcome> {
    const { letter, decision } = task;
    if (decision.action !== 'quarantine') return 'stays';
    const estimate = messageBytes({ body: letter.record.body, attributes: letter.record.messageAttributes });
    const millis = estimate * MASKING_MILLIS_PER_BYTE;
    const isAffordable = millis < this.ports.remaining() - RESERVE_MILLIS;
    // A masking without enough time waits for another invocation; one that is too long for every invocation becomes a
    // digest.
    const mayWait = this.hasMasked || (millis < this.mostMillis && !isExpiring(letter, this.now, this.config.limits));
    if (!isAffordable && mayWait) return 'stays';
    const { tries, isSent } = await this.begin(task, 'masking');
    if (isSent) return 'moved';
    this.hasMasked = true;
    await this.park(letter, decision.reason, isAffordable && tries <= TRIES_WITH_MASKING);
    this.ports.count('Quarantined', { id: letter.id, redrives: String(letter.redrives), reason: decision.reason });
    return this.sent(task);
  }

  private async park(letter: Received, reason: Reason, withMasking: boolean): Promise<void> {
    const { masking, sourceName } = this.config;
    const { body, messageAttributes, messageId, attributes } = letter.record;
    const group = attributes.MessageGroupId;
    const outgoing = {
      delaySeconds: 0,
      groupId: group === undefined ? undefined : parkedGroup(group, masking, this.key),
      deduplicationId: deduplicationId(messageId, 'quarantine'),
    };
    const parked = { ...letter, body, attributes: messageAttributes };
    for (const form of parkedForms(parked, reason, sourceName, masking, withMasking)) {
      if (messageBytes(form) > MAX_MESSAGE_BYTES) continue;
      try {
        return await this.ports.sendToQuarantine({ ...form, ...outgoing });
      } catch (error) {
        if (!(error instanceof RefusedMessage)) throw error;
      }
    }
    throw new NotSent('RefusedInEveryForm');
  }

  /** From the second try on the letter is hidden first: it may be the one that ends the function. */
  private async begin(task: Task, purpose: Purpose): Promise<Journal> {
    const { receiptHandle, messageId } = task.letter.record;
    const journal = await this.noting(this.ports.begin(messageId, purpose));
    task.journal = journal;
    task.begun.push(purpose);
    if (journal.tries > 1 && !journal.isSent) {
      await this.ports.hide(receiptHandle, retrySeconds(journal.tries, this.config.limits)).catch((error) => {
        throw new NotSent(nameOf(error));
      });
    }
    return journal;
  }

  private async sent(task: Task): Promise<Outcome> {
    // The message is out: what the journal answers changes nothing for this letter.
    await this.noting(this.ports.finish(task.letter.record.messageId)).catch(() => {});
    return 'moved';
  }

  /** A table that fails is counted: no letter could be moved for long, and the function itself does not fail. */
  private noting<T>(answer: Promise<T>): Promise<T> {
    return answer.catch((error) => {
      tableFailed(error, this.ports);
      throw error;
    });
  }

  private redriven(letter: Received, redrives: number, delaySeconds: number): Outgoing {
    const { record, id, firstSeen } = letter;
    return {
      body: record.body,
      attributes: {
        ...producersOwn(record.messageAttributes),
        ...markAttributes({ id, firstSeen, redrives, redrivenAt: this.now }, record.body, this.key),
      },
      delaySeconds: this.config.fifo ? 0 : delaySeconds,
      groupId: record.attributes.MessageGroupId,
      deduplicationId: deduplicationId(record.messageId, 'redrive'),
    };
  }
}

type Outcome = 'moved' | 'stays' | 'masking';

/** The same for every try of a letter: SQS drops a second copy within five minutes. */
function deduplicationId(messageId: string, purpose: string): string {
  return createHash('sha256')
    .update(JSON.stringify([messageId, purpose]))
    .digest('hex');
}

/**
 * A held letter is received again and again but counts once. Returns the letters that the table did not count: the
 * guard must not decide on them, and the others must not wait for them.
 */
async function countReturns(
  letters: readonly Received[],
  limits: Limits,
  ports: Ports,
): Promise<ReadonlySet<Received>> {
  const uncounted = new Set<Received>();
  const returns = new Map<number, Received[]>();
  const orUncounted = (some: readonly Received[], answer: Promise<unknown>) =>
    answer.catch((error) => {
      tableFailed(error, ports);
      for (const letter of some) uncounted.add(letter);
    });
  const count = async (letter: Received) => {
    const { id, redrives, redrivenAt } = letter;
    if (redrivenAt === undefined || !(await ports.isNew(`${id}#${redrives}`))) return;
    const window = windowAt(redrivenAt, limits);
    returns.set(window, [...(returns.get(window) ?? []), letter]);
  };
  await Promise.all(letters.map((letter) => orUncounted([letter], count(letter))));
  await Promise.all([...returns].map(([window, some]) => orUncounted(some, ports.addReturned(window, some.length))));
  return uncounted;
}

/** Without an answer of the table there is no place: letters to redrive wait, letters to park do not. */
async function takePlaces(
  wanted: number,
  windows: Windows,
  now: number,
  limits: Limits,
  ports: Ports,
): Promise<number> {
  const count = Math.min(wanted, placesLeft(windows, now, limits));
  if (count === 0) return 0;
  const limit = placesInWindow(windows, now, limits);
  try {
    return (await ports.takePlaces(windowAt(now, limits), count, limit)) ? count : 0;
  } catch (error) {
    tableFailed(error, ports);
    return 0;
  }
}

function tableFailed(error: unknown, ports: Ports): void {
  ports.count('TableFailed', { error: nameOf(error) });
}

/** System attributes from SQS are trusted; message attributes only with a valid seal. */
function received(record: SQSRecord, key: Uint8Array): Received {
  const sentAt = Number(record.attributes.SentTimestamp);
  const mark = markOf(record.messageAttributes, record.body, key);
  const isMarked = [...OWN_ATTRIBUTES, ...FORMER_ATTRIBUTES].some((name) => name in record.messageAttributes);
  return {
    record,
    id: mark?.id ?? record.messageId,
    firstSeen: mark?.firstSeen ?? sentAt,
    redrives: mark?.redrives ?? 0,
    redrivenAt: mark?.redrivenAt,
    sentAt,
    attributeCount: Object.keys(producersOwn(record.messageAttributes)).length,
    isGenuine: mark !== undefined || !isMarked,
  };
}

function producersOwn(attributes: SQSMessageAttributes): SQSMessageAttributes {
  const own = [...OWN_ATTRIBUTES, ...FORMER_ATTRIBUTES];
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !own.includes(name)));
}

function nameOf(error: unknown): string {
  if (error instanceof NotSent) return error.reason;
  return error instanceof Error ? error.name : 'unknown';
}
