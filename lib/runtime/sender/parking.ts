/** The masked copy of a mail that is set aside for a person. */
import { createHash } from 'node:crypto';
import { MASK, Masking } from '../masking';
import type { Message } from './ports';

/** By these the producer knows the rest. Every other field may hold an address or what the mail says. */
const KEPT_FIELDS = ['id', 'template'];
const masking = new Masking();

/** A message without the mail in it, and why it was set aside. */
export function parkedCopy({ messageId, body, receives }: Message, reason: string) {
  return {
    body: maskedBody(body),
    attributes: {
      'backpressure-reason': reason.slice(0, 256),
      'backpressure-id': messageId,
      'backpressure-receives': String(receives),
      'backpressure-digest': createHash('sha256').update(body).digest('hex'),
    },
  };
}

/** The names of all fields, and the values of those that are kept. What is no object is only measured. */
function maskedBody(body: string): string {
  const fields = objectIn(body);
  if (fields === undefined) return masking.digest(body);
  const kept = Object.entries(fields).map(([name, value]) => {
    const isKept = KEPT_FIELDS.includes(name) && typeof value === 'string';
    return [masking.text(name), isKept ? masking.text(value) : MASK];
  });
  return JSON.stringify(Object.fromEntries(kept));
}

function objectIn(body: string): object | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
