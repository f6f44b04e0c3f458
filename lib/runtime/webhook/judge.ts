/**
 * A verdict without stale secrets: before a delivery is refused, its signature is checked with a secret that was read
 * after the delivery was received. Otherwise a rotation would refuse deliveries signed with the new secret.
 */
import type { ReadSecrets, SecretSource } from '../cached-secrets';
import type { HmacRules } from './scheme';
import { type Refusal, type SignedRequest, type Verdict, verifySignature } from './signature';
import { candidatesIn, type SecretForm } from './signing-secret';

/** How deliveries of a source are verified. */
export interface JudgeRules extends SecretForm {
  /** Where the secret is kept. */
  readonly place: string;
  readonly toleranceSeconds: number;
  /** The scheme `hmac` as the user describes it. */
  readonly hmac?: HmacRules;
}

/** Why a delivery is refused, as far as a secret decides. */
export type SecretRefusal = 'unknown-tenant' | 'unusable-secret';

/** The verdict on a delivery of a tenant. */
export type TenantVerdict =
  | Extract<Verdict, { valid: true }>
  | { readonly valid: false; readonly refusal: Refusal | SecretRefusal; readonly problem?: string };

/**
 * Judges a delivery.
 *
 * @param readAfterMillis a secret that was read later than this was read after the delivery was received
 * @throws SecretTooOldError when a refusal would rest on a secret that was read too early
 */
export async function judge(
  rules: JudgeRules,
  claimedTenant: string,
  request: SignedRequest,
  source: SecretSource,
  readAfterMillis: number,
): Promise<TenantVerdict> {
  const first = verdictWith(await source.of(rules.place), rules, claimedTenant, request);
  if (first.valid || !restsOnSecret(first.refusal)) return first;
  const fresh = await source.readAfter(rules.place, readAfterMillis);
  return verdictWith(fresh, rules, claimedTenant, request);
}

function verdictWith({ texts }: ReadSecrets, rules: JudgeRules, tenant: string, request: SignedRequest): TenantVerdict {
  const { secrets, problem, tenantKnown } = candidatesIn(texts, rules, tenant);
  const verdict = verifySignature(rules.scheme, request, secrets, rules.toleranceSeconds, rules.hmac);
  if (verdict.valid || verdict.refusal !== 'forged') return verdict;
  if (!tenantKnown) return { valid: false, refusal: 'unknown-tenant' };
  // Whether it was forged is unknown: the secret that it may have been signed with is missing.
  return problem === undefined ? verdict : { valid: false, refusal: 'unusable-secret', problem };
}

function restsOnSecret(refusal: Refusal | SecretRefusal): boolean {
  return refusal === 'forged' || refusal === 'unknown-tenant' || refusal === 'unusable-secret';
}
