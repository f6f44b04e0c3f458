/** Numbers that the plan and the running mergers share. */

/** Paths with a wildcard that Amazon CloudFront has in progress at most, beside the others: its developer guide, Quotas. */
export const MOST_WILDCARDS = 15;

/** The consumer group of the mergers of a Redis stream. */
export const GROUP = 'coalescer';
