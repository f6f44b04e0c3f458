/** Tells a service that is away from an item that is bad: the first says nothing about the item. */

/** What Node says of a connection that was not made, or that broke. */
const CONNECTION =
  /^(ECONN\w+|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|UND_ERR_\w*(TIMEOUT|SOCKET))$/;
/** What AWS services say when they take no more at the moment: the SDK's own list has these words in common. */
const REFUSED_FOR_NOW = /Throttl|TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded|SlowDown/;
/** What the SDK calls a request without an answer. */
const UNANSWERED = 'TimeoutError';
/** Deep enough for every layer that wraps an error; an error may be its own cause. */
const MOST_CAUSES = 8;

interface ServiceError {
  readonly code?: unknown;
  readonly name?: unknown;
  readonly $fault?: unknown;
  readonly cause?: unknown;
}

/**
 * Whether a service that was called did not answer, answered that it has a fault of its own, or takes no more for now. What
 * wraps such an error counts too.
 */
export function isUnavailable(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && typeof current === 'object' && current !== null; depth += 1) {
    const { code, name, $fault, cause } = current as ServiceError;
    if ($fault === 'server' || name === UNANSWERED) return true;
    if (CONNECTION.test(String(code)) || REFUSED_FOR_NOW.test(String(name))) return true;
    current = cause;
  }
  return false;
}
