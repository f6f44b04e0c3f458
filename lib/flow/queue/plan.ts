/**
 * A queue and its consumer, sized: how many instances, when to ask for more, how long an attempt may take, when to
 * raise an alarm — and what to expect of the result.
 */
import { atLeast, CapacityError, isKnown, positive, present, required, shown, validate } from '../errors';
import { SHORTEST_PEAK_SECONDS, YEAR_SECONDS } from '../ranges';
import { forecast } from './forecast/predict';
import { queueKnobs } from './knobs';
import {
  consumerChecks,
  objectiveChecks,
  type ResolvedConsumer,
  resolveWorkload,
  retryChecks,
  workloadChecks,
} from './resolve';
import { type Solve, size } from './sizing';
import { waysOut } from './ways-out';
import { type Consumer, type Objective, type Predictions, QueuePlan, type Workload } from './workload';

/**
 * The plan of a queue.
 *
 * @param subject what is sized, usually a construct id; every error starts with it
 * @param workload what arrives
 * @param objective what is promised
 * @param consumer who serves; what is given here is kept and checked
 * @param solve what sizes it and every way out of a refusal
 * @throws InvalidInputError when numbers are out of range, with all of them named
 * @throws CapacityError when the promise cannot be kept, with ways out that have each been solved
 */
export function planQueue(
  subject: string,
  workload: Workload,
  objective: Objective,
  consumer: Consumer = {},
  solve: Solve = size,
): QueuePlan {
  validate(subject, [
    ...workloadChecks(workload),
    ...objectiveChecks(objective),
    ...consumerChecks(consumer),
    {
      refused: isKnown(objective?.monthlyCost) && consumer?.instanceHourCost === undefined,
      message: `monthlyCost needs instanceHourCost, the price of an instance and hour; got a ceiling of ${shown(objective?.monthlyCost)} and no price`,
    },
  ]);
  validate(subject, retryChecks(workload, consumer));
  const sizing = solve(subject, workload, objective, consumer);
  if (sizing.refusal !== undefined) {
    const solved = waysOut(sizing, workload, objective, solve).map((way) => way.sentence);
    const ways = [...solved, ...(sizing.otherwise ?? [])];
    throw new CapacityError(subject, sizing.refusal(), ways.length > 0 ? ways : ['split the work into smaller items']);
  }
  const predictions = sizing.forecast.predictions();
  return new QueuePlan(subject, queueKnobs(sizing, predictions), predictions);
}

/**
 * What to expect of a workload and a consumer whose every number is known: the prediction to hold a measured run
 * against. Nothing is promised and nothing refused but numbers out of range.
 *
 * @param workload what arrives
 * @param consumer who serves, every number set
 * @param horizonSeconds seconds observed of a workload without a peak; default 600
 * @throws InvalidInputError when numbers are out of range, with all of them named
 */
export function predictQueue(workload: Workload, consumer: ResolvedConsumer, horizonSeconds?: number): Predictions {
  validate('predictQueue', [
    ...workloadChecks(workload),
    ...consumerChecks(consumer),
    present('maxInstances', consumer?.maxInstances),
    required(positive, 'backlogPerInstance', consumer?.backlogPerInstance, Number.MIN_VALUE, Number.MAX_VALUE),
    atLeast('horizonSeconds', horizonSeconds, SHORTEST_PEAK_SECONDS, YEAR_SECONDS),
  ]);
  validate('predictQueue', retryChecks(workload, consumer));
  return forecast(resolveWorkload(workload), consumer, horizonSeconds).predictions();
}
