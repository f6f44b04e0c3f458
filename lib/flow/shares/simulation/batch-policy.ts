import { MomentHeap } from '../../numerics/heap';
import { reservedBy } from '../policy-reservation';
import type { BatchResult, Job } from './batch-jobs';
import type { Flooding } from './batch-shares';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { exp, floor, max, min } = Math;

/** A fair-share policy of AWS Batch, for tenants whose jobs are all of one size. */
export interface FairSharePolicy {
  /** The weight factor of each tenant, by its place in the list: lower is more. */
  readonly weightFactors: readonly number[];
  readonly shareDecaySeconds: number;
  readonly computeReservation: number;
  /** A job has its place so long before it runs. */
  readonly jobStartSeconds: number;
}

/** Each tenant in its own line, by a fair-share policy. */
export function runByPolicy(
  jobs: readonly Job[],
  places: number,
  policy: FairSharePolicy,
  flooding: Flooding,
): PolicyResult {
  return new PolicyPlaces(jobs, places, policy, flooding).run();
}

/** The result, with what each tenant used. */
export interface PolicyResult extends BatchResult {
  /** Seconds of places that each tenant used. */
  readonly usedSeconds: readonly number[];
}

/**
 * The tenant that used least for its weight starts first: the seconds of places of running and of past jobs, of which those
 * of the last `shareDecaySeconds` count most, times its weight factor. A job that runs is never ended for another one.
 * Of the places, (reservation ÷ 100)^(active tenants) are left free; a tenant is active while it has a job, and for
 * `shareDecaySeconds` after.
 *
 * AWS documents that recent use counts more, and not how: here its weight falls by a factor of e in that time.
 *
 * Source: AWS Batch user guide, Use fair-share scheduling to help schedule jobs; AWS HPC blog, Diving deeper into fair-share
 * scheduling in AWS Batch.
 */
class PolicyPlaces {
  private readonly lines: number[][];
  private readonly running: number[];
  private readonly usage: number[];
  private readonly usedSeconds: number[];
  private readonly activeUntil: number[];
  private readonly endSeconds: number[];
  private readonly ends = new MomentHeap();
  private now = 0;
  private calmSeconds = Number.POSITIVE_INFINITY;

  constructor(
    private readonly jobs: readonly Job[],
    private readonly places: number,
    private readonly policy: FairSharePolicy,
    private readonly flooding: Flooding,
  ) {
    const { weightFactors } = policy;
    this.lines = weightFactors.map(() => []);
    this.running = weightFactors.map(() => 0);
    this.usage = weightFactors.map(() => 0);
    this.usedSeconds = weightFactors.map(() => 0);
    this.activeUntil = weightFactors.map(() => Number.NEGATIVE_INFINITY);
    this.endSeconds = jobs.map(() => Number.POSITIVE_INFINITY);
  }

  public run(): PolicyResult {
    for (const [index, { tenant, submittedSeconds }] of this.jobs.entries()) {
      this.happenUntil(submittedSeconds);
      this.passTo(submittedSeconds);
      this.lines[tenant].push(index);
      this.fill();
    }
    this.happenUntil(Number.MAX_VALUE);
    return { endSeconds: this.endSeconds, calmSeconds: this.calmSeconds, usedSeconds: this.usedSeconds };
  }

  private happenUntil(limit: number): void {
    while (this.ends.next <= limit) {
      const { next, nextValue: index } = this.ends;
      this.ends.pop();
      this.passTo(next);
      this.running[this.jobs[index].tenant] -= 1;
      this.endSeconds[index] = next;
      this.fill();
    }
  }

  /** What is used until then: a place that is held adds a second a second, and all of it decays. */
  private passTo(then: number): void {
    const { shareDecaySeconds } = this.policy;
    const passed = then - this.now;
    const left = exp(-passed / shareDecaySeconds);
    for (const [tenant, runs] of this.running.entries()) {
      this.usage[tenant] = this.usage[tenant] * left + runs * shareDecaySeconds * (1 - left);
      this.usedSeconds[tenant] += runs * passed;
      if (runs > 0 || this.lines[tenant].length > 0) this.activeUntil[tenant] = then + shareDecaySeconds;
    }
    this.now = then;
  }

  private fill(): void {
    let free = this.usable() - this.running.reduce((sum, runs) => sum + runs, 0);
    for (; free > 0; free -= 1) {
      const tenant = this.nextTenant();
      if (tenant === undefined) break;
      const index = this.lines[tenant].shift()!;
      this.running[tenant] += 1;
      this.ends.push(this.now + this.policy.jobStartSeconds + this.jobs[index].serviceSeconds, index);
    }
    const { tenant, seconds } = this.flooding;
    if (this.now >= seconds && this.lines[tenant].length === 0) this.calmSeconds = min(this.calmSeconds, this.now);
  }

  /** Places that are not reserved; one job always finds room. */
  private usable(): number {
    const active = this.lines.filter(
      (line, tenant) => line.length > 0 || this.running[tenant] > 0 || this.activeUntil[tenant] > this.now,
    ).length;
    return max(1, floor(this.places * (1 - reservedBy(this.policy.computeReservation, active)) + 1e-9));
  }

  /** Of tenants that used as much, the one that runs fewer jobs for its weight: at the start nobody has used anything. */
  private nextTenant(): number | undefined {
    const { weightFactors } = this.policy;
    let first: number | undefined;
    for (const [tenant, line] of this.lines.entries()) {
      if (line.length === 0) continue;
      if (first === undefined || this.before(tenant, first, weightFactors)) first = tenant;
    }
    return first;
  }

  private before(one: number, other: number, factors: readonly number[]): boolean {
    const used = this.usage[one] * factors[one] - this.usage[other] * factors[other];
    return used === 0 ? this.running[one] * factors[one] < this.running[other] * factors[other] : used < 0;
  }
}
