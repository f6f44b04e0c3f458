/**
 * What construct, receiver and consumer agree on. Without dependencies, so that a Pulumi program loads no client.
 */
import type { SignatureScheme } from '../webhook/signature';

/** One sender, as the construct passes it in `WEBHOOK_SOURCES`. */
export interface ReceiverSource {
  readonly scheme: SignatureScheme;
  /** File that holds the signing secrets, one a line. */
  readonly secretFile: string;
  readonly toleranceSeconds: number;
  /** What tells two deliveries apart: the id that the sender gives, or all that it signed. */
  readonly deduplicateBy: 'delivery-id' | 'signed-content';
}

/** Attributes of a message whose signature held. */
export const ATTRIBUTES = {
  source: 'source',
  tenant: 'tenant',
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
