/** Every knob of a pool of runners with its reason. */
import { DEFAULT_HEADROOM } from '../headroom';
import { given, type Knob, unlessGiven } from '../plan';
import { loadOf } from './load';
import { CODEBUILD_MINUTES, DEFAULT_START_SECONDS, GITHUB_TIMEOUT_MINUTES, PENDING_RUNS } from './platforms';
import { DEFAULT_QUANTILE, longestRun } from './sizing';
import type { CiQuestion } from './workload';

const ERLANG = 'Erlang C; Allen–Cunneen; lib/flow/ci/sizing.ts, held against the simulation';
const ARC = 'Actions Runner Controller, gha-runner-scale-set: desired = min(minRunners + assigned jobs, maxRunners)';

/** Runners, the reserve, and when waiting and running end. */
export function ciKnobs(question: CiQuestion, runners: number, reserve: number): Knob[] {
  const { workload, objective, maxRunners, runnerStartSeconds } = question;
  const { jobsPerSecond, heldSeconds, pushHeldSeconds, batch, pushRunsPerSecond } = loadOf(question);
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
      ? [reserveKnob(question, reserve, pushRunsPerSecond, start), quotaKnob(runners, jobsPerSecond)]
      : codebuildKnobs(question)),
    timeoutKnob(question),
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
  { minRunners, objective }: CiQuestion,
  reserve: number,
  runsPerSecond: number,
  start: number,
): Knob {
  return minRunners === undefined
    ? {
        name: 'minRunners',
        value: reserve,
        unit: 'runners',
        formula: 'the fewest m with P(more than m jobs while one runner starts) ≤ 1 − quantile, at most maxRunners',
        inputs: { runsPerSecond, startSeconds: start, waitQuantile: objective.waitQuantile ?? DEFAULT_QUANTILE },
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

function timeoutKnob(question: CiQuestion): Knob {
  const longestSeconds = longestRun(question);
  return {
    name: 'timeoutMinutes',
    value: Math.min(GITHUB_TIMEOUT_MINUTES, Math.max(CODEBUILD_MINUTES.least, Math.ceil((1.5 * longestSeconds) / 60))),
    unit: 'min',
    formula:
      '1.5 × the time that one run of a thousand exceeds, 5 to 360: a run that hangs holds its runner until then',
    inputs: { longestSeconds },
    source: 'GitHub Actions, workflow syntax, timeout-minutes: 360 by default; CodeBuild: at least 5',
  };
}

function codebuildKnobs(question: CiQuestion): Knob[] {
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
