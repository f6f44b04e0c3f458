/** What retries add to the calls of a service. */
import type { ServiceDownstream } from './workload';

/** Retries to calls that a budget lets through. */
export const RETRY_BUDGET_RATIO = 0.2;

/** Calls that a downstream gets for each request at most: the first attempts, and the retries that the budget lets through. */
export function callsWithRetries(
  { retryAttempts }: { readonly retryAttempts: number },
  { callsPerRequest = 1 }: ServiceDownstream,
): number {
  return callsPerRequest * (1 + Math.min(retryAttempts, RETRY_BUDGET_RATIO));
}
