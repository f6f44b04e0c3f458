import type * as pulumi from '@pulumi/pulumi';
import type { HmacRules, SignatureScheme } from '../../runtime/webhook/scheme';

/**
 * Where a signing secret is. A value goes into a secret of Secret Manager and, encrypted, into the state of Pulumi; an
 * existing secret is only named. During a rotation the value has two lines: the new secret and the old one.
 */
export type SigningSecret = { readonly value: pulumi.Input<string> } | { readonly secretId: pulumi.Input<string> };

/** A sender of webhooks. */
export interface WebhookSource {
  /** Name of the sender, the first part of its URL. 1 to 32 lower-case letters, digits and hyphens; unique. */
  readonly name: string;
  /** How it signs: `github`, `stripe`, `standard-webhooks`, `shopify`, `slack` or, as `hmac` describes it, `hmac`. */
  readonly scheme: SignatureScheme;
  /** The signature, for the scheme `hmac`: an HMAC in one header. Default: that of the scheme. */
  readonly hmac?: HmacRules;
  /**
   * The signing secret, or the secret of Secret Manager that holds it. Deliveries are answered 503 while it is
   * unusable: empty, a placeholder, JSON without `secretPerTenant`, fewer than 8 characters, or `whsec_` without base64
   * of at least 16 bytes.
   */
  readonly secret: SigningSecret;
  /**
   * Whether each tenant has its own signing secret, so that the signature proves the tenant.
   *
   * The secret is then a JSON object from the name of a tenant, as in the URL, to its signing secret, or during a
   * rotation to a list of the new one and the old one. A tenant that it does not name is refused. Without it the
   * signature proves the sender, not the tenant: `delivery.tenant` is absent and `delivery.claimedTenant` is the tenant
   * in the URL. Default: false.
   */
  readonly secretPerTenant?: boolean;
  /**
   * Deliveries of this source per second outside its peak. Its alert on refused deliveries is derived from it. Above 0,
   * up to the workload's `steadyPerSecond`. Default: an equal share of that.
   */
  readonly steadyPerSecond?: number;
  /**
   * Largest difference in seconds between a signed timestamp and the time of receipt. 1 to 3600; without effect for
   * GitHub. Default: 300, as Stripe and Standard Webhooks advise.
   */
  readonly toleranceSeconds?: number;
  /**
   * How duplicate deliveries are recognized. GitHub does not sign its id: a copy of a signed delivery can be sent under
   * a new one. `signed-content` prevents that, if two equal bodies are never two events. Default: `delivery-id`.
   */
  readonly deduplicateBy?: 'delivery-id' | 'signed-content';
}

/** Path from which the receiver reads the secret of a source. */
export const SECRET_FILE = 'signing-secret';

/** The folder in which the secret of a source is mounted. */
export function secretFolder(sourceName: string): string {
  return `/secrets/${sourceName}`;
}
