/**
 * The contract of construct, receiver and consumer. Without dependencies, so that a Pulumi program loads no client.
 */
import type { HmacRules, SignatureScheme } from '../webhook/scheme';

/** One sender, as the construct passes it in `WEBHOOK_SOURCES`. */
export interface ReceiverSource {
  readonly scheme: SignatureScheme;
  /** The scheme `hmac` as the user describes it. */
  readonly hmac?: HmacRules;
  /** File that holds the signing secrets, one a line. */
  readonly secretFile: string;
  /** The file is a JSON object of tenants and their secrets, so that a signature proves the tenant. */
  readonly secretPerTenant?: boolean;
  readonly toleranceSeconds: number;
  /** Identity of a delivery: the id that the sender gives, or the whole signed content. */
  readonly deduplicateBy: 'delivery-id' | 'signed-content';
}

/** Attributes of a message whose signature held. */
export const ATTRIBUTES = {
  source: 'source',
  /** The tenant in the URL, which is not signed. */
  claimedTenant: 'tenant',
  /**
   * The tenant whose own secret made the signature; absent when the source has one secret for all. Not `tenant`:
   * earlier releases wrote the tenant of the URL under that name, and such messages may still wait.
   */
  tenant: 'authenticated-tenant',
  deliveryId: 'delivery-id',
  /** The kind of event, where the sender names it in a header. It is not signed. */
  event: 'event',
  /** Digest of the delivery's identity, so that its length does not depend on the sender. */
  idempotencyKey: 'idempotency-key',
  /** Milliseconds since the epoch. */
  receivedAt: 'received-at',
} as const;

/** Pub/Sub, Quotas and limits: bytes of an attribute's value. */
export const MAX_ATTRIBUTE_BYTES = 1024;

/** The path of the readiness check. Cloud Run keeps some paths that end in z for itself. */
export const READY_PATH = '/ready';

/** The path at which a process that works answers, also one that is not ready. */
export const LIVE_PATH = '/live';

/** Why a delivery of a source is refused. */
export const REFUSAL_REASONS = [
  'bad-tenant',
  'not-post',
  'not-json',
  'encoded',
  'too-large',
  'hung-up',
  'not-utf-8',
  'unsigned',
  'forged',
  'outside-window',
  'unknown-tenant',
  'no-delivery-id',
  'ambiguous-delivery-id',
  'delivery-id-too-long',
] as const;

/** Why one is refused whose path names no source. */
export const UNKNOWN_SOURCE = 'unknown-source';

/** Why one is neither accepted nor refused: more signatures are wrong than a secret is read again for. */
export const DEFERRED = 'deferred';

/** Any of these. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number] | typeof UNKNOWN_SOURCE;
