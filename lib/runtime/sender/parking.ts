/** The masked copy of a mail that is set aside for a person. */
import { createHash } from 'node:crypto';
import { DEFAULT_MASKED_FIELDS, Masking } from '../masking';
import type { Message } from './send';

/** What a mail says and to whom. Its id stays, by which the producer knows the rest. */
const MAIL_FIELDS = ['to', 'from', 'subject', 'text', 'html', 'data', 'cc', 'bcc', 'replyTo'];
const masking = new Masking([...DEFAULT_MASKED_FIELDS, ...MAIL_FIELDS]);

/** A message without the mail in it, and why it was set aside. */
export function parkedCopy({ messageId, body, receives }: Message, reason: string) {
  return {
    body: masking.body(body),
    attributes: {
      'backpressure-reason': reason.slice(0, 256),
      'backpressure-id': messageId,
      'backpressure-receives': String(receives),
      'backpressure-digest': createHash('sha256').update(body).digest('hex'),
    },
  };
}
