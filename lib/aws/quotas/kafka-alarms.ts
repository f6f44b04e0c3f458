import { Duration, Fn } from 'aws-cdk-lib';
import { type Alarm, type AlarmProps, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { MOST_BROKERS } from '../../flow/quotas/checks';
import type { QuotaPlan } from '../../flow/quotas/workload';
import { alarmAbove } from '../alarm-above';
import { knownNumber } from '../tokens';
import { clusterChecks } from './kafka-cluster';

const PERIOD = Duration.minutes(5);
/** CloudWatch looks back no further than a day. */
const MOST_PERIODS = 288;

/**
 * What the alarms of Kafka quotas watch.
 */
export interface KafkaAlarmsProps {
  /**
   * ARN of the cluster. Its name, which is in the ARN, is what metrics go by.
   */
  readonly clusterArn: string;

  /**
   * Brokers in the cluster; Amazon MSK numbers them from 1. A whole number, 1 to 1000.
   */
  readonly brokers: number;

  /**
   * The plan with the knob `alarmThrottledSeconds`.
   */
  readonly plan: QuotaPlan;

  /**
   * The function that sets quotas and repairs them.
   */
  readonly repairer: IFunction;

  /**
   * How often it looks. Whole minutes, 5 min to a day.
   */
  readonly repairInterval: Duration;

  /**
   * Where the alarms go.
   *
   * @default - nowhere; they can be seen and have no action
   */
  readonly alarmTopic?: ITopic;
}

/**
 * The alarms that tell a tenant which outgrows its quota from one that has a peak.
 *
 * Throttling raises no error: a broker answers late, and the tenant's records pile up in its producers. Amazon MSK
 * publishes throttle times for each broker, all tenants together, from the monitoring level PER_BROKER on. Which tenant
 * it is, only the client's own metric `produce-throttle-time-avg` or the broker's JMX metrics say.
 */
export class KafkaAlarms extends Construct {
  /** For each broker: producers were throttled for longer than any planned peak. */
  public readonly produceThrottled: Alarm[];
  /** For each broker: consumers were throttled for longer than any planned peak. */
  public readonly fetchThrottled: Alarm[];
  /** Somebody altered a quota by hand; it has been set again. */
  public readonly drift: Alarm;
  /** Quotas cannot be read or set. */
  public readonly repairErrors: Alarm;
  /** Every alarm, in the order above. */
  public readonly all: Alarm[] = [];

  private readonly alarmTopic?: ITopic;

  /**
   * @throws InvalidInputError when a prop is out of range, or the plan has no such knob
   */
  constructor(scope: Construct, id: string, props: KafkaAlarmsProps) {
    super(scope, id);
    validate(id, [
      ...clusterChecks(props.clusterArn, props.repairInterval),
      knownNumber('brokers', props.brokers, 1, MOST_BROKERS),
    ]);
    this.alarmTopic = props.alarmTopic;
    const { repairer, plan, repairInterval } = props;
    const brokers = Array.from({ length: props.brokers }, (_, index) => index + 1);
    const throttled = (kind: 'Produce' | 'Fetch', broker: number, runbook: string) =>
      this.add(`${kind}Throttled${broker}`, {
        metric: new Metric({
          namespace: 'AWS/Kafka',
          metricName: `${kind}ThrottleTime`,
          dimensionsMap: { 'Cluster Name': Fn.select(1, Fn.split('/', props.clusterArn)), 'Broker ID': String(broker) },
          period: PERIOD,
          statistic: Stats.AVERAGE,
        }),
        threshold: 0,
        // A planned peak is throttled, and that is what quotas are for.
        evaluationPeriods: Math.min(
          MOST_PERIODS,
          1 + Math.ceil(plan.value('alarmThrottledSeconds') / PERIOD.toSeconds()),
        ),
        alarmDescription: `${runbook} Look into the clients' throttle-time metrics for which tenant it is; if its load is meant to stay, give it a larger share or the cluster more brokers, and do not raise its quota by hand.`,
      });
    this.produceThrottled = brokers.map((broker) =>
      throttled(
        'Produce',
        broker,
        `Producers on broker ${broker} have been throttled without a break, for longer than any planned peak: a tenant writes more than its quota, and its records pile up in its producers.`,
      ),
    );
    this.fetchThrottled = brokers.map((broker) =>
      throttled(
        'Fetch',
        broker,
        `Consumers on broker ${broker} have been throttled without a break, for longer than any planned peak: a tenant reads more than its quota and falls behind.`,
      ),
    );
    this.drift = this.add('Drift', {
      metric: new Metric({
        namespace: 'Backpressure',
        metricName: 'QuotasRepaired',
        dimensionsMap: { FunctionName: repairer.functionName },
        period: repairInterval,
        statistic: Stats.SUM,
      }),
      threshold: 0,
      evaluationPeriods: 1,
      alarmDescription:
        "Quotas differed from the template and have been set again; the function's log names the entities. Find out who alters them by hand, and have it changed in the stack instead.",
    });
    this.repairErrors = this.add('RepairErrors', {
      metric: repairer.metricErrors({ period: repairInterval, statistic: Stats.SUM }),
      threshold: 0,
      evaluationPeriods: 1,
      alarmDescription:
        'Quotas cannot be read or set. They go on holding as they are, and drift goes unseen. The log says which: brokers out of reach (security groups, subnets), credentials refused, or a limit that a broker refuses.',
    });
  }

  private add(id: string, props: AlarmProps): Alarm {
    // Throttle times are published only once something was throttled.
    const alarm = alarmAbove(this, id, props, this.alarmTopic);
    this.all.push(alarm);
    return alarm;
  }
}
