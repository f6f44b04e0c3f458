import type { Duration } from 'aws-cdk-lib';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { SignatureScheme } from '../runtime/webhook/signature';

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
export enum WebhookIdentity {
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
   * The signing secret, as a plain string. During a rotation the previous version is accepted too.
   *
   * @default - a generated one; give its value to the sender
   */
  readonly secret?: ISecret;

  /**
   * How far a signed timestamp may lie from the time of receipt. 1 s to 1 hour. Without effect for GitHub.
   *
   * @default Duration.minutes(5), as Stripe and Standard Webhooks advise
   */
  readonly tolerance?: Duration;

  /**
   * What tells two deliveries apart.
   *
   * @default WebhookIdentity.DELIVERY_ID
   */
  readonly identity?: WebhookIdentity;
}

/** The headers to pass on, as each sender spells them; the mapping template looks names up as they were sent. */
export const HEADERS_AS_SENT: Readonly<Record<SignatureScheme, readonly string[]>> = {
  github: ['X-Hub-Signature-256', 'X-GitHub-Delivery', 'X-GitHub-Event'],
  stripe: ['Stripe-Signature'],
  'standard-webhooks': ['webhook-signature', 'webhook-id', 'webhook-timestamp'],
};

/** Without these a delivery is refused by the API itself, before it reaches the queue. */
export const REQUIRED_HEADERS: Readonly<Record<SignatureScheme, readonly string[]>> = {
  github: ['X-Hub-Signature-256', 'X-GitHub-Delivery'],
  stripe: ['Stripe-Signature'],
  'standard-webhooks': ['webhook-signature', 'webhook-id', 'webhook-timestamp'],
};
