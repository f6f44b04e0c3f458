import type { Duration } from 'aws-cdk-lib';
import { type Alarm, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { validate } from '../../flow/errors';
import { type Kinds, NUMBER, needed, sound, TEXT } from '../../flow/kinds';
import { quotaAlarmKnobs, repairIntervalKnob } from '../../flow/quotas/alarms';
import { MOST_BROKERS } from '../../flow/quotas/checks';
import type { QuotasPlan } from '../../flow/quotas/workload';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { clusterChecks, clusterName } from '../kafka-cluster';
import { DURATION, LAMBDA, PLAN, TOPIC } from '../kinds';
import { knownNumber } from '../tokens';
import { type AlarmRow, createAlarms } from '../watch';

/**
 * What the alarms of Kafka quotas watch.
 */
export interface KafkaAlarmsProps {
  /**
   * ARN of the cluster. The cluster name in it is a dimension of the metrics.
   */
  readonly clusterArn: string;

  /**
   * Brokers in the cluster; Amazon MSK numbers them from 1. A whole number, 1 to 1000.
   */
  readonly brokers: number;

  /**
   * The plan with the knob `alarmThrottledSeconds`. The other numbers are derived from it, unless the plan has a knob
   * for them: `alarmWindowSeconds`, `alarmQuotasRepaired` and so on, as in the plan of `KafkaQuotas`.
   */
  readonly plan: QuotasPlan;

  /**
   * The function that sets quotas and repairs them.
   */
  readonly repairer: IFunction;

  /**
   * How often it checks the quotas. Whole minutes, 5 min to a day.
   */
  readonly repairInterval: Duration;

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
 * The alarms that tell a tenant that has outgrown its quota from a tenant at its peak.
 *
 * Throttling raises no error: a broker answers late, and the tenant's records pile up in its producers. Amazon MSK
 * publishes throttle times for each broker, all tenants together, from the monitoring level PER_BROKER on. Only the
 * client's own metric `produce-throttle-time-avg` or the broker's JMX metrics identify the tenant.
 */
export class KafkaAlarms extends Construct {
  /** For each broker: producers were throttled for longer than any planned peak. */
  public readonly produceThrottled: Alarm[];
  /** For each broker: consumers were throttled for longer than any planned peak. */
  public readonly fetchThrottled: Alarm[];
  /** A quota was changed outside the stack; it has been set again. */
  public readonly drift: Alarm;
  /** The function cannot read or set quotas. */
  public readonly repairErrors: Alarm;
  /** Every alarm, in the order above. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is out of range, or the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: KafkaAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, [
      ...checks,
      ...clusterChecks(usable.clusterArn, usable.repairInterval),
      knownNumber('brokers', usable.brokers, 1, MOST_BROKERS),
    ]);
    const { repairer, repairInterval, alarmTopic, alarms, clusterArn } = usable;
    const plan = completed(usable.plan, quotaAlarmKnobs(usable.plan)).withKnobs([
      repairIntervalKnob(repairInterval.toSeconds(), true),
    ]);
    const brokers = Array.from({ length: usable.brokers }, (_, index) => index + 1);
    const rows = [
      ...brokers.map((broker) => throttledRow(clusterArn, 'Produce', broker)),
      ...brokers.map((broker) => throttledRow(clusterArn, 'Fetch', broker)),
      ...repairRows(repairer),
    ];
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.produceThrottled = brokers.map((broker) => made[`ProduceThrottled${broker}`]);
    this.fetchThrottled = brokers.map((broker) => made[`FetchThrottled${broker}`]);
    this.drift = made.Drift;
    this.repairErrors = made.RepairErrors;
    this.all = Object.values(made);
  }
}

const KINDS: Kinds<KafkaAlarmsProps> = {
  clusterArn: needed(TEXT),
  brokers: needed(NUMBER),
  plan: needed(PLAN),
  repairer: needed(LAMBDA),
  repairInterval: needed(DURATION),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

const THROTTLED = {
  Produce: (broker: number) =>
    `Producers on broker ${broker} have been throttled continuously, for longer than any planned peak: a tenant writes more than its quota, and its records pile up in its producers.`,
  Fetch: (broker: number) =>
    `Consumers on broker ${broker} have been throttled continuously, for longer than any planned peak: a tenant reads more than its quota and falls behind.`,
} as const;

function throttledRow(clusterArn: string, kind: keyof typeof THROTTLED, broker: number): AlarmRow {
  return {
    id: `${kind}Throttled${broker}`,
    severity: 'warning',
    // MSK publishes throttle times only after the first throttle.
    metric: (period) =>
      new Metric({
        namespace: 'AWS/Kafka',
        metricName: `${kind}ThrottleTime`,
        dimensionsMap: { 'Cluster Name': clusterName(clusterArn), 'Broker ID': String(broker) },
        period,
        statistic: Stats.AVERAGE,
      }),
    threshold: 'alarmThrottleMilliseconds',
    seconds: 'alarmWindowSeconds',
    periods: 'alarmThrottledWindows',
    text: `${THROTTLED[kind](broker)} Find the tenant in the clients' throttle-time metrics. If its load is there to stay, give it a larger share or the cluster more brokers; do not raise its quota by hand.`,
  };
}

function repairRows(repairer: IFunction): AlarmRow[] {
  return [
    {
      id: 'Drift',
      severity: 'warning',
      metric: (period: Duration) =>
        new Metric({
          namespace: 'Backpressure',
          metricName: 'QuotasRepaired',
          dimensionsMap: { FunctionName: repairer.functionName },
          period,
          statistic: Stats.SUM,
        }),
      threshold: 'alarmQuotasRepaired',
      seconds: 'repairIntervalSeconds',
      text: "Quotas differed from the template and have been set again; the function's log names the entities. Find out who changes them by hand, and make the change in the stack instead.",
    },
    {
      id: 'RepairErrors',
      severity: 'critical',
      metric: (period: Duration) => repairer.metricErrors({ period, statistic: Stats.SUM }),
      threshold: 'alarmRepairErrors',
      seconds: 'repairIntervalSeconds',
      text: "The function cannot read or set quotas. The present quotas still hold, but drift is not detected. The function's log has the cause: unreachable brokers (security groups, subnets), refused credentials, or a limit that a broker refuses.",
    },
  ];
}
