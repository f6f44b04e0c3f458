import type { Duration } from 'aws-cdk-lib';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { CHECKED, FLAG, type Kinds } from '../../flow/kinds';
import type { SignatureScheme } from '../../runtime/webhook/signature';
import { DURATION, SECRET } from '../kinds';

/**
 * How a sender signs its deliveries.
 */
export enum WebhookScheme {
  /** GitHub: `X-Hub-Signature-256` over the body. No timestamp: a replay is caught as a duplicate. */
  GITHUB = 'github',
  /** Stripe: `Stripe-Signature` over timestamp and body. */
  STRIPE = 'stripe',
  /** Standard Webhooks, the generic HMAC scheme: `webhook-signature` over id, timestamp and body. */
  STANDARD_WEBHOOKS = 'standard-webhooks',
}

/**
 * How duplicate deliveries are recognized.
 */
export enum DeduplicateBy {
  /** By the sender's id. GitHub does not sign it: a copy of a signed delivery can be sent under a new id. */
  DELIVERY_ID = 'delivery-id',
  /** By everything that was signed. Two deliveries with the same content count as one. */
  SIGNED_CONTENT = 'signed-content',
}

/**
 * A sender of webhooks.
 */
export interface WebhookSource {
  /**
   * Name of the sender, the first part of its URL. 1 to 32 lower-case letters, digits and hyphens; not `constructor`.
   */
  readonly name: string;

  /**
   * How it signs.
   */
  readonly scheme: WebhookScheme;

  /**
   * The signing secret, as plain text; with `secretPerTenant`, a JSON object. During a rotation the previous version is
   * accepted too. Deliveries are parked while the secret is unusable: empty, a placeholder, JSON without
   * `secretPerTenant`, fewer than 8 characters, or `whsec_` without base64 of at least 16 bytes.
   *
   * @default - a generated one; give its value to the sender. With `secretPerTenant` there is no default.
   */
  readonly secret?: ISecret;

  /**
   * Whether each tenant has its own signing secret, so that the signature proves the tenant.
   *
   * The secret is then a JSON object from the name of a tenant, as in the URL, to its signing secret, or during a
   * rotation to a list of the new one and the old one. A tenant that it does not name is refused. Without it the
   * signature proves the sender, not the tenant: `delivery.tenant` is absent and `delivery.claimedTenant` is the tenant
   * in the URL.
   *
   * @default false
   */
  readonly secretPerTenant?: boolean;

  /**
   * Deliveries of this source per second outside its peak. Its alarm on refused deliveries is derived from it. Above 0,
   * up to the workload's `steadyPerSecond`.
   *
   * @default - an equal share of the workload's `steadyPerSecond`
   */
  readonly steadyPerSecond?: number;

  /**
   * Largest difference between a signed timestamp and the time of receipt. 1 s to 1 hour. Without effect for GitHub.
   *
   * @default Duration.minutes(5), as Stripe and Standard Webhooks advise
   */
  readonly tolerance?: Duration;

  /**
   * How duplicate deliveries are recognized.
   *
   * @default DeduplicateBy.DELIVERY_ID
   */
  readonly deduplicateBy?: DeduplicateBy;
}

/** What each field of a source has to be. */
export const SOURCE_KINDS: Kinds<WebhookSource> = {
  name: CHECKED,
  scheme: CHECKED,
  secret: SECRET,
  secretPerTenant: FLAG,
  steadyPerSecond: CHECKED,
  tolerance: DURATION,
  deduplicateBy: CHECKED,
};

/** The headers to pass on, spelled as the sender documents them. */
export const HEADERS_AS_SENT: Readonly<Record<SignatureScheme, readonly string[]>> = {
  github: ['X-Hub-Signature-256', 'X-GitHub-Delivery', 'X-GitHub-Event'],
  stripe: ['Stripe-Signature'],
  'standard-webhooks': ['webhook-signature', 'webhook-id', 'webhook-timestamp'],
};

/** Without this header the API refuses a delivery before it is queued. */
export const SIGNATURE_HEADER: Readonly<Record<SignatureScheme, string>> = {
  github: 'X-Hub-Signature-256',
  stripe: 'Stripe-Signature',
  'standard-webhooks': 'webhook-signature',
};

/** Words that some clients write in capitals, or with a capital inside. */
const SPECIAL_WORDS: Readonly<Record<string, readonly string[]>> = { id: ['ID'], github: ['GitHub', 'Github'] };

/**
 * The spellings in which clients send a header. A mapping template finds a header by the spelling that was sent: HTTP/2
 * clients send lower case, those of Go and Ruby begin each word with a capital, and some gateways write all in
 * capitals.
 */
export function spellingsOf(header: string): string[] {
  const words = header.toLowerCase().split('-');
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  const specialOf = (word: string) => (Object.hasOwn(SPECIAL_WORDS, word) ? SPECIAL_WORDS[word] : []);
  const special = (choice: number) => words.map((word) => specialOf(word)[choice] ?? capital(word)).join('-');
  return [
    ...new Set([
      header,
      words.join('-'),
      words.map(capital).join('-'),
      special(0),
      special(1),
      words.join('-').toUpperCase(),
    ]),
  ];
}
