import type { Duration } from 'aws-cdk-lib';
import type { Stage } from 'aws-cdk-lib/aws-apigateway';
import { type Alarm, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { validate } from '../../flow/errors';
import { having, type Kinds, needed, sound } from '../../flow/kinds';
import type { Plan } from '../../flow/plan';
import { apiWindowKnob } from '../../flow/webhooks/alarms';
import { PLAN, TOPIC } from '../kinds';
import { type AlarmRow, createAlarms } from '../watch';

/**
 * What the alarms of an API in front of a queue watch.
 */
export interface WebhookAlarmsProps {
  /**
   * The stage that takes the deliveries.
   */
  readonly stage: Stage;

  /**
   * The plan with the numbers: the knobs `alarmUndelivered`, `alarmRefused` and, unless it is five minutes,
   * `alarmApiSeconds`.
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

  /**
   * @throws InvalidInputError when the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: WebhookAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const plan = completed(usable.plan, [apiWindowKnob()]);
    const made = createAlarms(this, { rows: apiRows(usable.stage), plan, alarmTopic: usable.alarmTopic });
    this.undelivered = made.Undelivered;
    this.refused = made.Refused;
    this.all = Object.values(made);
  }
}

const KINDS: Kinds<WebhookAlarmsProps> = {
  stage: needed(having(['stageName', 'metricServerError'], 'a stage of a REST API: api.deploymentStage')),
  plan: needed(PLAN),
  alarmTopic: TOPIC,
};

function apiRows(stage: Stage): AlarmRow[] {
  const statistic = Stats.SUM;
  return [
    {
      id: 'Undelivered',
      metric: (period: Duration) => stage.metricServerError({ period, statistic }),
      threshold: 'alarmUndelivered',
      seconds: 'alarmApiSeconds',
      text: 'Deliveries are answered 5xx, so the queue does not have them; senders come again for hours, not for ever. Look whether the role of the API may still send to the queue and use its key, whether the queue exists, and whether the status page of the provider says more; the access log has the status of each.',
    },
    {
      id: 'Refused',
      metric: (period: Duration) => stage.metricClientError({ period, statistic }),
      threshold: 'alarmRefused',
      seconds: 'alarmApiSeconds',
      text: 'More deliveries are answered 4xx than a few forgeries make. Count the access log by status: 429 is the throttle (the peak is larger than planned, or somebody floods: put the new peak into the workload, or block the sender), 400 and 415 a sender that changed its headers or its format, 403 an unknown path or the rate rule of the WAF.',
    },
  ];
}
