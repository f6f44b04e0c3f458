import type { Duration } from 'aws-cdk-lib';
import { type Alarm, ComparisonOperator, type IMetric, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IConfigurationSet } from 'aws-cdk-lib/aws-ses';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { validate } from '../../flow/errors';
import { percent } from '../../flow/figures';
import { FLAG, type Kinds, needed, sound } from '../../flow/kinds';
import { senderAlarmKnobs } from '../../flow/rates/alarms';
import { PAUSED_AT } from '../../flow/rates/checks';
import type { RatesPlan } from '../../flow/rates/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { CONFIGURATION_SET, LAMBDA, PLAN, TOPIC } from '../kinds';
import { type AlarmRow, createAlarms } from '../watch';

/**
 * What the alarms of a sender watch.
 */
export interface SenderAlarmsProps {
  /**
   * The function that sends.
   */
  readonly sender: IFunction;

  /**
   * The function that pauses it.
   *
   * @default - nothing pauses by itself
   */
  readonly breaker?: IFunction;

  /**
   * Whether alarms start the breaker. Their texts say so.
   *
   * @default true
   */
  readonly pauses?: boolean;

  /**
   * The configuration set that mails name.
   */
  readonly configurationSet: IConfigurationSet;

  /**
   * The plan with the numbers: the knobs `messagesPerSecond`, `pauseAtBounceRatio` and `pauseAtComplaintRatio`, as in
   * the plan of a `RateLimitedSender`.
   */
  readonly plan: RatesPlan;

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
 * The alarms on what recipients and the provider think of the mails, and on mails that were perhaps sent.
 *
 * Amazon SES publishes its rates as ratios: a threshold of 5 is never reached. They are published only when mail is
 * sent, so a missing value is no alarm.
 */
export class SenderAlarms extends Construct {
  /** The share of mails that bounced. */
  public readonly bounces: Alarm;
  /** The share of mails that recipients complained about. */
  public readonly complaints: Alarm;
  /** The provider refuses mails for their rate. */
  public readonly throttled: Alarm;
  /** Mails were set aside: perhaps sent, malformed, or refused for good. */
  public readonly parked: Alarm;
  /** A provider takes nothing. */
  public readonly away: Alarm;
  /** No provider takes the mails that are received. */
  public readonly closed: Alarm;
  /** A sender failed as a whole. */
  public readonly senderErrors: Alarm;
  /**
   * The breaker has paused.
   *
   * @default - there is no breaker
   */
  public readonly paused?: Alarm;
  /**
   * The breaker failed.
   *
   * @default - there is no breaker
   */
  public readonly breakerErrors?: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is missing, or the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: SenderAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const { sender, breaker, configurationSet, alarmTopic, alarms } = usable;
    const plan = completed(usable.plan, senderAlarmKnobs(usable.plan));
    const pauses = breaker !== undefined && (usable.pauses ?? true);
    const rows = [
      ...reputationRows(configurationSet, pauses),
      ...senderRows(sender, pauses),
      ...(breaker === undefined ? [] : breakerRows(breaker)),
    ];
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.bounces = made.Bounces;
    this.complaints = made.Complaints;
    this.throttled = made.RateThrottled;
    this.parked = made.Parked;
    this.away = made.Away;
    this.closed = made.Closed;
    this.senderErrors = made.SenderErrors;
    this.paused = made.Paused;
    this.breakerErrors = made.BreakerErrors;
    this.all = Object.values(made);
  }
}

/** The names of all alarms that a sender can have, besides those of its queue. */
export const SENDER_ALARMS: readonly string[] = [
  'bounces',
  'complaints',
  'throttled',
  'parked',
  'away',
  'closed',
  'senderErrors',
  'paused',
  'breakerErrors',
];

const KINDS: Kinds<SenderAlarmsProps> = {
  sender: needed(LAMBDA),
  breaker: LAMBDA,
  pauses: FLAG,
  configurationSet: needed(CONFIGURATION_SET),
  plan: needed(PLAN),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

function reputationRows(configurationSet: IConfigurationSet, pauses: boolean): AlarmRow[] {
  const row = (id: string, metricName: string, threshold: string, text: string): AlarmRow => ({
    id,
    severity: 'critical',
    metric: (period) => reputationMetric(configurationSet, metricName, period),
    threshold,
    seconds: 'alarmReputationSeconds',
    comparison: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    text: `${text} ${pauses ? 'Sending has paused. Resume it by hand, as the page of RateLimitedSender says, once the list is clean.' : 'Pause sending until the list is clean.'}`,
  });
  return [
    row(
      'Bounces',
      'Reputation.BounceRate',
      'pauseAtBounceRatio',
      `So many mails bounced that Amazon SES reviews the account, and at ${percent(PAUSED_AT.bounceRatio)} pauses it. Find the part of the list that bounced in the events of the configuration set; remove addresses that do not exist.`,
    ),
    row(
      'Complaints',
      'Reputation.ComplaintRate',
      'pauseAtComplaintRatio',
      `So many recipients complained that Amazon SES reviews the account, and at ${percent(PAUSED_AT.complaintRatio)} pauses it. Check who agreed to get this mail, and whether the link to unsubscribe works.`,
    ),
  ];
}

function senderRows(sender: IFunction, pauses: boolean): AlarmRow[] {
  return [
    {
      id: 'RateThrottled',
      name: 'throttled',
      severity: 'warning',
      metric: countedMetric(sender, 'Throttled'),
      threshold: 'alarmThrottled',
      seconds: 'alarmThrottledSeconds',
      periods: 'alarmThrottledWindows',
      text: 'Amazon SES refuses mails for their rate, although senders have slowed down. No mail is lost; they wait. Check whether others in the account send by the same limit (give share), and whether the limit of the account is what was given.',
    },
    {
      id: 'Parked',
      severity: 'warning',
      metric: countedMetric(sender, 'Parked'),
      threshold: 'alarmParked',
      seconds: 'alarmWindowSeconds',
      text: 'Mails were set aside in the quarantine, masked. Their attribute backpressure-reason says why. perhaps sent: look for the id of the mail in the events of the configuration set; if it did not leave, have the producer send it again under a new id. malformed: repair the producer. refused: Amazon SES will never take this mail.',
    },
    {
      id: 'Away',
      severity: 'warning',
      metric: countedMetric(sender, 'Away'),
      threshold: 'alarmAway',
      seconds: 'alarmAwaySeconds',
      periods: 'alarmAwayWindows',
      text: 'Amazon SES takes nothing in one of the regions: it has paused the configuration set or the account, an identity is not verified, or the daily quota is used up. Read the message of SES in its console. Mails wait in the queue, or leave by the second provider.',
    },
    {
      id: 'Closed',
      severity: 'critical',
      metric: countedMetric(sender, 'Closed'),
      threshold: 'alarmClosed',
      seconds: 'alarmAwaySeconds',
      periods: 'alarmAwayWindows',
      text: `Mails are received and no provider takes them: all are away, their day is full, or a sender that shares the bucket has paused it. ${pauses ? 'Receiving has stopped, so that no mail becomes a dead letter. Repair the cause, then resume by hand, as the page of RateLimitedSender says.' : 'Disable the event source mapping until the cause is repaired: after a day of receives mails become dead letters.'}`,
    },
    {
      id: 'SenderErrors',
      severity: 'critical',
      metric: (period) => sender.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmSenderErrors',
      seconds: 'alarmWindowSeconds',
      text: 'A sender failed as a whole or ran out of time. Its mails come back; those that were perhaps sent are parked. Read its log.',
    },
  ];
}

function breakerRows(breaker: IFunction): AlarmRow[] {
  return [
    {
      id: 'Paused',
      severity: 'critical',
      metric: countedMetric(breaker, 'BreakerPaused'),
      threshold: 'alarmPaused',
      seconds: 'alarmWindowSeconds',
      text: "Sending has paused. The breaker's log says why. Mails wait in the queue until they expire. Repair the cause, then resume by hand, as the page of RateLimitedSender says.",
    },
    {
      id: 'BreakerErrors',
      severity: 'critical',
      metric: (period) => breaker.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmBreakerErrors',
      seconds: 'alarmWindowSeconds',
      text: 'The breaker could not pause, resume or count the day as a whole. Read its log, and pause by hand: disable the event source mapping of the sender.',
    },
  ];
}

/** A ratio, 0 to 1, of mails that named the configuration set. */
export function reputationMetric(configurationSet: IConfigurationSet, metricName: string, period: Duration): IMetric {
  return new Metric({
    namespace: 'AWS/SES',
    metricName,
    dimensionsMap: { 'ses:configuration-set': configurationSet.configurationSetName },
    statistic: Stats.AVERAGE,
    period,
  });
}

/** What a function of this library counted: `lib/runtime/metrics.ts`. */
export function countedMetric(counter: IFunction, metricName: string): (period: Duration) => IMetric {
  return (period) =>
    new Metric({
      namespace: 'Backpressure',
      metricName,
      dimensionsMap: { FunctionName: counter.functionName },
      statistic: Stats.SUM,
      period,
    });
}
