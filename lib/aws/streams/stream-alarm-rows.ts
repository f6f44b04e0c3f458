/** What is watched of a stream, its consumers and the rule that feeds it. */
import { ComparisonOperator, MathExpression, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { clusterName } from '../kafka-cluster';
import { oldestAge, streamMetric, unreadRecords } from '../kinesis-metrics';
import type { AlarmRow } from '../watch';
import type { ConsumedTopic } from './consumed-topic';

type Period = Metric['period'];

/** What a stream of Amazon Kinesis says. */
export function kinesisRows(stream: IStream, fn: IFunction | undefined): AlarmRow[] {
  const reads = (period: Period) =>
    fn === undefined
      ? streamMetric(stream, 'GetRecords.Records', Stats.SUM)(period)
      : fn.metricInvocations({ period, statistic: Stats.SUM });
  return [
    {
      id: 'Late',
      severity: 'critical',
      metric: recordAge(stream, fn),
      threshold: 'alarmAgeMilliseconds',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmLateWindows',
      text: 'Records wait for longer than promised. Check in this order: a batch that fails again and again (the log of the consumers); a record that takes longer than planned; one key that is much more frequent than the others, which comes to one consumer; more records than planned, which the plan has to be told.',
    },
    {
      id: 'Idle',
      severity: 'critical',
      metric: (period) => unreadRecords(stream, reads(period), 'records that nobody reads')(period),
      threshold: 'alarmIdle',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmIdleWindows',
      text: 'Records come into the stream, and nothing reads it. Check that the mapping is enabled and its state names no error, or that tasks run; that the consumers may read the stream and use its key. Records are kept for the retention of the stream.',
    },
    {
      id: 'Refused',
      severity: 'critical',
      metric: streamMetric(stream, 'WriteProvisionedThroughputExceeded', Stats.SUM),
      threshold: 'alarmRefused',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmRefusedWindows',
      text: 'The stream refuses records; a producer that does not retry loses them. Check whether one key has more than 1,000 records or 1 MiB a second, which no number of shards helps: make the key finer. Otherwise give more shards; records keep their order while a shard is split.',
    },
  ];
}

/** What Amazon MSK says of a group. */
export function topicRows(topic: ConsumedTopic): AlarmRow[] {
  return [
    {
      id: 'Late',
      severity: 'critical',
      metric: groupMetric(topic, 'EstimatedMaxTimeLag', Stats.MAXIMUM),
      threshold: 'alarmAgeSeconds',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmLateWindows',
      text: 'Records wait for longer than promised. Check in this order: a batch that fails again and again (the log of the consumers); consumers that stop and join all the time; one key that is much more frequent than the others; more records than planned, which the plan has to be told.',
    },
    {
      id: 'Lag',
      severity: 'critical',
      metric: groupMetric(topic, 'SumOffsetLag', Stats.MAXIMUM),
      threshold: 'alarmLag',
      seconds: 'alarmWindowSeconds',
      periods: 'alarmLateWindows',
      text: 'More records are without a commit than promised. Compare MaxOffsetLag with SumOffsetLag: when one partition has most of it, a key is too frequent or its consumer hangs; otherwise the consumers are too slow or too few. More consumers help only up to the partitions, and where they share them evenly.',
    },
    {
      id: 'LagUnseen',
      severity: 'warning',
      metric: groupMetric(topic, 'SumOffsetLag', Stats.SAMPLE_COUNT),
      threshold: 'alarmLagUnseen',
      comparison: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
      seconds: 'alarmWindowSeconds',
      periods: 'alarmUnseenWindows',
      missing: TreatMissingData.BREACHING,
      text: 'Amazon MSK shows no lag of the group, so the alarms on it are blind. It has none while a group deals out its partitions, has never committed, or has a colon in its name. Check that consumers run and are members of the group, and that they commit.',
    },
  ];
}

/** What the consumers say. */
export function consumerRows(failureQueue: IQueue | undefined, fn: IFunction | undefined): AlarmRow[] {
  const setAside = {
    ...SET_ASIDE,
    metric: (period: Period) =>
      failureQueue!.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
    text: `${SET_ASIDE.text} A message of AWS Lambda has no content but names its shard or partition and the numbers in it: read them from the stream while it has them, for half its retention. Mend the cause, put them in again, and delete the messages.`,
  };
  return [
    ...(failureQueue === undefined ? [] : [setAside]),
    ...(fn === undefined
      ? []
      : [
          {
            id: 'ConsumerErrors',
            severity: 'warning' as const,
            metric: (period: Period) => fn.metricErrors({ period, statistic: Stats.SUM }),
            threshold: 'alarmErrors',
            seconds: 'alarmWindowSeconds',
            periods: 'alarmLateWindows',
            text: 'Invocations fail as a whole or run out of time. Their batch is halved and comes again, and its shard or partition waits. Read the log of the function.',
          },
        ]),
  ];
}

const SET_ASIDE = {
  id: 'SetAside',
  severity: 'critical' as const,
  threshold: 'alarmSetAside',
  seconds: 'alarmWindowSeconds',
  text: 'Records could not be handled by any attempt. Read the log of the consumers for the reason.',
};

/** Records that tasks set aside, counted in their log. */
export function setAsideLogRow(lines: MetricFilter): AlarmRow {
  return {
    ...SET_ASIDE,
    metric: (period) => lines.metric({ period, statistic: Stats.SUM }),
    text: `${SET_ASIDE.text} They are in the topic that ends in .dead, each with its place and its error in the headers. Mend the cause, and produce them again.`,
  };
}

/** What AWS IoT says of its rule. */
export function ruleRows(ruleName: string | undefined, errorQueue: IQueue | undefined): AlarmRow[] {
  const undelivered: AlarmRow = {
    id: 'Undelivered',
    severity: 'critical',
    metric: (period) => errorQueue!.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
    threshold: 'alarmUndelivered',
    seconds: 'alarmWindowSeconds',
    text: 'The rule could not put messages of devices into the stream. Each message of the error queue has the reason, and the original in base64. Check the permissions of the rule and whether the stream refuses records, then put the originals into the stream and delete the messages.',
  };
  return [
    ...(errorQueue === undefined ? [] : [undelivered]),
    ...(ruleName === undefined
      ? []
      : [
          {
            id: 'RuleFailures',
            severity: 'critical' as const,
            metric: ruleFailures(ruleName),
            threshold: 'alarmUndelivered',
            seconds: 'alarmWindowSeconds',
            text: 'The rule does not work on messages: its SQL does not parse one (ParseError), AWS IoT throttles it (RuleMessageThrottled), or it is gone (RuleNotFound). Such messages are in no queue. Check the last change of the rule and the limits of the account.',
          },
        ]),
  ];
}

/** The age of the oldest record in milliseconds. */
export function recordAge(stream: IStream, fn: IFunction | undefined) {
  return fn === undefined
    ? streamMetric(stream, 'GetRecords.IteratorAgeMilliseconds', Stats.MAXIMUM)
    : oldestAge(stream, fn, 'age of the oldest record');
}

/** A metric of a group; Amazon MSK developer guide, consumer-lag metrics. */
export function groupMetric(
  { clusterArn, topicName, consumerGroup }: ConsumedTopic,
  metricName: string,
  statistic: string,
) {
  return (period: Period): Metric =>
    new Metric({
      namespace: 'AWS/Kafka',
      metricName,
      dimensionsMap: { 'Cluster Name': clusterName(clusterArn), 'Consumer Group': consumerGroup, Topic: topicName },
      statistic,
      period,
    });
}

/** Messages that a rule did not work on; AWS IoT developer guide, Rule metrics. */
function ruleFailures(ruleName: string) {
  return (period: Period): MathExpression => {
    const metric = (metricName: string) =>
      new Metric({
        namespace: 'AWS/IoT',
        metricName,
        dimensionsMap: { RuleName: ruleName },
        statistic: Stats.SUM,
        period,
      });
    return new MathExpression({
      expression: 'FILL(unparsed, 0) + FILL(throttled, 0) + FILL(absent, 0)',
      usingMetrics: {
        unparsed: metric('ParseError'),
        throttled: metric('RuleMessageThrottled'),
        absent: metric('RuleNotFound'),
      },
      label: 'messages that the rule did not work on',
      period,
    });
  };
}
