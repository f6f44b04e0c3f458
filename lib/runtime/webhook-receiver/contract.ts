/**
 * What construct, receiver and consumer agree on. Without dependencies, so that a Pulumi program loads no client.
 */
import type { SignatureScheme } from '../webhook/scheme';

/** One sender, as the construct passes it in `WEBHOOK_SOURCES`. */
export interface ReceiverSource {
  readonly scheme: SignatureScheme;
  /** File that holds the signing secrets, one a line. */
  readonly secretFile: string;
  /** The file is a JSON object of tenants and their secrets, so that a signature says who the tenant is. */
  readonly secretPerTenant?: boolean;
  readonly toleranceSeconds: number;
  /** What tells two deliveries apart: the id that the sender gives, or all that it signed. */
  readonly deduplicateBy: 'delivery-id' | 'signed-content';
}

/** Attributes of a message whose signature held. */
export const ATTRIBUTES = {
  source: 'source',
  /** The tenant that the URL names. Nobody has signed it. */
  claimedTenant: 'tenant',
  /**
   * The tenant whose own secret made the signature; absent when the source has one secret for all. Not `tenant`: earlier
   * releases wrote what the URL says under that name, and such messages may still wait.
   */
  tenant: 'authenticated-tenant',
  deliveryId: 'delivery-id',
  /** Digest of what tells two deliveries apart, so that its length does not depend on the sender. */
  idempotencyKey: 'idempotency-key',
  /** Milliseconds since the epoch. */
  receivedAt: 'received-at',
} as const;

/** Pub/Sub, Quotas and limits: bytes of an attribute's value. */
export const MAX_ATTRIBUTE_BYTES = 1024;

/** Where an instance says that it is ready. Cloud Run keeps some paths that end in z for itself. */
export const READY_PATH = '/ready';
