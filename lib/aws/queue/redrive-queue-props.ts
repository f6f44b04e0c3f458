/** The props of a redrive queue, the question that its plan answers, and the checks on the props. */
import { Duration, type RemovalPolicy, Token } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { type Check, isKnown, oneOf, shown } from '../../flow/errors';
import { CHECKED, FLAG, type Kinds, listOf, NUMBER, struct, TEXT } from '../../flow/kinds';
import { kedaPlatform, LONGEST_GRACE_SECONDS } from '../../flow/queue/platforms/keda';
import { SQS_BATCH } from '../../flow/queue/platforms/lambda';
import type { QueueQuestion } from '../../flow/queue/question';
import type { Consumer, Objective, Workload } from '../../flow/queue/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { DURATION, KEY, QUEUE, TOPIC } from '../kinds';
import { knownNumber, resolvedNumber, resolvedSeconds } from '../tokens';
import { EXISTING_KINDS, type ExistingQueueSettings } from './existing-queue';
import { givenQueueChecks, isFifoQueue, settingsOf } from './given-queue';
import { QueuePlatform } from './queue-platform';

/**
 * What a redrive queue is sized from.
 */
export interface RedriveQueueProps {
  /**
   * What arrives in the queue and how long one item takes.
   */
  readonly workload: Workload;

  /**
   * The promise to the users of a queue. Its `monthlyCost` bounds the worker. With `consumer.instanceHourCost`, what an
   * instance costs, the queue is planned within it; without, the `QueueWorker`, which knows its price, is refused when the
   * plan's instances may cost more.
   */
  readonly objective: Objective;

  /**
   * The queue where there is one already, of this app or imported. Then none is made, and alarms, redriver, quarantine and
   * dashboard are added around it. Of a queue of this app the settings are read and checked against the plan. An imported
   * one can be neither read nor changed: give its settings as `existing`. It must be in the account and region of the stack.
   *
   * @default - a queue with the settings of the plan
   */
  readonly queue?: IQueue;

  /**
   * The dead-letter queue where there is one already. The redriver drains it and sends all its letters to this queue, so no
   * other queue may use it, and it may have no other consumer; those of this app are refused. A queue of this app without a redrive policy gets one that
   * names it, where both are in this stack.
   *
   * @default - that of `queue`, where it is a `Queue` of this app that has one; otherwise one is made
   */
  readonly deadLetterQueue?: IQueue;

  /**
   * The settings of given queues that cannot be read: those of imported ones, and tokens. Each is checked against the plan.
   *
   * @default - a warning says what the plan expects of them, and the command that shows what they are
   */
  readonly existing?: ExistingQueueSettings;

  /**
   * The worker, as far as it is known: slots, start-up time, limits.
   *
   * @default - one slot an instance, the defaults of `Consumer`
   */
  readonly consumer?: Consumer;

  /**
   * Where the worker runs. The plan, the alarms and the time-outs of the queue are those of this platform, and a
   * `QueueWorker` on the queue must run there.
   *
   * @default QueuePlatform.LAMBDA
   */
  readonly platform?: QueuePlatform;

  /**
   * Whether the last task or pod of the worker stops when the queue is empty. The plan then holds for a peak that
   * starts with none running. Without effect on Lambda.
   *
   * @default false
   */
  readonly scaleToZero?: boolean;

  /**
   * Whether the order inside a message group is kept. All three queues are of the same kind. A redrive breaks that
   * order, so a FIFO queue redrives only when `maxRedrives` is given.
   *
   * @default - as the given `queue` is; false where there is none, and, with a warning, where its ARN is a token
   */
  readonly fifo?: boolean;

  /**
   * Whether senders give each message the `MessageGroupId` of its tenant, which makes a standard queue a fair queue: while a
   * tenant is noisy, the messages of the others are received first. Nothing is set on the queue. An alarm on the age in the
   * quiet groups is added, the age of all messages becomes a warning, and the dashboard shows the groups. Not with `fifo`.
   *
   * @default false
   */
  readonly fairQueue?: boolean;

  /**
   * The key that encrypts the messages of every queue that is made here. Senders and receivers need permission to use it; the
   * queues' `grant` methods give it.
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
   * Messages of one invocation of the consuming function. 1 to 10,000, on a FIFO queue 1 to 10; above 10 a `batchWindow`
   * of at least 1 s is needed. Without effect on other platforms than Lambda.
   *
   * @default - the most, up to 10, that fit in the function's time-out
   */
  readonly batchSize?: number;

  /**
   * Attempts at a message before it is a dead letter. 1 to 1,000. With fewer than five, throttled attempts count as
   * failures and good messages end as dead letters (warning BP-SQS-003). A given queue that has a redrive policy keeps its
   * own number.
   *
   * @default - from the plan, 5 or more
   */
  readonly maxReceiveCount?: number;

  /**
   * How long a message may wait in the queue. 1 min to 13 days: the dead-letter queue keeps 14 days, counted from the
   * first arrival, and a person needs at least one of these days to react. A given queue keeps its own.
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
   * The lowest share of redriven messages that must succeed; below it the circuit opens. While it is open, a few
   * letters are tried in every window, the others are held, and a letter that fails together with the others is not
   * quarantined. 0 (never opens) to 1.
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
   * Name of the queue that is made. Only needed to keep a queue whose construct is renamed: give its present name. 1 to 80 letters,
   * digits, hyphens and underscores, the `.fifo` of a FIFO queue included.
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
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * Whether to make a CloudWatch dashboard. CloudWatch charges for dashboards beyond the third of an account.
   *
   * @default true
   */
  readonly dashboard?: boolean;

  /**
   * What happens to the queues that are made, with their policies, and to the table of the redriver, when they leave the stack
   * or are replaced: a renamed or moved construct, a changed `fifo`, a deleted stack. A retained queue keeps its
   * messages until they expire; it no longer has a consumer.
   * RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What each prop has to be. */
export const REDRIVE_KINDS: Kinds<RedriveQueueProps> = {
  workload: CHECKED,
  objective: CHECKED,
  queue: QUEUE,
  deadLetterQueue: QUEUE,
  existing: struct(EXISTING_KINDS),
  consumer: CHECKED,
  platform: CHECKED,
  scaleToZero: FLAG,
  fifo: FLAG,
  fairQueue: FLAG,
  encryptionKey: KEY,
  functionTimeout: DURATION,
  batchWindow: DURATION,
  batchSize: NUMBER,
  maxReceiveCount: NUMBER,
  retention: DURATION,
  maxRedrives: NUMBER,
  redrivesPerSecond: CHECKED,
  successRatioFloor: CHECKED,
  maskedFields: listOf(TEXT),
  queueName: TEXT,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  dashboard: FLAG,
  removalPolicy: CHECKED,
};

const PLATFORMS = Object.values(QueuePlatform);

/** Every redrive breaks the order of a FIFO queue, so it redrives only on request. */
const FIFO_REDRIVES = 0;

/** The question. Unresolved tokens go to the queue as they are; the plan uses its derived value instead. */
export function redriveQuestion(props: RedriveQueueProps): QueueQuestion {
  const { workload, objective, consumer } = props;
  const fifo = isFifo(props);
  const existing = settingsOf(props);
  const maxRedrives = props.maxRedrives ?? (fifo ? FIFO_REDRIVES : undefined);
  return {
    workload,
    // The ceiling bounds the worker's cost, which is unknown here without the price of an instance.
    objective:
      consumer?.instanceHourCost === undefined && isStruct(objective)
        ? { ...objective, monthlyCost: undefined }
        : objective,
    consumer,
    // One that there is not is named with those that a queue of SQS can have.
    platform: PLATFORMS.find((platform) => platform === props.platform) ?? QueuePlatform.LAMBDA,
    broker: 'sqs',
    scaleToZero: props.scaleToZero,
    functionTimeoutSeconds: resolvedSeconds(props.functionTimeout),
    batchWindowSeconds: resolvedSeconds(props.batchWindow),
    batchSize: resolvedNumber(props.batchSize),
    ...existing,
    maxReceiveCount: existing.maxReceiveCount ?? resolvedNumber(props.maxReceiveCount),
    retentionSeconds: existing.retentionSeconds ?? resolvedSeconds(props.retention),
    customerKey: props.encryptionKey !== undefined,
    redrive: {
      maxRedrives,
      redrivesPerSecond: props.redrivesPerSecond,
      successRatioFloor: props.successRatioFloor,
    },
  };
}

/** Whether the queues are FIFO queues: as the given one is, or as is said where that is not known. */
export function isFifo({ queue, fifo = false }: Pick<RedriveQueueProps, 'queue' | 'fifo'>): boolean {
  return (queue && isFifoQueue(queue)) ?? fifo;
}

function isStruct(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is wrong with the props, beside what the plan refuses. */
export function redriveChecks(props: RedriveQueueProps): Check[] {
  const { platform, retention, maskedFields } = props;
  return [
    ...unresolvedChecks(props),
    ...batchChecks(props),
    ...givenQueueChecks(props),
    oneOf('platform', platform, PLATFORMS),
    podCheck(props),
    {
      refused: props.fairQueue === true && isFifo(props),
      message: 'fairQueue must be left out on a FIFO queue, where groups are for the order',
    },
    {
      refused: retention?.isUnresolved() === true && retention.unitLabel() !== 'seconds',
      message: `retention must be in seconds when it is a token, got ${retention?.unitLabel()}`,
    },
    {
      refused: maskedFields?.some((name) => name.includes(',') || name.trim() === '') ?? false,
      message: `maskedFields must be names without commas, got ${maskedFields?.join(' | ')}`,
    },
  ];
}

/** The worker on Kubernetes makes jobs for such items, so the queue has to be planned for them. */
function podCheck({ platform, workload, consumer }: RedriveQueueProps): Check {
  const serviceSeconds = workload?.serviceSeconds;
  return {
    refused:
      platform === QueuePlatform.KEDA && isKnown(serviceSeconds) && kedaPlatform(workload, consumer) !== platform,
    message: `platform must be ${QueuePlatform.KEDA_JOB}, a job for each item, got ${QueuePlatform.KEDA}: with serviceSeconds ${shown(serviceSeconds)} an attempt may take longer than a drained node waits for a pod, ${LONGEST_GRACE_SECONDS} s`,
  };
}

function batchChecks(props: RedriveQueueProps): Check[] {
  const { batchSize, batchWindow } = props;
  const fifo = isFifo(props);
  const windowSeconds = resolvedSeconds(batchWindow) ?? 0;
  return [
    knownNumber('batchSize', batchSize, 1, fifo ? SQS_BATCH.usual : SQS_BATCH.largest),
    {
      refused: batchSize !== undefined && batchSize > SQS_BATCH.usual && windowSeconds < 1,
      message: `batchSize above ${SQS_BATCH.usual} needs a batchWindow of at least 1 s, got batchSize ${shown(batchSize)} and batchWindow ${windowSeconds} s`,
    },
  ];
}

/** These go into sums at synthesis, so a value that is known only at deployment cannot be used. */
function unresolvedChecks(props: RedriveQueueProps): Check[] {
  const { functionTimeout, batchWindow, maxRedrives, redrivesPerSecond, successRatioFloor } = props;
  const unresolved = (value: Duration | number | undefined) =>
    value instanceof Duration ? value.isUnresolved() : Token.isUnresolved(value);
  return Object.entries({ functionTimeout, batchWindow, maxRedrives, redrivesPerSecond, successRatioFloor }).map(
    ([name, value]) => ({ refused: unresolved(value), message: `${name} must be known at synthesis, got a token` }),
  );
}
