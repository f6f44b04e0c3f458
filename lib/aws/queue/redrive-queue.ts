import { Annotations, Aws, Duration, Fn, Names, RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib';
import { type CfnAlarm, type Dashboard, GraphWidget, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { AddToResourcePolicyResult, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import {
  type CfnQueue,
  DeduplicationScope,
  FifoThroughputLimit,
  type IQueue,
  Queue,
  QueueBase,
  QueueEncryption,
  type QueueProps,
  RedrivePermission,
} from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Check } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { FEWEST_RECEIVES, LAMBDA_VISIBILITY_FACTOR } from '../../flow/queue/brokers/sqs';
import { withRemark } from '../../flow/queue/existing';
import { planQueue, type SolvedQueue, solveQueue } from '../../flow/queue/plan';
import type { QueueQuestion } from '../../flow/queue/question';
import type { QueuePlan } from '../../flow/queue/workload';
import { alarmSettingsChecks, describedAs } from '../alarm-settings';
import { removalCheck } from '../removal-policy';
import { retainPolicyOf } from '../retained-policy';
import { subjectOf } from '../subject';
import { checkAtSynthesis, deadLetterChecks } from './given-dead-letters';
import { arnByName, givenDeadLetterQueue, placeChecks, setRedrivePolicy } from './given-queue';
import { sayUnknown, sayUnread, unreadRemark } from './given-remarks';
import { FAIR_ALARMS, QUEUE_ALARMS, QueueAlarms, REDRIVER_ALARMS, timeToDrainMetric } from './queue-alarms';
import { createQueueDashboard } from './queue-dashboard';
import { QueueRegister, resourceOf, workers } from './queue-identity';
import { isFifo, REDRIVE_KINDS, type RedriveQueueProps, redriveChecks, redriveQuestion } from './redrive-queue-props';
import { createRedriver } from './redriver-function';
import type { ServingWorker } from './worker-compute';

/**
 * A queue on which no message blocks the others or is lost: a message that fails every attempt becomes a dead letter,
 * is redriven a bounded number of times, and is then parked with its secrets masked and an alarm.
 *
 * Cures poison messages that are retried until they expire and take the consumer's time from good ones, and the
 * opposite, an automatic redrive that retries poison messages without end (case 14).
 */
export class RedriveQueue extends QueueBase {
  /**
   * The redrive queue that `queue` is, or is the queue of; undefined for any other queue.
   *
   * @internal
   */
  public static _of(queue: IQueue): RedriveQueue | undefined {
    return queue instanceof RedriveQueue ? queue : around.get(queue);
  }

  /** The queue to send to and to consume, made or given. The construct is itself an `IQueue` that delegates to it. */
  public readonly queue: IQueue;
  /** Messages that failed every attempt. The redriver drains it; without a redriver, a person does. */
  public readonly deadLetterQueue: IQueue;
  /** Masked copies of messages that were given up, with attributes that say why. They stay until deleted or expired. */
  public readonly quarantineQueue: Queue;
  /**
   * The function that sends dead letters back or parks them.
   *
   * @default - none when `maxRedrives` is 0
   */
  public readonly redriver?: LambdaFunction;
  /**
   * The table in which the redriver counts what it has sent back, and keeps the letters that are on their way. Without its
   * rows a letter counts as never redriven.
   *
   * @default - none when `maxRedrives` is 0
   */
  public readonly circuitTable?: Table;
  /** The alarms, each with a text that says what to do. */
  public readonly alarms: QueueAlarms;
  /**
   * The dashboard of queue, dead letters, quarantine and redriver.
   *
   * @default - none when `dashboard` is false
   */
  public readonly dashboard?: Dashboard;
  public readonly queueArn: string;
  public readonly queueUrl: string;
  public readonly queueName: string;
  public readonly encryptionMasterKey?: IKey;
  public readonly encryptionType?: QueueEncryption;
  public readonly fifo: boolean;
  /** `queue` creates its own policy. */
  protected readonly autoCreatePolicy = false;
  /**
   * The question that the plan answers; a worker on this queue asks the same one.
   *
   * @internal
   */
  public readonly _question: QueueQuestion;

  /**
   * What the user gave, including the cost ceiling of the worker.
   *
   * @internal
   */
  public readonly _asked: Pick<RedriveQueueProps, 'workload' | 'objective' | 'consumer'>;

  /**
   * The queue's own plan and size, to which a worker adds its price.
   *
   * @internal
   */
  public readonly _solved: SolvedQueue;

  private readonly props: RedriveQueueProps;
  private readonly removalPolicy: RemovalPolicy;
  private servedBy?: ServingWorker;

  /**
   * @throws CapacityError when the workload cannot be served within the objective; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: RedriveQueueProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, REDRIVE_KINDS);
    this.props = usable;
    this.fifo = isFifo(usable);
    this.removalPolicy = usable.removalPolicy ?? RemovalPolicy.RETAIN;
    this._question = redriveQuestion(usable);
    this._asked = { workload: usable.workload, objective: usable.objective, consumer: usable.consumer };
    this._solved = solveQueue(subjectOf(this), this._question, [
      ...checks,
      ...ownChecks(usable),
      ...placeChecks(this, usable),
    ]);

    const sourceName = usable.queue === undefined ? this.sourceName() : usable.queue.queueName;
    this.deadLetterQueue = givenDeadLetterQueue(usable) ?? this.createDeadLetterQueue(sourceName);
    this.queue = usable.queue ?? this.createQueue(sourceName);
    this.quarantineQueue = this.createQuarantineQueue();
    around.set(this.queue, this);
    drained.set(this.deadLetterQueue, this);
    const { queue, deadLetterQueue, quarantineQueue, plan, removalPolicy } = this;
    this.queueArn = queue.queueArn;
    this.queueUrl = queue.queueUrl;
    this.queueName = queue.queueName;
    this.encryptionMasterKey = queue.encryptionMasterKey;
    this.encryptionType = queue.encryptionType;
    for (const one of [queue, deadLetterQueue, quarantineQueue]) {
      // A given one is kept, or not, by who made it.
      if (one instanceof Queue && one.node.scope === this) retainPolicyOf(one, removalPolicy);
    }
    if (usable.queue !== undefined) {
      setRedrivePolicy(queue, deadLetterQueue, usable.maxReceiveCount ?? plan.value('maxReceiveCount'));
    }
    const { alarmTopic, alarms, encryptionKey, maskedFields } = usable;
    const isRedriven = redrives(usable);
    if (isRedriven) {
      const queues = { queue, deadLetterQueue, quarantineQueue };
      const made = createRedriver(this, { ...queues, encryptionKey, maskedFields, plan, removalPolicy });
      this.redriver = made.redriver;
      this.circuitTable = made.circuitTable;
    }
    this.warn(isRedriven);
    sayUnknown(this, usable);
    checkAtSynthesis(this, usable, { queue, deadLetterQueue, redriver: this.redriver });
    sayUnread(this, usable, this._solved.plan, deadLetterQueue);

    const { redriver } = this;
    this.alarms = new QueueAlarms(this, 'Alarms', {
      queue,
      deadLetterQueue,
      quarantineQueue,
      redriver,
      fairQueue: usable.fairQueue,
      plan,
      alarmTopic,
      alarms,
    });
    if (usable.dashboard ?? true) {
      this.dashboard = createQueueDashboard(this, {
        subject: plan.subject,
        queue,
        deadLetterQueue,
        quarantineQueue,
        redriver,
        fairQueue: usable.fairQueue,
        alarms: this.alarms,
        timeToDrain: this.metricTimeToDrain(),
      });
    }
  }

  /**
   * Every knob with its reason, and what to expect. Once a `QueueWorker` serves the queue, this is the worker's plan:
   * the same knobs, and those that only the worker has.
   */
  public get plan(): QueuePlan {
    const plan = this.servedBy?.plan ?? this._solved.plan;
    const remark = unreadRemark(this.props, plan);
    return remark === undefined ? plan : withRemark(plan, remark);
  }

  public override addToResourcePolicy(statement: PolicyStatement): AddToResourcePolicyResult {
    return this.queue.addToResourcePolicy(statement);
  }

  /**
   * Registers the worker of this queue.
   *
   * @internal
   */
  public _serve(worker: ServingWorker): void {
    this.servedBy = worker;
    const { backlog, age, quietAge = [], timeToDrain } = this.alarms;
    for (const { node } of [backlog, age, timeToDrain].concat(quietAge)) {
      const alarm = node.defaultChild as CfnAlarm;
      alarm.alarmDescription = describedAs(`${alarm.alarmDescription} ${worker.subject} serves the queue.`);
    }
    // A metric of another stack would make this stack depend on one that depends on it.
    if (Stack.of(worker.scope) !== Stack.of(this)) return;
    const width = 24 / Math.max(1, worker.graphs.length);
    this.dashboard?.addWidgets(
      ...worker.graphs.map(
        ({ title, metrics }) => new GraphWidget({ title: `${worker.subject}: ${title}`, left: [...metrics], width }),
      ),
    );
  }

  /**
   * Seconds until the queue is empty at the rates of the last five minutes; 604,800 means never, because more arrives
   * than is finished. The `timeToDrain` alarm watches it.
   */
  public metricTimeToDrain(): IMetric {
    return timeToDrainMetric(this.queue, this.plan);
  }

  private createQueue(sourceName: string): Queue {
    const { retention, maxReceiveCount } = this.props;
    return new Queue(this, 'Queue', {
      ...this.commonQueueProps(),
      queueName: sourceName,
      visibilityTimeout: Duration.seconds(this.plan.value('visibilityTimeoutSeconds')),
      // A token is not in the plan.
      retentionPeriod: retention ?? Duration.seconds(this.plan.value('retentionSeconds')),
      deadLetterQueue: {
        queue: this.deadLetterQueue,
        maxReceiveCount: maxReceiveCount ?? this.plan.value('maxReceiveCount'),
      },
    });
  }

  private commonQueueProps(): QueueProps {
    const { encryptionKey } = this.props;
    return {
      encryption: encryptionKey ? QueueEncryption.KMS : QueueEncryption.SQS_MANAGED,
      encryptionMasterKey: encryptionKey,
      dataKeyReuse: encryptionKey ? Duration.seconds(this.plan.value('dataKeyReuseSeconds')) : undefined,
      enforceSSL: true,
      removalPolicy: this.removalPolicy,
      receiveMessageWaitTime: Duration.seconds(this.plan.value('receiveMessageWaitTimeSeconds')),
      ...(this.fifo && {
        fifo: true,
        deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
        fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      }),
    };
  }

  /**
   * The two queues name each other: the source its dead-letter queue, which admits only this source. One of them needs
   * a name before it exists. The stack's id in that name keeps copies of the stack apart.
   */
  private sourceName(): string {
    if (this.props.queueName !== undefined) return this.props.queueName;
    const stackUuid = Fn.select(2, Fn.split('/', Aws.STACK_ID));
    return `${Names.uniqueResourceName(this, { maxLength: 30, separator: '-' })}-${stackUuid}${this.fifo ? '.fifo' : ''}`;
  }

  private createDeadLetterQueue(sourceName: string): Queue {
    const { queue } = this.props;
    const queueArn =
      queue === undefined ? Stack.of(this).formatArn({ service: 'sqs', resource: sourceName }) : arnByName(queue);
    const { fifo } = this;
    const source =
      queueArn === undefined ? undefined : Queue.fromQueueAttributes(this, 'SourceByName', { queueArn, fifo });
    const letters = new Queue(this, 'DeadLetters', {
      ...this.commonQueueProps(),
      retentionPeriod: Duration.seconds(this.plan.value('deadLetterRetentionSeconds')),
      visibilityTimeout: Duration.seconds(this.plan.value('deadLetterVisibilitySeconds')),
      redriveAllowPolicy: source && { redrivePermission: RedrivePermission.BY_QUEUE, sourceQueues: [source] },
    });
    if (queue !== undefined && resourceOf(queue) === undefined) acknowledgeNoPolicy(letters, queue);
    return letters;
  }

  private createQuarantineQueue(): Queue {
    const queue = new Queue(this, 'Quarantine', {
      ...this.commonQueueProps(),
      retentionPeriod: Duration.seconds(this.plan.value('quarantineRetentionSeconds')),
    });
    Validations.of(queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It holds masked copies for a person to read. It has no consumer, so no message in it can fail.',
    });
    return queue;
  }

  private warn(redrives: boolean): void {
    const receives = this.plan.value('maxReceiveCount');
    if (receives < FEWEST_RECEIVES) {
      Annotations.of(this).addWarningV2(
        'Backpressure::BP-SQS-003',
        `maxReceiveCount ${receives} is below ${FEWEST_RECEIVES}: throttled attempts count as failures, so good messages end as dead letters`,
      );
    }
    const hidden = this.plan.value('deadLetterVisibilitySeconds');
    const room = redrives ? LAMBDA_VISIBILITY_FACTOR * this.plan.value('redriverTimeoutSeconds') : 0;
    if (hidden < room) {
      Annotations.of(this).addWarningV2(
        'Backpressure::BP-SQS-004',
        `the dead-letter queue hides a letter for ${hidden} s, and the redriver, which may take ${room / LAMBDA_VISIBILITY_FACTOR} s, needs ${room} s: a throttled letter may be redriven twice; set its visibility timeout to ${room} s`,
      );
    }
    if (this.fifo && redrives) {
      Annotations.of(this).addWarningV2(
        'Backpressure::fifo-redrive-order',
        `maxRedrives ${this.props.maxRedrives} on a FIFO queue: a redriven message is delivered after later messages of its group`,
      );
    }
  }
}

/**
 * Makes a redrive queue inside a larger construct. The failures of both are thrown together.
 *
 * @internal
 */
export function createRedriveQueue(
  scope: Construct,
  id: string,
  checks: readonly Check[],
  props: RedriveQueueProps,
): RedriveQueue {
  if (checks.some(({ refused }) => refused)) {
    planQueue(subjectOf(scope), redriveQuestion(props), [...ownChecks(props), ...checks]);
  }
  return new RedriveQueue(scope, id, props);
}

/** Whether there is a redriver. */
function redrives(props: RedriveQueueProps): boolean {
  return redriveQuestion(props).redrive?.maxRedrives !== 0;
}

function ownChecks(props: RedriveQueueProps): Check[] {
  return [
    nameCheck(props.queueName, props.fifo ?? false),
    removalCheck(props.removalPolicy),
    ...alarmSettingsChecks(props.alarms, [...QUEUE_ALARMS, ...(props.fairQueue ? FAIR_ALARMS : [])]),
    ...redriverAlarmChecks(props),
    ...onePlanChecks(props),
    ...redriveChecks(props),
    ...deadLetterChecks(props, redrives(props)),
  ];
}

/** Alarms that are silenced and not made. */
function redriverAlarmChecks(props: RedriveQueueProps): Check[] {
  const silent = Object.keys(props.alarms?.silence ?? {}).filter((name) => REDRIVER_ALARMS.includes(name));
  return silent.map((name) => ({
    refused: !redrives(props),
    message: `alarms.silence.${name} is of an alarm of the redriver, and there is none with maxRedrives 0${props.maxRedrives === undefined ? ', the default of a FIFO queue' : ''}; leave it out`,
  }));
}

/** One queue has one plan. */
function onePlanChecks({ queue, deadLetterQueue }: RedriveQueueProps): Check[] {
  const letters = givenDeadLetterQueue({ queue, deadLetterQueue });
  const taken = letters && drained.get(letters);
  const worker = queue && workers.get(queue);
  return [
    {
      refused: worker !== undefined && RedriveQueue._of(queue!) === undefined,
      message: `queue must be a queue without a plan, and the worker ${worker} has one for ${queue?.node.path}; make the RedriveQueue first, and give it to the worker in place of the queue, a QueueWorker without workload and objective`,
    },
    ...Object.entries({ queue, deadLetterQueue }).map(([name, one]) => ({
      refused: one !== undefined && RedriveQueue._of(one) !== undefined,
      message: `${name} must be a queue without a plan, and ${one?.node.path} has that of ${one && RedriveQueue._of(one)?.node.path}; one queue has one RedriveQueue`,
    })),
    {
      refused: taken !== undefined,
      message: `deadLetterQueue must be of one queue, and ${letters?.node.path} is that of ${taken?.node.path}: its redriver would send the letters of both to one of them`,
    },
  ];
}

/**
 * The dead-letter queue of an imported queue stands alone in its template, where it is read and nothing names it: the policy
 * that does is set by hand.
 */
function acknowledgeNoPolicy(letters: Queue, queue: IQueue): void {
  const reason = `It is the dead-letter queue of ${queue.node.path}, which is not in this app. The redriver parks a letter that cannot be moved.`;
  (letters.node.defaultChild as CfnQueue).addMetadata('backpressure', { acknowledge: { 'BP-SQS-001': reason } });
  Validations.of(letters).acknowledge({ id: 'AwsSolutions-SQS3', reason });
}

/** The redrive queue around each queue that has one. */
const around = new QueueRegister<RedriveQueue>();
/** The redrive queue that each dead-letter queue is of. */
const drained = new QueueRegister<RedriveQueue>();

function nameCheck(name: string | undefined, fifo: boolean): Check {
  const pattern = fifo ? /^[\w-]{1,75}\.fifo$/ : /^[\w-]{1,80}$/;
  return {
    refused: name !== undefined && !Token.isUnresolved(name) && !pattern.test(name),
    message: `queueName must be 1 to 80 letters, digits, hyphens and underscores${fifo ? ', ending with .fifo' : ''}, got '${name}'`,
  };
}
