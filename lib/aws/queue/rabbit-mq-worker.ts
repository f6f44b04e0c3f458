import type { CfnScalableTarget, CfnScalingPolicy } from 'aws-cdk-lib/aws-applicationautoscaling';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Peer } from 'aws-cdk-lib/aws-ec2';
import {
  type CfnService,
  type ContainerDefinition,
  type FargateService,
  type FargateTaskDefinition,
  Secret,
} from 'aws-cdk-lib/aws-ecs';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { having, type Kinds, needed, sound } from '../../flow/kinds';
import { solveQueue } from '../../flow/queue/plan';
import type { QueuePlan } from '../../flow/queue/workload';
import { subjectOf } from '../subject';
import { pricedConsumer, runTasks, tasksChecks } from './fargate-compute';
import { FARGATE_KINDS, type FargateWorkerProps } from './fargate-props';
import { queueMetric } from './rabbit-mq-metrics';
import type { RabbitMqQueue } from './rabbit-mq-queue';
import type { TaskSource } from './task-source';
import { planOnQueue } from './worker-compute';

/**
 * Fargate tasks that consume a RabbitMQ queue. The container gets `RABBITMQ_ENDPOINT`, `RABBITMQ_VHOST`, `QUEUE_NAME`,
 * `PREFETCH`, `SLOTS` and `HEARTBEAT_SECONDS`, and from a secret `RABBITMQ_USERNAME` and `RABBITMQ_PASSWORD`. It takes up
 * to `PREFETCH` messages, works on `SLOTS` of them at a time, and acknowledges each after its effect.
 */
export interface RabbitMqWorkerProps extends FargateWorkerProps {
  /**
   * The queue to consume. It brings its workload, its objective and its plan.
   */
  readonly queue: RabbitMqQueue;
}

const KINDS: Kinds<RabbitMqWorkerProps> = {
  ...FARGATE_KINDS,
  queue: needed(having(['_solved', 'workerSecret'], 'a RabbitMqQueue')),
};

/**
 * A worker that is sized for its RabbitMQ queue: Fargate tasks, scaled on (ready + unacknowledged) ÷ running tasks.
 *
 * Cures a fixed number of workers behind a queue that has peaks, and a prefetch that holds messages at busy workers while
 * others are idle (case 2).
 */
export class RabbitMqWorker extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: QueuePlan;
  /** The service of the tasks. Its `connections` let the tasks reach a database. */
  public readonly service: FargateService;
  /** The definition of the tasks, with their roles. */
  public readonly taskDefinition: FargateTaskDefinition;
  /** The container that works on the queue. */
  public readonly container: ContainerDefinition;
  /** What the number of tasks is set on. */
  public readonly scalableTarget: CfnScalableTarget;
  /** Sets the number of tasks by the backlog of each. */
  public readonly scalingPolicy: CfnScalingPolicy;
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
   * @default - none where `taskDefinition` or `logging` is given
   */
  public readonly logGroup?: LogGroup;

  /**
   * @throws CapacityError when the tasks may cost more than the objective allows; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: RabbitMqWorkerProps) {
    super(scope, id);
    const subject = subjectOf(this);
    const { props: usable, checks } = sound(props, KINDS);
    const { queue } = usable;
    const all = [...checks, ...(checks.length > 0 ? [] : tasksChecks(usable)), ...workerChecks(usable)];
    this.plan = planOf(subject, usable, all);
    const binding = runTasks({ scope: this, subject, source: sourceOf(queue) }, usable, this.plan);
    this.service = binding.tasks.service;
    this.taskDefinition = binding.tasks.taskDefinition;
    this.container = binding.tasks.container;
    this.scalableTarget = binding.tasks.scalableTarget;
    this.scalingPolicy = binding.tasks.scalingPolicy;
    this.wakeUpPolicy = binding.tasks.wakeUpPolicy;
    this.wakeUpAlarm = binding.tasks.wakeUpAlarm;
    this.logGroup = binding.tasks.logGroup;
    // A task that starts before its queue and its user are there fails, and ECS gives the deployment up.
    // Only the service: its security group has to be there before the rules that admit it.
    (this.service.node.defaultChild as CfnService).node.addDependency(queue.topology);
    queue._serve({ ...binding, scope: this, subject });
  }
}

function planOf(subject: string, props: RabbitMqWorkerProps, checks: readonly Check[]): QueuePlan {
  const { queue } = props;
  // Without a queue there is nothing to plan: the checks say so.
  if (queue === undefined) return solveQueue(subject, { workload: undefined!, objective: undefined! }, checks).plan;
  const question = { ...queue._question, consumer: pricedConsumer(queue._question.consumer, props) };
  return planOnQueue(subject, { id: queue.node.id, solved: queue._solved, ceiling: queue._ceiling }, question, checks);
}

function workerChecks({ queue, scaleToZero }: RabbitMqWorkerProps): Check[] {
  if (queue === undefined) return [];
  const planned = queue._question.scaleToZero ?? false;
  return [
    {
      refused: queue._servedBy !== undefined,
      message: `queue already has the worker ${queue._servedBy}, which gets all messages of ${queue.node.path} in its plan; one queue has one worker`,
    },
    {
      refused: scaleToZero !== undefined && scaleToZero !== planned,
      message: `scaleToZero must be that of the queue's plan, ${planned}, got ${scaleToZero}; give it to the queue`,
    },
  ];
}

/** The queue as the tasks see it. */
function sourceOf(queue: RabbitMqQueue): TaskSource {
  const { endpoint, vhost, queueName, workerSecret } = queue;
  return {
    variables: (plan) => ({
      RABBITMQ_ENDPOINT: endpoint,
      RABBITMQ_VHOST: vhost,
      QUEUE_NAME: queueName,
      PREFETCH: String(plan.value('prefetch')),
      HEARTBEAT_SECONDS: String(plan.value('heartbeatSeconds')),
    }),
    secrets: {
      RABBITMQ_USERNAME: Secret.fromSecretsManager(workerSecret, 'username'),
      RABBITMQ_PASSWORD: Secret.fromSecretsManager(workerSecret, 'password'),
    },
    // Its password is what lets it take messages.
    grantTake: () => {},
    connect: ({ connections }) => {
      for (const group of connections.securityGroups) {
        // A group that lets everything out takes no rule for it, and the CDK warns of one.
        const peer = group.allowAllOutbound ? Peer.securityGroupId(group.securityGroupId) : group;
        queue.connections.allowDefaultPortFrom(peer, 'RabbitMQ, AMQP over TLS');
      }
    },
    waiting: (period) => queueMetric('MessageReadyCount', queue).with({ period }),
    inWork: (period) => queueMetric('MessageUnacknowledgedCount', queue).with({ period }),
  };
}
