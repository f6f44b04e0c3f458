/**
 * The contract of construct and consumer. Without dependencies, so that synthesis loads no SDK.
 */
import type { HmacRules, SignatureScheme } from './scheme';

/** One sender, as the construct passes it in `WEBHOOK_SOURCES`. */
export interface SourceConfig {
  readonly scheme: SignatureScheme;
  /** The scheme `hmac` as the user describes it. */
  readonly hmac?: HmacRules;
  readonly secretArn: string;
  /** The secret is a JSON object of tenants and their secrets, so that a signature proves the tenant. */
  readonly secretPerTenant?: boolean;
  readonly toleranceSeconds: number;
  /** Identity of a delivery: the id that the sender gives, or the whole signed content. */
  readonly deduplicateBy: 'delivery-id' | 'signed-content';
}

/** Message attributes that the API writes; a header arrives with one line for each spelling, most of them empty. */
export const ATTRIBUTES = {
  source: 'source',
  tenant: 'tenant',
  /**
   * Every spelling of the header that holds the signature, joined. SQS refuses an empty attribute, so a delivery
   * without a signature is answered 400.
   */
  signed: 'signed',
  header: (name: string) => `header.${name}`,
} as const;

/**
 * Seconds before a failed delivery is tried again: a random time up to the base, doubled with each attempt up to the cap.
 * The longest delay that SQS itself has is the cap.
 */
export const RETRY_SECONDS = { base: 2, cap: 900 } as const;

/** When the message was first received, by the first of its queues. Set by the redriver and on parking. */
export const FIRST_SEEN = 'backpressure-first-seen';

/** Why a parked delivery was refused. */
export const REFUSED = 'backpressure-refused';

/** SQS developer guide, message metadata: attributes of one message. */
export const MAX_ATTRIBUTES = 10;

/** The longest that SQS keeps a message, and so a refused delivery, in seconds. */
export const REFUSED_RETENTION_SECONDS = 14 * 86_400;
