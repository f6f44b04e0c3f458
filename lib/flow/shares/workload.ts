import { figure, sizeText } from '../figures';
import { type Expectation, type Knob, named, Plan } from '../plan';
import type { Objective, Workload } from '../queue/workload';

/**
 * Capacity of a cluster for jobs.
 */
export interface BatchCapacity {
  /**
   * CPU in cores: what nodes can allocate, minus the requests of the system and other workloads. Above 0, at most 10^6.
   */
  readonly cpu: number;

  /**
   * Memory in bytes: what nodes can allocate, minus the requests of the system and other workloads. Above 0, at most
   * 10^16.
   */
  readonly memoryBytes: number;
}

/**
 * One party that submits jobs to a shared cluster. A job is one pod.
 */
export interface BatchTenant {
  /**
   * Name of the tenant: 1 to 40 lower-case letters, digits and hyphens, beginning with a letter and not ending in a
   * hyphen; no two alike. `FairShare` does not take `constructor`.
   */
  readonly name: string;

  /**
   * Jobs that it submits, and how long one runs. A failed attempt counts as another job.
   */
  readonly workload: Workload;

  /**
   * CPU in cores that one job requests, in steps of 0.001. 0.001 to the cluster's.
   */
  readonly jobCpu: number;

  /**
   * Memory in bytes that one job requests; rounded up to whole MiB. Above 0, at most the cluster's.
   */
  readonly jobMemoryBytes: number;

  /**
   * Its weight when capacity is short: for the guaranteed shares, and for lent capacity. 0.001 to 10^6. Not 0: to Kueue
   * that is a tenant that is always preempted first and never comes into its share.
   *
   * @default 1
   */
  readonly weight?: number;

  /**
   * Jobs that it may always run at the same time, given by hand. A whole number, 1 or more.
   *
   * @default - what keeps the promise at its peak, at most its weighted max-min share
   */
  readonly nominalJobs?: number;

  /**
   * Jobs that it may run beyond those while others leave room, given by hand. A whole number, 0 or more.
   *
   * @default - the places left when the others submit at their mean rates
   */
  readonly borrowedJobs?: number;
}

/**
 * The input of the plan of a shared cluster.
 */
export interface SharesQuestion {
  /** Capacity of the cluster for jobs. */
  readonly capacity: BatchCapacity;

  /** The tenants that submit jobs. At least one, no two of the same name. */
  readonly tenants: readonly BatchTenant[];

  /** The promise to every tenant, at its own peak. Without `maxBacklog` and `monthlyCost`. */
  readonly objective: Objective;

  /**
   * Whether a borrower's job is evicted when the lender needs its room; otherwise the lender waits until it ends.
   *
   * @default true
   */
  readonly reclaimByPreemption?: boolean;
}

/**
 * One tenant's share.
 */
export interface TenantShare {
  /** Name of the tenant. */
  readonly name: string;
  /** Its weight. */
  readonly weight: number;
  /** Jobs at the same time that keep the promise at its peak. */
  readonly wantedJobs: number;
  /** Jobs at the same time that it may always run. */
  readonly nominalJobs: number;
  /** Jobs at the same time that it may run beyond those while others leave room. */
  readonly borrowedJobs: number;
  /** Pods that may exist at the same time: nominal, borrowed, and those that end while the next begin. */
  readonly quotaJobs: number;
  /** CPU in cores of one job. */
  readonly jobCpu: number;
  /** Memory in bytes of one job, in whole MiB. */
  readonly jobMemoryBytes: number;
  /** Share of its jobs that end in time at its own peak on nothing but the nominal jobs. 0 to 1. */
  readonly onTimeRatio: number;
}

/**
 * The effect of one tenant's flood on one tenant.
 */
export interface FloodForecast {
  /** Name of the tenant. */
  readonly name: string;
  /** Share of its jobs that end in time when all share one line, first come, first served. 0 to 1. */
  readonly before: number;
  /** Share of its jobs that end in time under the plan. 0 to 1. */
  readonly after: number;
}

/**
 * The plan of a cluster and its tenants: each tenant's share, with reasons.
 */
export class SharesPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** Each tenant's share, in the order they were given. */
    public readonly tenants: TenantShare[],
    /** Capacity that is guaranteed to no tenant; tenants that need it borrow it by weight. */
    public readonly unclaimed: BatchCapacity,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  /**
   * The share of the tenant of that name.
   *
   * @throws InvalidInputError when the plan has no such tenant; the message lists those it has
   */
  public tenant(name: string): TenantShare {
    return named(this.subject, 'tenant', this.tenants, name);
  }

  public expectations(): Expectation[] {
    const { cpu, memoryBytes } = this.unclaimed;
    return [
      ...this.tenants.map((one) => ({
        label: one.name,
        text:
          `always ${one.nominalJobs} jobs, ${one.nominalJobs + one.borrowedJobs} while others leave room; ` +
          `${figure(100 * one.onTimeRatio)} % in time at its peak`,
      })),
      { label: 'unclaimed, lent by weight', text: `${figure(cpu)} cores, ${sizeText(memoryBytes)}` },
    ];
  }
}
