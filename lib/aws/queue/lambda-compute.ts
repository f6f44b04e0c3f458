import { Duration } from 'aws-cdk-lib';
import type { IEventSourceMapping, IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { type Check, validate } from '../../flow/errors';
import { FLAG, type Kinds, NUMBER, needed, sound } from '../../flow/kinds';
import { LAMBDA_VISIBILITY_FACTOR } from '../../flow/queue/brokers/sqs';
import type { PlatformName } from '../../flow/queue/platforms/facts';
import { DEFAULT_FUNCTION_SECONDS, LONGEST_FUNCTION_SECONDS, SQS_BATCH } from '../../flow/queue/platforms/lambda';
import type { QueueQuestion } from '../../flow/queue/question';
import type { QueuePlan } from '../../flow/queue/workload';
import { DURATION, LAMBDA, MAPPING } from '../kinds';
import { knownNumber, resolvedNumber, resolvedSeconds, wholeSeconds } from '../tokens';
import {
  definedFunction,
  functionHourCost,
  functionTimeout,
  givenFunctionChecks,
  reservedConcurrency,
} from '../worker-function';
import { mappingChecks, sayMappingSettings } from './given-mapping';
import { QueuePlatform } from './queue-platform';
import {
  planWorker,
  soundCompute,
  visibilityTimeoutSeconds,
  type WorkerBinding,
  type WorkerContext,
  type WorkerHost,
} from './worker-compute';

/**
 * A Lambda function that works through the queue.
 */
export interface LambdaWorkerProps {
  /**
   * The function, an alias or a version of it, or one that is imported. It gets up to `batchSize` messages, works
   * through them one after the other and must report those that failed (`batchItemFailures`), as `webhookConsumer` does.
   * Of a function that this app does not define neither memory nor reserved concurrency is known: the plan has no cost
   * unless `consumer.instanceHourCost` is given, and the reservation must be at least the plan's `maxConcurrency`.
   */
  readonly function: IFunction;

  /**
   * Time-out of a function that this app does not define. 1 s to 15 min.
   *
   * @default - that of the function; needed for an imported one
   */
  readonly functionTimeout?: Duration;

  /**
   * The event source mapping where there is one already. Then none is made. One of this app is checked against the plan;
   * an imported one cannot be read, and a warning says what it must be set to.
   *
   * @default - a mapping with the numbers of the plan
   */
  readonly eventSourceMapping?: IEventSourceMapping;

  /**
   * Messages per invocation. 1 to 10,000, on a FIFO queue 1 to 10; above 10 a `batchWindow` of at least 1 s is needed.
   *
   * @default - that of the redrive queue, from which it must not differ; otherwise the most, up to 10, that the
   * function's time-out and the queue's visibility timeout allow
   */
  readonly batchSize?: number;

  /**
   * How long messages may be gathered before an invocation. Whole seconds, 0 to 300 and below the promised latency,
   * because it adds to the wait; 0 on a FIFO queue.
   *
   * @default - that of the redrive queue; otherwise no window
   */
  readonly batchWindow?: Duration;

  /**
   * Whether Lambda keeps provisioned pollers, as many as the plan derives: for promises shorter than Lambda's own ramp,
   * and for more than 1,000 invocations at a time. They are charged by the hour.
   *
   * @default - as the redrive queue is planned; otherwise false
   */
  readonly provisionedPollers?: boolean;
}

const KINDS: Kinds<LambdaWorkerProps> = {
  function: needed(LAMBDA),
  functionTimeout: DURATION,
  eventSourceMapping: MAPPING,
  batchSize: NUMBER,
  batchWindow: DURATION,
  provisionedPollers: FLAG,
};

/** What a queue is told of a function, and which props cannot be used. */
export function lambdaHost(given: LambdaWorkerProps): WorkerHost {
  const { props, checks } = sound(given, KINDS, 'compute');
  return {
    checks,
    queueProps: {
      platform: props.provisionedPollers ? QueuePlatform.LAMBDA_PROVISIONED : QueuePlatform.LAMBDA,
      functionTimeout:
        (props.function && functionTimeout(props.function, props.functionTimeout)) ??
        Duration.seconds(DEFAULT_FUNCTION_SECONDS),
      batchWindow: props.batchWindow,
    },
    function: props.function && definedFunction(props.function),
  };
}

/** Binds a function to a queue: bounded concurrency, partial failures, room for retries. */
export function bindLambda(context: WorkerContext, given: LambdaWorkerProps): WorkerBinding {
  const props = soundCompute(context, given, KINDS);
  const { scope, subject, queue } = context;
  const { eventSourceMapping: mapping } = props;
  const question = lambdaQuestion(context, props);
  const plan = planWorker(context, question, inputChecks(context, props, question));
  const windowSeconds = question.batchWindowSeconds ?? 0;
  validate(subject, [
    ...functionChecks(context, props, plan),
    ...(mapping === undefined ? [] : mappingChecks(mapping, plan, windowSeconds)),
  ]);
  if (mapping === undefined) map(queue, props.function, plan, windowSeconds);
  else sayMappingSettings(scope, mapping, plan, windowSeconds);
  return {
    plan,
    graphs: [
      {
        title: 'Invocations at a time',
        metrics: [props.function.metric('ConcurrentExecutions', { statistic: 'Maximum' })],
      },
      { title: 'Errors and throttles', metrics: [props.function.metricErrors(), props.function.metricThrottles()] },
    ],
  };
}

/** Makes the mapping, with the numbers of the plan. */
function map(queue: IQueue, fn: IFunction, plan: QueuePlan, windowSeconds: number): void {
  const planned = new Map(plan.knobs.map(({ name, value }) => [name, value]));
  const maxConcurrency = planned.get('maxConcurrency');
  fn.addEventSource(
    new SqsEventSource(queue, {
      batchSize: plan.value('batchSize'),
      maxBatchingWindow: windowSeconds > 0 ? Duration.seconds(windowSeconds) : undefined,
      reportBatchItemFailures: true,
      ...(maxConcurrency === undefined
        ? {
            provisionedPollerConfig: {
              minimumPollers: plan.value('minimumPollers'),
              maximumPollers: plan.value('maximumPollers'),
            },
          }
        : { maxConcurrency }),
    }),
  );
}

/** The queue's question where it has one; the function adds only its price. */
function lambdaQuestion({ question, planned }: WorkerContext, props: LambdaWorkerProps): QueueQuestion {
  const { workload, consumer } = question;
  const priced = {
    ...question,
    consumer: {
      ...consumer,
      instanceHourCost: consumer?.instanceHourCost ?? functionHourCost(props.function, workload),
    },
    batchSize: resolvedNumber(props.batchSize) ?? question.batchSize,
  };
  if (planned !== undefined) return priced;
  const platform: PlatformName = props.provisionedPollers ? 'lambda-provisioned' : 'lambda';
  return {
    ...priced,
    platform,
    functionTimeoutSeconds: timeoutSeconds(props),
    batchWindowSeconds: resolvedSeconds(props.batchWindow),
  };
}

/** Checks that need no plan. */
function inputChecks({ queue, planned }: WorkerContext, props: LambdaWorkerProps, question: QueueQuestion): Check[] {
  const { batchSize, batchWindow, provisionedPollers } = props;
  const windowSeconds = resolvedSeconds(batchWindow);
  const askedWindow = question.batchWindowSeconds ?? 0;
  const timeout = timeoutSeconds(props);
  const visibility = visibilityTimeoutSeconds(queue);
  const room = LAMBDA_VISIBILITY_FACTOR * timeout + askedWindow;
  return [
    {
      refused: visibility !== undefined && visibility < room,
      message: `the queue's visibility timeout must be at least 6 × the function's time-out + the batch window = ${room} s, got ${visibility} s; ${planned === undefined ? `let it hide a message for ${room} s` : `give the queue functionTimeout ${timeout} s`}`,
    },
    knownNumber('batchSize', batchSize, 1, queue.fifo ? SQS_BATCH.usual : SQS_BATCH.largest),
    wholeSeconds('batchWindow', batchWindow, 0, queue.fifo ? 0 : 300),
    ...givenFunctionChecks(props.function, props.functionTimeout),
    {
      refused: batchSize !== undefined && batchSize > 10 && (windowSeconds ?? askedWindow) < 1,
      message: `batchSize above 10 needs a batchWindow of at least 1 s, got batchSize ${batchSize} and batchWindow ${windowSeconds ?? askedWindow} s`,
    },
    {
      refused: planned !== undefined && windowSeconds !== undefined && windowSeconds !== askedWindow,
      message: `batchWindow must be that of the queue's plan, ${askedWindow} s, got ${windowSeconds} s; give it to the queue`,
    },
    {
      refused: planned !== undefined && question.platform !== 'lambda' && question.platform !== 'lambda-provisioned',
      message: `compute must be the platform of the queue's plan, ${question.platform}, got Lambda; give the queue platform QueuePlatform.LAMBDA`,
    },
    {
      refused:
        planned !== undefined &&
        provisionedPollers !== undefined &&
        provisionedPollers !== (question.platform === 'lambda-provisioned'),
      message: `provisionedPollers must be that of the queue's plan, got ${provisionedPollers}; give the queue platform QueuePlatform.${provisionedPollers ? 'LAMBDA_PROVISIONED' : 'LAMBDA'}`,
    },
  ];
}

/** Whether the function fits the plan. */
function functionChecks({ question }: WorkerContext, props: LambdaWorkerProps, plan: QueuePlan): Check[] {
  const { serviceSeconds } = question.workload;
  const timeout = timeoutSeconds(props);
  const itemTimeout = plan.value('itemTimeoutSeconds');
  const batchSize = plan.value('batchSize');
  const reserved = reservedConcurrency(props.function);
  const most = plan.knobs.find(({ name }) => name === 'maxConcurrency')?.value ?? plan.value('maximumPollers') * 10;
  return [
    {
      refused: timeout < itemTimeout,
      message: `the function's time-out must be at least the time of one item, ${itemTimeout} s at its P99.9, got ${timeout} s${
        itemTimeout > LONGEST_FUNCTION_SECONDS
          ? `; a function ends after ${LONGEST_FUNCTION_SECONDS} s, so use Fargate`
          : ''
      }`,
    },
    {
      refused: batchSize * serviceSeconds > timeout,
      message: `batchSize ${batchSize} × ${serviceSeconds} s of mean service does not fit the function's time-out of ${timeout} s`,
    },
    {
      refused: reserved !== undefined && reserved < most,
      message: `reservedConcurrentExecutions must be at least maxConcurrency ${most}, got ${reserved}: throttled deliveries would count as failures and good messages would end in the dead-letter queue`,
    },
  ];
}

function timeoutSeconds(props: LambdaWorkerProps): number {
  return resolvedSeconds(functionTimeout(props.function, props.functionTimeout)) ?? DEFAULT_FUNCTION_SECONDS;
}
