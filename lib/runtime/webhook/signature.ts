/**
 * Checks sender and age of a delivery, on the raw bytes, before it has an effect.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SignatureScheme } from './scheme';
import { keyOf, secretProblem } from './signing-secret';

export type { SignatureScheme } from './scheme';

/** One delivery as it came in: header names in lower case, the body untouched. */
export interface SignedRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** When the receiver took it, in milliseconds since the epoch: time spent in the queue is not the sender's delay. */
  readonly receivedAtMillis: number;
}

/** Why a delivery is refused. */
export type Refusal =
  | 'unsigned'
  | 'forged'
  | 'outside-window'
  | 'no-delivery-id'
  /** The id holds a full stop, so that what was signed can be read in two ways. */
  | 'ambiguous-delivery-id';

/** The verdict: the id of the delivery, or the reason for the refusal. */
export type Verdict =
  | { readonly valid: true; readonly deliveryId: string; readonly signedContent: string }
  | { readonly valid: false; readonly refusal: Refusal };

/** The headers that each scheme reads, in lower case. */
export const SCHEME_HEADERS: Readonly<Record<SignatureScheme, readonly string[]>> = {
  github: ['x-hub-signature-256', 'x-github-delivery', 'x-github-event'],
  stripe: ['stripe-signature'],
  'standard-webhooks': ['webhook-signature', 'webhook-id', 'webhook-timestamp'],
};

interface Parsed {
  readonly deliveryId: string | undefined;
  readonly timestampSeconds?: number;
  readonly signatures: readonly Buffer[];
  readonly signedContent: string;
  readonly ambiguous?: boolean;
}

/**
 * Judges a request against every secret that may be in use: the current one, and during a rotation the previous one. A
 * weak secret (empty, a placeholder, a key of a few bytes) is never used to verify.
 *
 * @param toleranceSeconds how far a signed timestamp may lie from the time of receipt, in both directions
 */
export function verifySignature(
  scheme: SignatureScheme,
  request: SignedRequest,
  secrets: readonly string[],
  toleranceSeconds: number,
): Verdict {
  const parsed = PARSERS[scheme](request);
  if (parsed.signatures.length === 0) return { valid: false, refusal: 'unsigned' };
  if (parsed.ambiguous) return { valid: false, refusal: 'ambiguous-delivery-id' };
  const expected = secrets
    .filter((secret) => secretProblem(secret, scheme) === undefined)
    .map((secret) => digest(scheme, secret, parsed.signedContent));
  // No early exit: every candidate is compared with every secret, also after a match.
  let matches = 0;
  for (const signature of parsed.signatures) for (const one of expected) matches += constantTimeEqual(signature, one);
  if (matches === 0) return { valid: false, refusal: 'forged' };
  if (parsed.timestampSeconds !== undefined) {
    const distance = Math.abs(request.receivedAtMillis / 1000 - parsed.timestampSeconds);
    if (!(distance <= toleranceSeconds)) return { valid: false, refusal: 'outside-window' };
  }
  if (!parsed.deliveryId) return { valid: false, refusal: 'no-delivery-id' };
  return { valid: true, deliveryId: parsed.deliveryId, signedContent: parsed.signedContent };
}

/** Signs as the sender does, for the load generator and the tests. Returns the headers to send. */
export function signRequest(
  scheme: SignatureScheme,
  secret: string,
  body: string,
  deliveryId: string,
  atMillis: number,
): Record<string, string> {
  const seconds = Math.floor(atMillis / 1000);
  switch (scheme) {
    case 'github':
      return {
        'X-Hub-Signature-256': `sha256=${digest(scheme, secret, body).toString('hex')}`,
        'X-GitHub-Delivery': deliveryId,
      };
    case 'stripe':
      return { 'Stripe-Signature': `t=${seconds},v1=${digest(scheme, secret, `${seconds}.${body}`).toString('hex')}` };
    case 'standard-webhooks': {
      const signature = digest(scheme, secret, `${deliveryId}.${seconds}.${body}`).toString('base64');
      return { 'webhook-id': deliveryId, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
    }
  }
}

const PARSERS: Readonly<Record<SignatureScheme, (request: SignedRequest) => Parsed>> = {
  // GitHub docs, "Validating webhook deliveries": HMAC-SHA256 of the body; the delivery id is not signed.
  github: ({ headers, body }) => {
    const hex = /^sha256=([0-9a-f]{64})$/.exec(headers['x-hub-signature-256'] ?? '')?.[1];
    return {
      deliveryId: headers['x-github-delivery'],
      signatures: hex ? [Buffer.from(hex, 'hex')] : [],
      signedContent: body,
    };
  },
  // Stripe docs, "Verify webhook signatures manually": t=…,v1=…[,v1=…] over "t.body"; the event's id is inside the body.
  stripe: ({ headers, body }) => {
    const parts = (headers['stripe-signature'] ?? '').split(',').map((part) => part.trim().split('=', 2));
    const timestamp = parts.find(([key]) => key === 't')?.[1] ?? '';
    const signatures = parts.filter(([key, value]) => key === 'v1' && /^[0-9a-f]{64}$/.test(value ?? ''));
    return {
      deliveryId: idInside(body),
      timestampSeconds: wholeSeconds(timestamp),
      signatures: signatures.map(([, value]) => Buffer.from(value as string, 'hex')),
      signedContent: `${timestamp}.${body}`,
    };
  },
  // The Standard Webhooks specification: space-separated "v1,<base64>" over "id.timestamp.body".
  'standard-webhooks': ({ headers, body }) => {
    const [id, timestamp] = [headers['webhook-id'] ?? '', headers['webhook-timestamp'] ?? ''];
    const signatures = (headers['webhook-signature'] ?? '')
      .split(' ')
      .filter((one) => /^v1,[A-Za-z0-9+/]{43}=$/.test(one));
    return {
      deliveryId: id,
      timestampSeconds: wholeSeconds(timestamp),
      signatures: signatures.map((one) => Buffer.from(one.slice(3), 'base64')),
      signedContent: `${id}.${timestamp}.${body}`,
      // The specification, "Signature scheme": neither id nor timestamp may hold a full stop, which separates them.
      ambiguous: id.includes('.'),
    };
  },
};

function digest(scheme: SignatureScheme, secret: string, content: string): Buffer {
  return createHmac('sha256', keyOf(secret, scheme)).update(content, 'utf8').digest();
}

function constantTimeEqual(left: Buffer, right: Buffer): 0 | 1 {
  return left.length === right.length && timingSafeEqual(left, right) ? 1 : 0;
}

/** NaN for anything but digits, so that it falls outside every window. */
function wholeSeconds(text: string): number {
  return /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
}

function idInside(body: string): string | undefined {
  try {
    const id = (JSON.parse(body) as { id?: unknown }).id;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
