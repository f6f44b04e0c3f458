import type { Duration } from 'cdk8s';
import { CHECKED, FLAG, type Kinds, needed, struct, TEXT } from '../../flow/kinds';
import { TOLERANCE_SECONDS } from '../../flow/webhooks/sources';
import type { ReceiverSource } from '../../runtime/webhook-receiver/contract';
import { DURATION, SECRET_KEY } from '../kinds';
import type { SecretKey } from '../secret-key';

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
  /** Shopify: `X-Shopify-Hmac-Sha256` over the body. No timestamp: a replay is caught as a duplicate. */
  SHOPIFY = 'shopify',
  /** Slack: `X-Slack-Signature` over timestamp and body. The receiver takes JSON only. */
  SLACK = 'slack',
  /** Any other HMAC in one header, as `hmac` of the source describes it. */
  HMAC = 'hmac',
}

/**
 * The digest of an HMAC.
 */
export enum HmacAlgorithm {
  /** SHA-1: still safe in an HMAC, for senders that have nothing else. */
  SHA1 = 'sha1',
  /** SHA-256. */
  SHA256 = 'sha256',
  /** SHA-512. */
  SHA512 = 'sha512',
}

/**
 * How the bytes of a signature are written.
 */
export enum HmacEncoding {
  /** Hexadecimal digits. */
  HEX = 'hex',
  /** Base64 with padding. */
  BASE64 = 'base64',
}

/**
 * A signature that is an HMAC in one header. The key is the secret as it is stored.
 */
export interface HmacScheme {
  /**
   * The header with the signature. 1 to 64 letters, digits and hyphens.
   */
  readonly signatureHeader: string;

  /**
   * The digest.
   *
   * @default HmacAlgorithm.SHA256
   */
  readonly algorithm?: HmacAlgorithm;

  /**
   * How the signature is written.
   *
   * @default HmacEncoding.HEX
   */
  readonly encoding?: HmacEncoding;

  /**
   * What stands before the signature in its header, such as `sha256=`. 1 to 32 characters without blanks.
   *
   * @default - nothing
   */
  readonly prefix?: string;

  /**
   * The header with the time of signing, in whole seconds since the epoch. It has to be signed.
   *
   * @default - no time is signed, and a replay is caught as a duplicate
   */
  readonly timestampHeader?: string;

  /**
   * The header with the id of the delivery, by which duplicates are recognized.
   *
   * @default - the `id` in a JSON body or, without one, the signature
   */
  readonly idHeader?: string;

  /**
   * What is signed, with `{body}`, `{timestamp}` and `{id}` where these come.
   *
   * @default - `{timestamp}.{body}`; without a `timestampHeader` `{body}`
   */
  readonly signed?: string;
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
   * Name of the sender, the first part of its URL. 1 to 32 lower-case letters, digits and hyphens, which it neither
   * begins nor ends with; unique.
   */
  readonly name: string;

  /**
   * How it signs.
   */
  readonly scheme: WebhookScheme;

  /**
   * The signature, for `WebhookScheme.HMAC`.
   *
   * @default - that of the scheme
   */
  readonly hmac?: HmacScheme;

  /**
   * The signing secret, in a Secret of the chart's namespace: plain text, one line, and two during a rotation; with
   * `secretPerTenant` a JSON object. It is mounted as a file and read again every few minutes. Deliveries are answered 503
   * while it is unusable: empty, a placeholder, JSON without `secretPerTenant`, fewer than 8 characters, or `whsec_` without
   * base64 of at least 16 bytes.
   */
  readonly secret: SecretKey;

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
   * Deliveries of this source per second outside its peak. Its alert on refused deliveries is derived from it. Above 0,
   * up to the workload's `steadyPerSecond`.
   *
   * @default - an equal share of the workload's `steadyPerSecond`
   */
  readonly steadyPerSecond?: number;

  /**
   * Largest difference between a signed timestamp and the time of receipt. 1 s to 1 hour. Without effect for GitHub and Shopify.
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
export const WEBHOOK_SOURCE_KINDS: Kinds<WebhookSource> = {
  name: CHECKED,
  scheme: CHECKED,
  hmac: struct<HmacScheme>({
    signatureHeader: CHECKED,
    algorithm: CHECKED,
    encoding: CHECKED,
    prefix: TEXT,
    timestampHeader: CHECKED,
    idHeader: CHECKED,
    signed: TEXT,
  }),
  secret: needed(SECRET_KEY),
  secretPerTenant: FLAG,
  steadyPerSecond: CHECKED,
  tolerance: DURATION,
  deduplicateBy: CHECKED,
};

/** The file of a source's secret in its folder. */
export const SECRET_FILE = 'signing-secret';

/** The folder in which the secret of a source is mounted. */
export function secretFolder(sourceName: string): string {
  return `/secrets/${sourceName}`;
}

/** The sources as the receiver reads them. */
export function receiverSources(sources: readonly WebhookSource[]): Record<string, ReceiverSource> {
  return Object.fromEntries(sources.map((source) => [source.name, receiverSource(source)]));
}

function receiverSource({
  name,
  scheme,
  hmac,
  secretPerTenant,
  tolerance,
  deduplicateBy,
}: WebhookSource): ReceiverSource {
  return {
    scheme,
    ...(hmac && { hmac: { algorithm: HmacAlgorithm.SHA256, encoding: HmacEncoding.HEX, ...hmac } }),
    secretFile: `${secretFolder(name)}/${SECRET_FILE}`,
    ...(secretPerTenant && { secretPerTenant }),
    toleranceSeconds: tolerance?.toSeconds() ?? TOLERANCE_SECONDS.usual,
    deduplicateBy: deduplicateBy ?? DeduplicateBy.DELIVERY_ID,
  };
}
