/**
 * A pool of runners: how many, from what is pushed, what a newer push makes outdated, and how long anybody may wait.
 */
import { CapacityError, type Check, validate } from '../errors';
import { figure } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { once } from '../once';
import { smallestAbove } from '../search';
import { ciAlarmKnobs } from './alarms';
import { ciChecks } from './checks';
import { withPipelines } from './described';
import { ciKnobs, describedKnobs } from './knobs';
import { deployWait, loadOf } from './load';
import { GITHUB_TIMEOUT_MINUTES } from './platforms';
import { refusal, waysOut } from './refusals';
import { brokenBy, longestRun, reserveFor, runnersFor, waitOf } from './sizing';
import { CiPlan, type CiPredictions, type CiQuestion } from './workload';

/** Times the load beyond which nobody asks when the promise breaks. */
const MOST_TIMES = 1000;

/**
 * The plan of a pool of runners.
 *
 * @param subject id of the construct; every error starts with it
 * @param asked what arrives, what is promised, the platform, the pipelines, and choices made by hand
 * @param checks further checks of the input, thrown together with these
 * @throws InvalidInputError when a number is outside its range, or the workload counts less than the pipelines start; the
 * message names every one of them
 * @throws CapacityError when the promise cannot be kept, with ways out that were each solved
 */
export function planCi(subject: string, asked: CiQuestion, checks: readonly Check[] = []): CiPlan {
  validate(subject, [...checks, ...ciChecks(asked)]);
  const question = withPipelines(asked);
  const headroom = question.objective.headroom ?? DEFAULT_HEADROOM;
  const runners = question.maxRunners ?? runnersFor(question, headroom);
  if (obstacleOf(question) !== undefined) {
    throw new CapacityError(
      subject,
      refusal(question, runners),
      waysOut(question, (one) => obstacleOf(one) === undefined),
    );
  }
  const predictions = predictionsOf(question, runners!);
  const reserve = question.platform === 'arc' ? Math.min(runners!, question.minRunners ?? reserveFor(question)) : 0;
  const knobs = [...describedKnobs(asked), ...ciKnobs(question, runners!, reserve), ...ciAlarmKnobs(question)];
  return new CiPlan(subject, knobs, predictions, remarksOn(question, predictions, reserve));
}

/** The time-out of a run is at most that of the forge. */
function longRemark(question: CiQuestion): string[] {
  const minutes = longestRun(question) / 60;
  if (minutes <= GITHUB_TIMEOUT_MINUTES) return [];
  return [
    `One run of a thousand takes ${figure(minutes)} minutes or more, and a job is ended after ${GITHUB_TIMEOUT_MINUTES}: divide it, or give runVariation, which is ${figure(question.workload.runVariation ?? 1)}.`,
  ];
}

/** What is in the way: of the load with its head-room where the runners are derived, of the load itself where they are given. */
export function obstacleOf(question: CiQuestion) {
  const { maxRunners, objective } = question;
  const headroom = objective.headroom ?? DEFAULT_HEADROOM;
  return maxRunners === undefined
    ? brokenBy(question, runnersFor(question, headroom), headroom)
    : brokenBy(question, maxRunners);
}

function predictionsOf(question: CiQuestion, runners: number): CiPredictions {
  const { objective, runnerHourCost } = question;
  const { jobsPerSecond, heldSeconds, pushHeldSeconds, runsPerMerge } = loadOf(question);
  const busyRunners = jobsPerSecond * heldSeconds;
  const breaksAt = once(() => {
    const broken = (times: number) => times > MOST_TIMES || brokenBy(question, runners, times) !== undefined;
    return smallestAbove(1, broken) ?? Number.POSITIVE_INFINITY;
  });
  const unmerged = { ...question, cancelOutdated: false, filterPaths: false };
  return {
    waitSeconds: waitOf(question, runners),
    busyRunners,
    heldSeconds: pushHeldSeconds,
    runsPerMerge,
    runnersWithoutMerging: runnersFor(unmerged, objective.headroom ?? DEFAULT_HEADROOM) ?? Number.POSITIVE_INFINITY,
    deployWaitSeconds: deployWait(question),
    ...(runnerHourCost !== undefined && { costPerPeakHour: busyRunners * runnerHourCost }),
    // Searched for when it is first read.
    get breaksAtLoad() {
      return breaksAt();
    },
  };
}

function remarksOn(question: CiQuestion, { breaksAtLoad }: CiPredictions, reserve: number): string[] {
  return [
    ...longRemark(question),
    ...(breaksAtLoad < DEFAULT_HEADROOM
      ? [`The promise breaks at ${figure(breaksAtLoad)} × the load: more runners, or runs that merge, move it.`]
      : []),
    ...(reserve > 0 && question.minRunners === undefined
      ? [
          `${figure(reserve)} runners are kept idle, also at night; minRunners: 0 saves them, and every job then waits for a start.`,
        ]
      : []),
  ];
}
