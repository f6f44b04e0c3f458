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
import { rowOf } from '../fields';
import { figure } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { once } from '../once';
import { SHORTEST_PEAK_SECONDS, YEAR_SECONDS } from '../ranges';
import { BROKERS } from './brokers/table';
import { forecast } from './forecast/predict';
import { breaksAtLoad, breaksAtServiceTime, type SparedSizing, sizeAsAsked, sizeWithHeadroom } from './headroom';
import { alarmBacklog, queueKnobs } from './knobs';
import { type Parts, partsOf } from './parts';
import type { Planned } from './planned';
import { PLATFORMS } from './platforms/table';
import { awake, sleeps, wakingRefusal } from './platforms/waking';
import type { QueueQuestion } from './question';
import type { Refusal } from './refusal';
import {
  consumerChecks,
  questionChecks,
  type ResolvedConsumer,
  resolveWorkload,
  retryChecks,
  workloadChecks,
} from './resolve';
import { type Sizing, size } from './sizing';
import { type Fits, twoTogether, type WayOut, waysOut } from './ways-out';
import { type Predictions, QueuePlan, type Workload } from './workload';

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

/**
 * A plan with its question and sizing, so that a simulation runs the numbers of the plan, and a price is added to it
 * without sizing again.
 */
export interface SolvedQueue {
  readonly plan: QueuePlan;
  readonly question: QueueQuestion;
  readonly sizing: Sizing;
  /** Times the load that the size was made for. */
  readonly headroom: number;
}

/** As `planQueue`, with the sizing: the workload and the consumer that a simulation of the plan runs. */
export function solveQueue(subject: string, question: QueueQuestion, checks: readonly Check[] = []): SolvedQueue {
  const known = knownParts(question);
  validate(subject, checksOf(question, checks, known));
  const parts = known ?? partsOf(question);
  validate(subject, retryChecks(question.workload, parts.consumer()));
  const attempt = attempted(subject, question, sizeWithHeadroom, parts);
  if ('reason' in attempt) throw refused(subject, question, attempt);
  return solved(subject, question, attempt, parts);
}

/**
 * The plan of a question that is `known` already but for the price of an instance, which changes no crew: nothing is
 * sized again. A question that differs in anything else is planned anew.
 *
 * @throws InvalidInputError when numbers are out of range, with all of them named
 * @throws CapacityError when the promise cannot be kept, with ways out that have each been solved
 */
export function planPriced(
  subject: string,
  question: QueueQuestion,
  known: SolvedQueue,
  checks: readonly Check[] = [],
): QueuePlan {
  if (!differsInPrice(question, known.question)) return planQueue(subject, question, checks);
  validate(subject, checksOf(question, checks));
  const { instanceHourCost } = question.consumer ?? {};
  const given = { ...known.sizing.given, instanceHourCost };
  const sizing = { ...known.sizing, subject, given, forecast: known.sizing.forecast.priced(instanceHourCost) };
  return solved(subject, question, { ...known, sizing }).plan;
}

/** Whether two questions differ at most in the price of an instance, and neither has a ceiling that it could break. */
function differsInPrice(one: QueueQuestion, other: QueueQuestion): boolean {
  if (isKnown(one.objective?.monthlyCost)) return false;
  return (
    same({ ...one, consumer: undefined }, { ...other, consumer: undefined }) &&
    same({ ...one.consumer, instanceHourCost: undefined }, { ...other.consumer, instanceHourCost: undefined })
  );
}

function same(one: object, other: object): boolean {
  const fields = new Map<string, unknown>(Object.entries(other));
  return [...Object.entries(one), ...fields].every(([name]) => Object.is(Reflect.get(one, name), fields.get(name)));
}

/** The plan of a queue with its size. */
function solved(
  subject: string,
  question: QueueQuestion,
  { sizing, headroom }: SparedSizing,
  parts: Parts = partsOf(question),
): SolvedQueue {
  const { platformName, platform, brokerName, broker } = parts;
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
    itemTimeoutSeconds: parts.itemTimeoutSeconds(),
    retry: parts.retry(),
    alarmBacklog: alarmBacklog({ ...read, sizing, predictions }).value,
  };
  const monthlyCost = platform.monthlyCost?.(planned);
  // Set on the object, not spread: values that are never read are never computed.
  if (monthlyCost !== undefined)
    Object.defineProperty(predictions, 'monthlyCost', { value: monthlyCost, enumerable: true });
  const peaked = sizing.workload.peakSeconds > 0;
  const plan = new QueuePlan(subject, queueKnobs(planned), predictions, remarks(planned), servedBy(planned), peaked)
    .withKnobs(broker.knobs(planned))
    .withKnobs(platform.knobs(planned));
  const ofBroker = broker.alarms?.(plan, question) ?? [];
  const ofPlatform = platform.alarms?.(plan) ?? [];
  // Where both have an alarm of the same name, a queue with a redriver is watched where it is, any other by its worker.
  const alarms = question.redrive === undefined ? [...ofBroker, ...ofPlatform] : [...ofPlatform, ...ofBroker];
  return { plan: plan.withKnobs(alarms), question, sizing, headroom };
}

/** The parts of a question that names a platform and a broker that there are; undefined where a check refuses it. */
function knownParts(question: QueueQuestion): Parts | undefined {
  if (typeof question !== 'object' || question === null) return undefined;
  const { workload, objective, consumer = {}, platform = 'other', broker } = question;
  // Only an object has fields to check.
  const whole = [workload, objective, consumer].every((part) => typeof part === 'object' && part !== null);
  const known =
    rowOf<object>(PLATFORMS, platform) !== undefined &&
    (broker === undefined || rowOf<object>(BROKERS, broker) !== undefined);
  return whole && known ? partsOf(question) : undefined;
}

/** Every check of a question. */
function checksOf(question: QueueQuestion, more: readonly Check[], parts = knownParts(question)): Check[] {
  if (typeof question !== 'object' || question === null) return [...questionChecks(question, []), ...more];
  const { objective, consumer, platform = 'other', broker } = question;
  return [
    oneOf('platform', platform, Object.keys(PLATFORMS)),
    parts === undefined
      ? oneOf('broker', broker, Object.keys(BROKERS))
      : oneOf(`broker of platform ${platform}`, parts.brokerName, parts.platform.facts.brokers),
    ...questionChecks(question, parts === undefined ? [] : [...parts.platform.choices, ...parts.broker.choices]),
    ...(parts === undefined ? [] : [...parts.platform.checks(question), ...parts.broker.checks(question)]),
    ...more,
    {
      refused: isKnown(objective?.monthlyCost) && consumer?.instanceHourCost === undefined,
      message: `monthlyCost needs instanceHourCost, the price of an instance and hour; got a ceiling of ${shown(objective?.monthlyCost)} and no price`,
    },
  ];
}

/** A question that cannot be served: why, and the size where it got that far. */
interface RefusedAttempt extends Refusal {
  readonly sizing?: Sizing;
}

/** Sizes a question and asks platform and broker whether they can serve it. */
function attempted(
  subject: string,
  question: QueueQuestion,
  spared: typeof sizeWithHeadroom,
  parts: Parts = partsOf(question),
): SparedSizing | RefusedAttempt {
  const { platformName, platform, broker } = parts;
  const { workload, objective } = question;
  const refusal =
    platform.refusal?.(question) ?? wakingRefusal(question, platform.wakeUpSeconds?.(question, broker.facts));
  if (refusal !== undefined) return refusal;
  const solve = platform.solve?.(question) ?? size;
  const made = spared(solve, subject, workload, objective, parts.consumer());
  const { sizing } = made;
  const reason = sizing.refusal();
  if (reason !== undefined) {
    const otherwise = (asked: QueueQuestion, fits: Fits) => [
      ...(platform.otherwise?.(asked, sizing, fits) ?? []),
      ...(sleeps(asked) ? [awake(asked)] : []),
    ];
    return { reason, sizing, waysOut: otherwise };
  }
  const itemTimeoutSeconds = parts.itemTimeoutSeconds();
  return broker.refusal?.({ question, platform: platformName, sizing, itemTimeoutSeconds }) ?? made;
}

/** The refusal of a question, with ways out that each have a plan. */
function refused(subject: string, question: QueueQuestion, { reason, sizing, waysOut: own }: RefusedAttempt) {
  // The default head-room yields, so that only head-room that was asked for has to fit.
  const bare = (asked: QueueQuestion) => attempted(subject, asked, sizeAsAsked);
  const fits = (asked: QueueQuestion) => !('reason' in bare(asked));
  const sized = (asked: QueueQuestion) => bare(asked).sizing;
  const tried = ({ question: asked }: WayOut) => asked === undefined || (isSound(asked) && fits(asked));
  const suggested = (asked: QueueQuestion) => {
    const attempt = bare(asked);
    return 'reason' in attempt ? attempt.waysOut(asked, fits) : [];
  };
  const refusedQueue = { question, sizing, fits, sized, suggested };
  const candidates = [...(sizing === undefined ? [] : waysOut(refusedQueue)), ...own(question, fits)];
  let ways = candidates.filter((way) => way !== undefined).filter(tried);
  if (!ways.some((way) => way.question !== undefined)) {
    const alone = sizing === undefined ? waysOut(refusedQueue).filter(tried) : [];
    ways = [...(alone.length > 0 ? alone : twoTogether(refusedQueue).filter(tried)), ...ways];
  }
  const sentences = [...new Set(ways.map(({ sentence }) => sentence))];
  return new CapacityError(subject, reason(), sentences.length > 0 ? sentences : [NO_CHANGE]);
}

/** Where neither one change nor two were enough. */
const NO_CHANGE = 'no one or two changes are enough: change load, service time, instances and promise together';

/** Whether a changed question is within its ranges. */
function isSound(question: QueueQuestion): boolean {
  if (checksOf(question, []).some((check) => check.refused)) return false;
  return !retryChecks(question.workload, partsOf(question).consumer()).some((check) => check.refused);
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
