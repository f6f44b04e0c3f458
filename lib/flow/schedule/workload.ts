import { figure, percent } from '../figures';
import { type Expectation, type Knob, named, Plan } from '../plan';
import type { SchedulerName } from './schedulers';

/**
 * One job that runs again and again. Give it a period or a cron expression, not both.
 */
export interface ScheduledJob {
  /**
   * Name of the job: 1 to 40 lower-case letters, digits and hyphens, beginning with a letter and not ending in a hyphen;
   * no two alike. A job keeps its minute as long as it keeps its name and its place in the list.
   */
  readonly name: string;

  /**
   * Seconds from one run to the next: 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60 minutes, 2, 3, 4, 6, 8, 12 or 24 hours, or
   * 7 days. Others do not divide the hour or the day, so that a cron expression jumps at its end.
   *
   * @default - `cron` says when it runs
   */
  readonly periodSeconds?: number;

  /**
   * Cron expression of five fields (crontab, Kubernetes) or six (EventBridge, without `cron()`), or a macro such as
   * `@hourly`. Hours, days and months are kept; the minutes are chosen, unless `pinned`. Several minutes must be evenly
   * spaced, such as every 15.
   *
   * @default - `periodSeconds` says when it runs
   */
  readonly cron?: string;

  /**
   * Mean time of one run in seconds. Above 0, below the time to the next run.
   */
  readonly durationSeconds: number;

  /**
   * Coefficient of variation of that time (standard deviation ÷ mean). 0 is constant. 0 to 10.
   *
   * @default 0.5
   */
  readonly durationVariation?: number;

  /**
   * CPU in cores that one run takes, and is limited to. 0.001 to 10^6. With `host`, every job needs it.
   *
   * @default - runs are counted, whatever each takes
   */
  readonly cpu?: number;

  /**
   * Whether it must run at the minutes of its `cron`. It is not moved, and counts where it stands.
   *
   * @default false
   */
  readonly pinned?: boolean;

  /**
   * Its offset in minutes from the beginning of its period, given by hand; still checked. 0 to the period.
   *
   * @default - the least loaded minute
   */
  readonly offsetMinutes?: number;
}

/**
 * Machines that the jobs share with online requests.
 */
export interface ScheduleHost {
  /**
   * CPU in cores. Above 0, at most 10^6.
   */
  readonly cores: number;

  /**
   * Share of them that is busy with online requests, without any job. 0 to below 1.
   */
  readonly onlineUtilisation: number;

  /**
   * Mean CPU time of one online request in seconds. Above 0, at most 3,600.
   *
   * @default - no latency is predicted
   */
  readonly onlineServiceSeconds?: number;
}

/**
 * The promise of a schedule.
 */
export interface ScheduleObjective {
  /**
   * The minute of a run lies within so many seconds from the beginning of its period. 60 to 604,800.
   *
   * @default - the whole period of each job
   */
  readonly windowSeconds?: number;

  /**
   * A run begins at most so many seconds after its minute; a later one is skipped. 60 to 86,400.
   *
   * @default - what is left of the shortest period after its run, at most an hour
   */
  readonly startWithinSeconds?: number;

  /**
   * CPU of the host in the fullest minute, jobs and online requests together, as a share of its cores. Above 0, below 1.
   * Needs `host`.
   *
   * @default - no ceiling
   */
  readonly cpuRatio?: number;

  /**
   * Latency of online requests in seconds, at `latencyQuantile`, in the fullest minute. Above 0, at most 3,600. Needs
   * `host` with `onlineServiceSeconds`.
   *
   * @default - nothing is promised
   */
  readonly onlineLatencySeconds?: number;

  /**
   * The share of online requests that must keep `onlineLatencySeconds`. 0.5 to below 1.
   *
   * @default 0.95
   */
  readonly latencyQuantile?: number;

  /**
   * The multiple of the time of every run that the schedule is made for. Above 1, at most 10. A given value is part of
   * the promise; the default yields, and the plan says so.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/** The input of a schedule's plan. Case, docs, environment and construct use the same one. */
export interface ScheduleQuestion {
  /** The jobs, in an order that only grows at its end. At least one, at most 5,000. */
  readonly jobs: readonly ScheduledJob[];
  /** What is promised. Default: nothing beyond an even spread. */
  readonly objective?: ScheduleObjective;
  /** Machines shared with online requests. Default: none. */
  readonly host?: ScheduleHost;
  /** What starts the jobs. Default: `kubernetes`. */
  readonly scheduler?: SchedulerName;
  /** Time zone of the schedules, such as `Europe/Berlin`. Default: UTC. */
  readonly timeZone?: string;
  /** Runs at once, given by hand. 1 to 10,000. Default: derived. */
  readonly maxConcurrent?: number;
  /** Whether runs above `maxConcurrent` wait in a queue of the cluster, such as Kueue's. Only on `kubernetes`. Default: no. */
  readonly queued?: boolean;
}

/**
 * The place of one job.
 */
export interface JobPlacement {
  /** Name of the job. */
  readonly name: string;
  /** Minutes from the beginning of its period to its run. */
  readonly offsetMinutes: number;
  /** The schedule in the scheduler's own form: a cron expression with that minute. */
  readonly expression: string;
  /** Runs a week on average. */
  readonly runsPerWeek: number;
  /** Seconds between the two runs that are closest. */
  readonly gapSeconds: number;
  /** Seconds between the two runs that are farthest apart with none between them. */
  readonly longestGapSeconds: number;
}

/**
 * Predictions for a schedule.
 */
export interface SchedulePredictions {
  /** Runs at once in the fullest minute, each taken as long as 95 % of them are. */
  readonly fullestRuns: number;
  /** Runs at once on average over the week. */
  readonly meanRuns: number;
  /** Runs at once in the fullest minute when every job runs at the first minute of its period. */
  readonly unspreadRuns: number;
  /**
   * CPU of the host in the fullest minute, as a share.
   *
   * @default - no host was given
   */
  readonly cpuRatio?: number;
  /**
   * Latency of online requests in seconds at the promised quantile, in the fullest minute.
   *
   * @default - the host says nothing of online requests
   */
  readonly onlineLatencySeconds?: number;
  /**
   * The multiple of the time of every run at which a promise breaks, or a run meets its next one, to 1 %. Above 1.
   */
  readonly breaksAtDuration: number;
}

/**
 * The plan of a schedule: the minute of every job, bounds and deadlines, each with its reason.
 */
export class SchedulePlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The place of each job, in the order they were given. */
    public readonly jobs: JobPlacement[],
    /** The predictions. */
    public readonly predictions: SchedulePredictions,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  /**
   * The place of the job of that name.
   *
   * @throws InvalidInputError when the plan has no such job; the message lists those it has
   */
  public job(name: string): JobPlacement {
    return named(this.subject, 'job', this.jobs, name);
  }

  public expectations(): Expectation[] {
    const { fullestRuns, meanRuns, unspreadRuns, cpuRatio, onlineLatencySeconds, breaksAtDuration } = this.predictions;
    const runs = `${fullestRuns} at once, ${figure(meanRuns)} on average; ${unspreadRuns} if all ran at the first minute`;
    const breaks = Number.isFinite(breaksAtDuration) ? `${figure(breaksAtDuration)} ×` : 'no multiple of';
    return [
      { label: 'runs in the fullest minute', text: runs },
      ...(cpuRatio === undefined ? [] : [{ label: 'CPU in the fullest minute', text: percent(cpuRatio) }]),
      ...(onlineLatencySeconds === undefined
        ? []
        : [{ label: 'online latency then', text: `${figure(onlineLatencySeconds)} s` }]),
      { label: 'the promise breaks at', text: `${breaks} the time of a run` },
    ];
  }
}
