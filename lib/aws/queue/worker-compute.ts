import type { CfnScalableTarget, CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { ContainerDefinition, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { CapacityError, type Check, InvalidInputError, validate } from '../../flow/errors';
import { figure } from '../../flow/figures';
import { type Kinds, sound } from '../../flow/kinds';
import { SQS_DEFAULTS, SQS_LIMITS } from '../../flow/queue/brokers/sqs';
import { type QueueSettings, withQueueSettings } from '../../flow/queue/existing';
import { planPriced, planQueue, type SolvedQueue } from '../../flow/queue/plan';
import type { QueueQuestion } from '../../flow/queue/question';
import type { QueuePlan } from '../../flow/queue/workload';
import { resolvedNumber } from '../tokens';
import type { RedriveQueueProps } from './redrive-queue-props';
import type { WorkerGraph } from './task-source';

/** The input of a compute that binds itself to a queue. Internal: users pick a compute, they do not write one. */
export interface WorkerContext {
  readonly scope: Construct;
  readonly subject: string;
  readonly queue: IQueue;
  /**
   * The question that the plan answers: that of the redrive queue, or that of the worker's own props.
   */
  readonly question: QueueQuestion;
  /** The queue's own plan, whose knobs the worker uses unchanged; undefined for a queue without a plan. */
  readonly planned?: PlannedQueue;
}

/** A queue that was planned before its worker. */
export interface PlannedQueue {
  /** Its construct id. */
  readonly id: string;
  readonly solved: SolvedQueue;
  /**
   * The most that the worker may cost in US dollars a month, where the queue's plan did not know what an instance costs.
   */
  readonly ceiling?: number;
}

/** What the redrive queue of a compute has to be told, as it was given. */
export interface WorkerHost {
  readonly queueProps: Pick<RedriveQueueProps, 'platform' | 'functionTimeout' | 'batchWindow' | 'scaleToZero'>;
  /** What is wrong with the props of the compute. */
  readonly checks: readonly Check[];
  /** The function, when the compute is one. */
  readonly function?: LambdaFunction;
}

/** The result of binding a compute to a queue. */
export interface WorkerBinding {
  readonly plan: QueuePlan;
  /** The worker's graphs on the queue's dashboard. */
  readonly graphs: readonly WorkerGraph[];
  /** The tasks, where there are any. */
  readonly tasks?: WorkerTasks;
}

/** The parts of a worker of tasks. */
export interface WorkerTasks extends ScaledTasks {
  readonly service: FargateService;
  readonly taskDefinition: FargateTaskDefinition;
  readonly container: ContainerDefinition;
  /** Of the container, where it was made here. */
  readonly logGroup?: LogGroup;
}

/** What sets the number of tasks. */
export interface ScaledTasks {
  readonly scalableTarget: CfnScalableTarget;
  readonly scalingPolicy: CfnScalingPolicy;
  /** What starts the first task, where the last one may stop. */
  readonly wakeUpPolicy?: CfnScalingPolicy;
  readonly wakeUpAlarm?: Alarm;
}

/**
 * The props of a compute when each is what it has to be.
 *
 * @throws InvalidInputError when one is not, together with what is wrong with the workload
 */
export function soundCompute<P>({ subject, question }: WorkerContext, given: P, kinds: Kinds<P>): P {
  const { props, checks } = sound(given, kinds, 'compute');
  if (checks.length > 0) planQueue(subject, question, checks);
  return props;
}

/**
 * The plan of a worker. On a queue without a plan it has the settings that the queue has. On a planned queue it is that plan with the worker's price: a ceiling on the cost is checked and
 * changes no knob, because the queue's alarms and time-outs already have the old ones.
 *
 * @throws CapacityError when the instances of the queue's plan may cost more than is allowed
 * @throws InvalidInputError when a knob would differ from the queue's
 */
export function planWorker(
  { subject, queue, planned }: WorkerContext,
  question: QueueQuestion,
  checks: readonly Check[],
): QueuePlan {
  if (planned === undefined) {
    const settings = queueSettings(queue);
    return withQueueSettings(planQueue(subject, { ...question, ...asked(settings) }, checks), settings);
  }
  return planOnQueue(subject, planned, question, checks);
}

/**
 * The plan of a worker on a planned queue.
 *
 * @throws CapacityError when the instances of the queue's plan may cost more than is allowed
 * @throws InvalidInputError when a knob would differ from the queue's
 */
export function planOnQueue(
  subject: string,
  { id, ceiling, solved }: PlannedQueue,
  question: QueueQuestion,
  checks: readonly Check[],
): QueuePlan {
  const bounded = { ...question, objective: { ...question.objective, monthlyCost: ceiling } };
  // Without a price the plan refuses a ceiling by name.
  const priced = question.consumer?.instanceHourCost !== undefined;
  const plan = planPriced(subject, ceiling === undefined || priced ? question : bounded, solved, checks);
  validate(subject, differences(id, solved.plan, plan));
  if (ceiling !== undefined && plan.value('costCeiling') > ceiling) throw aboveCeiling(subject, plan, bounded, ceiling);
  return plan;
}

/** One queue has one plan: what both plans have is the same. */
function differences(id: string, queuePlan: QueuePlan, plan: QueuePlan): Check[] {
  const values = new Map(plan.knobs.map(({ name, value }) => [name, value]));
  return queuePlan.knobs
    .filter(({ name }) => values.has(name))
    .map(({ name, value }) => ({
      refused: !Object.is(values.get(name), value),
      message: `${name} must be that of the queue ${id}, ${value}, got ${values.get(name)}; leave it out here, or give it to the queue`,
    }));
}

/** The refusal of a cost, with ways out that were each planned. */
function aboveCeiling(subject: string, plan: QueuePlan, bounded: QueueQuestion, ceiling: number): CapacityError {
  const most = plan.value('costCeiling');
  const hourCost = Number((bounded.consumer?.instanceHourCost ?? 0).toPrecision(6));
  const informed = planned(subject, { ...bounded, consumer: { ...bounded.consumer, instanceHourCost: hourCost } });
  return new CapacityError(
    subject,
    `maxInstances ${figure(plan.value('maxInstances'))} of the queue's plan may cost ${figure(most)} USD a month, ${figure(ceiling)} are allowed; the queue did not know what an instance costs`,
    [
      `${figure(Math.ceil(most))} USD a month`,
      ...(informed === undefined
        ? []
        : [
            `consumer.instanceHourCost ${hourCost} given to the queue, which then plans ${informed.value('maxInstances')} instances, with a head-room of ${figure(informed.value('headroom'))}`,
          ]),
    ],
  );
}

/** The plan of a question; undefined when it is refused. */
function planned(subject: string, question: QueueQuestion): QueuePlan | undefined {
  try {
    return planQueue(subject, question);
  } catch (error) {
    if (error instanceof CapacityError || error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

/** A worker registered with its queue. */
export interface ServingWorker extends WorkerBinding {
  readonly scope: Construct;
  readonly subject: string;
}

/** The visibility timeout of a queue of this app in seconds; undefined for an imported queue or an unresolved value. */
export function visibilityTimeoutSeconds(queue: IQueue): number | undefined {
  return queueSettings(queue).visibilityTimeoutSeconds;
}

/** The settings of a queue of this app; none for an imported queue, and without those that are tokens. */
function queueSettings(queue: IQueue): QueueSettings {
  const resource = queue.node.defaultChild;
  if (!(resource instanceof CfnQueue)) return {};
  const { visibilityTimeout, messageRetentionPeriod, redrivePolicy } = resource;
  return {
    visibilityTimeoutSeconds: resolvedNumber(visibilityTimeout ?? SQS_DEFAULTS.visibilitySeconds),
    // Without a policy a message is retried until it expires.
    maxReceiveCount: resolvedNumber(redrivePolicy?.maxReceiveCount),
    retentionSeconds: resolvedNumber(messageRetentionPeriod ?? SQS_DEFAULTS.retentionSeconds),
  };
}

/** The settings that decide whether messages are lost and when they are retried, as the plan is asked for them. */
function asked({ visibilityTimeoutSeconds, maxReceiveCount, retentionSeconds }: QueueSettings): Partial<QueueQuestion> {
  // The plan keeps the last day of the longest retention free for a person; an existing queue may have it.
  const longest = SQS_LIMITS.retentionSeconds.max - DAY_SECONDS;
  return {
    // A failed message stays hidden for the rest of it.
    visibilityTimeoutSeconds,
    maxReceiveCount,
    retentionSeconds: retentionSeconds === undefined ? undefined : Math.min(longest, retentionSeconds),
  };
}

const DAY_SECONDS = 86_400;
