/**
 * Safe messages for failures of the Kafka client. Its errors nest their causes, and a cause may hold sent data: only
 * its kind is kept.
 */

/** A refusal of the cluster or a connection failure, in one sentence that may be logged. */
export class QuotaClusterError extends Error {
  public override readonly name = 'QuotaClusterError';
}

/** One sentence about the cause, without sent data. */
export function refusal(error: unknown, brokers: string): string {
  const kinds = new Set(nested(error).flatMap(({ code, apiId }) => [code, apiId].filter(isKind)));
  if (kinds.has('PLT_KFK_AUTHENTICATION') || kinds.has('SASL_AUTHENTICATION_FAILED')) {
    return 'the cluster does not accept our credentials';
  }
  // Of the protocol: CLUSTER_AUTHORIZATION_FAILED, INVALID_REQUEST and the like.
  const refused = [...kinds].filter(
    (kind) => kind.includes('_') && !kind.startsWith('PLT_') && !kind.startsWith('ERR_'),
  );
  if (refused.length > 0) return refused.join(', ');
  const socket = [...kinds].filter((kind) => /^E[A-Z]+$/.test(kind));
  if (kinds.has('PLT_KFK_NETWORK') || kinds.has('PLT_KFK_TIMEOUT') || socket.length > 0) {
    const how = [...kinds].filter((kind) => !kind.startsWith('PLT_')).join(', ');
    return `no broker of ${brokers} can be reached${how && ` (${how})`}; look at security groups and subnets`;
  }
  return `the client failed (${[...kinds].join(', ') || 'no code'})`;
}

interface Nested {
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** The error and everything it was caused by. */
function nested(error: unknown, depth = 0): Nested[] {
  if (typeof error !== 'object' || error === null || depth > 6) return [];
  const { cause, errors } = error as Nested;
  return [error as Nested, ...[cause, ...(errors ?? [])].flatMap((inner) => nested(inner, depth + 1))];
}

function isKind(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Z][A-Z0-9_]+$/.test(value);
}
