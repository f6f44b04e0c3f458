import { Alarm, type AlarmProps, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { inRange, validate, wholeNumber } from '../flow/errors';
import { allowAlarms } from './alarm-topic';

/** CloudWatch takes values up to this one (API reference, MetricDatum). */
const LARGEST_VALUE = 2 ** 360;

/**
 * An alarm that rings above its threshold, on a topic that it can reach. What is published only while something
 * happens is no trouble when missing.
 *
 * @throws InvalidInputError when the threshold is no number or CloudWatch cannot look back so far
 */
export function alarmAbove(scope: Construct, id: string, props: AlarmProps, alarmTopic: ITopic | undefined): Alarm {
  validate(scope.node.path, [
    inRange(`threshold of alarm ${id}`, props.threshold, -LARGEST_VALUE, LARGEST_VALUE),
    wholeNumber(`evaluationPeriods of alarm ${id}`, props.evaluationPeriods, 1, 1440),
  ]);
  const alarm = new Alarm(scope, id, {
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    treatMissingData: TreatMissingData.NOT_BREACHING,
    ...props,
  });
  if (alarmTopic) {
    allowAlarms(scope, alarmTopic);
    alarm.addAlarmAction(new SnsAction(alarmTopic));
  }
  return alarm;
}
