/** What the guard says to writers and readers, on every way that it takes. */

/** The state of the throttle and of the replicas. */
export interface ReplicaSignal {
  /** Whether writers are slowed down; `unknown` while nobody sees a replica. */
  readonly mode: 'open' | 'throttled' | 'unknown';
  /** Lag of the replica that is furthest behind; null while unknown. */
  readonly lagSeconds: number | null;
  /** From this lag on a writer that only knows yes and no has to stop. */
  readonly targetLagSeconds: number;
  /** Commits a second of all bulk writers together. */
  readonly bulkPerSecond: number;
  /** The same when nothing is known. */
  readonly leastBulkPerSecond: number;
  /** Bulk writers that have asked lately, at least 1. */
  readonly writers: number;
  /** Lag of each replica by its name; null for one that cannot be read. */
  readonly lags: Readonly<Record<string, number | null>>;
  /** Seconds from one poll of a writer to its next: the guard forgets one that takes five times as long. */
  readonly writerPollSeconds: number;
  /** Age in seconds from which this no longer counts. */
  readonly signalStaleSeconds: number;
  /** When this was decided, in milliseconds since 1970, by the clock of the guard. */
  readonly atMillis: number;
  /** Seconds since then, by the same clock, where the guard answers itself; absent from a table. */
  readonly ageSeconds?: number;
}

/** What the signal is as an answer by HTTP: gh-ost and others take 200 for yes and everything else for no. */
export function statusOf({ mode, lagSeconds, targetLagSeconds }: ReplicaSignal): 200 | 429 | 503 {
  if (mode === 'unknown' || lagSeconds === null) return 503;
  return lagSeconds < targetLagSeconds ? 200 : 429;
}

/** What one of the writers may commit in a second: all get the same. */
export function shareOf({ bulkPerSecond, writers }: ReplicaSignal): number {
  return bulkPerSecond / Math.max(1, writers);
}

/** What one of them may when the signal is too old to be true. */
export function leastShareOf({ leastBulkPerSecond, writers }: ReplicaSignal): number {
  return leastBulkPerSecond / Math.max(1, writers);
}

/**
 * Names of the replicas that are at most so far behind now. A replica may have stopped since the signal was made, so the
 * age of the signal counts as lag.
 */
export function freshReplicas({ lags }: ReplicaSignal, mostLagSeconds: number, ageSeconds: number): string[] {
  return Object.entries(lags)
    .filter(([, lag]) => lag !== null && lag + ageSeconds <= mostLagSeconds)
    .map(([name]) => name);
}
