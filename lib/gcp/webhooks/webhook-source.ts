import type * as pulumi from '@pulumi/pulumi';
import type { SignatureScheme } from '../../runtime/webhook/signature';

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
  /**
   * The signing secret, or the secret of Secret Manager that holds it. An empty text, a placeholder, JSON without
   * `secretPerTenant`, fewer than 8 characters, or `whsec_` with something other than base64 of at least 16 bytes verifies
   * nothing: deliveries are answered 503 until it is repaired.
   */
  readonly secret: SigningSecret;
  /**
   * Whether each tenant has a signing secret of its own, so that the signature says who the tenant is.
   *
   * The secret is then a JSON object from the name of a tenant, as it stands in the URL, to its signing secret, or during
   * a rotation to a list of the new one and the old one. A tenant that it does not name is refused. Without it one secret
   * says who sent a delivery, not for whom: `delivery.tenant` is absent and `delivery.claimedTenant` is what the URL says.
   * Default: false.
   */
  readonly secretPerTenant?: boolean;
  /**
   * Deliveries of this source per second, when it is not busy: what its alert on refused deliveries is set by. Above 0, up
   * to the workload's `steadyPerSecond`. Default: an equal share of that.
   */
  readonly steadyPerSecond?: number;
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

/** How a sender may sign. */
export const SIGNATURE_SCHEMES: readonly SignatureScheme[] = ['github', 'stripe', 'standard-webhooks'];

/** Where the receiver finds the secret of a source. */
export const SECRET_FILE = 'signing-secret';

/** The folder that the secret of a source is mounted in. */
export function secretFolder(sourceName: string): string {
  return `/secrets/${sourceName}`;
}
