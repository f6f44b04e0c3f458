import { Random } from '../numerics/random';
import { TTL_PASS_SECONDS } from './plan';
import type { RetentionWorkload } from './workload';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { PI, ceil, cos, max, min, round, sqrt } = Math;

const PASSES_PER_DAY = 86_400 / TTL_PASS_SECONDS;

/** The settings of a plan. */
export interface Forgetting {
  readonly retentionSeconds: number;
  /** Predicted seconds of the backfill: documents that would expire before its end are spread. */
  readonly backfillSeconds: number;
  /** Seconds over which they are spread. */
  readonly drainSeconds: number;
  /** Seconds from the expiry of a document to the pass that may delete it. Default: 0, MongoDB's. */
  readonly lagSeconds?: number;
}

/** Result of a simulation of a collection. */
export interface CollectionResult {
  /** Bytes on the day on which it is given a time to live. */
  readonly bytesToday: number;
  /** The most bytes within a retention's time after it has settled. */
  readonly steadyBytes: number;
  /** Seconds from the beginning of the backfill until every expired document is deleted. */
  readonly settledSeconds: number;
  /** The longest that a document outlived its date, in seconds. */
  readonly deletionLagSeconds: number;
}

/**
 * A collection from its first document on, a minute at a time. At `ageSeconds` documents get dates in the order of age,
 * as fast as the database allows; then the index is made, and a thread deletes expired documents once a minute, as fast
 * as it allows.
 */
export function simulateCollection(
  workload: RetentionWorkload,
  ageSeconds: number,
  { retentionSeconds, backfillSeconds, drainSeconds, lagSeconds = 0 }: Forgetting,
  seed: number,
): CollectionResult {
  const [today, retention] = [passes(ageSeconds), passes(retentionSeconds)];
  const made = new Inserts(workload.insertsPerSecond, seed);
  for (let pass = 0; pass < today; pass += 1) made.next();
  const bytesToday = made.total * workload.documentBytes;

  const spreadFrom = today + passes(backfillSeconds);
  const indexed = backfill(made, workload.spareWritesPerSecond * TTL_PASS_SECONDS, workload.writersSetExpiry);
  const [drain, lag] = [passes(drainSeconds), passes(lagSeconds)];
  const expiry = new Expiry(made, retention, { from: spreadFrom, passes: drain });

  const perPass = workload.deletesPerSecond * TTL_PASS_SECONDS;
  let [deleted, overdue, mostOverdue, most] = [0, 0, 0, 0];
  let settled = Number.POSITIVE_INFINITY;
  for (let pass = indexed; pass < settled + retention + lag; pass += 1) {
    made.next();
    overdue += expiry.until(pass - lag);
    const gone = min(overdue, perPass);
    deleted += gone;
    overdue -= gone;
    mostOverdue = max(mostOverdue, overdue);
    if (settled === Number.POSITIVE_INFINITY && pass >= spreadFrom + drain + lag && overdue === 0) settled = pass;
    if (pass >= settled) most = max(most, made.total - deleted);
  }
  return {
    bytesToday,
    steadyBytes: most * workload.documentBytes,
    settledSeconds: (settled - today) * TTL_PASS_SECONDS,
    deletionLagSeconds: lagSeconds + TTL_PASS_SECONDS + mostOverdue / workload.deletesPerSecond,
  };
}

/** Documents by the minute in which they were made: twice as many at noon and none at midnight, Poisson around that. */
class Inserts {
  public readonly byPass: number[] = [];
  public total = 0;
  private readonly random: Random;

  constructor(
    private readonly perSecond: number,
    seed: number,
  ) {
    this.random = new Random(seed);
  }

  public next(): void {
    const hour = (2 * PI * this.byPass.length) / PASSES_PER_DAY;
    const mean = this.perSecond * TTL_PASS_SECONDS * (1 - cos(hour));
    // A normal law approximates the Poisson law: only sums over days matter.
    const documents = max(0, round(mean + sqrt(mean) * this.random.normal()));
    this.byPass.push(documents);
    this.total += documents;
  }
}

/** Dates for every document, oldest first, while more are made, with one or without; the pass in which the last is dated. */
function backfill(made: Inserts, perPass: number, writersSetExpiry = false): number {
  let dated = 0;
  while (dated < made.total) {
    const before = made.total;
    made.next();
    dated = min(made.total, dated + perPass + (writersSetExpiry ? made.total - before : 0));
  }
  return made.byPass.length;
}

/** Documents as their dates come: those that would expire before the spread begins are spread evenly over it. */
class Expiry {
  /** The pass whose documents expire next, each at its own date. */
  private next: number;
  private released = 0;
  private readonly spreadDocuments: number;

  constructor(
    private readonly made: Inserts,
    private readonly retention: number,
    private readonly spread: { readonly from: number; readonly passes: number },
  ) {
    this.next = spread.from - retention;
    this.spreadDocuments = made.byPass.slice(0, this.next).reduce((sum, documents) => sum + documents, 0);
  }

  /** Documents that have expired since the last call. */
  public until(pass: number): number {
    const share = min(1, max(0, (pass - this.spread.from) / this.spread.passes));
    let expired = this.spreadDocuments * share - this.released;
    this.released += expired;
    for (; this.next + this.retention <= pass; this.next += 1) expired += this.made.byPass[this.next];
    return expired;
  }
}

function passes(seconds: number): number {
  return ceil(seconds / TTL_PASS_SECONDS);
}
