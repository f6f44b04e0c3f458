/** The validation table of a pool of runners. */
import { above0, type Check, fromBelow, inRange, oneOf, present, required, shown, wholeNumber } from '../errors';
import { type Fields, objectChecks } from '../fields';
import { DAY_SECONDS, MOST_DOLLARS, WEEK_SECONDS } from '../ranges';
import { describedChecks } from './described';
import { pipelineChecks } from './pipeline-checks';
import { CI_PLATFORMS, GITHUB_TIMEOUT_MINUTES, MOST_JOBS_PER_RUN } from './platforms';
import type { CiChoices, CiObjective, CiQuestion, CiWorkload } from './workload';

const MOST_PER_HOUR = 1e6;
/** A longer job is ended. */
const MOST_RUN_SECONDS = 60 * GITHUB_TIMEOUT_MINUTES;
/** Runners of one set: more are several sets. */
export const MOST_RUNNERS = 10_000;

const QUESTION_FIELDS: Fields<CiQuestion> = {
  workload: true,
  objective: true,
  platform: true,
  cancelOutdated: true,
  filterPaths: true,
  runnerStartSeconds: true,
  maxRunners: true,
  minRunners: true,
  quota: true,
  runnerHourCost: true,
  pipelines: true,
};
const WORKLOAD_FIELDS: Fields<CiWorkload> = {
  pushesPerHourPeak: true,
  runSeconds: true,
  runVariation: true,
  jobsPerRun: true,
  repushRatio: true,
  repushSeconds: true,
  skippableRatio: true,
  mergesPerHourPeak: true,
  mergeQueue: true,
  mergeFailureRatio: true,
  deploysPerHourPeak: true,
  deploySeconds: true,
};
const OBJECTIVE_FIELDS: Fields<CiObjective> = { waitSeconds: true, waitQuantile: true, headroom: true };

/** Checks what arrives, the promise, and what was chosen by hand. */
export function ciChecks(question: CiQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective, ...choices }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, objectiveChecks),
    ...choiceChecks(choices),
    ...pipelinesChecks(question),
  ]);
}

/** What is wrong with the pipelines; then, for those that are sound, what the workload leaves out of them. */
function pipelinesChecks(question: CiQuestion): Check[] {
  const { pipelines, workload } = question;
  if (pipelines === undefined) return [];
  const checks = pipelineChecks(pipelines);
  const isSound = typeof workload === 'object' && workload !== null && !checks.some(({ refused }) => refused);
  return isSound ? describedChecks(question) : checks;
}

function workloadChecks(workload: CiWorkload): Check[] {
  const { repushRatio, repushSeconds, deploysPerHourPeak, deploySeconds } = workload;
  const neededWith = (name: string, value: unknown, count: unknown) =>
    typeof count === 'number' && count > 0 ? [present(name, value)] : [];
  return [
    required(above0, 'pushesPerHourPeak', workload.pushesPerHourPeak, MOST_PER_HOUR),
    required(inRange, 'runSeconds', workload.runSeconds, 1, MOST_RUN_SECONDS),
    inRange('runVariation', workload.runVariation, 0, 10),
    wholeNumber('jobsPerRun', workload.jobsPerRun, 1, MOST_JOBS_PER_RUN),
    inRange('repushRatio', repushRatio, 0, 1),
    inRange('repushSeconds', repushSeconds, 1, WEEK_SECONDS),
    ...neededWith('repushSeconds', repushSeconds, repushRatio),
    fromBelow('skippableRatio', workload.skippableRatio, 0, 1),
    inRange('mergesPerHourPeak', workload.mergesPerHourPeak, 0, MOST_PER_HOUR),
    fromBelow('mergeFailureRatio', workload.mergeFailureRatio, 0, 1),
    oneOf('mergeQueue', workload.mergeQueue, [true, false]),
    {
      refused: workload.mergeQueue === false && (workload.mergeFailureRatio ?? 0) > 0,
      message: `mergeFailureRatio must be 0 without a merge queue, got ${shown(workload.mergeFailureRatio)}; or give mergeQueue: true`,
    },
    inRange('deploysPerHourPeak', deploysPerHourPeak, 0, MOST_PER_HOUR),
    inRange('deploySeconds', deploySeconds, 1, MOST_RUN_SECONDS),
    ...neededWith('deploySeconds', deploySeconds, deploysPerHourPeak),
  ];
}

function objectiveChecks(objective: CiObjective): Check[] {
  return [
    required(inRange, 'waitSeconds', objective.waitSeconds, 1, DAY_SECONDS),
    fromBelow('waitQuantile', objective.waitQuantile, 0.5, 1),
    inRange('headroom', objective.headroom, 1, 10),
  ];
}

function choiceChecks(choices: CiChoices): Check[] {
  const { platform, minRunners, maxRunners, quota } = choices;
  return [
    present('platform', platform),
    oneOf('platform', platform, CI_PLATFORMS),
    oneOf('cancelOutdated', choices.cancelOutdated, [true, false]),
    oneOf('filterPaths', choices.filterPaths, [true, false]),
    inRange('runnerStartSeconds', choices.runnerStartSeconds, 0, DAY_SECONDS),
    wholeNumber('maxRunners', maxRunners, 1, MOST_RUNNERS),
    wholeNumber('minRunners', minRunners, 0, MOST_RUNNERS),
    {
      refused: typeof minRunners === 'number' && typeof maxRunners === 'number' && minRunners > maxRunners,
      message: `minRunners must be at most maxRunners, got ${shown(minRunners)} and ${shown(maxRunners)}`,
    },
    {
      refused: platform === 'codebuild' && minRunners !== undefined,
      message: 'minRunners must not be given on codebuild, which keeps no build ready; a reserved fleet does',
    },
    ...(platform === 'codebuild' ? [present('quota', quota)] : []),
    wholeNumber('quota', quota, 0, MOST_RUNNERS),
    inRange('runnerHourCost', choices.runnerHourCost, 0, MOST_DOLLARS),
  ];
}
