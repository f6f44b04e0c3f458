/**
 * Checks sender and age of a delivery, on the raw bytes, before it has an effect.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type HmacRules, headersAsSent, hmacRules, type SignatureScheme, signedTemplate } from './scheme';
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

/** The headers that a scheme reads, in lower case. */
export function headersRead(scheme: SignatureScheme, hmac?: HmacRules): readonly string[] {
  return headersAsSent(scheme, hmac).map((name) => name.toLowerCase());
}

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
 * @param hmac the scheme `hmac` as the user describes it
 */
export function verifySignature(
  scheme: SignatureScheme,
  request: SignedRequest,
  secrets: readonly string[],
  toleranceSeconds: number,
  hmac?: HmacRules,
): Verdict {
  const rules = hmacRules(scheme, hmac);
  const parsed = parse(scheme, rules, request);
  if (parsed.signatures.length === 0) return { valid: false, refusal: 'unsigned' };
  if (parsed.ambiguous) return { valid: false, refusal: 'ambiguous-delivery-id' };
  const expected = secrets
    .filter((secret) => secretProblem(secret, scheme) === undefined)
    .map((secret) => digest(scheme, secret, parsed.signedContent, rules?.algorithm));
  // No early exit: every candidate is compared with every secret, also after a match.
  let matches = 0;
  for (const signature of parsed.signatures) for (const one of expected) matches += constantTimeEqual(signature, one);
  if (matches === 0) return { valid: false, refusal: 'forged' };
  if (isOutsideWindow(parsed, request.receivedAtMillis, toleranceSeconds)) {
    return { valid: false, refusal: 'outside-window' };
  }
  if (!parsed.deliveryId) return { valid: false, refusal: 'no-delivery-id' };
  return { valid: true, deliveryId: parsed.deliveryId, signedContent: parsed.signedContent };
}

/** What a request is refused for before its body is there; undefined where its headers may be those of a signed one. */
export function refusedByHeaders(
  scheme: SignatureScheme,
  request: Omit<SignedRequest, 'body'>,
  toleranceSeconds: number,
  hmac?: HmacRules,
): Refusal | undefined {
  const parsed = parse(scheme, hmacRules(scheme, hmac), { ...request, body: '' });
  if (parsed.signatures.length === 0) return 'unsigned';
  if (parsed.ambiguous) return 'ambiguous-delivery-id';
  return isOutsideWindow(parsed, request.receivedAtMillis, toleranceSeconds) ? 'outside-window' : undefined;
}

/** Signs as the sender does, for the load generator and the tests. Returns the headers to send. */
export function signRequest(
  scheme: SignatureScheme,
  secret: string,
  body: string,
  deliveryId: string,
  atMillis: number,
  hmac?: HmacRules,
): Record<string, string> {
  const seconds = Math.floor(atMillis / 1000);
  const rules = hmacRules(scheme, hmac);
  if (rules !== undefined) return signHmac(scheme, rules, secret, { body, id: deliveryId, timestamp: String(seconds) });
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
    default:
      throw new Error(`the scheme ${scheme} needs its rules`);
  }
}

function signHmac(scheme: SignatureScheme, rules: HmacRules, secret: string, values: SignedValues) {
  const { signatureHeader, timestampHeader, idHeader, algorithm, encoding, prefix = '' } = rules;
  const signature = digest(scheme, secret, filled(rules, values), algorithm).toString(encoding);
  return {
    [signatureHeader]: `${prefix}${signature}`,
    ...(timestampHeader !== undefined && { [timestampHeader]: values.timestamp }),
    ...(idHeader !== undefined && { [idHeader]: values.id }),
  };
}

/** What a signature may cover. */
interface SignedValues {
  readonly body: string;
  readonly id: string;
  readonly timestamp: string;
}

/** What is signed. In one pass: a body may itself have `{id}` in it. */
function filled(rules: HmacRules, values: SignedValues): string {
  return signedTemplate(rules).replace(/\{(body|id|timestamp)\}/g, (_, name: keyof SignedValues) => values[name]);
}

/** Bytes of a digest. */
const DIGEST_BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const;

function parse(scheme: SignatureScheme, rules: HmacRules | undefined, request: SignedRequest): Parsed {
  if (rules !== undefined) return parseHmac(rules, request);
  const parser = PARSERS[scheme];
  if (parser === undefined) throw new Error(`the scheme ${scheme} needs its rules`);
  return parser(request);
}

function parseHmac(rules: HmacRules, { headers, body }: SignedRequest): Parsed {
  const { signatureHeader, timestampHeader, idHeader, algorithm, encoding, prefix = '' } = rules;
  const header = (name: string | undefined) => (name === undefined ? undefined : headers[name.toLowerCase()]);
  const sent = header(signatureHeader) ?? '';
  const text = sent.startsWith(prefix) ? sent.slice(prefix.length) : '';
  const signature = Buffer.from(text, encoding);
  // Node's decoder skips what it cannot read, so the text must be what the bytes are.
  const written = encoding === 'hex' ? text.toLowerCase() : text;
  const isWhole = signature.length === DIGEST_BYTES[algorithm] && signature.toString(encoding) === written;
  const id = header(idHeader) ?? '';
  const timestamp = header(timestampHeader) ?? '';
  return {
    deliveryId: idHeader === undefined ? (idInside(body) ?? text) : id,
    ...(timestampHeader !== undefined && { timestampSeconds: wholeSeconds(timestamp) }),
    signatures: isWhole ? [signature] : [],
    signedContent: filled(rules, { body, id, timestamp }),
    // A full stop or whatever else stands between the parts could move from one into the other.
    ambiguous: signedTemplate(rules).includes('{id}') && !/^[\w-]*$/.test(id),
  };
}

const PARSERS: Readonly<Partial<Record<SignatureScheme, (request: SignedRequest) => Parsed>>> = {
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

function digest(
  scheme: SignatureScheme,
  secret: string,
  content: string,
  algorithm: HmacRules['algorithm'] = 'sha256',
): Buffer {
  return createHmac(algorithm, keyOf(secret, scheme)).update(content, 'utf8').digest();
}

/** Whether a time was signed that is too far from that of receipt. */
function isOutsideWindow({ timestampSeconds }: Parsed, receivedAtMillis: number, toleranceSeconds: number): boolean {
  if (timestampSeconds === undefined) return false;
  return !(Math.abs(receivedAtMillis / 1000 - timestampSeconds) <= toleranceSeconds);
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
