/**
 * A queue and its consumer, sized: how many instances, when to ask for more, how long an attempt may take, when to
 * raise an alarm — and what to expect of the result.
 */
import {
  atLeast,
  CapacityError,
  type Check,
  isKnown,
  oneOf,
  positive,
  present,
  required,
  shown,
  validate,
} from '../errors';
import { figure } from '../figures';
import { once } from '../once';
import { SHORTEST_PEAK_SECONDS, YEAR_SECONDS } from '../ranges';
import { BROKERS } from './brokers/table';
import { forecast } from './forecast/predict';
import { breaksAtLoad, breaksAtServiceTime, DEFAULT_HEADROOM, sizeWithHeadroom, sparing } from './headroom';
import { alarmBacklog, queueKnobs } from './knobs';
import type { Planned } from './planned';
import { PLATFORMS } from './platforms/table';
import { checkScaleToZero } from './platforms/waking';
import type { QueueQuestion } from './question';
import {
  attemptSeconds,
  consumerChecks,
  objectiveChecks,
  type ResolvedConsumer,
  resolveWorkload,
  retryChecks,
  workloadChecks,
} from './resolve';
import { type Sizing, type Solve, size } from './sizing';
import { waysOut } from './ways-out';
import { type Consumer, type Predictions, QueuePlan, type Workload } from './workload';

/**
 * The plan of a queue.
 *
 * @param subject id of the sized construct; every error starts with it
 * @param question workload, objective, consumer, platform, broker, and choices made by hand
 * @param checks more checks of the input, thrown together with the ones here
 * @throws InvalidInputError when numbers are out of range, with all of them named
 * @throws CapacityError when the promise cannot be kept, with ways out that have each been solved
 */
export function planQueue(subject: string, question: QueueQuestion, checks: readonly Check[] = []): QueuePlan {
  return solveQueue(subject, question, checks).plan;
}

/** A plan with its sizing, so that a simulation runs the numbers of the plan. */
export interface SolvedQueue {
  readonly plan: QueuePlan;
  readonly sizing: Sizing;
}

/** As `planQueue`, with the sizing: the workload and the consumer that a simulation of the plan runs. */
export function solveQueue(subject: string, question: QueueQuestion, checks: readonly Check[] = []): SolvedQueue {
  const { workload, objective, consumer = {} } = question;
  const { platform: platformName = 'other', broker: brokerName = 'sqs' } = question;
  const known = Object.hasOwn(PLATFORMS, platformName) && Object.hasOwn(BROKERS, brokerName);
  const platform = PLATFORMS[platformName];
  const broker = BROKERS[brokerName];
  // Only an object has fields to check.
  const whole = [workload, objective, consumer].every((part) => typeof part === 'object' && part !== null);
  validate(subject, [
    oneOf('platform', platformName, Object.keys(PLATFORMS)),
    oneOf('broker', brokerName, Object.keys(BROKERS)),
    ...workloadChecks(workload),
    ...objectiveChecks(objective),
    ...consumerChecks(consumer),
    ...(whole && known ? [...platform.checks(question), ...broker.checks(question)] : []),
    ...checks,
    {
      refused: isKnown(objective?.monthlyCost) && consumer?.instanceHourCost === undefined,
      message: `monthlyCost needs instanceHourCost, the price of an instance and hour; got a ceiling of ${shown(objective?.monthlyCost)} and no price`,
    },
  ]);
  const timed: Consumer = { ...platform.consumer(question, broker.facts), ...definedOnly(broker.consumer(question)) };
  validate(subject, retryChecks(workload, timed));
  checkScaleToZero(subject, question, platform.wakeUpSeconds?.(question, broker.facts));
  const solve = platform.solve?.(question) ?? size;
  const { sizing, headroom } = sizeWithHeadroom(solve, subject, workload, objective, timed);
  if (sizing.refusal !== undefined) throw refused(subject, sizing, sizing.refusal(), question, solve);
  const predictions = withBreakingPoints(sizing.forecast.predictions(), sizing);
  const read = { question, platform: platformName, brokerFacts: broker.facts };
  const planned: Planned = {
    subject,
    question,
    platform: platformName,
    platformFacts: platform.facts,
    broker: brokerName,
    brokerFacts: broker.facts,
    sizing,
    headroom,
    predictions,
    itemTimeoutSeconds: attemptSeconds(resolveWorkload(workload)).timeout,
    alarmBacklog: alarmBacklog({ ...read, sizing, predictions }).value,
  };
  const refusal = platform.refusal?.(planned);
  if (refusal !== undefined) throw new CapacityError(subject, refusal.reason, refusal.waysOut);
  const monthlyCost = platform.monthlyCost?.(planned);
  // Set on the object, not spread: values that are never read are never computed.
  if (monthlyCost !== undefined)
    Object.defineProperty(predictions, 'monthlyCost', { value: monthlyCost, enumerable: true });
  const plan = new QueuePlan(subject, queueKnobs(planned), predictions, remarks(planned), servedBy(planned))
    .withKnobs(broker.knobs(planned))
    .withKnobs(platform.knobs(planned));
  const alarms = [...(broker.alarms?.(plan, question) ?? []), ...(platform.alarms?.(plan) ?? [])];
  return { plan: plan.withKnobs(alarms), sizing };
}

/** The refusal of a size, with ways out that have each been solved. */
function refused(
  subject: string,
  sizing: Sizing,
  reason: string,
  question: QueueQuestion,
  solve: Solve,
): CapacityError {
  const { workload, objective } = question;
  const again = objective.headroom === undefined ? solve : sparing(objective.headroom, solve);
  const solved = waysOut(sizing, workload, objective, again).map((way) => way.sentence);
  const ways = [...solved, ...(sizing.otherwise ?? [])];
  return new CapacityError(subject, reason, ways.length > 0 ? ways : ['split the work into smaller items']);
}

/** With the multiples at which the promise breaks, each searched for when it is first read. */
function withBreakingPoints(predictions: Predictions, sizing: Sizing): Predictions {
  const load = once(() => breaksAtLoad(sizing));
  const service = once(() => breaksAtServiceTime(sizing));
  return Object.defineProperties(predictions, {
    breaksAtLoad: { get: load, enumerable: true },
    breaksAtServiceTime: { get: service, enumerable: true },
  });
}

function servedBy({ platformFacts, brokerFacts }: Planned): string {
  return `${platformFacts.title}, from ${brokerFacts.title}`;
}

/** Remark on less head-room than usual, because a bound leaves no more. */
function remarks({ headroom, question }: Planned): string[] {
  if (question.objective.headroom !== undefined || headroom >= DEFAULT_HEADROOM) return [];
  return [
    `head-room is ${figure(headroom)} × the load, ${DEFAULT_HEADROOM} is usual: the bounds given by hand leave no more`,
  ];
}

function definedOnly(consumer: Consumer): Consumer {
  return Object.fromEntries(Object.entries(consumer).filter(([, value]) => value !== undefined));
}

/**
 * The prediction for a workload and a consumer whose every number is known, to compare with a measured run. Nothing is
 * promised; only numbers out of range are refused.
 *
 * @param workload the arrivals
 * @param consumer the consumer, every number set
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
