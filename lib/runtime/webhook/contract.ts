/**
 * What the construct and the consumer agree on. Without dependencies, so that synthesis loads no SDK.
 */
import type { SignatureScheme } from './signature';

/** One sender, as the construct passes it in `WEBHOOK_SOURCES`. */
export interface SourceConfig {
  readonly scheme: SignatureScheme;
  readonly secretArn: string;
  readonly toleranceSeconds: number;
  /** What tells two deliveries apart: the id that the sender gives, or all that it signed. */
  readonly deduplicateBy: 'delivery-id' | 'signed-content';
}

/** Message attributes that the API writes; a header arrives as "as sent\nlower case", of which one may be empty. */
export const ATTRIBUTES = { source: 'source', tenant: 'tenant', header: (name: string) => `header.${name}` } as const;

/** Set by the redriver: when the message was first received, whatever queue it has been through since. */
export const FIRST_SEEN = 'backpressure-first-seen';
