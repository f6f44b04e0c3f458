/** Identity of a delivery. */

/**
 * The text whose digest is a delivery's key. A JSON array, so that no separator in a tenant's name or in an id can make
 * two deliveries one.
 *
 * The claimed tenant is part of it: a delivery that was posted to another tenant's URL must not make the genuine one a
 * duplicate.
 */
export function identityText(source: string, claimedTenant: string, distinct: string): string {
  return JSON.stringify([source, claimedTenant, distinct]);
}
