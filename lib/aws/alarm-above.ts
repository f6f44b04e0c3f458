import { Alarm, type AlarmProps, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { allowAlarms } from './alarm-topic';

/**
 * An alarm that rings above its threshold, on a topic that it can reach. What is published only while something
 * happens is no trouble when missing.
 */
export function alarmAbove(scope: Construct, id: string, props: AlarmProps, alarmTopic: ITopic | undefined): Alarm {
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
