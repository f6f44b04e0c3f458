/** Pipelines as they are described once, for every forge. Their checks are in pipeline-checks.ts. */

/**
 * One step of a job: commands, or an action of GitHub's.
 */
export interface CiStep {
  /**
   * What it does, in a few words.
   *
   * @default - the forge shows the command
   */
  readonly name?: string;

  /**
   * Why, as a comment above the step.
   *
   * @default - no comment
   */
  readonly comment?: string;

  /**
   * Commands of the shell, one or several lines. Either this or `uses`.
   *
   * @default - none
   */
  readonly run?: string;

  /**
   * An action of GitHub's, such as `actions/checkout@v5`. Either this or `run`. GitLab checks out by itself, and `setup-node`
   * and its like are replaced there by `image` on the job, without their cache; another action is refused for GitLab.
   *
   * @default - none
   */
  readonly uses?: string;

  /**
   * Inputs of the action. GitLab has `fetch-depth` and `submodules` of a checkout and refuses what it would lose.
   *
   * @default - none
   */
  readonly inputs?: { [name: string]: string };

  /**
   * Why an input is as it is: a comment above it, by the name of the input.
   *
   * @default - no comments
   */
  readonly inputComments?: { [name: string]: string };

  /**
   * Variables of the step.
   *
   * @default - none
   */
  readonly environment?: { [name: string]: string };
}

/**
 * One job of a pipeline.
 */
export interface CiJob {
  /**
   * Name, unique in the pipeline: letters, digits, `_` and `-`.
   */
  readonly name: string;

  /**
   * Why, as a comment above the job.
   *
   * @default - no comment
   */
  readonly comment?: string;

  /**
   * Its steps, one at least.
   */
  readonly steps: CiStep[];

  /**
   * Jobs of this pipeline that must have succeeded; not in a circle.
   *
   * @default - none
   */
  readonly needs?: string[];

  /**
   * Values by name: the job runs once for each combination, 256 at most. In a step `${{ matrix.node }}` is the value of
   * `node`, on GitLab as well.
   *
   * @default - one run
   */
  readonly matrix?: { [name: string]: string[] };

  /**
   * Image of the container in which it runs; `${{ matrix.node }}` in it is the value of `node`, on GitLab as well.
   *
   * @default - what the runner has
   */
  readonly image?: string;

  /**
   * The environment that it deploys to. Such a job is never cancelled, waits for the one before, and does not run for pull
   * requests; nor does a job that needs it. `deploysPerHourPeak` of the workload has to be given. Deployments follow one
   * another in the order in which their tests end, which is not always that of the commits.
   *
   * @default - it deploys nothing
   */
  readonly deploysTo?: string;

  /**
   * What its token may do, by scope, on GitHub: `{ 'id-token': 'write' }`.
   *
   * @default - as the pipeline
   */
  readonly permissions?: { [scope: string]: string };

  /**
   * Minutes after which it ends. 1 to 360.
   *
   * @default - `timeoutMinutes` of the plan
   */
  readonly timeoutMinutes?: number;
}

/**
 * One pipeline.
 */
export interface CiPipeline {
  /**
   * Name, and name of its file: letters, digits, `_` and `-`.
   */
  readonly name: string;

  /**
   * Why, as a comment at its beginning.
   *
   * @default - no comment
   */
  readonly comment?: string;

  /**
   * Its jobs, one at least.
   */
  readonly jobs: CiJob[];

  /**
   * Whether it runs for pull requests. A newer push to the same one cancels the run of the older.
   *
   * @default true
   */
  readonly pullRequests?: boolean;

  /**
   * Branches whose pushes it runs for, with `*` for any text but `/` and `**` for any text: `release/**`. Such runs are never
   * cancelled. Each merge is such a push, so `mergesPerHourPeak` of the workload has to be given.
   *
   * @default ['main']
   */
  readonly branches?: string[];

  /**
   * Tags that it runs for, with `*` for any text: `v*`.
   *
   * @default - none
   */
  readonly tags?: string[];

  /**
   * Whether it runs for the merge queue: for merge groups on GitHub, for merge trains on GitLab. A merge then starts two runs,
   * in the queue and on its branch, and `mergesPerHourPeak` of the workload has to be given.
   *
   * @default false
   */
  readonly mergeQueue?: boolean;

  /**
   * Files that it is about: `src/**`. Other changes start no run of its jobs.
   *
   * @default - all
   */
  readonly paths?: string[];

  /**
   * Whether a pull request is merged only when it has succeeded. With `paths` a job named `<name> passed` succeeds where
   * nothing had to run; make that one the required check.
   *
   * @default false
   */
  readonly required?: boolean;

  /**
   * What the token of its jobs may do, by scope, on GitHub.
   *
   * @default { contents: 'read' }
   */
  readonly permissions?: { [scope: string]: string };
}

/** Jobs that the writers add, so that no job of a pipeline may have their names. */
export const ADDED_JOBS = { changes: 'changes', passed: 'passed' } as const;
