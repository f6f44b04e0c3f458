/**
 * The masked copy of a letter for the quarantine, from the fullest form to one that every queue accepts.
 */
import { createHash, createHmac } from 'node:crypto';
import type { SQSMessageAttributes } from 'aws-lambda';
import type { Masking } from '../masking';
import { FIRST_SEEN, MAX_ATTRIBUTES, MESSAGE_ID, OWN_ATTRIBUTES, REDRIVES, type Reason } from './decide';
import { numberAttribute, textAttribute } from './seal';

/** Amazon SQS quotas: 1 MiB for body, names, types and values of the attributes together. */
export const MAX_MESSAGE_BYTES = 1_048_576;
/** Longer values of attributes leave their digest when the message is too large. */
const LONGEST_VALUE = 1024;

/** A letter as the quarantine shows it. */
export interface Parked {
  readonly body: string;
  readonly attributes: SQSMessageAttributes;
}

/** Parts of the copy. */
export interface ParkedLetter {
  readonly id: string;
  readonly redrives: number;
  readonly firstSeen: number;
  readonly body: string;
  readonly attributes: SQSMessageAttributes;
}

/** Bytes of a message as SQS counts them. */
export function messageBytes({ body, attributes }: Parked): number {
  const each = Object.entries(attributes).map(
    ([name, { dataType, stringValue, binaryValue }]) =>
      Buffer.byteLength(name) +
      Buffer.byteLength(dataType) +
      (dataType.startsWith('Binary')
        ? Buffer.byteLength(binaryValue ?? '', 'base64')
        : Buffer.byteLength(stringValue ?? '')),
  );
  return each.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(body));
}

/**
 * The forms of a letter that a queue may take, the fullest first: body and attributes masked; the body's digest; long
 * attributes as digests; no attributes of the producer. Each is made only when the one before was refused.
 */
export function* parkedForms(
  letter: ParkedLetter,
  reason: Reason,
  sourceName: string,
  masking: Masking,
  withMasking: boolean,
): Generator<Parked> {
  const own = ownAttributes(letter, reason, sourceName);
  const digest = masking.digest(letter.body);
  if (withMasking) {
    const theirs = producersAttributes(letter.attributes, masking);
    const all = withDropped(own, theirs, letter);
    yield { body: masking.body(letter.body), attributes: all };
    yield { body: digest, attributes: all };
    const short = theirs.map(([name, value]) => [name, shortened(value)] as const);
    yield { body: digest, attributes: withDropped(own, short, letter) };
  }
  yield { body: digest, attributes: withDropped(own, [], letter) };
}

/** A group id without secrets; the same for all messages of a group, and safe against guessing. */
export function parkedGroup(group: string, masking: Masking, key: Uint8Array): string {
  if (masking.text(group) === group) return group;
  return `masked-${createHmac('sha256', key).update(group).digest('hex').slice(0, 32)}`;
}

function ownAttributes(letter: ParkedLetter, reason: Reason, sourceName: string): SQSMessageAttributes {
  return {
    'backpressure-reason': textAttribute(reason),
    'backpressure-source': textAttribute(sourceName),
    [REDRIVES]: numberAttribute(letter.redrives),
    [MESSAGE_ID]: textAttribute(letter.id),
    [FIRST_SEEN]: numberAttribute(letter.firstSeen),
  };
}

/** Names are masked, too: a producer may put any text into one. */
function producersAttributes(attributes: SQSMessageAttributes, masking: Masking): (readonly [string, string])[] {
  const kept = Object.entries(attributes).filter(
    ([name, { stringValue }]) => !name.startsWith('backpressure-') && !OWN_ATTRIBUTES.includes(name) && stringValue,
  );
  return kept.map(([name, { stringValue = '' }], index) => [
    masking.text(name) === name ? name : `masked-${index + 1}`,
    masking.named(name, stringValue),
  ]);
}

/** As many attributes as fit, and how many there were that are not shown. */
function withDropped(
  own: SQSMessageAttributes,
  theirs: readonly (readonly [string, string])[],
  letter: ParkedLetter,
): SQSMessageAttributes {
  const given = Object.keys(letter.attributes).filter((name) => !name.startsWith('backpressure-')).length;
  const room = MAX_ATTRIBUTES - Object.keys(own).length;
  const isWhole = theirs.length === given && given <= room;
  const shown = isWhole ? theirs : theirs.slice(0, room - 1);
  const attributes = { ...Object.fromEntries(shown.map(([name, value]) => [name, textAttribute(value)])), ...own };
  return isWhole ? attributes : { ...attributes, 'backpressure-dropped': numberAttribute(given - shown.length) };
}

function shortened(value: string): string {
  if (Buffer.byteLength(value) <= LONGEST_VALUE) return value;
  return `${Buffer.byteLength(value)} bytes, masked SHA-256 ${createHash('sha256').update(value).digest('base64')}`;
}
