import type * as pulumi from '@pulumi/pulumi';
import type { SignatureScheme } from '../runtime/webhook/signature';

/**
 * Where a signing secret is. A value goes into a secret of Secret Manager and, encrypted, into the state of Pulumi; one
 * that exists already is only named. During a rotation the value has two lines: the new secret and the old one.
 */
export type SigningSecret = { readonly value: pulumi.Input<string> } | { readonly secretId: pulumi.Input<string> };

/** A sender of webhooks. */
export interface WebhookSource {
  /** Name of the sender, the first part of its URL. 1 to 32 lower-case letters, digits and hyphens; unique. */
  readonly name: string;
  /** How it signs: `github`, `stripe` or `standard-webhooks`. */
  readonly scheme: SignatureScheme;
  /** The signing secret, or the secret of Secret Manager that holds it. */
  readonly secret: SigningSecret;
  /**
   * Seconds that a signed timestamp may lie from the time of receipt. 1 to 3600; without effect for GitHub. Default:
   * 300, as Stripe and Standard Webhooks advise.
   */
  readonly toleranceSeconds?: number;
  /**
   * What tells two deliveries apart. GitHub doesn't sign its id: whoever holds a signed delivery can send it under a
   * new one, which `signed-content` catches where two equal bodies are never two events. Default: `delivery-id`.
   */
  readonly deduplicateBy?: 'delivery-id' | 'signed-content';
}

/** Where the receiver finds the secret of a source. */
export const SECRET_FILE = 'signing-secret';

/** The folder that the secret of a source is mounted in. */
export function secretFolder(sourceName: string): string {
  return `/secrets/${sourceName}`;
}
