/** Numbers that the plan and the running mergers share. */

/** Paths with a wildcard that Amazon CloudFront has in progress at most, beside the others: its developer guide, Quotas. */
export const MOST_WILDCARDS = 15;

/** AWS Lambda quotas: 6 MB of a synchronous invocation; measured in mebibytes, so this is on the safe side. */
export const LAMBDA_PAYLOAD = 6_000_000;

/** The consumer group of the mergers of a Redis stream. */
export const GROUP = 'coalescer';
