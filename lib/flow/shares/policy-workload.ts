import { figure, percent } from '../figures';
import { type Expectation, type Knob, named, Plan } from '../plan';
import type { Objective } from '../queue/workload';
import type { BatchTenant } from './workload';

/**
 * The input of the plan of a fair-share policy of AWS Batch.
 */
export interface SharePolicyQuestion {
  /** vCPUs that the compute environment of the job queue has at most. A whole number, 1 to 10^6. */
  readonly maxvCpus: number;

  /**
   * The tenants that submit jobs: 1 to 500, no two of the same name. Names are lower-case letters and digits, because
   * share identifiers have no hyphens. `nominalJobs` and `borrowedJobs` must be left out: AWS Batch has no such bound.
   */
  readonly tenants: readonly BatchTenant[];

  /** The promise to every tenant, at its own peak. Without `maxBacklog` and `monthlyCost`. */
  readonly objective: Objective;

  /**
   * Seconds over which past use counts. 1 to 604,800: of 0, AWS documents two meanings.
   *
   * @default - twice the mean job, at least 600
   */
  readonly shareDecaySeconds?: number;

  /**
   * Percentage that is reserved for tenants without a job: (reservation ÷ 100)^(tenants with one). A whole number, 0 to 99.
   *
   * @default - 0, unless the first place comes so late that the promise needs one
   */
  readonly computeReservation?: number;

  /**
   * Seconds from the moment at which a job has its place until it runs. 0 to 3,600.
   *
   * @default 60
   */
  readonly jobStartSeconds?: number;

  /**
   * Attempts at a job: a failed one is started again. A whole number, 1 to 10.
   *
   * @default 3
   */
  readonly jobAttempts?: number;

  /**
   * Seconds after which a job is cancelled that no compute environment can run. A whole number, 600 to 86,400.
   *
   * @default 600
   */
  readonly maxRunnableSeconds?: number;

  /**
   * Seconds between two looks at the queue. Whole minutes, 60 to 3,600.
   *
   * @default - a tenth of the wait at which an alarm fires, 60 to 900
   */
  readonly snapshotSeconds?: number;
}

/**
 * One tenant's share of a job queue of AWS Batch.
 */
export interface PolicyShare {
  /** Name of the tenant, which is its share identifier. */
  readonly name: string;
  /** Its weight. */
  readonly weight: number;
  /** Its weight as AWS Batch takes it: lower is more. */
  readonly weightFactor: number;
  /** Jobs at the same time that keep the promise at its peak. */
  readonly wantedJobs: number;
  /** Jobs at the same time that it comes to while all others ask for theirs. */
  readonly nominalJobs: number;
  /**
   * Jobs at the same time that it may run beyond those while no other tenant has one: `aloneJobs` − `nominalJobs`, 0 at
   * least.
   */
  readonly borrowedJobs: number;
  /**
   * Jobs at the same time that it may run while no other tenant has one: as many as have room in
   * `maxvCpus` × (1 − `computeReservation` ÷ 100). Fewer than `nominalJobs` where the reservation is so large.
   */
  readonly aloneJobs: number;
  /** vCPUs of one job. */
  readonly jobCpu: number;
  /** Memory in bytes of one job, in whole MiB. */
  readonly jobMemoryBytes: number;
  /** Share of its jobs that end in time at its own peak on nothing but the nominal jobs, or those alone where they are fewer. 0 to 1. */
  readonly onTimeRatio: number;
}

/**
 * The plan of a fair-share policy of AWS Batch.
 */
export class SharePolicyPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** Each tenant's share, in the order they were given. */
    public readonly tenants: PolicyShare[],
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  /**
   * The share of the tenant of that name.
   *
   * @throws InvalidInputError when the plan has no such tenant; the message lists those it has
   */
  public tenant(name: string): PolicyShare {
    return named(this.subject, 'tenant', this.tenants, name);
  }

  public expectations(): Expectation[] {
    return [
      ...this.tenants.map((one) => ({
        label: one.name,
        text:
          `${one.nominalJobs} jobs while all ask, ${one.aloneJobs} while no other has jobs; ` +
          `${figure(100 * one.onTimeRatio)} % in time at its peak`,
      })),
      {
        label: 'idle while all have jobs',
        text: percent(this.value('reservedRatio')),
      },
    ];
  }
}
