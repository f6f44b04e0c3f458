/** Alarms on the lag of consumer groups: which of them never have data. */
import { check } from '../../../lib/rules/check';
import { readDocuments } from '../../../lib/rules/read';

function ids(group: unknown, namespace = 'AWS/Kafka', name = 'Consumer Group'): string[] {
  const Lag = {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      Namespace: namespace,
      MetricName: 'SumOffsetLag',
      Dimensions: [{ Name: name, Value: group }],
      Statistic: 'Maximum',
      Period: 60,
      EvaluationPeriods: 5,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    },
  };
  const text = JSON.stringify({ Parameters: { Group: { Type: 'String' } }, Resources: { Lag } });
  return check(readDocuments([{ file: 'test.json', text }])).map(({ ruleId }) => ruleId);
}

test.each<[string, string[], boolean]>([
  ['a group of Spark', ids('spark-kafka-source-4f1c'), true],
  ['a group with a colon', ids('billing:eu'), true],
  ['any other group', ids('billing-spark-kafka'), false],
  ['a group that a parameter names', ids({ Ref: 'Group' }), false],
  ['a metric of your own', ids('billing:eu', 'Acme/Kafka'), false],
  ['another dimension', ids('a:b', 'AWS/Kafka', 'Topic'), false],
])('%s', (_, found, is) => expect(found.includes('BP-MSK-003')).toBe(is));
