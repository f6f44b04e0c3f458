/**
 * The mark that a redriven message carries, and the seal on it. A producer may set any attribute, so the redriver
 * trusts only attributes sealed with its own key, over the message's body.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { SQSMessageAttributes } from 'aws-lambda';
import { FIRST_SEEN, MESSAGE_ID, REDRIVES } from './decide';

/** The guard's data of a redriven message. */
export interface Mark {
  /** Id of the message as SQS first gave it. */
  readonly id: string;
  /** Epoch milliseconds at which the message first arrived. */
  readonly firstSeen: number;
  readonly redrives: number;
  /** Epoch milliseconds of the last redrive. */
  readonly redrivenAt: number;
}

/** Count, time of the last redrive, seal; base64url of 32 bytes has 43 characters. */
const SEALED = /^([1-9]\d{0,2}) (\d{1,15}) ([A-Za-z0-9_-]{43})$/;

/** The attributes that carry the mark. Consumers read id and first-seen; the third one vouches for them. */
export function markAttributes(mark: Mark, body: string, key: Uint8Array): SQSMessageAttributes {
  const seal = sealOf(mark, body, key).toString('base64url');
  return {
    [REDRIVES]: textAttribute(`${mark.redrives} ${mark.redrivenAt} ${seal}`),
    [MESSAGE_ID]: textAttribute(mark.id),
    [FIRST_SEEN]: numberAttribute(mark.firstSeen),
  };
}

/** The mark of a message, or undefined without a valid one: never redriven, forged, or moved to another body. */
export function markOf(attributes: SQSMessageAttributes, body: string, key: Uint8Array): Mark | undefined {
  const sealed = SEALED.exec(attributes[REDRIVES]?.stringValue ?? '');
  const id = attributes[MESSAGE_ID]?.stringValue;
  const firstSeen = attributes[FIRST_SEEN]?.stringValue;
  if (!sealed || !id || !firstSeen || !/^\d{1,15}$/.test(firstSeen)) return undefined;
  const mark = { id, firstSeen: Number(firstSeen), redrives: Number(sealed[1]), redrivenAt: Number(sealed[2]) };
  return timingSafeEqual(sealOf(mark, body, key), Buffer.from(sealed[3], 'base64url')) ? mark : undefined;
}

function sealOf(mark: Mark, body: string, key: Uint8Array): Buffer {
  const digest = createHash('sha256').update(body).digest('base64url');
  const sealed = JSON.stringify([mark.id, mark.firstSeen, mark.redrives, mark.redrivenAt, digest]);
  return createHmac('sha256', key).update(sealed).digest();
}

export function numberAttribute(value: number): SQSMessageAttributes[string] {
  return { stringValue: String(value), dataType: 'Number' };
}

export function textAttribute(value: string): SQSMessageAttributes[string] {
  return { stringValue: value, dataType: 'String' };
}
