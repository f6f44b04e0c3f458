/** Lambda on a queue: five pollers and 300 more a minute, or pollers that are provisioned. */
import { type Check, isKnown, shown, wholeNumber } from '../../errors';
import { figure } from '../../figures';
import type { Knob } from '../../plan';
import { MONTH_HOURS, pricesRead, pricesRegion } from '../../prices';
import { lastWhole } from '../../search';
import { busyHours } from '../forecast/predict';
import type { Planned } from '../planned';
import type { QueueQuestion } from '../question';
import { consumerOf } from '../resolve';
import { type Sizing, type Solve, size } from '../sizing';
import type { Fits, WayOut } from '../ways-out';
import { PLATFORM_FACTS } from './facts';
import { leftOut, oneSlot, type Platform } from './platform';
import { type Ramp, rampSeconds, sizeOnRamp } from './ramp';

/** Lambda's quota for one invocation. */
export const LONGEST_FUNCTION_SECONDS = 900;
/** AWS Lambda API, CreateFunction: the time-out of a function that gives none. */
export const DEFAULT_FUNCTION_SECONDS = 3;
/** AWS Lambda API, EventSourceMapping: messages in a batch from SQS, by default and at most. */
export const SQS_BATCH = { usual: 10, largest: 10_000 } as const;
/** AWS Lambda developer guide: `MaximumConcurrency` of a mapping. */
export const MAX_CONCURRENCY = { min: 2, max: 1000 };
/** The same guide, "Configuring scaling behavior for SQS event source mappings": invocations without a maximum. */
export const UNBOUNDED_CONCURRENCY = 1250;
/** AWS Lambda API, ProvisionedPollerConfig for Amazon SQS. */
const POLLERS = { min: 2, mostAtOnce: 200, max: 2000 };
/** AWS Lambda developer guide, provisioned mode: concurrent invocations of one poller. */
const INVOCATIONS_PER_POLLER = 10;

const STANDARD: Ramp = {
  initialInstances: 5,
  addedPerSecond: 300 / 60,
  mostInstances: MAX_CONCURRENCY.max,
  called: 'concurrent invocations',
  limitedBy: 'an event source mapping',
};

const PROVISIONED: Ramp = {
  initialInstances: POLLERS.mostAtOnce * INVOCATIONS_PER_POLLER,
  addedPerSecond: 1000 / 60,
  mostInstances: POLLERS.max * INVOCATIONS_PER_POLLER,
  called: 'concurrent invocations',
  limitedBy: 'an event source mapping with 2,000 provisioned pollers',
};

/** Choices that a function has. */
export const FUNCTION_CHOICES = ['functionTimeoutSeconds', 'batchWindowSeconds', 'batchSize'] as const;

/** Checks of what is known of a function. */
export function functionChecks(question: QueueQuestion): Check[] {
  const { batchWindowSeconds: window, functionTimeoutSeconds: timeout, objective, workload } = question;
  return [
    wholeNumber('functionTimeout in seconds', timeout, 1, LONGEST_FUNCTION_SECONDS),
    {
      refused: isKnown(timeout) && isKnown(workload.serviceSeconds) && timeout < workload.serviceSeconds,
      message: `functionTimeout must be at least serviceSeconds, ${shown(workload.serviceSeconds)} s, got ${shown(timeout)} s`,
    },
    wholeNumber('batchSize', question.batchSize, 1, SQS_BATCH.largest),
    wholeNumber('batchWindow in seconds', window, 0, 300),
    {
      refused: isKnown(window) && isKnown(objective.latencySeconds) && window > 0 && window >= objective.latencySeconds,
      message: `batchWindow must be below latencySeconds, ${shown(objective.latencySeconds)} s, got ${shown(window)} s`,
    },
  ];
}

function checks(question: QueueQuestion): Check[] {
  return [...functionChecks(question), oneSlot(question, 'a function works through its batch in sequence')];
}

/** A window takes its seconds off every promise, also the promise of a way out. */
function withinWindow(question: QueueQuestion, solve: Solve): Solve {
  const window = question.batchWindowSeconds ?? 0;
  return (subject, workload, objective, given) =>
    solve(subject, workload, { ...objective, latencySeconds: objective.latencySeconds - window }, given);
}

/** The fewest concurrent invocations that the mapping can be bounded to. */
function bound({ platform, sizing }: Pick<Planned, 'platform' | 'sizing'>): number {
  return boundOf(platform === 'lambda-provisioned', sizing.consumer.maxInstances);
}

function boundOf(provisioned: boolean, maxInstances: number): number {
  return provisioned ? pollers(maxInstances) * INVOCATIONS_PER_POLLER : Math.max(MAX_CONCURRENCY.min, maxInstances);
}

function pollers(instances: number): number {
  return Math.max(POLLERS.min, Math.ceil(instances / INVOCATIONS_PER_POLLER));
}

/** Lambda bills for work, not for running instances. */
function monthlyCost({ sizing }: Planned): number | undefined {
  const hourCost = sizing.given.instanceHourCost;
  if (hourCost === undefined) return undefined;
  return hourCost * busyHours(sizing.workload, sizing.consumer.maxAttempts);
}

/** Refuses a size whose bound may cost more than is allowed: a mapping cannot be bounded to any number. */
function withinCost(provisioned: boolean, solve: Solve): Solve {
  return (subject, workload, objective, given) => {
    const sized = solve(subject, workload, objective, given);
    const ceiling = costCeiling(provisioned, sized);
    const allowed = objective.monthlyCost ?? Number.POSITIVE_INFINITY;
    if (ceiling <= allowed || sized.refusal() !== undefined) return sized;
    const least = boundOf(provisioned, sized.consumer.maxInstances);
    const reason = () =>
      `${least} concurrent invocations, the fewest that a mapping can be bounded to, may cost ${figure(ceiling)} USD a month, ${figure(allowed)} are allowed`;
    return { ...sized, refusal: () => reason };
  };
}

/** US dollars a month at most; 0 when the price is not known. */
function costCeiling(provisioned: boolean, { consumer, given }: Sizing): number {
  return (given.instanceHourCost ?? 0) * boundOf(provisioned, consumer.maxInstances) * MONTH_HOURS;
}

/** Slots of a task that is offered instead of a function. */
const SLOTS_OF_A_TASK = 10;
/** Beyond so many queues another design is cheaper. */
const MOST_QUEUES = 100;

/** Several queues, another platform, a higher ceiling: what a refused size on Lambda may be changed to. */
function otherwise(provisioned: boolean, question: QueueQuestion, refused: Sizing, fits: Fits): (WayOut | undefined)[] {
  const ceiling = Math.ceil(costCeiling(provisioned, refused));
  const { monthlyCost } = question.objective;
  const dearer =
    monthlyCost === undefined || ceiling <= monthlyCost
      ? undefined
      : {
          sentence: `${figure(ceiling)} USD a month`,
          question: { ...question, objective: { ...question.objective, monthlyCost: ceiling } },
        };
  const { minInstances, maxInstances } = refused.consumer;
  const tooMany = maxInstances > (provisioned ? PROVISIONED : STANDARD).mostInstances;
  if (!tooMany && !(provisioned && pollers(minInstances) > POLLERS.mostAtOnce)) return [dearer];
  return [
    provisioned
      ? undefined
      : {
          sentence: 'provisioned pollers, up to 20,000 at a time',
          question: { ...question, platform: 'lambda-provisioned' },
        },
    severalQueues(question, fits),
    {
      sentence: 'a Fargate worker with several slots a task',
      question: {
        ...question,
        platform: 'fargate',
        functionTimeoutSeconds: undefined,
        batchWindowSeconds: undefined,
        batchSize: undefined,
        consumer: { ...question.consumer, slotsPerInstance: SLOTS_OF_A_TASK },
      },
    },
    dearer,
  ];
}

/** The fewest queues that share the load; each has its own worker. */
function severalQueues(question: QueueQuestion, fits: Fits): WayOut | undefined {
  const { workload } = question;
  const shared = (queues: number): QueueQuestion => ({
    ...question,
    workload: {
      ...workload,
      steadyPerSecond: workload.steadyPerSecond / queues,
      ...(workload.peakPerSecond === undefined ? {} : { peakPerSecond: workload.peakPerSecond / queues }),
      ...(workload.burstItems === undefined ? {} : { burstItems: workload.burstItems / queues }),
    },
  });
  if (!fits(shared(MOST_QUEUES))) return undefined;
  const queues = lastWhole(MOST_QUEUES, 1, (count) => fits(shared(count)));
  const words = queues === 2 ? 'two queues with half of it each' : `${queues} queues with 1/${queues} of it each`;
  return { sentence: words, question: shared(queues) };
}

function costKnobs(planned: Planned, boundedBy: string): Knob[] {
  const hourCost = planned.sizing.given.instanceHourCost;
  if (hourCost === undefined) return [];
  return [
    {
      name: 'costCeiling',
      value: hourCost * bound(planned) * MONTH_HOURS,
      unit: 'USD/month',
      formula: `${boundedBy} × price of an hour × hours of a month: all of them busy all month, one item a request; without what SQS charges for receiving${planned.platform === 'lambda' ? '' : ' and Lambda for the pollers'}`,
      inputs: { maxConcurrency: bound(planned), busyHourCost: hourCost, monthHours: MONTH_HOURS },
      source: `AWS Lambda pricing page, list prices of ${pricesRegion}, read ${pricesRead}`,
    },
  ];
}

/** How many messages one invocation gets. */
function batchKnobs({ question, itemTimeoutSeconds }: Planned): Knob[] {
  const { batchSize, batchWindowSeconds: window, functionTimeoutSeconds: timeout } = question;
  const knobs: Knob[] = [];
  if (timeout !== undefined) {
    knobs.push({
      name: 'functionTimeoutSeconds',
      value: timeout,
      unit: 's',
      formula: 'given',
      inputs: {},
      source: 'the function; AWS Lambda quotas: at most 900 s',
    });
  }
  if (window !== undefined && window > 0) {
    knobs.push({
      name: 'batchWindowSeconds',
      value: window,
      unit: 's',
      formula: 'given',
      inputs: {},
      source: 'AWS Lambda developer guide, MaximumBatchingWindowInSeconds: 0 to 300',
    });
  }
  const room = timeout ?? itemTimeoutSeconds;
  knobs.push({
    name: 'batchSize',
    value: batchSize ?? Math.max(1, Math.min(SQS_BATCH.usual, Math.floor(room / itemTimeoutSeconds))),
    unit: 'items',
    formula: batchSize === undefined ? 'min(10, function time-out ÷ time of one item at its P99.9)' : 'given',
    inputs: { functionTimeoutSeconds: room, itemTimeoutSeconds },
    source: 'a batch is processed in sequence and must end before the function does',
  });
  return knobs;
}

/** Lambda as a mapping scales it by itself. Only the maximum is derived. */
export const LAMBDA: Platform = {
  facts: PLATFORM_FACTS.lambda,
  choices: FUNCTION_CHOICES,
  checks: (question) => [
    ...checks(question),
    leftOut('consumer.minInstances', question.consumer?.minInstances, 'Lambda decides how many pollers it starts with'),
  ],
  consumer: ({ consumer = {} }) => {
    const { pollSeconds, startSeconds, decideSeconds } = PLATFORM_FACTS.lambda;
    return consumerOf({ slotsPerInstance: 1, pollSeconds, decideSeconds, startSeconds }, consumer);
  },
  solve: (question) =>
    withinWindow(
      question,
      withinCost(false, (subject, workload, objective, given) =>
        sizeOnRamp(STANDARD, subject, workload, objective, given),
      ),
    ),
  otherwise: (question, refused, fits) => otherwise(false, question, refused, fits),
  monthlyCost,
  knobs(planned) {
    const { maxInstances, minInstances } = planned.sizing.consumer;
    const { source } = PLATFORM_FACTS.lambda;
    return [
      {
        name: 'minInstances',
        value: minInstances,
        unit: 'instances',
        formula: 'min(5, maxInstances): Lambda starts with 5 pollers',
        inputs: { maxInstances },
        source,
      },
      {
        name: 'rampSeconds',
        value: rampSeconds(STANDARD, maxInstances),
        unit: 's',
        formula:
          '(maxInstances − 5) ÷ 5 a second, planned as dead time: no added poller counts before the last has started, so predictions err on the safe side',
        inputs: { maxInstances },
        source,
      },
      {
        name: 'maxConcurrency',
        value: bound(planned),
        unit: 'invocations',
        formula: 'max(2, maxInstances): the mapping, not a reservation, is what bounds the worker',
        inputs: { maxInstances },
        source: 'AWS Lambda developer guide, Maximum concurrency for Amazon SQS event sources: 2 to 1,000',
      },
      ...costKnobs(planned, 'maxConcurrency'),
      ...batchKnobs(planned),
    ];
  },
};

/** From two pollers, the minimum; the number provisioned is derived. */
const provisionedSize: Solve = (subject, workload, objective, given) => {
  const needed = size(subject, workload, objective, given, { onlyMost: true }).consumer.maxInstances;
  if (needed > PROVISIONED.mostInstances) return sizeOnRamp(PROVISIONED, subject, workload, objective, given);
  const ramp = { ...PROVISIONED, initialInstances: POLLERS.min * INVOCATIONS_PER_POLLER };
  const sized = size(subject, workload, objective, { ...given, decideSeconds: rampSeconds(ramp, needed) });
  const least = pollers(sized.consumer.minInstances);
  if (least <= POLLERS.mostAtOnce || sized.refusal() !== undefined) return { ...sized, given };
  const reason = () => `needs ${least} provisioned pollers, a mapping takes ${POLLERS.mostAtOnce}`;
  return { ...sized, given, refusal: () => reason };
};

/** Lambda with provisioned pollers, for promises shorter than the ramp and for more than 1,000 at a time. */
export const LAMBDA_PROVISIONED: Platform = {
  facts: PLATFORM_FACTS['lambda-provisioned'],
  choices: FUNCTION_CHOICES,
  checks,
  consumer: ({ consumer = {} }) => {
    const { pollSeconds, startSeconds, decideSeconds } = PLATFORM_FACTS['lambda-provisioned'];
    return consumerOf({ slotsPerInstance: 1, pollSeconds, decideSeconds, startSeconds }, consumer);
  },
  solve: (question) => withinWindow(question, withinCost(true, provisionedSize)),
  otherwise: (question, refused, fits) => otherwise(true, question, refused, fits),
  monthlyCost,
  knobs(planned) {
    const { maxInstances, minInstances } = planned.sizing.consumer;
    const source = 'AWS Lambda API reference, ProvisionedPollerConfig: 2 to 200 at least, 2 to 2,000 at most';
    return [
      {
        name: 'minimumPollers',
        value: pollers(minInstances),
        unit: 'pollers',
        formula: 'max(2, ⌈minInstances ÷ 10⌉): a poller makes up to 10 invocations at a time',
        inputs: { minInstances },
        source,
      },
      {
        name: 'maximumPollers',
        value: pollers(maxInstances),
        unit: 'pollers',
        formula:
          'max(2, ⌈maxInstances ÷ 10⌉): this bounds the worker, because a mapping in provisioned mode takes no maximum concurrency',
        inputs: { maxInstances },
        source,
      },
      ...costKnobs(planned, 'maximumPollers × 10'),
      ...batchKnobs(planned),
    ];
  },
};
