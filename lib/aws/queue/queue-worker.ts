import { Annotations } from 'aws-cdk-lib';
import type { CfnScalableTarget, CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { ContainerDefinition, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type Check, InvalidInputError, validate } from '../../flow/errors';
import { CHECKED, having, type Kinds, needed, OBJECT, sound } from '../../flow/kinds';
import { planQueue } from '../../flow/queue/plan';
import type { QueueQuestion } from '../../flow/queue/question';
import type { Consumer, Objective, QueuePlan, Workload } from '../../flow/queue/workload';
import { QUEUE } from '../kinds';
import { subjectOf } from '../subject';
import { bindFargate, fargateHost } from './fargate-compute';
import type { FargateWorkerProps } from './fargate-props';
import { bindLambda, type LambdaWorkerProps, lambdaHost } from './lambda-compute';
import { oneWorkerCheck, renderedProperties, resourceOf, workers } from './queue-identity';
import { RedriveQueue } from './redrive-queue';
import type { WorkerBinding, WorkerContext, WorkerHost } from './worker-compute';

/**
 * The compute that does the work. Pick one of the two.
 */
export class WorkerCompute {
  /** A Lambda function, for items of up to 15 minutes that fit in its memory and disk. */
  public static lambda(props: LambdaWorkerProps): WorkerCompute {
    return new WorkerCompute(
      (context) => bindLambda(context, props),
      () => lambdaHost(props),
    );
  }

  /** Fargate tasks that poll the queue, scaled on backlog per task; for long items and steady load. */
  public static fargate(props: FargateWorkerProps): WorkerCompute {
    return new WorkerCompute(
      (context) => bindFargate(context, props),
      () => fargateHost(props),
    );
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _bind: (context: WorkerContext) => WorkerBinding,
    /**
     * What a redrive queue has to be told of it. Read before the props are checked.
     *
     * @internal
     */
    public readonly _host: () => WorkerHost,
  ) {}
}

/**
 * What a worker is sized from.
 */
export interface QueueWorkerProps {
  /**
   * The queue to consume. A `RedriveQueue` brings its workload, its objective and its plan; any other queue needs
   * `workload` and `objective` here. For a queue of the same app, its visibility timeout, its retention and its
   * `maxReceiveCount` are checked against the worker, and the plan has them as given; the plan for an imported queue
   * does not have them.
   */
  readonly queue: IQueue;

  /**
   * What arrives in the queue and how long one item takes.
   *
   * @default - that of the `RedriveQueue`, from which it must not differ; needed for any other queue
   */
  readonly workload?: Workload;

  /**
   * The promise to the senders.
   *
   * @default - that of the `RedriveQueue`, from which it must not differ; needed for any other queue
   */
  readonly objective?: Objective;

  /**
   * The compute that does the work: `WorkerCompute.lambda(…)` or `WorkerCompute.fargate(…)`.
   */
  readonly compute: WorkerCompute;

  /**
   * Settings of the consumer given by hand, such as `maxInstances` or `slotsPerInstance`. They are checked against the
   * workload, and the plan says `given`. A `RedriveQueue` is planned with them, so there they are given to the queue.
   *
   * @default - those of the `RedriveQueue`; otherwise all derived
   */
  readonly consumer?: Consumer;
}

/**
 * A worker that is sized for its queue: the number of instances, when more start, how long a message stays hidden and
 * the highest cost follow from the workload.
 *
 * Cures work that piles up behind a fixed number of workers, and workers scaled on CPU or on raw depth, which does not
 * say how long a message waits (case 6, image jobs).
 */
export class QueueWorker extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: QueuePlan;
  /** The service of the tasks; undefined on Lambda. Its `connections` let the tasks reach a database. */
  public readonly service?: FargateService;
  /** The definition of the tasks, with their roles; undefined on Lambda. */
  public readonly taskDefinition?: FargateTaskDefinition;
  /** The container that works on the queue; undefined on Lambda. */
  public readonly container?: ContainerDefinition;
  /** What the number of tasks is set on; undefined on Lambda. */
  public readonly scalableTarget?: CfnScalableTarget;
  /** Sets the number of tasks by the backlog of each; undefined on Lambda. */
  public readonly scalingPolicy?: CfnScalingPolicy;
  /**
   * Starts the first task when a message comes.
   *
   * @default - none where at least one task always runs
   */
  public readonly wakeUpPolicy?: CfnScalingPolicy;
  /**
   * The alarm by which the first task is started; no action is needed.
   *
   * @default - none where at least one task always runs
   */
  public readonly wakeUpAlarm?: Alarm;
  /**
   * What the container logs, for a month.
   *
   * @default - none where `taskDefinition` or `logging` is given, or on Lambda
   */
  public readonly logGroup?: LogGroup;

  /**
   * @throws CapacityError when the workload cannot be served within the objective; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: QueueWorkerProps) {
    super(scope, id);
    const subject = subjectOf(this);
    const usable = soundProps(subject, props);
    const redriveQueue = RedriveQueue._of(usable.queue);
    const { queue } = redriveQueue ?? usable;
    const question = redriveQueue ? questionOf(subject, redriveQueue, usable) : ownQuestion(subject, usable);
    const planned = redriveQueue && {
      id: redriveQueue.node.id,
      solved: redriveQueue._solved,
      ceiling: ceilingOf(redriveQueue),
    };
    const binding = usable.compute._bind({
      scope: this,
      subject,
      queue,
      question,
      planned,
    });
    this.plan = binding.plan;
    this.service = binding.tasks?.service;
    this.taskDefinition = binding.tasks?.taskDefinition;
    this.container = binding.tasks?.container;
    this.scalableTarget = binding.tasks?.scalableTarget;
    this.scalingPolicy = binding.tasks?.scalingPolicy;
    this.wakeUpPolicy = binding.tasks?.wakeUpPolicy;
    this.wakeUpAlarm = binding.tasks?.wakeUpAlarm;
    this.logGroup = binding.tasks?.logGroup;
    workers.set(queue, subject);
    if (redriveQueue === undefined) this.warnWithoutDeadLetterQueue(queue);
    else redriveQueue._serve({ ...binding, scope: this, subject });
  }

  private warnWithoutDeadLetterQueue(queue: IQueue): void {
    const resource = resourceOf(queue);
    if (resource === undefined || renderedProperties(resource).RedrivePolicy !== undefined) return;
    Annotations.of(this).addWarningV2(
      'Backpressure::BP-SQS-001',
      `${queue.node.path} has no dead-letter queue: one poison message is retried until it expires. Use RedriveQueue, or give the queue a deadLetterQueue`,
    );
  }
}

const KINDS: Kinds<QueueWorkerProps> = {
  queue: needed(QUEUE),
  workload: CHECKED,
  objective: CHECKED,
  compute: needed(
    having(
      ['_bind'],
      'a WorkerCompute: WorkerCompute.lambda({ function: handler }) or WorkerCompute.fargate({ cluster, image })',
    ),
  ),
  consumer: OBJECT,
};

/** The props when each is what it has to be; otherwise all that is wrong with them and with the workload is thrown. */
function soundProps(subject: string, given: QueueWorkerProps): QueueWorkerProps {
  const { props, checks } = sound(given, KINDS);
  const { workload, objective, consumer } = props;
  if (checks.length > 0 && workload !== undefined && objective !== undefined) {
    planQueue(subject, { workload, objective, consumer }, checks);
  }
  validate(subject, [...checks, oneWorkerCheck(props.queue)]);
  return props;
}

/** The question of a queue without a plan, from the props alone. */
function ownQuestion(subject: string, { workload, objective, consumer }: QueueWorkerProps): QueueQuestion {
  const missing = Object.entries({ workload, objective }).filter(([, value]) => value === undefined);
  if (workload === undefined || objective === undefined) {
    throw new InvalidInputError(
      subject,
      missing.map(([name]) => `${name} must be given for a queue that is not a RedriveQueue, got none`),
    );
  }
  return { workload, objective, consumer, broker: 'sqs' };
}

/** The question of the queue's plan. Values that are given here too must be the same. */
function questionOf(subject: string, queue: RedriveQueue, props: QueueWorkerProps): QueueQuestion {
  const { workload, objective, consumer } = queue._asked;
  validate(subject, [
    ...sameAs(queue, 'workload', workload, props.workload),
    ...sameAs(queue, 'objective', objective, props.objective),
    ...sameAs(queue, 'consumer', consumer ?? {}, props.consumer),
  ]);
  return queue._question;
}

/** The ceiling that the queue's plan could not check, because it did not know what an instance costs. */
function ceilingOf({ _asked, _question }: RedriveQueue): number | undefined {
  return _question.objective.monthlyCost === undefined ? _asked.objective.monthlyCost : undefined;
}

/** One queue has one plan: a number that is given twice must be the same twice. */
function sameAs<T extends object>(queue: RedriveQueue, part: string, planned: T, given: T | undefined): Check[] {
  if (given === undefined) return [];
  const names = [...new Set([...Object.keys(planned), ...Object.keys(given)])] as (keyof T & string)[];
  return names.map((name) => ({
    refused: planned[name] !== given[name],
    message: `${part}.${name} must be that of the queue ${queue.node.id}, ${planned[name]}, got ${given[name]}; leave it out here, or give it to the queue`,
  }));
}
