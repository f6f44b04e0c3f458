import { Duration } from 'aws-cdk-lib';
import { type Alarm, type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { validate } from '../../flow/errors';
import { type Kinds, needed, sound } from '../../flow/kinds';
import { queueAlarmKnobs, redriverAlarmKnobs } from '../../flow/queue/alarms';
import type { QueuePlan } from '../../flow/queue/workload';
import { LAMBDA, PLAN, QUEUE, TOPIC } from '../kinds';
import { type AlarmRow, createAlarms } from '../watch';

/**
 * What the alarms of a queue watch.
 */
export interface QueueAlarmsProps {
  /**
   * The queue that is worked through.
   */
  readonly queue: IQueue;

  /**
   * Where the queue puts what it cannot get rid of.
   */
  readonly deadLetterQueue: IQueue;

  /**
   * Where the redriver parks what nobody can serve.
   *
   * @default - there is none
   */
  readonly quarantineQueue?: IQueue;

  /**
   * The function that drains the dead-letter queue. It decides how dead letters are noticed: a queue that is drained
   * is empty whenever somebody looks.
   *
   * @default - nobody drains it
   */
  readonly redriver?: LambdaFunction;

  /**
   * The plan with the numbers: at least the knobs `alarmBacklog` and `alarmAgeSeconds` and, with a redriver,
   * `redriveWindowSeconds`, `stuckHoldSeconds` and `alarmStuckLetters`. Other numbers follow from these, unless the plan
   * has a knob for them too: `alarmWindowSeconds`, `alarmDeadLetters` and so on, as in the plan of a `RedriveQueue`.
   */
  readonly plan: QueuePlan;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; they can be seen and have no action
   */
  readonly alarmTopic?: ITopic;
}

/**
 * The alarms that tell a queue in trouble from a busy one.
 *
 * Cures the alarm that stays silent: a depth alarm on a dead-letter queue that somebody drains, and a time-to-drain
 * that is negative or missing exactly when producers win. Each description says what to do.
 */
export class QueueAlarms extends Construct {
  /** More messages wait than the plan foresees at its worst. */
  public readonly backlog: Alarm;
  /** The oldest message has waited longer than promised. */
  public readonly age: Alarm;
  /** At the present rates the backlog takes too long to clear, or never clears. */
  public readonly timeToDrain: Alarm;
  /** Dead letters lie in their queue and nobody takes them. */
  public readonly deadLettersUnattended: Alarm;
  /**
   * Dead letters arrived, although the redriver leaves none to be counted.
   *
   * @default - there is no redriver; `deadLettersUnattended` rings instead
   */
  public readonly deadLettersReceived?: Alarm;
  /**
   * Something was parked for good.
   *
   * @default - there is no quarantine queue
   */
  public readonly quarantined?: Alarm;
  /**
   * What is redriven fails again, so redriving has all but stopped.
   *
   * @default - there is no redriver
   */
  public readonly circuitOpen?: Alarm;
  /**
   * Dead letters can be neither sent back nor parked, and will expire unless the cause is repaired.
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
   * @throws InvalidInputError when the plan lacks a knob, or a number of it is none that CloudWatch takes
   */
  constructor(scope: Construct, id: string, props: QueueAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { redriver, alarmTopic } = usable;
    const plan = withAlarmKnobs(usable.plan, redriver !== undefined);
    const rows = [
      ...queueRows(usable, plan),
      ...letterRows(usable),
      ...(redriver === undefined ? [] : redriverRows(redriver, plan)),
    ];
    const made = createAlarms(this, { rows, plan, alarmTopic });
    this.backlog = made.Backlog;
    this.age = made.Age;
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

const KINDS: Kinds<QueueAlarmsProps> = {
  queue: needed(QUEUE),
  deadLetterQueue: needed(QUEUE),
  quarantineQueue: QUEUE,
  redriver: LAMBDA,
  plan: needed(PLAN),
  alarmTopic: TOPIC,
};

/** The plan with a knob for each number of the alarms; a plan made by hand may have none of them. */
function withAlarmKnobs(plan: QueuePlan, redriver: boolean): QueuePlan {
  return completed(plan, [...queueAlarmKnobs(plan), ...(redriver ? redriverAlarmKnobs(plan) : [])]);
}

function queueRows({ queue }: QueueAlarmsProps, plan: QueuePlan): AlarmRow[] {
  const sampled = { seconds: 'alarmSampleSeconds', periods: 'alarmSamples', beyond: 'alarmSamplesAbove' };
  const statistic = Stats.MAXIMUM;
  return [
    {
      id: 'Backlog',
      metric: (period) => queue.metricApproximateNumberOfMessagesVisible({ period, statistic }),
      threshold: 'alarmBacklog',
      ...sampled,
      text: 'More messages wait than the plan foresees at its worst. Look whether consumers run, whether each takes longer than planned, whether more arrives than planned; then allow more instances or throttle the producer.',
    },
    {
      id: 'Age',
      metric: (period) => queue.metricApproximateAgeOfOldestMessage({ period, statistic }),
      threshold: 'alarmAgeSeconds',
      ...sampled,
      text: 'The oldest message has waited longer than promised. With few messages a consumer hangs or one group is blocked; with many, consumers are too few.',
    },
    {
      id: 'TimeToDrain',
      metric: () => timeToDrainMetric(queue, plan),
      threshold: 'alarmDrainSeconds',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmDrainWindows',
      text: `At the present rates the backlog takes longer to clear than planned; ${plan.value('drainNeverSeconds')} s means never, because more arrives than is finished. Add consumers or throttle the producer; waiting does not help.`,
    },
  ];
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
            metric: lying(Stats.MAXIMUM),
            ...letters,
            text: 'Messages failed every attempt. Read one, repair the cause, then start a message move task; they are dropped when the retention of the dead-letter queue ends.',
          },
        ]
      : [
          {
            id: 'DeadLettersUnattended',
            // The redriver takes a visible letter within seconds; for a quarter of an hour there always was one.
            metric: lying(Stats.MINIMUM),
            ...letters,
            periods: 'alarmUnattendedWindows',
            text: 'Dead letters lie in their queue and the redriver does not take them. Look whether its event source mapping is enabled and whether it is throttled.',
          },
          {
            id: 'DeadLettersReceived',
            // NumberOfMessagesSent does not count what a redrive policy moves, and a drained queue has a depth of 0.
            metric: (period) => deadLetterQueue.metricNumberOfMessagesReceived({ period, statistic: Stats.SUM }),
            ...letters,
            text: 'Messages failed every attempt and are being redriven. Look into the log of the consumer for the cause; those that fail again end in the quarantine queue.',
          },
        ];
  if (quarantineQueue === undefined) return rows;
  return [
    ...rows,
    {
      id: 'Quarantined',
      metric: (period) =>
        quarantineQueue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
      threshold: 'alarmQuarantined',
      seconds: 'alarmWindowSeconds',
      text: 'Messages were given up and parked, masked. Their attributes say why, since when and from which queue: repair the cause, have the producer send them again by backpressure-id, then delete them.',
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
      metric: counted('CircuitOpen'),
      threshold: 'alarmOpenCircuits',
      seconds: 'alarmCircuitSeconds',
      text: 'Most of what was redriven failed again, so redriving has all but stopped and dead letters are held. Repair the consumer or what it depends on; the redriver tries a few letters in every window and goes on by itself.',
    },
    {
      id: 'Stuck',
      metric: counted('Stuck'),
      threshold: 'alarmStuckLetters',
      seconds: 'alarmStuckSeconds',
      text: `Dead letters can be neither sent back nor parked. They stay and are tried again at least every ${plan.value('stuckHoldSeconds') / 3600} h, but the queue drops them 14 days after they first arrived. The error is in the redriver's log, metric RedriveFailed: usually a permission or a key is missing.`,
    },
    {
      id: 'RedriverErrors',
      metric: (period) => redriver.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmRedriverErrors',
      seconds: 'alarmWindowSeconds',
      text: 'The redriver fails, so dead letters stay where they are. Look into its log; usually a permission, a key or its table is missing.',
    },
    {
      id: 'RedriverTable',
      // A table that fails for some letters ends no invocation, so the errors of the function do not show it.
      metric: counted('TableFailed'),
      threshold: 'alarmTableFailures',
      seconds: 'alarmWindowSeconds',
      text: "The redriver's table did not answer for some dead letters. They stay and are tried again. Look into the redriver's log, metric TableFailed: a throttle passes; a missing permission does not, and then nothing is redriven.",
    },
  ];
}

/**
 * Seconds until the queue is empty at the rates of the last window, five minutes. When no less arrives than is finished that
 * is never, which must be a large number: a negative or missing one keeps the alarm silent. What waits no longer than
 * promised (Little's law: messages ÷ rate of service) is no backlog; in a steady queue as much arrives as is finished.
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
