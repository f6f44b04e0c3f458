/** Where runners come from: one table, which plan, constructs and rules read. */

/** Where runners come from. */
export const CI_PLATFORMS = ['arc', 'codebuild'] as const;

/** One of them. */
export type CiPlatform = (typeof CI_PLATFORMS)[number];

/**
 * Seconds from the decision to start a runner until it takes a job: a pod or a build is scheduled, pulls its image and
 * registers. An assumption; the metric `gha_job_startup_duration_seconds` and CodeBuild's `ProvisioningDuration` have yours.
 */
export const DEFAULT_START_SECONDS = 60;

/** Minutes after which GitHub ends a job that says nothing itself. Source: GitHub Actions, workflow syntax, `timeout-minutes`. */
export const GITHUB_TIMEOUT_MINUTES = 360;

/** Runs that wait in a group with `queue: max`. Source: GitHub Actions, "Control the concurrency of workflows and jobs". */
export const PENDING_RUNS = 100;

/** Jobs of one matrix. Source: GitHub Actions, workflow syntax, `strategy.matrix`. */
export const MOST_JOBS_PER_RUN = 256;

/** Minutes that a build may wait or run in CodeBuild. Source: AWS CodeBuild API reference, `CreateProject`. */
export const CODEBUILD_MINUTES = { least: 5, mostQueued: 480, mostRun: 2160 };
