import { Duration } from 'aws-cdk-lib';
import { type Alarm, type AlarmProps, type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Plan } from '../../flow/plan';
import { alarmAbove } from '../alarm-above';

/** What stands for "never" in the time-to-drain metric: a week, which any threshold is below. */
const NEVER_SECONDS = 604_800;
const MINUTE = Duration.minutes(1);
const FIVE_MINUTES = Duration.minutes(5);
/** CloudWatch looks back no further than a day. */
const MOST_PERIODS = 288;

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
   * The plan with the thresholds: the knobs `alarmBacklog`, `alarmAgeSeconds` and, with a redriver,
   * `redriveWindowSeconds`, `stuckHoldSeconds` and `alarmStuckLetters`.
   */
  readonly plan: Plan;

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
  public readonly all: Alarm[] = [];

  private readonly alarmTopic?: ITopic;

  constructor(scope: Construct, id: string, props: QueueAlarmsProps) {
    super(scope, id);
    const { queue, deadLetterQueue, quarantineQueue, redriver, plan } = props;
    this.alarmTopic = props.alarmTopic;
    this.backlog = this.add('Backlog', {
      metric: queue.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: Stats.MAXIMUM }),
      threshold: plan.value('alarmBacklog'),
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      alarmDescription:
        'More messages wait than the plan foresees at its worst. Look whether consumers run, whether each takes longer than planned, whether more arrives than planned; then allow more instances or throttle the producer.',
    });
    this.age = this.add('Age', {
      metric: queue.metricApproximateAgeOfOldestMessage({ period: MINUTE, statistic: Stats.MAXIMUM }),
      threshold: plan.value('alarmAgeSeconds'),
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      alarmDescription:
        'The oldest message has waited longer than promised. With few messages a consumer hangs or one group is blocked; with many, consumers are too few.',
    });
    this.timeToDrain = this.add('TimeToDrain', {
      metric: timeToDrainMetric(queue, plan),
      threshold: drainThreshold(plan),
      // Until the scaler has reacted producers win by design.
      evaluationPeriods: Math.min(
        MOST_PERIODS,
        1 + Math.max(1, Math.ceil(plan.predictions.reactionSeconds / FIVE_MINUTES.toSeconds())),
      ),
      alarmDescription: `At the present rates the backlog takes longer to clear than planned; ${NEVER_SECONDS} s means never, because more arrives than is finished. Add consumers or throttle the producer; waiting does not help.`,
    });
    const visible = (statistic: string) =>
      deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic });
    this.deadLettersUnattended = this.add('DeadLettersUnattended', {
      // The redriver takes a visible letter within seconds; for a quarter of an hour there always was one.
      metric: visible(redriver ? Stats.MINIMUM : Stats.MAXIMUM),
      threshold: 0,
      evaluationPeriods: redriver ? 3 : 1,
      alarmDescription: redriver
        ? 'Dead letters lie in their queue and the redriver does not take them. Look whether its event source mapping is enabled and whether it is throttled.'
        : 'Messages failed every attempt. Read one, repair the cause, then start a message move task; they are dropped when the retention of the dead-letter queue ends.',
    });
    if (redriver) {
      this.deadLettersReceived = this.add('DeadLettersReceived', {
        // NumberOfMessagesSent does not count what a redrive policy moves, and depth is 0 whenever somebody looks.
        metric: deadLetterQueue.metricNumberOfMessagesReceived({ period: FIVE_MINUTES, statistic: Stats.SUM }),
        threshold: 0,
        evaluationPeriods: 1,
        alarmDescription:
          'Messages failed every attempt and are being redriven. Look into the log of the consumer for the cause; those that fail again end in the quarantine queue.',
      });
    }
    if (quarantineQueue) {
      this.quarantined = this.add('Quarantined', {
        metric: quarantineQueue.metricApproximateNumberOfMessagesVisible({
          period: FIVE_MINUTES,
          statistic: Stats.MAXIMUM,
        }),
        threshold: 0,
        evaluationPeriods: 1,
        alarmDescription:
          'Messages were given up and parked, masked. Their attributes say why, since when and from which queue: repair the cause, have the producer send them again by backpressure-id, then delete them.',
      });
    }
    if (redriver) {
      this.circuitOpen = this.add('CircuitOpen', {
        metric: new Metric({
          namespace: 'Backpressure',
          metricName: 'CircuitOpen',
          dimensionsMap: { FunctionName: redriver.functionName },
          // Held letters show up at least once in four windows, so within one such period an open circuit is seen.
          period: periodOfAtLeast(4 * plan.value('redriveWindowSeconds')),
          statistic: Stats.SUM,
        }),
        threshold: 0,
        evaluationPeriods: 1,
        alarmDescription:
          'Most of what was redriven failed again, so redriving has all but stopped and dead letters are held. Repair the consumer or what it depends on; the redriver tries a few letters in every window and goes on by itself.',
      });
      const holdSeconds = plan.value('stuckHoldSeconds');
      this.stuck = this.add('Stuck', {
        metric: new Metric({
          namespace: 'Backpressure',
          metricName: 'Stuck',
          dimensionsMap: { FunctionName: redriver.functionName },
          // A stuck letter is tried, and counted, at least once within its longest hold and the visibility timeout.
          period: periodOfAtLeast(holdSeconds + FIVE_MINUTES.toSeconds()),
          statistic: Stats.SUM,
        }),
        threshold: plan.value('alarmStuckLetters'),
        evaluationPeriods: 1,
        alarmDescription: `Dead letters can be neither sent back nor parked. They stay and are tried again at least every ${holdSeconds / 3600} h, but the queue drops them 14 days after they first arrived. The error is in the redriver's log, metric RedriveFailed: usually a permission or a key is missing.`,
      });
      this.redriverErrors = this.add('RedriverErrors', {
        metric: redriver.metricErrors({ period: FIVE_MINUTES, statistic: Stats.SUM }),
        threshold: 0,
        evaluationPeriods: 1,
        alarmDescription:
          'The redriver fails, so dead letters stay where they are. Look into its log; usually a permission, a key or its table is missing.',
      });
      this.redriverTable = this.add('RedriverTable', {
        // A table that fails for some letters ends no invocation, so the errors of the function do not show it.
        metric: new Metric({
          namespace: 'Backpressure',
          metricName: 'TableFailed',
          dimensionsMap: { FunctionName: redriver.functionName },
          period: FIVE_MINUTES,
          statistic: Stats.SUM,
        }),
        threshold: 0,
        evaluationPeriods: 1,
        alarmDescription:
          "The redriver's table did not answer for some dead letters. They stay and are tried again. Look into the redriver's log, metric TableFailed: a throttle passes; a missing permission does not, and then nothing is redriven.",
      });
    }
  }

  private add(id: string, props: AlarmProps): Alarm {
    // A queue without traffic publishes nothing after six hours, and nothing is no trouble.
    const alarm = alarmAbove(this, id, props, this.alarmTopic);
    this.all.push(alarm);
    return alarm;
  }
}

/**
 * Seconds until the queue is empty at the rates of the last five minutes. When no less arrives than is finished that
 * is never, which must be a large number: a negative or missing one keeps the alarm silent. What waits no longer than
 * promised (Little's law: messages ÷ rate of service) is no backlog; in a steady queue as much arrives as is finished.
 */
export function timeToDrainMetric(queue: IQueue, plan: Plan): IMetric {
  const period = FIVE_MINUTES;
  const seconds = period.toSeconds();
  const visible = 'FILL(visible, 0)';
  const deleted = 'FILL(deleted, 0)';
  const sent = 'FILL(sent, 0)';
  const isBacklog = `${visible} * ${seconds} > ${plan.value('alarmAgeSeconds')} * ${deleted}`;
  const drain = `${visible} * ${seconds} / (${deleted} - ${sent})`;
  return new MathExpression({
    expression: `IF(${isBacklog}, IF(${deleted} > ${sent}, ${drain}, ${NEVER_SECONDS}), 0)`,
    label: 'time to drain in seconds',
    period,
    usingMetrics: {
      visible: queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.AVERAGE }),
      sent: queue.metricNumberOfMessagesSent({ period, statistic: Stats.SUM }),
      deleted: queue.metricNumberOfMessagesDeleted({ period, statistic: Stats.SUM }),
    },
  });
}

function drainThreshold(plan: Plan): number {
  return Math.min(NEVER_SECONDS - 1, Math.ceil(Math.max(plan.predictions.drainSeconds, plan.value('alarmAgeSeconds'))));
}

/** CloudWatch takes whole minutes, up to a day. */
function periodOfAtLeast(seconds: number): Duration {
  return Duration.minutes(Math.min(1440, Math.max(1, Math.ceil(seconds / 60))));
}
