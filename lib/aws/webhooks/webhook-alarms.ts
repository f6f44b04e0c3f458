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
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { PLAN, TOPIC } from '../kinds';
import { type AlarmRow, createAlarms } from '../watch';

/**
 * What the alarms of an API before a queue watch.
 */
export interface WebhookAlarmsProps {
  /**
   * The stage that receives the deliveries.
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
 * The alarms on deliveries that do not reach the queue, which no alarm on the queue can detect.
 *
 * API Gateway counts throttled requests (429) among the client errors and has no separate metric for them; the access
 * log has the status of every request.
 */
export class WebhookAlarms extends Construct {
  /** Deliveries were answered 5xx, so they are not queued. */
  public readonly undelivered: Alarm;
  /** Deliveries were answered 4xx: throttled, without a signature header, not JSON, or from an unknown source. */
  public readonly refused: Alarm;
  /** Both alarms. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when the plan lacks a knob
   */
  constructor(scope: Construct, id: string, props: WebhookAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, checks);
    const plan = completed(usable.plan, [apiWindowKnob()]);
    const made = createAlarms(this, {
      rows: apiRows(usable.stage),
      plan,
      alarmTopic: usable.alarmTopic,
      alarms: usable.alarms,
    });
    this.undelivered = made.Undelivered;
    this.refused = made.Refused;
    this.all = Object.values(made);
  }
}

/** The names of the alarms on the API. */
export const WEBHOOK_ALARMS: readonly string[] = ['undelivered', 'refused'];

const KINDS: Kinds<WebhookAlarmsProps> = {
  stage: needed(having(['stageName', 'metricServerError'], 'a stage of a REST API: api.deploymentStage')),
  plan: needed(PLAN),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

function apiRows(stage: Stage): AlarmRow[] {
  const statistic = Stats.SUM;
  return [
    {
      id: 'Undelivered',
      severity: 'critical',
      metric: (period: Duration) => stage.metricServerError({ period, statistic }),
      threshold: 'alarmUndelivered',
      seconds: 'alarmApiSeconds',
      text: "API Gateway answers 5xx, so these deliveries are not queued. Senders retry for hours, then give up. Check whether the API's role may still send to the queue and use its key, whether the queue exists, and the provider's status page; the access log has the status of each request.",
    },
    {
      id: 'Refused',
      severity: 'critical',
      metric: (period: Duration) => stage.metricClientError({ period, statistic }),
      threshold: 'alarmRefused',
      seconds: 'alarmApiSeconds',
      text: 'API Gateway answers more 4xx than a few forgeries explain. Count the access log by status: 429 is the throttle (the peak is larger than planned, or a sender floods the API: put the new peak into the workload, or block the sender), 400 and 415 a sender that changed its headers or its format, 403 an unknown path or the rate rule of the WAF.',
    },
  ];
}
