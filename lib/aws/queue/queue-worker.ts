import { Annotations } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Plan } from '../../flow/plan';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';
import { bindFargate, type FargateWorkerProps } from './fargate-compute';
import { bindLambda, type LambdaWorkerProps } from './lambda-compute';
import type { WorkerBinding, WorkerContext } from './worker-compute';

/**
 * What does the work. Pick one of the two.
 */
export class WorkerCompute {
  /** A Lambda function, for items of up to 15 minutes that need no machine of their own. */
  public static lambda(props: LambdaWorkerProps): WorkerCompute {
    return new WorkerCompute((context) => bindLambda(context, props));
  }

  /** Fargate tasks that poll the queue, scaled on backlog per task; for long items and steady load. */
  public static fargate(props: FargateWorkerProps): WorkerCompute {
    return new WorkerCompute((context) => bindFargate(context, props));
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _bind: (context: WorkerContext) => WorkerBinding,
  ) {}
}

/**
 * What a worker is sized from.
 */
export interface QueueWorkerProps {
  /**
   * The queue to work through. For a queue of the same app the visibility timeout is checked against the worker.
   */
  readonly queue: IQueue;

  /**
   * What arrives in the queue and how long one item takes.
   */
  readonly workload: Workload;

  /**
   * What is promised to whoever waits.
   */
  readonly objective: Objective;

  /**
   * What does the work: `WorkerCompute.lambda(…)` or `WorkerCompute.fargate(…)`.
   */
  readonly compute: WorkerCompute;

  /**
   * Settings of the consumer given by hand, such as `maxInstances` or `slotsPerInstance`. They are checked against
   * the workload, and the plan says `given`.
   *
   * @default - all derived
   */
  readonly consumer?: Consumer;
}

/**
 * A worker that is never too small for its queue: how many run, when more are started, how long a message stays hidden
 * and what it costs at most follow from the workload.
 *
 * Cures work that piles up behind a fixed number of workers, and workers scaled on CPU or on raw depth, which says
 * nothing about how long anybody waits (case 6, image jobs).
 */
export class QueueWorker extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: Plan;

  /**
   * @throws CapacityError when the workload cannot be served within the objective; the message names the ways out
   * @throws InvalidInputError when a prop is out of range; the message names every one of them
   */
  constructor(scope: Construct, id: string, props: QueueWorkerProps) {
    super(scope, id);
    const binding = props.compute._bind({
      scope: this,
      subject: this.node.id,
      queue: props.queue,
      workload: props.workload,
      objective: props.objective,
      consumer: props.consumer ?? {},
    });
    this.plan = binding.plan;
    this.warnWithoutDeadLetterQueue(props.queue);
  }

  private warnWithoutDeadLetterQueue(queue: IQueue): void {
    const owned = queue as IQueue & { readonly deadLetterQueue?: unknown };
    if (queue.node.defaultChild === undefined || owned.deadLetterQueue !== undefined) return;
    Annotations.of(this).addWarningV2(
      'Backpressure::BP-SQS-001',
      `${queue.node.path} has no dead-letter queue: one poison message is retried until it expires. Use RedriveQueue, or give the queue a deadLetterQueue`,
    );
  }
}
