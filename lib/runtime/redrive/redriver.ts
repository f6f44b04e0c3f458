/**
 * One batch of dead letters: read what the windows know, decide letter by letter, then act.
 *
 * Every action is send first, delete after (Lambda deletes what is not reported as failed). A crash in between sends
 * a message twice and loses none; `backpressure-id` stays the same for all copies, so that consumers can tell.
 */
import type { SQSBatchItemFailure, SQSMessageAttributes, SQSRecord } from 'aws-lambda';
import type { Masking } from '../masking';
import {
  decide,
  FIRST_SEEN,
  FORGIVEN,
  isOpen,
  type Letter,
  type Limits,
  MAX_ATTRIBUTES,
  MESSAGE_ID,
  OWN_ATTRIBUTES,
  placesInWindow,
  placesLeft,
  REDRIVEN_AT,
  REDRIVES,
  type Reason,
  type Windows,
  windowAt,
  withoutPlace,
} from './decide';

/** A message to be sent; attributes in the form of the event. */
export interface Outgoing {
  readonly body: string;
  readonly attributes: SQSMessageAttributes;
  readonly delaySeconds: number;
  readonly groupId?: string;
  /** Used on FIFO queues only. */
  readonly deduplicationId: string;
}

/** All that touches the world. */
export interface Ports {
  now(): number;
  random(): number;
  /** Sends to the source queue. Rejects with `RefusedMessage` when no retry can help. */
  sendToSource(message: Outgoing): Promise<void>;
  /** Sends to the quarantine queue. Rejects with `RefusedMessage` when no retry can help. */
  sendToQuarantine(message: Outgoing): Promise<void>;
  /** Hides a dead letter for so many seconds. */
  hide(receiptHandle: string, seconds: number): Promise<void>;
  /** The counts of these windows; a window without counts may be absent. */
  readWindows(windows: readonly number[]): Promise<Windows>;
  /** True once for each key, whoever asks. */
  isNew(key: string): Promise<boolean>;
  /** Adds to the count of messages that came back from a window. */
  addReturned(window: number, count: number): Promise<void>;
  /** Takes places in a window, all or none; false when `limit` would be passed. */
  takePlaces(window: number, count: number, limit: number): Promise<boolean>;
  /** Counts one event. Details must hold nothing of a message's content. */
  count(name: string, details: Record<string, string>): void;
}

/** The queue will never take this message: too long, or a character that it refuses. */
export class RefusedMessage extends Error {}

/** What the redriver is told by its construct. */
export interface RedriverConfig {
  readonly limits: Limits;
  /** Name of the source queue, for whoever reads the quarantine. */
  readonly sourceName: string;
  readonly fifo: boolean;
  readonly masking: Masking;
}

interface Received extends Letter {
  readonly record: SQSRecord;
  readonly id: string;
  readonly firstSeen: number;
}

/** Works through one batch and names the letters that stay in the dead-letter queue. */
export async function redriveBatch(
  records: readonly SQSRecord[],
  config: RedriverConfig,
  ports: Ports,
): Promise<SQSBatchItemFailure[]> {
  const now = ports.now();
  const { limits } = config;
  const letters = records.map((record) => received(record, limits));
  await countReturns(letters, limits, ports);
  const current = windowAt(now, limits);
  const returnWindows = letters.flatMap(({ redrivenAt }) =>
    redrivenAt === undefined ? [] : [windowAt(redrivenAt, limits)],
  );
  const windows = await ports.readWindows([...new Set([current, current - 1, current - 2, ...returnWindows])]);
  if (isOpen(windows, now, limits)) ports.count('CircuitOpen', {});

  const random = () => ports.random();
  const decisions = letters.map((letter) => decide(letter, windows, now, limits, random));
  let places = await takePlaces(
    decisions.filter(({ action }) => action === 'redrive').length,
    windows,
    now,
    limits,
    ports,
  );

  const failures: SQSBatchItemFailure[] = [];
  const blockedGroups = new Set<string>();
  const act = async (letter: Received, index: number): Promise<void> => {
    const group = letter.record.attributes.MessageGroupId;
    // On a FIFO queue nobody overtakes a message of its own group.
    const blocked = config.fifo && group !== undefined && blockedGroups.has(group);
    let decision = decisions[index];
    if (!blocked && decision.action === 'redrive' && places-- <= 0)
      decision = withoutPlace(letter, windows, now, limits, random);
    const gone = !blocked && (await settled(letter, decision, config, ports, now));
    if (gone) return;
    failures.push({ itemIdentifier: letter.record.messageId });
    if (group !== undefined) blockedGroups.add(group);
  };
  if (config.fifo) for (const [index, letter] of letters.entries()) await act(letter, index);
  else await Promise.all(letters.map(act));
  return failures;
}

/** Acts on the decision; true when the letter may be deleted. An error leaves it in the queue. */
async function settled(
  letter: Received,
  decision: ReturnType<typeof decide>,
  config: RedriverConfig,
  ports: Ports,
  now: number,
): Promise<boolean> {
  const details = { id: letter.id, redrives: String(letter.redrives) };
  try {
    if (decision.action === 'hold') {
      ports.count('Held', details);
      await ports.hide(letter.record.receiptHandle, decision.seconds);
      return false;
    }
    if (decision.action === 'quarantine') {
      await quarantine(letter, decision.reason, config, ports);
      return true;
    }
    try {
      await ports.sendToSource(redriven(letter, decision.delaySeconds, now, config));
      ports.count('Redriven', details);
    } catch (error) {
      if (!(error instanceof RefusedMessage)) throw error;
      await quarantine(letter, 'refused-by-queue', config, ports);
    }
    return true;
  } catch (error) {
    // The name only: a message of an error may quote the body.
    ports.count('RedriveFailed', { ...details, error: error instanceof Error ? error.name : 'unknown' });
    return false;
  }
}

async function quarantine(letter: Received, reason: Reason, config: RedriverConfig, ports: Ports): Promise<void> {
  const message = quarantined(letter, reason, config);
  try {
    await ports.sendToQuarantine(message);
  } catch (error) {
    if (!(error instanceof RefusedMessage)) throw error;
    // Masked, the body has outgrown the queue: keep what identifies it.
    await ports.sendToQuarantine({ ...message, body: config.masking.digest(letter.record.body) });
  }
  ports.count('Quarantined', { id: letter.id, redrives: String(letter.redrives), reason });
}

function redriven(letter: Received, delaySeconds: number, now: number, config: RedriverConfig): Outgoing {
  const redrives = letter.redrives + 1;
  return {
    body: letter.record.body,
    attributes: {
      ...letter.record.messageAttributes,
      [REDRIVES]: numberAttribute(redrives),
      [MESSAGE_ID]: textAttribute(letter.id),
      [FIRST_SEEN]: numberAttribute(letter.firstSeen),
      [REDRIVEN_AT]: numberAttribute(now),
    },
    delaySeconds: config.fifo ? 0 : delaySeconds,
    groupId: letter.record.attributes.MessageGroupId,
    deduplicationId: `${letter.id}-${redrives}`,
  };
}

function quarantined(letter: Received, reason: Reason, config: RedriverConfig): Outgoing {
  const why: SQSMessageAttributes = {
    'backpressure-reason': textAttribute(reason),
    'backpressure-source': textAttribute(config.sourceName),
    [REDRIVES]: numberAttribute(letter.redrives),
    [MESSAGE_ID]: textAttribute(letter.id),
    [FIRST_SEEN]: numberAttribute(letter.firstSeen),
  };
  const own = new Set([...Object.keys(why), ...OWN_ATTRIBUTES]);
  const theirs = Object.entries(letter.record.messageAttributes)
    .filter(([name, { stringValue }]) => !own.has(name) && stringValue)
    .slice(0, MAX_ATTRIBUTES - Object.keys(why).length)
    .map(([name, { stringValue }]) => [name, textAttribute(config.masking.named(name, stringValue ?? ''))] as const);
  return {
    body: config.masking.body(letter.record.body),
    attributes: { ...Object.fromEntries(theirs), ...why },
    delaySeconds: 0,
    groupId: letter.record.attributes.MessageGroupId,
    deduplicationId: `${letter.id}-${letter.redrives}-quarantine`,
  };
}

/** A letter that is held is received again and again; it came back once. */
async function countReturns(letters: readonly Received[], limits: Limits, ports: Ports): Promise<void> {
  const returns = new Map<number, number>();
  await Promise.all(
    letters.map(async ({ id, redrives, redrivenAt }) => {
      if (redrivenAt === undefined || !(await ports.isNew(`${id}#${redrives}`))) return;
      const window = windowAt(redrivenAt, limits);
      returns.set(window, (returns.get(window) ?? 0) + 1);
    }),
  );
  await Promise.all([...returns].map(([window, count]) => ports.addReturned(window, count)));
}

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
  return (await ports.takePlaces(windowAt(now, limits), count, limit)) ? count : 0;
}

function received(record: SQSRecord, limits: Limits): Received {
  const sentAt = Number(record.attributes.SentTimestamp);
  const redrives = redrivesOf(record, limits);
  const redrivenAt = positive(record.messageAttributes[REDRIVEN_AT]?.stringValue);
  return {
    record,
    id: record.messageAttributes[MESSAGE_ID]?.stringValue || record.messageId,
    firstSeen: positive(record.messageAttributes[FIRST_SEEN]?.stringValue) ?? sentAt,
    redrives,
    redrivenAt: redrives > 0 ? redrivenAt : undefined,
    sentAt,
    attributeCount: Object.keys(record.messageAttributes).filter((name) => !OWN_ATTRIBUTES.includes(name)).length,
  };
}

/** A count that nobody can have written in good faith ends the message's journey rather than beginning it anew. */
function redrivesOf(record: SQSRecord, limits: Limits): number {
  const attribute = record.messageAttributes[REDRIVES];
  if (attribute === undefined) return 0;
  return /^\d{1,3}$/.test(attribute.stringValue ?? '') ? Number(attribute.stringValue) : limits.maxRedrives + FORGIVEN;
}

function positive(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function numberAttribute(value: number): SQSMessageAttributes[string] {
  return { stringValue: String(value), dataType: 'Number' };
}

function textAttribute(value: string): SQSMessageAttributes[string] {
  return { stringValue: value, dataType: 'String' };
}
