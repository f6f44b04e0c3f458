import { duration, figure } from '../figures';
import { type Expectation, type Knob, Plan } from '../plan';
import type { CiPipeline } from './pipelines';

/**
 * What arrives at the runners of a repository, or of several that share them, in the busiest hour.
 */
export interface CiWorkload {
  /**
   * Pushes to branches under review per hour, at the peak. Each starts a run. Above 0, at most 10⁶.
   */
  readonly pushesPerHourPeak: number;

  /**
   * Mean seconds of work of one job, without its wait and without the start of its runner. 1 to 21,600 (6 hours: GitHub
   * ends a longer job).
   */
  readonly runSeconds: number;

  /**
   * Coefficient of variation of that time. 0 to 10.
   *
   * @default 1
   */
  readonly runVariation?: number;

  /**
   * Jobs of one run that each take a runner, deployments aside. They are counted as if they came at the same time, as those of
   * a matrix do. A whole number, 1 to 256, which is the most that GitHub accepts of one matrix. With `pipelines` at least as
   * many as a push or a merge starts in them: the product of each matrix, summed up over the jobs of the pipelines without
   * `paths` and of the largest one with `paths`.
   *
   * @default - with `pipelines` as many as a push or a merge starts that touches the files of all of them; 1 without
   */
  readonly jobsPerRun?: number;

  /**
   * Share of the pushes after which the branch is pushed again, so that the run of the earlier one is outdated. 0 to 1.
   *
   * @default 0
   */
  readonly repushRatio?: number;

  /**
   * Mean seconds until that next push. Needed with `repushRatio`. 1 to 604,800 (a week).
   *
   * @default - none; needed where repushRatio is above 0
   */
  readonly repushSeconds?: number;

  /**
   * Share of the pushes that change only files which no pipeline is about, such as texts. At least 0 and below 1; 0 where a
   * pipeline for pull requests has no `paths`, because that one is about all files.
   *
   * @default 0
   */
  readonly skippableRatio?: number;

  /**
   * Merges into the main branch per hour, at the peak. Each starts a run that is never cancelled, and with a merge queue one
   * more in the queue. 0 to 10⁶. Has to be given where one of the `pipelines` runs for branches or for the merge queue.
   *
   * @default 0
   */
  readonly mergesPerHourPeak?: number;

  /**
   * Whether merges go through a merge queue, which tests each before it is merged: a merge group of GitHub, a merge train of
   * GitLab.
   *
   * @default - true where one of the `pipelines` has `mergeQueue`, or mergeFailureRatio is above 0; otherwise false
   */
  readonly mergeQueue?: boolean;

  /**
   * Share of the merges whose run fails in the merge queue, so that those behind it start again. At least 0 and below 1; 0
   * without a merge queue.
   *
   * @default 0
   */
  readonly mergeFailureRatio?: number;

  /**
   * Deployments per hour to the busiest environment, at the peak; a matrix counts once for each combination. They follow one
   * another and are never cancelled. The other environments of the `pipelines` are counted as if each were as busy. 0 to 10⁶.
   * Has to be given where one of the `pipelines` has `deploysTo`.
   *
   * @default 0
   */
  readonly deploysPerHourPeak?: number;

  /**
   * Mean seconds of one deployment. Needed with `deploysPerHourPeak`. 1 to 21,600 (6 hours).
   *
   * @default - none; needed where deploysPerHourPeak is above 0
   */
  readonly deploySeconds?: number;
}

/**
 * What is promised of the runners.
 */
export interface CiObjective {
  /**
   * Seconds from a push until its job begins, the start of a runner included, at `waitQuantile`. 1 to 86,400 (a day).
   */
  readonly waitSeconds: number;

  /**
   * Share of the jobs that begin within `waitSeconds`. At least 0.5 and below 1.
   *
   * @default 0.95
   */
  readonly waitQuantile?: number;

  /**
   * Times the load that the runners are sized for. 1 to 10.
   *
   * @default 1.25
   */
  readonly headroom?: number;
}

/**
 * Choices made by hand.
 */
export interface CiChoices {
  /** `arc` (runner sets on Kubernetes) or `codebuild` (runners hosted by AWS CodeBuild). */
  readonly platform: string;
  /** Whether a newer push of a branch cancels the run of the older one; default: true. */
  readonly cancelOutdated?: boolean;
  /** Whether runs start only for the files that they are about; default: true. */
  readonly filterPaths?: boolean;
  /** Measured seconds from the decision to start a runner until it takes a job; default: 60. */
  readonly runnerStartSeconds?: number;
  /** Runners at most; default: derived. */
  readonly maxRunners?: number;
  /** Idle runners that are kept ready, on `arc`; default: derived. */
  readonly minRunners?: number;
  /** Builds of this size that the account may run at once, on `codebuild`; needed there. */
  readonly quota?: number;
  /** US dollars for an hour of one runner; default: none, no cost is predicted. */
  readonly runnerHourCost?: number;
  /** The pipelines that use the runners; default: unknown, the workload alone is counted. */
  readonly pipelines?: readonly CiPipeline[];
}

/** The input of the plan of a pool of runners. */
export interface CiQuestion extends CiChoices {
  /** What arrives. */
  readonly workload: CiWorkload;
  /** What is promised. */
  readonly objective: CiObjective;
}

/**
 * Predictions for a pool of runners.
 */
export interface CiPredictions {
  /** Seconds from a push until its job begins, at the quantile of the objective. Infinite where the queue only grows. */
  readonly waitSeconds: number;
  /** Runners that are busy or starting on average, at the peak. */
  readonly busyRunners: number;
  /** Mean seconds that a job of a pushed run holds its runner, merged runs included. */
  readonly heldSeconds: number;
  /** Runs that one merge starts on average: 2 with a merge queue, and more where a failure ahead in the queue restarts it. */
  readonly runsPerMerge: number;
  /** Runners that the same promise needs when outdated runs are kept and every push starts a run. */
  readonly runnersWithoutMerging: number;
  /** Mean seconds that a deployment waits for the one before; 0 without deployments. */
  readonly deployWaitSeconds: number;
  /**
   * US dollars of an hour at the peak.
   *
   * @default - the price of a runner is unknown
   */
  readonly costPerPeakHour?: number;
  /** The multiple of the load at which the promise breaks, to 1 %. */
  readonly breaksAtLoad: number;
}

/**
 * The plan of a pool of runners: how many, how many ready, and the times after which waiting and running end.
 */
export class CiPlan extends Plan {
  constructor(
    subject: string,
    knobs: Knob[],
    /** The predictions. */
    public readonly predictions: CiPredictions,
    remarks: string[] = [],
  ) {
    super(subject, knobs, remarks);
  }

  public expectations(): Expectation[] {
    const { waitSeconds, busyRunners, heldSeconds, runsPerMerge, runnersWithoutMerging } = this.predictions;
    const { deployWaitSeconds, costPerPeakHour, breaksAtLoad } = this.predictions;
    return [
      { label: 'wait', text: `${duration(waitSeconds)} at the promised quantile` },
      { label: 'runners busy', text: `${figure(busyRunners)} of ${figure(this.value('maxRunners'))} at the peak` },
      { label: 'a job holds a runner for', text: `${duration(heldSeconds)} on average` },
      { label: 'without merging', text: `${figure(runnersWithoutMerging)} runners for the same wait` },
      ...(runsPerMerge > 1 ? [{ label: 'runs a merge', text: figure(runsPerMerge) }] : []),
      ...(deployWaitSeconds > 0 ? [{ label: 'a deployment waits', text: duration(deployWaitSeconds) }] : []),
      ...(costPerPeakHour === undefined
        ? []
        : [{ label: 'an hour at the peak', text: `${figure(costPerPeakHour)} USD` }]),
      { label: 'the promise breaks at', text: `${figure(breaksAtLoad)} × the load` },
    ];
  }
}
