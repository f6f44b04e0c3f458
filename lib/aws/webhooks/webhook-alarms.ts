import { Duration } from 'aws-cdk-lib';
import type { Stage } from 'aws-cdk-lib/aws-apigateway';
import { type Alarm, type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Plan } from '../../flow/plan';
import { alarmAbove } from '../alarm-above';
import { API_ALARM_SECONDS } from './webhook-plan';

const FIVE_MINUTES = { period: Duration.seconds(API_ALARM_SECONDS), statistic: Stats.SUM };

/**
 * What the alarms of an API in front of a queue watch.
 */
export interface WebhookAlarmsProps {
  /**
   * The stage that takes the deliveries.
   */
  readonly stage: Stage;

  /**
   * The plan with the thresholds: the knobs `alarmUndelivered` and `alarmRefused`.
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
 * The alarms that tell that deliveries do not reach the queue, which no alarm on the queue can.
 *
 * API Gateway counts what it throttles (429) among the client errors and has no metric of its own for it; the access
 * log has the status of every request.
 */
export class WebhookAlarms extends Construct {
  /** Deliveries were answered 5xx: the queue does not have them. */
  public readonly undelivered: Alarm;
  /** Deliveries were answered 4xx: throttled, without a signature header, no JSON, or of no source. */
  public readonly refused: Alarm;
  /** Both. */
  public readonly all: Alarm[];

  constructor(scope: Construct, id: string, props: WebhookAlarmsProps) {
    super(scope, id);
    const { stage, plan } = props;
    this.undelivered = this.add(
      'Undelivered',
      props,
      stage.metricServerError(FIVE_MINUTES),
      plan.value('alarmUndelivered'),
      'Deliveries are answered 5xx, so the queue does not have them; senders come again for hours, not for ever. Look whether the role of the API may still send to the queue and use its key, whether the queue exists, and whether the status page of the provider says more; the access log has the status of each.',
    );
    this.refused = this.add(
      'Refused',
      props,
      stage.metricClientError(FIVE_MINUTES),
      plan.value('alarmRefused'),
      'More deliveries are answered 4xx than a few forgeries make. Count the access log by status: 429 is the throttle (the peak is larger than planned, or somebody floods: put the new peak into the workload, or block the sender), 400 and 415 a sender that changed its headers or its format, 403 an unknown path or the rate rule of the WAF.',
    );
    this.all = [this.undelivered, this.refused];
  }

  private add(
    id: string,
    { alarmTopic }: WebhookAlarmsProps,
    metric: Metric,
    threshold: number,
    alarmDescription: string,
  ): Alarm {
    return alarmAbove(this, id, { metric, threshold, alarmDescription, evaluationPeriods: 1 }, alarmTopic);
  }
}
