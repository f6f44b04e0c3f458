/** The props of a spread schedule, the question that its plan answers, and the checks on the props. */
import { type RemovalPolicy, Token } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Check } from '../../flow/errors';
import { CHECKED, having, type Kinds, NUMBER, needed, TEXT } from '../../flow/kinds';
import type { ScheduledJob, ScheduleHost, ScheduleObjective, ScheduleQuestion } from '../../flow/schedule/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { KEY, QUEUE, SCHEDULE_GROUP, TABLE, TOPIC } from '../kinds';
import { QueuePlatform } from '../queue/queue-platform';
import type { WorkerCompute } from '../queue/queue-worker';
import type { WorkerHost } from '../queue/worker-compute';
import { removalCheck } from '../removal-policy';

/**
 * What a spread schedule is sized from.
 */
export interface SpreadScheduleProps {
  /**
   * The jobs, in an order that only grows at its end: a job added there moves no other. At least one, at most 5,000. The
   * first 200 are schedules of this stack, the others of nested stacks of 400.
   */
  readonly jobs: ScheduledJob[];

  /**
   * The compute that does the work: `WorkerCompute.lambda(…)` with a function built on `scheduledRuns`, or
   * `WorkerCompute.fargate(…)`. It runs `maxConcurrent` jobs at a time.
   */
  readonly compute: WorkerCompute;

  /**
   * What is promised.
   *
   * @default - nothing beyond an even spread
   */
  readonly objective?: ScheduleObjective;

  /**
   * Machines that the jobs share with online requests, for a promise about their CPU or their latency.
   *
   * @default - the jobs share none
   */
  readonly host?: ScheduleHost;

  /**
   * Time zone of the schedules, a name of the IANA database, such as `Europe/Berlin`. Where it has daylight saving, a
   * daily job may not run on one day of the year; the plan names such jobs.
   *
   * @default UTC
   */
  readonly timeZone?: string;

  /**
   * Jobs that run at a time, given by hand. 1 to 10,000; on Lambda 2 or more, because a mapping has no lower bound.
   *
   * @default - from the plan: those of the fullest minute
   */
  readonly maxConcurrent?: number;

  /**
   * The queue between the schedules and the compute. A standard queue, because a FIFO queue holds back every run behind
   * one that fails. A `RedriveQueue` must be planned for the same workload, objective and consumer.
   *
   * @default - a `RedriveQueue` of its own
   */
  readonly queue?: IQueue;

  /**
   * The group of the schedules. It should have no others, because the alarms count all schedules of the group.
   *
   * @default - a group of its own, deleted with the stack
   */
  readonly scheduleGroup?: IScheduleGroup;

  /**
   * The table that remembers runs that were done. Partition key `id`, a string; time to live on `expiration`. Schedules
   * that share a table must have different names of jobs. A Fargate task needs its name in its environment, so give it one.
   *
   * @default - a table of its own
   */
  readonly idempotencyTable?: ITable;

  /**
   * The key that encrypts the messages of the queues. The schedules and the function get its permission.
   *
   * @default - keys of Amazon SQS (SSE-SQS)
   */
  readonly encryptionKey?: IKey;

  /**
   * Where alarms go.
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
   * Name of the queue. Only needed to keep a queue whose construct is renamed: give its present name. 1 to 80 letters,
   * digits, hyphens and underscores.
   *
   * @default - from the construct path and the id of the stack, which keeps copies of a stack apart
   */
  readonly queueName?: string;

  /**
   * What happens to queues and table when they leave the stack or are replaced. The schedules always go with the stack.
   * RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What each prop has to be. */
export const SPREAD_KINDS: Kinds<SpreadScheduleProps> = {
  jobs: CHECKED,
  compute: needed(
    having(
      ['_bind'],
      'a WorkerCompute: WorkerCompute.lambda({ function: handler }) or WorkerCompute.fargate({ cluster, image })',
    ),
  ),
  objective: CHECKED,
  host: CHECKED,
  timeZone: TEXT,
  maxConcurrent: NUMBER,
  queue: QUEUE,
  scheduleGroup: SCHEDULE_GROUP,
  idempotencyTable: TABLE,
  encryptionKey: KEY,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  queueName: TEXT,
  removalPolicy: CHECKED,
};

/** The question. */
export function scheduleQuestion(props: SpreadScheduleProps): ScheduleQuestion {
  const { jobs, objective, host, timeZone, maxConcurrent } = props;
  return { jobs, objective, host, timeZone, maxConcurrent, scheduler: 'eventbridge' };
}

/** Lambda developer guide, Using Lambda with Amazon SQS: the maximum concurrency of a mapping is 2 to 1,000. */
const FEWEST_INVOCATIONS = 2;

/** Whether the compute is a function that another app defines. */
function isForeignFunction(host: WorkerHost | undefined): boolean {
  if (host === undefined || host.function !== undefined) return false;
  return host.queueProps.platform !== QueuePlatform.FARGATE && !host.checks.some(({ refused }) => refused);
}

/** What is wrong with the props, beside what the plan refuses. */
export function spreadChecks(props: SpreadScheduleProps, host: WorkerHost | undefined): Check[] {
  const { queue, queueName, encryptionKey, maxConcurrent, removalPolicy } = props;
  return [
    ...(host?.checks ?? []),
    {
      refused: queue?.fifo === true,
      message:
        'queue must be a standard queue, got a FIFO queue: a run that fails holds back those behind it, and EventBridge Scheduler would have to be given a message group',
    },
    {
      refused: queue !== undefined && queueName !== undefined,
      message: 'queueName is the name of a queue made here; leave it out where queue is given',
    },
    {
      refused: queue !== undefined && encryptionKey !== undefined && queue.encryptionMasterKey === undefined,
      message: 'encryptionKey is given, and queue is not encrypted with a key of AWS KMS; give a queue that is',
    },
    {
      refused: isForeignFunction(host),
      message:
        'compute.function must be defined by this app, because its environment is set here: IDEMPOTENCY_TABLE, IDEMPOTENCY_SECONDS and QUEUE_URL; define the function here, or use WorkerCompute.fargate()',
    },
    {
      refused:
        host?.function !== undefined && !Token.isUnresolved(maxConcurrent) && maxConcurrent === FEWEST_INVOCATIONS - 1,
      message: `maxConcurrent must be at least ${FEWEST_INVOCATIONS} on Lambda, whose mappings cannot be held lower, got ${maxConcurrent}; use WorkerCompute.fargate() for one at a time`,
    },
    removalCheck(removalPolicy),
  ];
}
