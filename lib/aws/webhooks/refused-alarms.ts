import { Duration } from 'aws-cdk-lib';
import { type Alarm, type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import type { Plan } from '../../flow/plan';
import { REFUSED_ALARM_SECONDS, refusedKnobName, sourceNameChecks } from '../../flow/webhooks/refused';
import { alarmAbove } from '../alarm-above';
import { notConstructor } from './webhook-plan';

/** Where the functions of this library count: `lib/runtime/metrics.ts`. */
const NAMESPACE = 'Backpressure';

/**
 * What the alarms on refused deliveries watch.
 */
export interface RefusedAlarmsProps {
  /**
   * The function built on `webhookConsumer` that refuses.
   */
  readonly consumer: IFunction;

  /**
   * Names of the senders. At least one, no two alike; 1 to 32 lower-case letters, digits and hyphens.
   */
  readonly sourceNames: string[];

  /**
   * The plan with the thresholds: a knob `alarmRefusedPerHour.<source>` for each source.
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
 * The alarms on deliveries that the consumer refused. The sender had its 200, so no alarm of the API sees them.
 */
export class RefusedAlarms extends Construct {
  /** One for each source: more was refused within an hour than accepted. */
  public readonly bySource: Alarm[];
  /** A signing secret, or that of one tenant, can be used for nothing: empty, a placeholder, not of the scheme. */
  public readonly unusable: Alarm;
  /** Refused deliveries were dropped, because more came than are parked in an hour. */
  public readonly dropped: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is out of range, or the plan has no knob for a source
   */
  constructor(scope: Construct, id: string, props: RefusedAlarmsProps) {
    super(scope, id);
    validate(id, [
      ...sourceNameChecks('sourceNames', 'sourceNames', props.sourceNames),
      notConstructor('sourceNames', props.sourceNames),
    ]);
    this.bySource = props.sourceNames.map((source) => this.refused(source, props));
    this.unusable = alarmAbove(
      this,
      'Unusable',
      {
        metric: counted(props.consumer, 'UnusableSecret'),
        threshold: 0,
        evaluationPeriods: 1,
        alarmDescription:
          "Deliveries could not be judged, because the secret that they may be signed with cannot be used. The function's log says which source and what is wrong with the secret, never its value. The deliveries are parked for 14 days. Put a usable secret in, then enable the replay.",
      },
      props.alarmTopic,
    );
    this.dropped = alarmAbove(
      this,
      'Dropped',
      {
        metric: counted(props.consumer, 'RefusedDropped'),
        threshold: 0,
        evaluationPeriods: 1,
        alarmDescription:
          'More deliveries were refused within an hour than are parked; those beyond it are gone. Either somebody floods the API with forgeries (block the addresses, lower the rate of the WAF rule), or a source sends more than the workload says and is refused altogether: its own alarm says so.',
      },
      props.alarmTopic,
    );
    this.all = [...this.bySource, this.unusable, this.dropped];
  }

  private refused(source: string, { consumer, plan, alarmTopic }: RefusedAlarmsProps): Alarm {
    const alarm = {
      metric: refusedMetric(consumer, source),
      threshold: plan.value(refusedKnobName(source)),
      evaluationPeriods: 1,
      alarmDescription: `Within an hour more deliveries of ${source} were refused than accepted. The sender had its 200 and does not send them again; they are parked for 14 days. The function's log has the reason of each: forged (is the secret the one that the sender signs with?), unusable-secret (the log says what is wrong with it), outside-window (a clock), unsigned (a header), unknown-tenant. Repair the cause, then enable the replay. If the senders are strangers, block them and leave the replay alone.`,
    };
    return alarmAbove(this, source, alarm, alarmTopic);
  }
}

/** How many deliveries were refused, while they are more than were accepted; otherwise 0. */
function refusedMetric(consumer: IFunction, source: string): IMetric {
  return new MathExpression({
    label: `refused deliveries of ${source}, while more than accepted`,
    expression: 'IF(FILL(refused,0) > FILL(processed,0) + FILL(duplicate,0), FILL(refused,0), 0)',
    usingMetrics: {
      refused: counted(consumer, 'Refused', source),
      processed: counted(consumer, 'Processed', source),
      duplicate: counted(consumer, 'Duplicate', source),
    },
    period: Duration.seconds(REFUSED_ALARM_SECONDS),
  });
}

function counted(consumer: IFunction, metricName: string, source?: string): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName,
    dimensionsMap: { FunctionName: consumer.functionName, ...(source !== undefined && { Source: source }) },
    statistic: Stats.SUM,
    period: Duration.seconds(REFUSED_ALARM_SECONDS),
  });
}
