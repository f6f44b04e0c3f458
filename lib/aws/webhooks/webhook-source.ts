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
 * What tells two deliveries apart.
 */
export enum DeduplicateBy {
  /** The id that the sender gives. GitHub doesn't sign it: whoever holds a signed delivery can send it under a new id. */
  DELIVERY_ID = 'delivery-id',
  /** Everything that was signed. Two deliveries with the same content count as one. */
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
   * accepted too. An empty text, a placeholder, JSON without `secretPerTenant`, fewer than 8 characters, or `whsec_` with
   * something other than base64 of at least 16 bytes verifies nothing: deliveries are parked until it is repaired.
   *
   * @default - a generated one; give its value to the sender. With `secretPerTenant` there is no default.
   */
  readonly secret?: ISecret;

  /**
   * Whether each tenant has a signing secret of its own, so that the signature says who the tenant is.
   *
   * The secret is then a JSON object from the name of a tenant, as it stands in the URL, to its signing secret, or during
   * a rotation to a list of the new one and the old one. A tenant that it does not name is refused. Without it one secret
   * says who sent a delivery, not for whom: `delivery.tenant` is absent and `delivery.claimedTenant` is what the URL says.
   *
   * @default false
   */
  readonly secretPerTenant?: boolean;

  /**
   * Deliveries of this source per second, when it is not busy: what its alarm on refused deliveries is set by. Above 0, up
   * to the workload's `steadyPerSecond`.
   *
   * @default - an equal share of the workload's `steadyPerSecond`
   */
  readonly steadyPerSecond?: number;

  /**
   * How far a signed timestamp may lie from the time of receipt. 1 s to 1 hour. Without effect for GitHub.
   *
   * @default Duration.minutes(5), as Stripe and Standard Webhooks advise
   */
  readonly tolerance?: Duration;

  /**
   * What tells two deliveries apart.
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

/** The headers to pass on, each as its sender documents it. */
export const HEADERS_AS_SENT: Readonly<Record<SignatureScheme, readonly string[]>> = {
  github: ['X-Hub-Signature-256', 'X-GitHub-Delivery', 'X-GitHub-Event'],
  stripe: ['Stripe-Signature'],
  'standard-webhooks': ['webhook-signature', 'webhook-id', 'webhook-timestamp'],
};

/** Without this one a delivery is refused by the API itself, before it is in the queue. */
export const SIGNATURE_HEADER: Readonly<Record<SignatureScheme, string>> = {
  github: 'X-Hub-Signature-256',
  stripe: 'Stripe-Signature',
  'standard-webhooks': 'webhook-signature',
};

/** Words that some clients write in capitals, or with a capital inside. */
const SPECIAL_WORDS: Readonly<Record<string, readonly string[]>> = { id: ['ID'], github: ['GitHub', 'Github'] };

/**
 * The spellings in which clients send a header. A mapping template finds a header by the spelling that was sent: HTTP/2
 * clients send lower case, those of Go and Ruby begin each word with a capital, and some gateways write all in capitals.
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
