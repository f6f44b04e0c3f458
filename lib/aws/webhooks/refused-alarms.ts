import type { Duration } from 'aws-cdk-lib';
import { type Alarm, type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { completed } from '../../flow/alarms';
import { validate } from '../../flow/errors';
import { type Kinds, listOf, needed, sound, TEXT } from '../../flow/kinds';
import type { Plan } from '../../flow/plan';
import { parkingAlarmKnobs } from '../../flow/webhooks/alarms';
import { refusedKnobName } from '../../flow/webhooks/refused';
import { sourceNameChecks } from '../../flow/webhooks/sources';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { LAMBDA, PLAN, TOPIC } from '../kinds';
import { type AlarmRow, createAlarms } from '../watch';
import { notConstructor } from './webhook-plan';

/** Metric namespace of this library's functions: `lib/runtime/metrics.ts`. */
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
   * Names of the senders. At least one, all different; 1 to 32 lower-case letters, digits and hyphens.
   */
  readonly sourceNames: string[];

  /**
   * The plan with the numbers: a knob `alarmRefusedPerHour.<source>` for each source and, unless they are an hour and
   * the first one, `alarmRefusedSeconds`, `alarmUnusableSecrets` and `alarmRefusedDropped`.
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
 * The alarms on deliveries that the consumer refused. The sender got a 200, so no alarm of the API counts them.
 */
export class RefusedAlarms extends Construct {
  /** One for each source: more deliveries were refused within an hour than accepted. */
  public readonly bySource: Alarm[];
  /** A signing secret, or that of one tenant, is unusable: empty, a placeholder, not of the scheme. */
  public readonly unusable: Alarm;
  /** Refused deliveries were dropped, because more arrived than are parked in an hour. */
  public readonly dropped: Alarm;
  /** All of them. */
  public readonly all: Alarm[];

  /**
   * @throws InvalidInputError when a prop is out of range, or the plan has no knob for a source
   */
  constructor(scope: Construct, id: string, props: RefusedAlarmsProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    validate(id, [
      ...checks,
      ...(usable.sourceNames === undefined
        ? []
        : [
            ...sourceNameChecks('sourceNames', 'sourceNames', usable.sourceNames),
            notConstructor('sourceNames', usable.sourceNames),
          ]),
    ]);
    const { consumer, sourceNames, alarmTopic, alarms } = usable;
    const plan = completed(usable.plan, parkingAlarmKnobs());
    const rows = [...sourceNames.map((source) => refusedRow(consumer, source)), ...parkingRows(consumer)];
    const made = createAlarms(this, { rows, plan, alarmTopic, alarms });
    this.bySource = sourceNames.map((source) => made[source]);
    this.unusable = made.Unusable;
    this.dropped = made.Dropped;
    this.all = [...this.bySource, this.unusable, this.dropped];
  }
}

/** The name of the alarm on the refused deliveries of a sender. */
function refusedName(source: string): string {
  return `refused.${source}`;
}

/** The names of all alarms on refused deliveries. */
export function refusedAlarms(sourceNames: readonly string[]): string[] {
  return [...sourceNames.map(refusedName), 'unusable', 'dropped'];
}

const KINDS: Kinds<RefusedAlarmsProps> = {
  consumer: needed(LAMBDA),
  sourceNames: needed(listOf(TEXT)),
  plan: needed(PLAN),
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
};

function refusedRow(consumer: IFunction, source: string): AlarmRow {
  return {
    id: source,
    name: refusedName(source),
    severity: 'critical',
    metric: (period) => refusedMetric(consumer, source, period),
    threshold: refusedKnobName(source),
    seconds: 'alarmRefusedSeconds',
    text: `Within an hour more deliveries of ${source} were refused than accepted. The sender got a 200 and will not retry; they are parked for 14 days. The function's log has the reason of each: forged (is it the secret that the sender signs with?), unusable-secret (the log says what is wrong with it), outside-window (check the clocks), unsigned (check the headers), unknown-tenant. Repair the cause, then enable the replay. If you do not know the senders, block them and do not enable the replay.`,
  };
}

function parkingRows(consumer: IFunction): AlarmRow[] {
  return [
    {
      id: 'Unusable',
      severity: 'critical',
      metric: (period) => counted(consumer, period, 'UnusableSecret'),
      threshold: 'alarmUnusableSecrets',
      seconds: 'alarmRefusedSeconds',
      text: "Deliveries could not be verified, because a signing secret is unusable. The function's log names the source and says what is wrong with the secret, never its value. The deliveries are parked for 14 days. Store a usable secret, then enable the replay.",
    },
    {
      id: 'Dropped',
      severity: 'critical',
      metric: (period) => counted(consumer, period, 'RefusedDropped'),
      threshold: 'alarmRefusedDropped',
      seconds: 'alarmRefusedSeconds',
      text: "More deliveries were refused within an hour than are parked; the rest are lost. Either the API is flooded with forgeries (block the addresses, lower the rate of the WAF rule), or a source sends more than the workload says and all its deliveries are refused; then that source's alarm fires too.",
    },
  ];
}

/** The number of refused deliveries if it exceeds that of accepted ones; otherwise 0. */
function refusedMetric(consumer: IFunction, source: string, period: Duration): IMetric {
  return new MathExpression({
    label: `refused deliveries of ${source}, while more than accepted`,
    expression: 'IF(FILL(refused,0) > FILL(processed,0) + FILL(duplicate,0), FILL(refused,0), 0)',
    usingMetrics: {
      refused: counted(consumer, period, 'Refused', source),
      processed: counted(consumer, period, 'Processed', source),
      duplicate: counted(consumer, period, 'Duplicate', source),
    },
    period,
  });
}

function counted(consumer: IFunction, period: Duration, metricName: string, source?: string): Metric {
  return new Metric({
    namespace: NAMESPACE,
    metricName,
    dimensionsMap: { FunctionName: consumer.functionName, ...(source !== undefined && { Source: source }) },
    statistic: Stats.SUM,
    period,
  });
}
