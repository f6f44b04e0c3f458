/** How senders sign. Without dependencies, so that synthesis loads no SDK. */

/**
 * How a sender signs. `github` and `shopify` have no timestamp, so a replay is caught as a duplicate instead. `hmac` is one
 * that a user describes.
 */
export type SignatureScheme = 'github' | 'stripe' | 'standard-webhooks' | 'shopify' | 'slack' | 'hmac';

/** A signature that is an HMAC of some text, in one header. */
export interface HmacRules {
  /** The header with the signature. */
  readonly signatureHeader: string;
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
  readonly encoding: 'hex' | 'base64';
  /** What stands before the signature in its header: `sha256=`. Default: nothing. */
  readonly prefix?: string;
  /** The header with the time of signing, in seconds since the epoch. Default: none is signed. */
  readonly timestampHeader?: string;
  /** The header with the id of the delivery. Default: the `id` in a JSON body, or the signature. */
  readonly idHeader?: string;
  /** What is signed, with `{body}`, `{timestamp}` and `{id}` in it. Default: `{timestamp}.{body}`, without a time `{body}`. */
  readonly signed?: string;
}

/** Schemes that are such an HMAC. */
export const HMAC_SCHEMES: Readonly<Partial<Record<SignatureScheme, HmacRules>>> = {
  // Shopify docs, "Verify webhook deliveries": HMAC-SHA256 of the body in base64; the id is not signed.
  shopify: {
    signatureHeader: 'X-Shopify-Hmac-Sha256',
    algorithm: 'sha256',
    encoding: 'base64',
    idHeader: 'X-Shopify-Webhook-Id',
  },
  // Slack docs, "Verifying requests from Slack": v0= and the HMAC-SHA256 of "v0:timestamp:body" in hex.
  slack: {
    signatureHeader: 'X-Slack-Signature',
    algorithm: 'sha256',
    encoding: 'hex',
    prefix: 'v0=',
    timestampHeader: 'X-Slack-Request-Timestamp',
    signed: 'v0:{timestamp}:{body}',
  },
};

const ALGORITHMS: readonly string[] = ['sha1', 'sha256', 'sha512'] satisfies HmacRules['algorithm'][];
const ENCODINGS: readonly string[] = ['hex', 'base64'] satisfies HmacRules['encoding'][];

/**
 * The rules of a scheme that is an HMAC; undefined for one with a form of its own.
 *
 * @throws Error when the rules of `hmac` are not whole, as only JavaScript without types can give them: with no algorithm or
 * encoding every delivery would be refused as unsigned
 */
export function hmacRules(scheme: SignatureScheme, given: HmacRules | undefined): HmacRules | undefined {
  if (scheme !== 'hmac') return HMAC_SCHEMES[scheme];
  const { signatureHeader, algorithm = '', encoding = '' } = given ?? {};
  if (given === undefined || !signatureHeader || !ALGORITHMS.includes(algorithm) || !ENCODINGS.includes(encoding)) {
    throw new Error(
      `the scheme hmac needs its rules: a signatureHeader, an algorithm (${ALGORITHMS.join(', ')}) and an encoding (${ENCODINGS.join(', ')})`,
    );
  }
  return given;
}

/** What is signed, with names where values come. */
export function signedTemplate({ signed, timestampHeader }: HmacRules): string {
  return signed ?? (timestampHeader === undefined ? '{body}' : '{timestamp}.{body}');
}

/** The header with the kind of event, of senders that do not write it into the body. None of them signs it. */
const EVENT_HEADERS: Readonly<Partial<Record<SignatureScheme, string>>> = {
  github: 'X-GitHub-Event',
  shopify: 'X-Shopify-Topic',
};

/** Names of events as senders write them: `pull_request`, `orders/create`. */
const EVENT = /^[\w./:-]{1,128}$/;

/**
 * The kind of event that a sender names in a header; undefined where it names none. It is not signed.
 *
 * @param headers by names in lower case
 */
export function eventIn(
  scheme: SignatureScheme,
  headers: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const name = EVENT_HEADERS[scheme];
  const event = name === undefined ? undefined : headers[name.toLowerCase()];
  return event !== undefined && EVENT.test(event) ? event : undefined;
}

/** The headers that a scheme reads beside that of the event, as its sender writes them; the signature is the first. */
const OWN_HEADERS = {
  github: ['X-Hub-Signature-256', 'X-GitHub-Delivery'],
  stripe: ['Stripe-Signature'],
  'standard-webhooks': ['webhook-signature', 'webhook-id', 'webhook-timestamp'],
} as const;

/** The headers that a scheme reads, as its sender writes them; the signature is the first. */
export function headersAsSent(scheme: SignatureScheme, hmac?: HmacRules): readonly string[] {
  const rules = scheme in OWN_HEADERS ? undefined : hmacRules(scheme, hmac);
  const names = rules
    ? [rules.signatureHeader, rules.timestampHeader, rules.idHeader]
    : OWN_HEADERS[scheme as keyof typeof OWN_HEADERS];
  return [...names, EVENT_HEADERS[scheme]].filter((name) => name !== undefined);
}
