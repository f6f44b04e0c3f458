/** How a sender signs. `github` has no timestamp, so a replay is caught as a duplicate instead. */
export type SignatureScheme = 'github' | 'stripe' | 'standard-webhooks';
