import { Annotations, Aws, Duration, Fn, Names, RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib';
import type { Dashboard, IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import {
  DeduplicationScope,
  FifoThroughputLimit,
  Queue,
  QueueEncryption,
  type QueueProps,
  RedrivePermission,
} from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type Check, validate } from '../../flow/errors';
import type { Plan } from '../../flow/plan';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';
import { removalCheck } from '../removal-policy';
import { retainPolicyOf } from '../retained-policy';
import { subjectOf } from '../subject';
import { QueueAlarms, timeToDrainMetric } from './queue-alarms';
import { createQueueDashboard } from './queue-dashboard';
import { DEFAULT_REDRIVES, MAX_RETENTION_SECONDS, planRedriveQueue } from './redrive-plan';
import { createRedriver, REDRIVER_TIMEOUT } from './redriver-function';

/** Below this, attempts that were merely throttled end in the dead-letter queue. */
const FEWEST_RECEIVES = 5;

/**
 * What a queue that rids itself of poison is sized from.
 */
export interface RedriveQueueProps {
  /**
   * What arrives in the queue and how long one item takes.
   */
  readonly workload: Workload;

  /**
   * What is promised to whoever waits. Its `monthlyCost` bounds who serves the queue: it is looked at here only when
   * `consumer.instanceHourCost` says what an instance costs.
   */
  readonly objective: Objective;

  /**
   * Who serves the queue, as far as it is known: slots, start-up time, limits.
   *
   * @default - one slot an instance, the defaults of `Consumer`
   */
  readonly consumer?: Consumer;

  /**
   * Whether the order inside a message group is kept. All three queues are of the same kind. A redrive breaks that
   * order, so on a FIFO queue it has to be asked for with `maxRedrives`.
   *
   * @default false
   */
  readonly fifo?: boolean;

  /**
   * The key that encrypts the messages of all three queues. Whoever sends or receives needs its permission;
   * the queues' `grant` methods give it.
   *
   * @default - keys of Amazon SQS (SSE-SQS)
   */
  readonly encryptionKey?: IKey;

  /**
   * Time-out of the function that consumes the queue. 1 s to 15 min, and no less than `serviceSeconds`. The visibility
   * timeout becomes six times that, plus `batchWindow`, as the Lambda developer guide asks.
   *
   * @default - the visibility timeout of the plan, from the time that one item takes at its P99.9
   */
  readonly functionTimeout?: Duration;

  /**
   * How long the consuming function gathers messages before it is invoked. 0 to 300 s.
   *
   * @default Duration.seconds(0)
   */
  readonly batchWindow?: Duration;

  /**
   * Attempts at a message before it is a dead letter. 1 to 1,000. With fewer than five, throttled attempts count as
   * failures and good messages end as dead letters: that is a warning, BP-SQS-003.
   *
   * @default - from the plan, 5 or more
   */
  readonly maxReceiveCount?: number;

  /**
   * How long a message may wait in the queue. 1 min to 13 days: the dead-letter queue keeps 14 days, counted from the
   * first arrival, and a person needs at least one of them.
   *
   * @default - from the plan
   */
  readonly retention?: Duration;

  /**
   * How often a dead letter is sent back to the queue before it is quarantined. 0 to 100; with 0 there is no redriver
   * and dead letters wait for a person.
   *
   * @default 2; 0 on a FIFO queue
   */
  readonly maxRedrives?: number;

  /**
   * Dead letters sent back per second at most, as a mean over one window of the circuit. Above 0, up to 500.
   *
   * @default - 10 % of the steady arrivals, the usual retry budget
   */
  readonly redrivesPerSecond?: number;

  /**
   * The circuit opens when a smaller share of what was redriven stays away from the dead-letter queue. While it is
   * open a few letters are tried in every window, the others are held, and nothing is quarantined that failed with
   * all the rest. 0 (never opens) to 1.
   *
   * @default 0.5
   */
  readonly successRatioFloor?: number;

  /**
   * Names of fields whose values are masked before a message is quarantined, besides the built-in ones (password,
   * token, card number, e-mail and so on). Case and separators don't matter. No commas.
   *
   * @default - the built-in ones
   */
  readonly maskedFields?: string[];

  /**
   * Name of the queue. Only needed to keep a queue whose construct is renamed: give the name that it has. 1 to 80
   * letters, digits, hyphens and underscores, the `.fifo` of a FIFO queue included.
   *
   * @default - from the construct path and the id of the stack, which keeps copies of a stack apart
   */
  readonly queueName?: string;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms still exist
   */
  readonly alarmTopic?: ITopic;

  /**
   * Whether to make a CloudWatch dashboard. CloudWatch charges for dashboards beyond the third of an account.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * What happens to the three queues with their policies, and to the table of the redriver, when they leave the stack
   * or are replaced: a renamed or moved construct, a changed `fifo`, a deleted stack. A queue that is retained keeps
   * its messages until they expire, and nothing consumes it any more.
   * RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A queue on which no message can block the others or be lost: what fails every attempt is set aside, tried again as
 * often as it makes sense, and then parked with its secrets masked and an alarm.
 *
 * Cures poison messages that are retried until they expire and take the consumer's time from good ones, and its
 * opposite, the automatic redrive that sends poison round for ever (case 14).
 */
export class RedriveQueue extends Construct {
  /** The queue to send to and to consume. */
  public readonly queue: Queue;
  /** What failed every attempt. The redriver drains it; without a redriver, a person does. */
  public readonly deadLetterQueue: Queue;
  /** Masked copies of what was given up, with attributes that say why. Nothing leaves it by itself but by age. */
  public readonly quarantineQueue: Queue;
  /**
   * The function that sends dead letters back or parks them.
   *
   * @default - none when `maxRedrives` is 0
   */
  public readonly redriver?: LambdaFunction;
  /** The alarms, each with a text that says what to do. */
  public readonly alarms: QueueAlarms;
  /**
   * The dashboard of queue, dead letters, quarantine and redriver.
   *
   * @default - none when `dashboard` is false
   */
  public readonly dashboard?: Dashboard;
  /** Every knob with its reason, and what to expect. */
  public readonly plan: Plan;

  private readonly props: RedriveQueueProps;
  private readonly fifo: boolean;
  private readonly removalPolicy: RemovalPolicy;

  /**
   * @throws CapacityError when the workload cannot be served within the objective; the message names the ways out
   * @throws InvalidInputError when a prop is out of range; the message names every one of them
   */
  constructor(scope: Construct, id: string, props: RedriveQueueProps) {
    super(scope, id);
    this.props = props;
    this.fifo = props.fifo ?? false;
    this.removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    const maxRedrives = props.maxRedrives ?? (this.fifo ? 0 : DEFAULT_REDRIVES);
    validate(subjectOf(this), [nameCheck(props.queueName, this.fifo), removalCheck(props.removalPolicy)]);
    this.plan = planRedriveQueue(subjectOf(this), { ...props, maxRedrives });

    const sourceName = this.sourceName();
    this.deadLetterQueue = this.createDeadLetterQueue(sourceName);
    this.queue = new Queue(this, 'Queue', {
      ...this.commonQueueProps(),
      queueName: sourceName,
      visibilityTimeout: Duration.seconds(this.plan.value('visibilityTimeoutSeconds')),
      retentionPeriod: props.retention ?? Duration.seconds(this.plan.value('retentionSeconds')),
      deadLetterQueue: {
        queue: this.deadLetterQueue,
        maxReceiveCount: props.maxReceiveCount ?? this.plan.value('maxReceiveCount'),
      },
    });
    this.quarantineQueue = this.createQuarantineQueue();
    const { queue, deadLetterQueue, quarantineQueue, plan, removalPolicy } = this;
    for (const one of [queue, deadLetterQueue, quarantineQueue]) retainPolicyOf(one, removalPolicy);
    const { alarmTopic, encryptionKey, maskedFields } = props;
    if (maxRedrives > 0) {
      const queues = { queue, deadLetterQueue, quarantineQueue };
      this.redriver = createRedriver(this, { ...queues, encryptionKey, maskedFields, plan, removalPolicy });
    }
    this.warn(maxRedrives);

    const { redriver } = this;
    this.alarms = new QueueAlarms(this, 'Alarms', {
      queue,
      deadLetterQueue,
      quarantineQueue,
      redriver,
      plan,
      alarmTopic,
    });
    if (props.dashboard ?? true) {
      this.dashboard = createQueueDashboard(this, {
        subject: plan.subject,
        queue,
        deadLetterQueue,
        quarantineQueue,
        redriver,
        alarms: this.alarms,
        timeToDrain: this.metricTimeToDrain(),
      });
    }
  }

  /**
   * Seconds until the queue is empty at the rates of the last five minutes; 604,800 stands for never, because producers
   * win. The `timeToDrain` alarm watches it.
   */
  public metricTimeToDrain(): IMetric {
    return timeToDrainMetric(this.queue, this.plan);
  }

  private commonQueueProps(): QueueProps {
    const { encryptionKey } = this.props;
    return {
      encryption: encryptionKey ? QueueEncryption.KMS : QueueEncryption.SQS_MANAGED,
      encryptionMasterKey: encryptionKey,
      // One call to KMS in five minutes rather than one a message.
      dataKeyReuse: encryptionKey ? Duration.minutes(5) : undefined,
      enforceSSL: true,
      removalPolicy: this.removalPolicy,
      receiveMessageWaitTime: Duration.seconds(20),
      ...(this.fifo && {
        fifo: true,
        deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
        fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      }),
    };
  }

  /**
   * The two queues name each other: the source its dead-letter queue, which in turn admits only this source. One of
   * them needs a name before it exists. The stack's own id in it keeps copies of the stack apart.
   */
  private sourceName(): string {
    if (this.props.queueName !== undefined) return this.props.queueName;
    const stackUuid = Fn.select(2, Fn.split('/', Aws.STACK_ID));
    return `${Names.uniqueResourceName(this, { maxLength: 30, separator: '-' })}-${stackUuid}${this.fifo ? '.fifo' : ''}`;
  }

  private createDeadLetterQueue(sourceName: string): Queue {
    const queueArn = Stack.of(this).formatArn({ service: 'sqs', resource: sourceName });
    const source = Queue.fromQueueAttributes(this, 'SourceByName', { queueArn, fifo: this.fifo });
    return new Queue(this, 'DeadLetters', {
      ...this.commonQueueProps(),
      retentionPeriod: Duration.seconds(this.plan.value('deadLetterRetentionSeconds')),
      visibilityTimeout: Duration.seconds(6 * REDRIVER_TIMEOUT.toSeconds()),
      redriveAllowPolicy: { redrivePermission: RedrivePermission.BY_QUEUE, sourceQueues: [source] },
    });
  }

  private createQuarantineQueue(): Queue {
    const queue = new Queue(this, 'Quarantine', {
      ...this.commonQueueProps(),
      retentionPeriod: Duration.seconds(MAX_RETENTION_SECONDS),
    });
    Validations.of(queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'The end of the line: it holds masked copies for a person to read, nothing consumes it, so nothing in it can fail.',
    });
    return queue;
  }

  private warn(maxRedrives: number): void {
    const receives = this.plan.value('maxReceiveCount');
    if (receives < FEWEST_RECEIVES) {
      Annotations.of(this).addWarningV2(
        'Backpressure::BP-SQS-003',
        `maxReceiveCount ${receives} is below ${FEWEST_RECEIVES}: throttled attempts count as failures, so good messages end as dead letters`,
      );
    }
    if (this.fifo && maxRedrives > 0) {
      Annotations.of(this).addWarningV2(
        'Backpressure::fifo-redrive-order',
        `maxRedrives ${maxRedrives} on a FIFO queue: a redriven message comes after those of its group that followed it`,
      );
    }
  }
}

function nameCheck(name: string | undefined, fifo: boolean): Check {
  const pattern = fifo ? /^[\w-]{1,75}\.fifo$/ : /^[\w-]{1,80}$/;
  return {
    refused: name !== undefined && !Token.isUnresolved(name) && !pattern.test(name),
    message: `queueName must be 1 to 80 letters, digits, hyphens and underscores${fifo ? ', ending with .fifo' : ''}, got '${name}'`,
  };
}
