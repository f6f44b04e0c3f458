/** A mail as producers put it into the queue, and what a provider makes of it. */

/** The body of a message, as JSON. */
export interface Mail {
  /** Identifies the mail: of all messages with one id, one is sent. */
  readonly id: string;
  readonly to: readonly string[];
  /** Default: the address of the sender. */
  readonly from?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly html?: string;
  /** Name of a template of the provider, in place of subject and text. */
  readonly template?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What a provider answered. */
export type Outcome =
  | {
      readonly kind: 'sent';
      readonly messageId: string;
      /** Recipients of it that the provider refused, where there are several. */
      readonly rejected?: number;
    }
  /** Above its rate; it was not sent. */
  | { readonly kind: 'throttled' }
  /** It takes nothing for so long; it was not sent. */
  | { readonly kind: 'away'; readonly millis: number }
  /** It will never take this mail. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It was not sent, for another reason. */
  | { readonly kind: 'not-sent'; readonly reason: string }
  /** Sent or not: there was no answer. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** A provider of mail. It never throws, and never tries a second time: that could send the mail twice. */
export interface Provider {
  /** Connects. The first call of a process takes longer than a slot is valid; it must not be one with a mail. */
  prepare(): Promise<void>;
  /**
   * Makes sure, a moment before its slot, that a connection is open for the mail, and that it is composed. Answers with what to
   * call once the mail has been handed over, or is not. Default: connections stay open.
   */
  ready?(mail?: Mail): Promise<() => void>;
  send(mail: Mail): Promise<Outcome>;
}

const LONGEST_ID = 256;
/** One address, alone or as Name <address>: a list in one text would be more recipients than are counted. */
const ONE_ADDRESS = /^[^\s@,;<>]+@[^\s@,;<>]+$|^[^@,;<>\r\n]*<[^\s@,;<>]+@[^\s@,;<>]+>$/;

/** The mail in a body, or why there is none. */
export function mailOf(body: string, mostRecipients: number): { readonly mail: Mail } | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { fault: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: 'not an object' };
  const { id, to, subject, text, html, template, from } = value as Record<string, unknown>;
  if (typeof id !== 'string' || id.trim() === '' || id.length > LONGEST_ID) {
    return { fault: `id must be text of 1 to ${LONGEST_ID} characters` };
  }
  if (!Array.isArray(to) || to.length === 0 || to.some((one) => typeof one !== 'string' || !ONE_ADDRESS.test(one))) {
    return { fault: 'to must be a list of addresses, one each' };
  }
  // The provider counts each recipient, and the rate is for so many.
  if (to.length > mostRecipients) return { fault: `more than the ${mostRecipients} recipients that are planned for` };
  const texts = { from, subject, text, html, template };
  const wrong = Object.entries(texts).find(([, one]) => one !== undefined && typeof one !== 'string');
  if (wrong !== undefined) return { fault: `${wrong[0]} must be text` };
  if (template === undefined && (subject === undefined || (text === undefined && html === undefined))) {
    return { fault: 'subject and text or html, or template, must be given' };
  }
  return { mail: value as Mail };
}
