import { type Duration } from 'aws-cdk-lib';
import { CfnFunction, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CapacityError, inRange, validate, wholeNumber } from '../flow/errors';
import type { Knob, Plan } from '../flow/plan';
import { planQueue } from '../flow/queue-plan';
import { resolvedNumber, resolvedSeconds, visibilityTimeoutSeconds, type WorkerBinding, type WorkerContext } from './worker-compute';

/** AWS Lambda developer guide, "Scaling behavior for Amazon SQS event source mappings". */
const INITIAL_POLLERS = 5;
const POLLERS_ADDED_PER_SECOND = 300 / 60;
const MAX_CONCURRENCY = { min: 2, max: 1000 };
/** AWS Lambda developer guide, "Configuring a queue to use with Lambda": room for retries of a throttled invocation. */
const VISIBILITY_FACTOR = 6;
const COLD_START_SECONDS = 1;

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
   * Messages handed over in one invocation. 1 to 10,000; above 10 a `batchWindow` of at least 1 s is needed.
   *
   * @default - the most, up to 10, that the function's time-out and the queue's visibility timeout leave room for
   */
  readonly batchSize?: number;

  /**
   * How long messages may be gathered before an invocation. 0 to 300 s; it adds to everybody's latency.
   *
   * @default - no window
   */
  readonly batchWindow?: Duration;
}

/** Binds a function to a queue: bounded concurrency, partial failures, room for retries. */
export function bindLambda(context: WorkerContext, props: LambdaWorkerProps): WorkerBinding {
  const { subject, queue } = context;
  const windowSeconds = resolvedSeconds(props.batchWindow) ?? 0;
  const plan = planLambda(context, windowSeconds);
  const itemTimeout = plan.value('itemTimeoutSeconds');
  const functionTimeout = resolvedSeconds(props.function.timeout) ?? 3;
  const visibility = visibilityTimeoutSeconds(queue);
  const batchSize = props.batchSize ?? Math.max(1, Math.min(10, Math.floor(functionTimeout / itemTimeout)));
  const reserved = reservedConcurrency(props.function);
  const maxConcurrency = Math.max(MAX_CONCURRENCY.min, plan.value('maxInstances'));

  validate(subject, [
    wholeNumber('batchSize', batchSize, 1, 10_000),
    inRange('batchWindow', windowSeconds, 0, 300),
    {
      refused: batchSize > 10 && windowSeconds < 1,
      message: `batchSize above 10 needs a batchWindow of at least 1 s, got batchSize ${batchSize} and batchWindow ${windowSeconds} s`,
    },
    {
      refused: functionTimeout < itemTimeout,
      message: `the function's time-out must be at least the time of one item, ${itemTimeout} s at its P99.9, got ${functionTimeout} s`,
    },
    {
      refused: batchSize * context.workload.serviceSeconds > functionTimeout,
      message: `batchSize ${batchSize} × ${context.workload.serviceSeconds} s of mean service does not fit the function's time-out of ${functionTimeout} s`,
    },
    {
      refused: visibility !== undefined && visibility < VISIBILITY_FACTOR * functionTimeout + windowSeconds,
      message: `the queue's visibility timeout must be at least 6 × the function's time-out + the batch window = ${VISIBILITY_FACTOR * functionTimeout + windowSeconds} s, got ${visibility} s; give the queue functionTimeout ${functionTimeout} s`,
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
  return { plan: plan.withKnobs(lambdaKnobs({ batchSize, windowSeconds, maxConcurrency, functionTimeout, itemTimeout, plan })) };
}

/** Lambda adds pollers by itself: five to begin with, then five a second. What is derived is where it must stop. */
function planLambda({ subject, workload, objective, consumer }: WorkerContext, windowSeconds: number): Plan {
  const patient = { ...objective, latencySeconds: objective.latencySeconds - windowSeconds };
  const base = { slotsPerInstance: 1, pollSeconds: 0, startSeconds: COLD_START_SECONDS, ...consumer };
  const needed = planQueue(subject, workload, patient, { ...base, decideSeconds: 0 }).value('maxInstances');
  if (needed > MAX_CONCURRENCY.max) {
    throw new CapacityError(subject, `needs ${needed} concurrent invocations, an event source mapping allows ${MAX_CONCURRENCY.max}`, [
      'split the queue in two',
      `${(workload.serviceSeconds * MAX_CONCURRENCY.max) / needed} s per item`,
      'a Fargate worker with several slots a task',
    ]);
  }
  const minInstances = Math.min(INITIAL_POLLERS, needed);
  const decideSeconds = (needed - minInstances) / POLLERS_ADDED_PER_SECOND;
  return planQueue(subject, workload, patient, { ...base, decideSeconds, minInstances, maxInstances: needed });
}

function reservedConcurrency(fn: LambdaFunction): number | undefined {
  const resource = fn.node.defaultChild;
  return resource instanceof CfnFunction ? resolvedNumber(resource.reservedConcurrentExecutions) : undefined;
}

interface LambdaKnobInputs {
  readonly batchSize: number;
  readonly windowSeconds: number;
  readonly maxConcurrency: number;
  readonly functionTimeout: number;
  readonly itemTimeout: number;
  readonly plan: Plan;
}

function lambdaKnobs(inputs: LambdaKnobInputs): Knob[] {
  const { batchSize, windowSeconds, maxConcurrency, functionTimeout, itemTimeout, plan } = inputs;
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
      formula: 'min(10, function time-out ÷ time of one item at its P99.9)',
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
