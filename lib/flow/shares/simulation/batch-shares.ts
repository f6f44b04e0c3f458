import { MomentHeap } from '../../numerics/heap';
import type { BatchResult, Job } from './batch-jobs';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, min } = Math;

/** The jobs that a tenant may run at the same time. */
export interface Share {
  /** Jobs that it may always run. */
  readonly nominalJobs: number;
  /** Jobs that it may run beyond those while others leave room. */
  readonly borrowedJobs: number;
  readonly weight: number;
}

/** The flooding tenant, by its place in the list, and the duration. */
export interface Flooding {
  readonly tenant: number;
  readonly seconds: number;
}

/** Marks, in the heap, a place that an evicted job leaves. */
const PLACE = -1;

/** Each tenant in its own line, by shares. */
export function runByShares(
  jobs: readonly Job[],
  places: number,
  shares: readonly Share[],
  reclaimSeconds: number,
  flooding: Flooding,
): BatchResult {
  return new SharedPlaces(jobs, places, shares, reclaimSeconds, flooding).run();
}

/**
 * A tenant below its nominal jobs starts before one that borrows, and in both groups the tenant that runs least for its
 * weight starts first. When a tenant below its nominal jobs finds no place, the youngest job of the tenant that borrows
 * most for its weight is evicted: its place is free after `reclaimSeconds`, and it begins anew at the head of its line.
 *
 * Source: Kueue, ClusterQueue, reclaimWithinCohort and fair sharing.
 */
class SharedPlaces {
  private readonly lines: number[][];
  private readonly running: number[][];
  private readonly endSeconds: number[];
  /** Ends of running jobs, and places that come free. */
  private readonly moments = new MomentHeap();
  private leaving = 0;
  private calmSeconds = Number.POSITIVE_INFINITY;

  constructor(
    private readonly jobs: readonly Job[],
    private free: number,
    private readonly shares: readonly Share[],
    private readonly reclaimSeconds: number,
    private readonly flooding: Flooding,
  ) {
    this.lines = shares.map(() => []);
    this.running = shares.map(() => []);
    this.endSeconds = jobs.map(() => Number.POSITIVE_INFINITY);
  }

  public run(): BatchResult {
    for (const [index, { tenant, submittedSeconds }] of this.jobs.entries()) {
      this.happenUntil(submittedSeconds);
      this.lines[tenant].push(index);
      this.fill(submittedSeconds);
    }
    this.happenUntil(Number.MAX_VALUE);
    return { endSeconds: this.endSeconds, calmSeconds: this.calmSeconds };
  }

  private happenUntil(limit: number): void {
    while (this.moments.next <= limit) {
      const { next: now, nextValue: index } = this.moments;
      this.moments.pop();
      if (index === PLACE) this.leaving -= 1;
      else {
        const { tenant } = this.jobs[index];
        this.running[tenant] = this.running[tenant].filter((other) => other !== index);
        this.endSeconds[index] = now;
      }
      this.free += 1;
      this.fill(now);
    }
  }

  /** Starts the jobs that may start, and reclaims lent places. */
  private fill(now: number): void {
    while (this.free > 0) {
      const tenant = this.nextTenant();
      if (tenant === undefined) break;
      this.start(tenant, now);
    }
    while (this.leaving < this.claims() && this.evict(now));
    const { tenant, seconds } = this.flooding;
    if (now >= seconds && this.lines[tenant].length === 0) this.calmSeconds = min(this.calmSeconds, now);
  }

  private nextTenant(): number | undefined {
    const waiting = this.shares.flatMap(({ nominalJobs, borrowedJobs, weight }, tenant) => {
      const runs = this.running[tenant].length;
      if (this.lines[tenant].length === 0 || runs >= nominalJobs + borrowedJobs) return [];
      return [{ tenant, borrows: runs >= nominalJobs ? 1 : 0, share: runs / weight }];
    });
    const [first] = waiting.sort((one, other) => one.borrows - other.borrows || one.share - other.share);
    return first?.tenant;
  }

  private start(tenant: number, now: number): void {
    const index = this.lines[tenant].shift()!;
    this.running[tenant].push(index);
    this.free -= 1;
    this.moments.push(now + this.jobs[index].serviceSeconds, index);
  }

  /** Places that tenants below their nominal jobs wait for. */
  private claims(): number {
    const claimed = this.shares.map(({ nominalJobs }, tenant) =>
      min(this.lines[tenant].length, max(0, nominalJobs - this.running[tenant].length)),
    );
    return claimed.reduce((sum, places) => sum + places, 0);
  }

  private evict(now: number): boolean {
    const lent = this.shares.map(
      ({ nominalJobs, weight }, tenant) => (this.running[tenant].length - nominalJobs) / weight,
    );
    const tenant = lent.indexOf(max(...lent));
    if (lent[tenant] <= 0) return false;
    const index = this.running[tenant].pop()!;
    this.lines[tenant].unshift(index);
    this.moments.keep((other) => other !== index);
    this.moments.push(now + this.reclaimSeconds, PLACE);
    this.leaving += 1;
    return true;
  }
}
