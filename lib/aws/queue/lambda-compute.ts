import type { Duration } from 'aws-cdk-lib';
import { Architecture, CfnFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { lambdaBusyHourCost } from '../../flow/compute-cost';
import { CapacityError, type Check, validate } from '../../flow/errors';
import { figure } from '../../flow/figures';
import { type Knob, Plan } from '../../flow/plan';
import { pricesRead, pricesRegion } from '../../flow/prices';
import { busyHours, MONTH_HOURS } from '../../flow/queue/forecast/predict';
import { planQueue } from '../../flow/queue/plan';
import { type Ramp, rampSeconds, sizeOnRamp } from '../../flow/queue/ramp';
import { consumerOf, resolveWorkload } from '../../flow/queue/resolve';
import type { Solve } from '../../flow/queue/sizing';
import type { Workload } from '../../flow/queue/workload';
import { knownNumber, resolvedNumber, resolvedSeconds, wholeSeconds } from '../tokens';
import { visibilityTimeoutSeconds, type WorkerBinding, type WorkerContext } from './worker-compute';

const SCALING = 'AWS Lambda developer guide, Scaling behavior for Amazon SQS event source mappings';
const MAX_CONCURRENCY = { min: 2, max: 1000 };
/** Five pollers at once, 300 more a minute (`SCALING`). */
const RAMP: Ramp = {
  initialInstances: 5,
  addedPerSecond: 300 / 60,
  mostInstances: MAX_CONCURRENCY.max,
  called: 'concurrent invocations',
  limitedBy: 'an event source mapping',
  otherwise: ['two queues with half of it each', 'a Fargate worker with several slots a task'],
};
/** AWS Lambda developer guide, "Configuring a queue to use with Lambda": room for retries of a throttled invocation. */
const VISIBILITY_FACTOR = 6;
const COLD_START_SECONDS = 1;
/** Lambda's own default and its quota. */
const DEFAULT_TIMEOUT_SECONDS = 3;
const DEFAULT_MEMORY_MIB = 128;
const MAX_TIMEOUT_SECONDS = 900;

/**
 * A Lambda function that works through the queue.
 */
export interface LambdaWorkerProps {
  /**
   * The function. It gets up to `batchSize` messages, works through them one after the other and must report those
   * that failed (`batchItemFailures`), as `webhookConsumer` does.
   */
  readonly function: LambdaFunction;

  /**
   * Messages handed over in one invocation. 1 to 10,000, on a FIFO queue 1 to 10; above 10 a `batchWindow` of at
   * least 1 s is needed.
   *
   * @default - the most, up to 10, that the function's time-out and the queue's visibility timeout leave room for
   */
  readonly batchSize?: number;

  /**
   * How long messages may be gathered before an invocation. Whole seconds, 0 to 300 and below the promised latency,
   * to which it adds; 0 on a FIFO queue.
   *
   * @default - no window
   */
  readonly batchWindow?: Duration;
}

/** Binds a function to a queue: bounded concurrency, partial failures, room for retries. */
export function bindLambda(context: WorkerContext, props: LambdaWorkerProps): WorkerBinding {
  const { subject, queue, workload } = context;
  validate(subject, inputChecks(context, props));
  const windowSeconds = resolvedSeconds(props.batchWindow) ?? 0;
  const functionTimeout = resolvedSeconds(props.function.timeout) ?? DEFAULT_TIMEOUT_SECONDS;
  const plan = planLambda(context, props.function, windowSeconds);
  const itemTimeout = plan.value('itemTimeoutSeconds');
  const visibility = visibilityTimeoutSeconds(queue);
  const batchSize = props.batchSize ?? Math.max(1, Math.min(10, Math.floor(functionTimeout / itemTimeout)));
  const reserved = reservedConcurrency(props.function);
  const maxConcurrency = Math.max(MAX_CONCURRENCY.min, plan.value('maxInstances'));
  const room = VISIBILITY_FACTOR * functionTimeout + windowSeconds;

  validate(subject, [
    {
      refused: functionTimeout < itemTimeout,
      message: `the function's time-out must be at least the time of one item, ${itemTimeout} s at its P99.9, got ${functionTimeout} s${
        itemTimeout > MAX_TIMEOUT_SECONDS ? `; a function ends after ${MAX_TIMEOUT_SECONDS} s, so use Fargate` : ''
      }`,
    },
    {
      refused: batchSize * workload.serviceSeconds > functionTimeout,
      message: `batchSize ${batchSize} × ${workload.serviceSeconds} s of mean service does not fit the function's time-out of ${functionTimeout} s`,
    },
    {
      refused: visibility !== undefined && visibility < room,
      message: `the queue's visibility timeout must be at least 6 × the function's time-out + the batch window = ${room} s, got ${visibility} s; give the queue functionTimeout ${functionTimeout} s`,
    },
    {
      refused: reserved !== undefined && reserved < maxConcurrency,
      message: `reservedConcurrentExecutions must be at least maxConcurrency ${maxConcurrency}, got ${reserved}: throttled deliveries would count as failures and good messages would end in the dead-letter queue`,
    },
  ]);

  props.function.addEventSource(
    new SqsEventSource(queue, {
      batchSize,
      maxBatchingWindow: props.batchWindow,
      reportBatchItemFailures: true,
      maxConcurrency,
    }),
  );
  const given = props.batchSize !== undefined;
  return {
    plan: plan.withKnobs(
      lambdaKnobs({ batchSize, given, windowSeconds, maxConcurrency, functionTimeout, itemTimeout, plan }),
    ),
  };
}

/** What can be refused before anything is sized. */
function inputChecks({ queue, objective, consumer }: WorkerContext, props: LambdaWorkerProps): Check[] {
  const { batchSize, batchWindow } = props;
  const windowSeconds = batchWindow?.isUnresolved() ? 0 : (batchWindow?.toSeconds({ integral: false }) ?? 0);
  return [
    knownNumber('batchSize', batchSize, 1, queue.fifo ? 10 : 10_000),
    wholeSeconds('batchWindow', batchWindow, 0, queue.fifo ? 0 : 300),
    wholeSeconds("the function's time-out", props.function.timeout, 1, MAX_TIMEOUT_SECONDS),
    {
      refused: batchSize !== undefined && batchSize > 10 && windowSeconds < 1,
      message: `batchSize above 10 needs a batchWindow of at least 1 s, got batchSize ${batchSize} and batchWindow ${windowSeconds} s`,
    },
    {
      refused: windowSeconds > 0 && windowSeconds >= objective.latencySeconds,
      message: `batchWindow must be below latencySeconds, ${objective.latencySeconds} s, got ${windowSeconds} s`,
    },
    {
      refused: (consumer.slotsPerInstance ?? 1) !== 1,
      message: `consumer.slotsPerInstance must be 1, because a function works through its batch in sequence, got ${consumer.slotsPerInstance}`,
    },
    {
      refused: consumer.minInstances !== undefined,
      message: `consumer.minInstances must be left out, because Lambda decides how many pollers it starts with, got ${consumer.minInstances}`,
    },
  ];
}

/** Lambda adds pollers by itself: five to begin with, then five a second. What is derived is where it must stop. */
function planLambda(context: WorkerContext, fn: LambdaFunction, window: number): Plan {
  const { subject, workload, objective, consumer } = context;
  const defaults = { slotsPerInstance: 1, pollSeconds: 0, startSeconds: COLD_START_SECONDS };
  const base = consumerOf({ ...defaults, instanceHourCost: hourCost(fn, workload) }, consumer);
  // A window takes its seconds off every promise, that of a way out as well.
  const solve: Solve = (name, asked, promised, given) =>
    sizeOnRamp(RAMP, name, asked, { ...promised, latencySeconds: promised.latencySeconds - window }, given);
  const plan = planQueue(subject, workload, objective, base, solve);
  const needed = plan.value('maxInstances');
  const minInstances = plan.value('minInstances');
  return withCost(plan, context, base.instanceHourCost).withKnobs([
    {
      name: 'minInstances',
      value: minInstances,
      unit: 'instances',
      formula: 'min(5, maxInstances): with so many pollers Lambda begins',
      inputs: { maxInstances: needed },
      source: SCALING,
    },
    {
      name: 'rampSeconds',
      value: rampSeconds(RAMP, needed),
      unit: 's',
      formula:
        '(maxInstances − 5) ÷ 5 a second, reckoned as dead time: no added poller counts before the last is there, so predictions err on the safe side',
      inputs: { maxInstances: needed },
      source: SCALING,
    },
  ]);
}

/** US dollars for an hour of one concurrent invocation; undefined when only the deployment knows the memory. */
function hourCost(fn: LambdaFunction, workload: Workload): number | undefined {
  const resource = fn.node.defaultChild;
  if (!(resource instanceof CfnFunction)) return undefined;
  const memoryMiB = resolvedNumber(resource.memorySize ?? DEFAULT_MEMORY_MIB);
  // A service time out of range is refused by the plan, with its name.
  if (memoryMiB === undefined || !(workload.serviceSeconds > 0)) return undefined;
  return lambdaBusyHourCost(memoryMiB, fn.architecture === Architecture.ARM_64, workload.serviceSeconds);
}

/** Lambda bills what works, not what runs; and a mapping takes no bound below two. */
function withCost(plan: Plan, { subject, workload, objective }: WorkerContext, hourCost: number | undefined): Plan {
  if (hourCost === undefined) return plan;
  const maxConcurrency = Math.max(MAX_CONCURRENCY.min, plan.value('maxInstances'));
  const ceiling = hourCost * maxConcurrency * MONTH_HOURS;
  const { monthlyCost: allowed = Number.POSITIVE_INFINITY } = objective;
  if (ceiling > allowed) {
    throw new CapacityError(
      subject,
      `${maxConcurrency} concurrent invocations, the fewest that a mapping can be bounded to, may cost ${figure(ceiling)} USD a month, ${figure(allowed)} are allowed`,
      [`${figure(Math.ceil(ceiling))} USD a month`],
    );
  }
  const busy = busyHours(resolveWorkload(workload), plan.value('maxReceiveCount'));
  return new Plan(subject, plan.knobs, { ...plan.predictions, monthlyCost: hourCost * busy }).withKnobs([
    {
      name: 'costCeiling',
      value: ceiling,
      unit: 'USD/month',
      formula:
        'maxConcurrency × price of an hour × hours of a month: all of them busy all month, one item a request; without what SQS charges for receiving',
      inputs: { maxConcurrency, busyHourCost: hourCost, monthHours: MONTH_HOURS },
      source: `AWS Lambda pricing page, list prices of ${pricesRegion}, read ${pricesRead}`,
    },
  ]);
}

function reservedConcurrency(fn: LambdaFunction): number | undefined {
  const resource = fn.node.defaultChild;
  return resource instanceof CfnFunction ? resolvedNumber(resource.reservedConcurrentExecutions) : undefined;
}

interface LambdaKnobInputs {
  readonly batchSize: number;
  readonly given: boolean;
  readonly windowSeconds: number;
  readonly maxConcurrency: number;
  readonly functionTimeout: number;
  readonly itemTimeout: number;
  readonly plan: Plan;
}

function lambdaKnobs(inputs: LambdaKnobInputs): Knob[] {
  const { batchSize, given, windowSeconds, maxConcurrency, functionTimeout, itemTimeout, plan } = inputs;
  return [
    {
      name: 'maxConcurrency',
      value: maxConcurrency,
      unit: 'invocations',
      formula: 'max(2, maxInstances): the mapping, not a reservation, is what bounds the worker',
      inputs: { maxInstances: plan.value('maxInstances') },
      source: 'AWS Lambda developer guide, Maximum concurrency for Amazon SQS event sources: 2 to 1,000',
    },
    {
      name: 'batchSize',
      value: batchSize,
      unit: 'items',
      formula: given ? 'given' : 'min(10, function time-out ÷ time of one item at its P99.9)',
      inputs: { functionTimeoutSeconds: functionTimeout, itemTimeoutSeconds: itemTimeout },
      source: 'a batch is worked through in sequence and must end before the function does',
    },
    {
      name: 'visibilityTimeoutSeconds',
      value: VISIBILITY_FACTOR * functionTimeout + windowSeconds,
      unit: 's',
      formula: '6 × function time-out + batch window',
      inputs: { functionTimeoutSeconds: functionTimeout, batchWindowSeconds: windowSeconds },
      source: 'AWS Lambda developer guide, Configuring a queue to use with Lambda',
    },
  ];
}
