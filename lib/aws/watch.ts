/** Alarms of CloudWatch, made from rows of data. Every number of a row is the name of a knob. */
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { longestEvaluationSeconds } from '../flow/alarms';
import { inRange, validate, wholeNumber } from '../flow/errors';
import type { Plan } from '../flow/plan';
import {
  type AlarmSettings,
  addActions,
  alarmNameChecks,
  alarmProps,
  alarmSettingsChecks,
  type Severity,
} from './alarm-settings';

/** The largest value that CloudWatch accepts (API reference, MetricDatum). */
const LARGEST_VALUE = 2 ** 360;
/** Amazon CloudWatch API reference, PutMetricAlarm. */
const LONGEST_PERIOD_SECONDS = 86_400;

/** One alarm: what it watches, and the knobs with its numbers. */
export interface AlarmRow {
  /** Construct id of the alarm. */
  readonly id: string;
  /** Its name in settings and, after a prefix, in CloudWatch. Default: the id, which then begins with a small letter. */
  readonly name?: string;
  /** Where it goes: to those who are called at night, or to those who look in the morning. */
  readonly severity: Severity;
  /** The watched metric, one value a period. */
  readonly metric: (period: Duration) => IMetric;
  /** The knob with the threshold. */
  readonly threshold: string;
  /** The knob with the seconds of a period. */
  readonly seconds: string;
  /** The knob with the number of periods that are compared. Default: one. */
  readonly periods?: string;
  /** The knob with the number of periods that must be beyond the threshold. Default: all. */
  readonly beyond?: string;
  /** When it fires. Default: above the threshold. */
  readonly comparison?: ComparisonOperator;
  /** What a missing value means. Default: not breaching, for metrics that are published only on events. */
  readonly missing?: TreatMissingData;
  /** What is wrong and what to do, in the order to do it. */
  readonly text: string;
}

/** The alarms to make, the plan with their numbers, and where they go. */
export interface Watch {
  readonly rows: readonly AlarmRow[];
  readonly plan: Plan;
  /** Where those go that have no other topic. Default: nowhere. */
  readonly alarmTopic?: ITopic;
  /** Default: all to `alarmTopic`, with names of CloudFormation. */
  readonly alarms?: AlarmSettings;
}

/**
 * Makes the alarms inside `scope`, in the order of the rows, each on a topic that it can reach.
 *
 * @returns the alarms by the ids of their rows
 * @throws InvalidInputError when the plan lacks a knob, a threshold is not a number, a period is longer than a day or
 * the settings name an alarm that is not made, or give it the name of another
 */
export function createAlarms(scope: Construct, watch: Watch): Readonly<Record<string, Alarm>> {
  const names = watch.rows.map(nameOf);
  validate(scope.node.path, [
    ...alarmSettingsChecks(watch.alarms, names),
    ...alarmNameChecks(scope, watch.alarms, names),
  ]);
  return Object.fromEntries(watch.rows.map((row) => [row.id, createAlarm(scope, row, watch)]));
}

function nameOf({ id, name }: AlarmRow): string {
  return name ?? id[0].toLowerCase() + id.slice(1);
}

function createAlarm(scope: Construct, row: AlarmRow, watch: Watch): Alarm {
  const { plan } = watch;
  const threshold = plan.value(row.threshold);
  const evaluationPeriods = row.periods === undefined ? 1 : plan.value(row.periods);
  const seconds = plan.value(row.seconds);
  validate(scope.node.path, [
    inRange(`threshold of alarm ${row.id}`, threshold, -LARGEST_VALUE, LARGEST_VALUE),
    wholeNumber(`evaluationPeriods of alarm ${row.id}`, evaluationPeriods, 1, 1440),
    {
      refused: !(seconds >= 60 && seconds <= LONGEST_PERIOD_SECONDS && seconds % 60 === 0),
      message: `period of alarm ${row.id} must be whole minutes, up to a day, got ${seconds} s`,
    },
    {
      refused: seconds * evaluationPeriods > longestEvaluationSeconds(seconds),
      message: `period × evaluationPeriods of alarm ${row.id} must be at most ${longestEvaluationSeconds(seconds)} s, a day for periods below an hour and a week from there on, got ${seconds} s × ${evaluationPeriods}`,
    },
  ]);
  const alarm = new Alarm(scope, row.id, {
    metric: row.metric(Duration.seconds(seconds)),
    threshold,
    evaluationPeriods,
    datapointsToAlarm: row.beyond === undefined ? undefined : plan.value(row.beyond),
    comparisonOperator: row.comparison ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: row.missing ?? TreatMissingData.NOT_BREACHING,
    ...alarmProps(watch.alarms, nameOf(row), row.text),
  });
  addActions(scope, alarm, row.severity, watch);
  return alarm;
}
