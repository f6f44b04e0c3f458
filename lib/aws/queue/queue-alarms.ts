import { Duration } from 'aws-cdk-lib';
import { type Alarm, type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { type Check, validate } from '../../flow/errors';
import { FLAG, type Kinds, needed, sound } from '../../flow/kinds';
import { queueAlarmKnobs, redriverAlarmKnobs } from '../../flow/queue/alarms';
import { SQS_LIMITS } from '../../flow/queue/brokers/sqs';
import type { QueuePlan } from '../../flow/queue/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { LAMBDA, PLAN, QUEUE, TOPIC } from '../kinds';
import { type AlarmRow, createAlarms } from '../watch';

/**
 * What the alarms of a queue watch.
 */
export interface QueueAlarmsProps {
  /**
   * The queue that the worker consumes.
   */
  readonly queue: IQueue;

  /**
   * Where the queue moves messages that failed every attempt.
   */
  readonly deadLetterQueue: IQueue;

  /**
   * Where the redriver parks messages that still fail after their last redrive.
   *
   * @default - there is none
   */
  readonly quarantineQueue?: IQueue;

  /**
   * The function that drains the dead-letter queue. With it, dead letters are counted on receipt: the depth of a
   * drained queue is almost always 0.
   *
   * @default - no function drains it
   */
  readonly redriver?: LambdaFunction;

  /**
   * The plan with the numbers: at least the knobs `alarmBacklog` and `alarmAgeSeconds` and, with a redriver,
   * `redriveWindowSeconds`, `stuckHoldSeconds` and `alarmStuckLetters`. The other numbers are derived from these,
   * unless the plan has a knob for them: `alarmWindowSeconds`, `alarmDeadLetters` and so on, as in the plan of a
   * `RedriveQueue`.
   */
  readonly plan: QueuePlan;

  /**
   * Whether messages have groups on a queue that is no FIFO queue: a fair queue of Amazon SQS. The promise is then watched
   * by the age in the quiet groups, and the age of all messages, which is that of a noisy group, is a warning.
   *
   * @default false
   */
  readonly fairQueue?: boolean;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; the alarms exist without an action
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;
}

/**
 * The alarms that tell a queue in trouble from a busy one.
 *
 * Cures alarms that stay silent: a depth alarm on a dead-letter queue that is drained, and a time to drain that is
 * negative or missing exactly when more arrives than is finished. Each description says what to do.
 */
export class QueueAlarms extends Construct {
  /** More messages wait than the plan's longest backlog. */
  public readonly backlog: Alarm;
  /** The oldest message has waited longer than promised. */
  public readonly age: Alarm;
  /**
   * The oldest message of a group that is not noisy has waited longer than promised.
   *
   * @default - the queue is no fair queue
   */
  public readonly quietAge?: Alarm;
  /** At the present rates the backlog takes too long to clear, or never clears. */
  public readonly timeToDrain: Alarm;
  /** Dead letters stay in their queue and nothing receives them. */
  public readonly deadLettersUnattended: Alarm;
  /**
   * Dead letters arrived. It counts receipts, because the redriver leaves no depth to watch.
   *
   * @default - there is no redriver; `deadLettersUnattended` fires instead
   */
  public readonly deadLettersReceived?: Alarm;
  /**
   * Messages were given up and parked.
   *
   * @default - there is no quarantine queue
   */
  public readonly quarantined?: Alarm;
  /**
   * Redriven messages fail again, so redriving has almost stopped.
   *
   * @default - there is no redriver
   */
  public readonly circuitOpen?: Alarm;
  /**
   * The redriver can neither send dead letters back nor park them; they expire unless the cause is repaired.
   *
   * @default - there is no redriver
   */
  public readonly stuck?: Alarm;
  /**
   * The redriver itself fails.
   *
   * @default - there is no redriver
   */
  public readonly redriverErrors?: Alarm;
  /**
   * The redriver's table does not answer for some letters.
   *
   * @default - there is no redriver
   */
  public readonly redriverTable?: Alarm;
  /** Every alarm, in the order above. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when the plan is not for the depth that SQS publishes or lacks a knob, or CloudWatch does
   * not accept one of its numbers
   */
  constructor(scope: Construct, id: string, props: QueueAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { redriver, alarmTopic, alarms } = usable;
    validate(id, planChecks(usable.plan, redriver !== undefined));
    const plan = withAlarmKnobs(usable.plan, redriver !== undefined);
    const rows = [
      ...queueRows(usable, plan),
      ...letterRows(usable),
      ...(redriver === undefined ? [] : redriverRows(redriver, plan)),
    ];
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.backlog = made.Backlog;
    this.age = made.Age;
    this.quietAge = made.QuietAge;
    this.timeToDrain = made.TimeToDrain;
    this.deadLettersUnattended = made.DeadLettersUnattended;
    this.deadLettersReceived = made.DeadLettersReceived;
    this.quarantined = made.Quarantined;
    this.circuitOpen = made.CircuitOpen;
    this.stuck = made.Stuck;
    this.redriverErrors = made.RedriverErrors;
    this.redriverTable = made.RedriverTable;
    this.all = Object.values(made);
  }
}

/** The names of all alarms that a queue can have. */
export const QUEUE_ALARMS: readonly string[] = [
  'backlog',
  'age',
  'timeToDrain',
  'deadLettersUnattended',
  'deadLettersReceived',
  'quarantined',
  'circuitOpen',
  'stuck',
  'redriverErrors',
  'redriverTable',
];

/** Those that only a fair queue has. */
export const FAIR_ALARMS: readonly string[] = ['quietAge'];

/** Those that only a queue with a redriver has. */
export const REDRIVER_ALARMS: readonly string[] = [
  'deadLettersReceived',
  'circuitOpen',
  'stuck',
  'redriverErrors',
  'redriverTable',
];

const KINDS: Kinds<QueueAlarmsProps> = {
  queue: needed(QUEUE),
  deadLetterQueue: needed(QUEUE),
  quarantineQueue: QUEUE,
  redriver: LAMBDA,
  fairQueue: FLAG,
  plan: needed(PLAN),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

/** Whether the plan has the numbers of a queue of Amazon SQS, for what CloudWatch publishes about one. */
function planChecks({ knobs, servedBy }: QueuePlan, redriver: boolean): Check[] {
  const has = (name: string) => knobs.some((knob) => knob.name === name);
  const lacking = (names: readonly string[]) => names.filter((name) => !has(name));
  const missing = lacking(QUEUE_THRESHOLDS);
  const missingRedriver = redriver ? lacking(REDRIVER_THRESHOLDS) : [];
  const got = servedBy ? `got one for ${servedBy}` : 'got one made by hand';
  const instead = 'give the plan of a RedriveQueue';
  return [
    {
      refused: missing.length > 0,
      message: `plan must be for a queue of Amazon SQS, ${got}, without ${missing.join(', ')}; ${instead}`,
    },
    {
      refused: missing.length === 0 && has('peakOutstanding'),
      message: `plan must have its alarmBacklog for messages that wait, which is what CloudWatch counts, ${got}, which counts those in work too; ${instead}`,
    },
    {
      refused: missingRedriver.length > 0,
      message: `plan must have the numbers of the redriver, ${got}, without ${missingRedriver.join(', ')}; ${instead} that redrives, or no redriver`,
    },
  ];
}

/** What the plan of a queue has to have: the other numbers are derived from these. */
const QUEUE_THRESHOLDS = ['alarmBacklog', 'alarmAgeSeconds'];
/** What it has to have besides, where a redriver is watched. */
const REDRIVER_THRESHOLDS = ['redriveWindowSeconds', 'stuckHoldSeconds', 'alarmStuckLetters'];

/** The plan with a knob for each number of the alarms; a plan made by hand may have none of them. */
function withAlarmKnobs(plan: QueuePlan, redriver: boolean): QueuePlan {
  return completed(plan, [...queueAlarmKnobs(plan), ...(redriver ? redriverAlarmKnobs(plan) : [])]);
}

function queueRows({ queue, fairQueue = false }: QueueAlarmsProps, plan: QueuePlan): AlarmRow[] {
  const sampled = { seconds: 'alarmSampleSeconds', periods: 'alarmSamples', beyond: 'alarmSamplesAbove' };
  const statistic = Stats.MAXIMUM;
  return [
    {
      id: 'Backlog',
      severity: 'warning',
      metric: (period) => queue.metricApproximateNumberOfMessagesVisible({ period, statistic }),
      threshold: 'alarmBacklog',
      ...sampled,
      text: "More messages wait than the plan's longest backlog. Check whether consumers run, whether an item takes longer than planned, whether more arrives than planned; then allow more instances or throttle the producer.",
    },
    {
      id: 'Age',
      severity: fairQueue ? 'warning' : 'critical',
      metric: (period) => queue.metricApproximateAgeOfOldestMessage({ period, statistic }),
      threshold: 'alarmAgeSeconds',
      ...sampled,
      text: fairQueue
        ? 'The oldest message has waited longer than promised. On a fair queue it may be of a noisy group, which waits behind itself: look at quietAge before you act. The log of the worker has the group; no metric names it.'
        : 'The oldest message has waited longer than promised. If few messages wait, a consumer hangs or one group is blocked; if many wait, there are too few consumers.',
    },
    ...(fairQueue ? [quietRow(queue, sampled)] : []),
    {
      id: 'TimeToDrain',
      severity: 'critical',
      metric: () => timeToDrainMetric(queue, plan),
      threshold: 'alarmDrainSeconds',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmDrainWindows',
      text: `At the present rates the backlog takes longer to clear than planned; ${plan.value('drainNeverSeconds')} s means never, because more arrives than is finished. Add consumers or throttle the producer; waiting does not help.`,
    },
  ];
}

/** The promise to the tenants of a fair queue. */
function quietRow(
  queue: IQueue,
  sampled: Pick<AlarmRow, 'periods' | 'beyond'> & { readonly seconds: string },
): AlarmRow {
  return {
    id: 'QuietAge',
    severity: 'critical',
    metric: (period) => fairQueueMetric(queue, 'ApproximateAgeOfOldestMessageInQuietGroups', period),
    threshold: 'alarmAgeSeconds',
    ...sampled,
    text: 'The oldest message of a group that is not noisy has waited longer than promised: fairness alone does not help any more. There are too few consumers for the quiet groups, or messages have no MessageGroupId, or so few are in flight that no group stands out.',
  };
}

/** What SQS publishes of groups. Source: Amazon SQS developer guide, CloudWatch metrics for fair queues. */
export type FairQueueMetric =
  | 'ApproximateNumberOfNoisyGroups'
  | 'ApproximateNumberOfMessagesVisibleInQuietGroups'
  | 'ApproximateNumberOfMessagesNotVisibleInQuietGroups'
  | 'ApproximateAgeOfOldestMessageInQuietGroups';

/** A metric of the groups of a fair queue. */
export function fairQueueMetric(queue: IQueue, metricName: FairQueueMetric, period?: Duration): Metric {
  return new Metric({
    namespace: 'AWS/SQS',
    metricName,
    dimensionsMap: { QueueName: queue.queueName },
    statistic: Stats.MAXIMUM,
    period,
  });
}

function letterRows({ deadLetterQueue, quarantineQueue, redriver }: QueueAlarmsProps): AlarmRow[] {
  const letters = { threshold: 'alarmDeadLetters', seconds: 'alarmWindowSeconds' };
  const lying = (statistic: string) => (period: Duration) =>
    deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period, statistic });
  const rows: AlarmRow[] =
    redriver === undefined
      ? [
          {
            id: 'DeadLettersUnattended',
            severity: 'critical',
            metric: lying(Stats.MAXIMUM),
            ...letters,
            text: 'Messages failed every attempt. Read one, repair the cause, then start a message move task. SQS deletes them when the retention of the dead-letter queue ends.',
          },
        ]
      : [
          {
            id: 'DeadLettersUnattended',
            severity: 'critical',
            // The redriver receives a visible letter within seconds; this fires when one is visible for 15 minutes.
            metric: lying(Stats.MINIMUM),
            ...letters,
            periods: 'alarmUnattendedWindows',
            text: 'Dead letters stay in their queue and the redriver does not receive them. Check whether its event source mapping is enabled and whether it is throttled.',
          },
          {
            id: 'DeadLettersReceived',
            severity: 'warning',
            // NumberOfMessagesSent does not count what a redrive policy moves, and a drained queue has a depth of 0.
            metric: (period) => deadLetterQueue.metricNumberOfMessagesReceived({ period, statistic: Stats.SUM }),
            ...letters,
            text: "Messages failed every attempt and are being redriven. Read the consumer's log for the cause; messages that fail again end in the quarantine queue.",
          },
        ];
  if (quarantineQueue === undefined) return rows;
  return [
    ...rows,
    {
      id: 'Quarantined',
      severity: 'critical',
      metric: (period) =>
        quarantineQueue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
      threshold: 'alarmQuarantined',
      seconds: 'alarmWindowSeconds',
      text: 'Messages were given up and parked, masked. Their attributes say why, since when and from which queue. Repair the cause, have the producer send them again by backpressure-id, then delete them.',
    },
  ];
}

function redriverRows(redriver: LambdaFunction, plan: QueuePlan): AlarmRow[] {
  const counted = (metricName: string) => (period: Duration) =>
    new Metric({
      namespace: 'Backpressure',
      metricName,
      dimensionsMap: { FunctionName: redriver.functionName },
      period,
      statistic: Stats.SUM,
    });
  return [
    {
      id: 'CircuitOpen',
      severity: 'warning',
      metric: counted('CircuitOpen'),
      threshold: 'alarmOpenCircuits',
      seconds: 'alarmCircuitSeconds',
      text: 'Most redriven messages failed again, so redriving has almost stopped and dead letters are held. Repair the consumer or its dependency; the redriver tries a few letters in every window and resumes on its own.',
    },
    {
      id: 'Stuck',
      severity: 'critical',
      metric: counted('Stuck'),
      threshold: 'alarmStuckLetters',
      seconds: 'alarmStuckSeconds',
      text: `The redriver can neither send dead letters back nor park them. It retries at least every ${plan.value('stuckHoldSeconds') / 3600} h, but SQS deletes them ${keptDays(plan)} days after they first arrived. The error is in the redriver's log, metric RedriveFailed: usually a permission or a key is missing. With the metric OfAnotherQueue they came from another queue, which the log names, and are left: move them by hand, and give that queue a dead-letter queue of its own.`,
    },
    {
      id: 'RedriverErrors',
      severity: 'critical',
      metric: (period) => redriver.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmRedriverErrors',
      seconds: 'alarmWindowSeconds',
      text: 'The redriver fails, so dead letters stay in their queue. Read its log; usually a permission, a key or its table is missing.',
    },
    {
      id: 'RedriverTable',
      severity: 'warning',
      // A table that fails for some letters does not fail the invocation, so the function's errors do not show it.
      metric: counted('TableFailed'),
      threshold: 'alarmTableFailures',
      seconds: 'alarmWindowSeconds',
      text: "The redriver's table did not answer for some dead letters. They stay and are retried. Read the redriver's log, metric TableFailed: a throttle passes; with a missing permission nothing is redriven until it is given.",
    },
  ];
}

/** Days that the dead-letter queue keeps a letter; a plan made by hand may not say. */
function keptDays({ knobs }: QueuePlan): number {
  const kept = knobs.find(({ name }) => name === 'deadLetterRetentionSeconds')?.value;
  return Number(((kept ?? SQS_LIMITS.retentionSeconds.max) / 86_400).toFixed(1));
}

/**
 * Seconds until the queue is empty at the rates of the last window, five minutes. When at least as much arrives as is
 * finished the answer is never, and must be a large number: a negative or missing one keeps the alarm silent. Messages
 * that wait within the promise (Little's law: messages ÷ rate of service) are no backlog; a steady queue always has
 * some.
 */
export function timeToDrainMetric(queue: IQueue, planned: QueuePlan): IMetric {
  const plan = withAlarmKnobs(planned, false);
  const seconds = plan.value('alarmWindowSeconds');
  const period = Duration.seconds(seconds);
  const visible = 'FILL(visible, 0)';
  const deleted = 'FILL(deleted, 0)';
  const sent = 'FILL(sent, 0)';
  const isBacklog = `${visible} * ${seconds} > ${plan.value('alarmAgeSeconds')} * ${deleted}`;
  const drain = `${visible} * ${seconds} / (${deleted} - ${sent})`;
  return new MathExpression({
    expression: `IF(${isBacklog}, IF(${deleted} > ${sent}, ${drain}, ${plan.value('drainNeverSeconds')}), 0)`,
    label: 'time to drain in seconds',
    period,
    usingMetrics: {
      visible: queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.AVERAGE }),
      sent: queue.metricNumberOfMessagesSent({ period, statistic: Stats.SUM }),
      deleted: queue.metricNumberOfMessagesDeleted({ period, statistic: Stats.SUM }),
    },
  });
}
