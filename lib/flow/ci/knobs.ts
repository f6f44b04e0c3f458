/** Every knob of a pool of runners with its reason. */
import { DEFAULT_HEADROOM } from '../headroom';
import { given, type Knob, unlessGiven } from '../plan';
import { jobsStarted, longestTimeout } from './described';
import { loadOf } from './load';
import { CODEBUILD_MINUTES, DEFAULT_START_SECONDS, GITHUB_TIMEOUT_MINUTES, PENDING_RUNS } from './platforms';
import { DEFAULT_QUANTILE, longestRun } from './sizing';
import type { CiQuestion } from './workload';

const ERLANG = 'Erlang C; Allen–Cunneen; lib/flow/ci/sizing.ts, held against the simulation';
const ARC = 'Actions Runner Controller, gha-runner-scale-set: desired = min(minRunners + assigned jobs, maxRunners)';

/** What the plan takes from the pipelines: how many jobs a run has, where the workload leaves it out. */
export function describedKnobs(question: CiQuestion): Knob[] {
  const { pipelines, workload } = question;
  if (pipelines === undefined) return [];
  return [
    {
      name: 'jobsPerRun',
      value: workload.jobsPerRun ?? jobsStarted(question),
      unit: 'jobs',
      ...unlessGiven(
        workload.jobsPerRun,
        'the jobs that a push or a merge starts in the pipelines, deployments aside: the product of each matrix, as if all came together',
      ),
      source: 'pipelines; lib/flow/ci/described.ts',
    },
  ];
}

/** Runners, the reserve, and when waiting and running end. */
export function ciKnobs(question: CiQuestion, runners: number, reserve: number): Knob[] {
  const { workload, objective, maxRunners, runnerStartSeconds } = question;
  const { jobsPerSecond, runsPerSecond, heldSeconds, pushHeldSeconds, batch } = loadOf(question);
  const start = runnerStartSeconds ?? DEFAULT_START_SECONDS;
  const { runSeconds, repushRatio = 0, repushSeconds = 0 } = workload;
  return [
    {
      name: 'runnerStartSeconds',
      value: start,
      unit: 's',
      ...unlessGiven(runnerStartSeconds, '60: schedule, pull and register; a runner is taken for as long'),
      source: 'an assumption; gha_job_startup_duration_seconds or ProvisioningDuration has yours',
    },
    {
      name: 'heldSeconds',
      value: pushHeldSeconds,
      unit: 's',
      formula: '(1 − repush) × (start + run) + repush × E[min(start + run, gap)]: a newer push ends the run',
      inputs: { startSeconds: start, runSeconds, repushRatio, repushSeconds },
      source: 'gamma runs, exponential gaps; lib/flow/ci/load.ts',
    },
    {
      name: 'maxRunners',
      value: runners,
      unit: 'runners',
      ...unlessGiven(maxRunners, 'the fewest with P(wait > promise − start) ≤ 1 − quantile, at head-room × the load', {
        jobsPerSecond,
        heldSeconds,
        jobsAtOnce: batch,
        waitSeconds: objective.waitSeconds,
        waitQuantile: objective.waitQuantile ?? DEFAULT_QUANTILE,
        headroom: objective.headroom ?? DEFAULT_HEADROOM,
      }),
      source: ERLANG,
    },
    ...(question.platform === 'arc'
      ? [reserveKnob(question, reserve, runsPerSecond, start), quotaKnob(runners, jobsPerSecond)]
      : queueKnobs(question)),
    ...timeoutKnobs(question, start),
    {
      name: 'pendingDeploys',
      value: PENDING_RUNS,
      unit: 'runs',
      formula: 'queue: max: as many wait in order, and none is cancelled; the default keeps one',
      inputs: {},
      source: 'GitHub Actions, "Control the concurrency of workflows and jobs"',
    },
  ];
}

function reserveKnob(
  { minRunners, objective, workload }: CiQuestion,
  reserve: number,
  runsPerSecond: number,
  start: number,
): Knob {
  return minRunners === undefined
    ? {
        name: 'minRunners',
        value: reserve,
        unit: 'runners',
        formula:
          'jobs a run × the fewest m with P(more than m runs come while one runner starts) ≤ 1 − quantile, at most maxRunners',
        inputs: {
          runsPerSecond,
          startSeconds: start,
          waitQuantile: objective.waitQuantile ?? DEFAULT_QUANTILE,
          jobsPerRun: workload.jobsPerRun ?? 1,
        },
        source: `Poisson; ${ARC}`,
      }
    : given('minRunners', minRunners, 'runners');
}

/** Seconds in which a pod that has ended is removed: the grace period of Kubernetes. */
const REMOVAL_SECONDS = 30;

function quotaKnob(runners: number, jobsPerSecond: number): Knob {
  return {
    name: 'podQuota',
    value: runners + Math.max(1, Math.ceil(2 * jobsPerSecond * REMOVAL_SECONDS)),
    unit: 'pods',
    formula: 'maxRunners + 2 × jobs a second × 30 s: pods that have ended and are being removed count as well',
    inputs: { maxRunners: runners, jobsPerSecond, removalSeconds: REMOVAL_SECONDS },
    source: 'Kubernetes, Resource Quotas; actions/actions-runner-controller#3446: more than maxRunners were made',
  };
}

function timeoutKnobs(question: CiQuestion, start: number): Knob[] {
  const longestSeconds = longestRun(question);
  const { least, mostRun } = CODEBUILD_MINUTES;
  const timeoutMinutes = Math.min(GITHUB_TIMEOUT_MINUTES, Math.max(least, Math.ceil((1.5 * longestSeconds) / 60)));
  const longestOwnMinutes = longestTimeout(question.pipelines) ?? 0;
  const job: Knob = {
    name: 'timeoutMinutes',
    value: timeoutMinutes,
    unit: 'min',
    formula:
      '1.5 × the time that one run of a thousand exceeds, 5 to 360: a run that hangs holds its runner until then',
    inputs: { longestSeconds },
    source: 'GitHub Actions, workflow syntax, timeout-minutes: 360 by default; CodeBuild: at least 5',
  };
  if (question.platform === 'arc') return [job];
  const build: Knob = {
    name: 'buildTimeoutMinutes',
    value: Math.min(mostRun, Math.max(timeoutMinutes, Math.ceil(longestOwnMinutes)) + Math.ceil(start / 60)),
    unit: 'min',
    formula:
      'the largest time-out of a job, its own or timeoutMinutes, + start, at most 2,160: a build that ends takes its job with it',
    inputs: { timeoutMinutes, longestOwnMinutes, startSeconds: start },
    source: 'AWS CodeBuild API reference, timeoutInMinutes',
  };
  return [job, build];
}

function queueKnobs(question: CiQuestion): Knob[] {
  const { objective } = question;
  const { least, mostQueued } = CODEBUILD_MINUTES;
  return [
    {
      name: 'queuedTimeoutMinutes',
      value: Math.min(mostQueued, Math.max(least, Math.ceil((4 * objective.waitSeconds) / 60))),
      unit: 'min',
      formula:
        '4 × the promised wait, 5 to 480: a build that waits longer is for a job that has another runner, or none',
      inputs: { waitSeconds: objective.waitSeconds },
      source: 'AWS CodeBuild API reference, queuedTimeoutInMinutes: 480 by default',
    },
  ];
}
