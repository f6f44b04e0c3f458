/** `PartitionedStream` on Kinesis with AWS Lambda and a rule of AWS IoT, and the same resources by hand. */
import { type App, Aws, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Column,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  MathExpression,
  Metric,
  PeriodOverride,
  Row,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import {
  Code,
  EventSourceMapping,
  Function as LambdaFunction,
  Runtime,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { PartitionedStream } from '../../../lib/aws/streams/partitioned-stream';
import { StreamConsumer } from '../../../lib/aws/streams/stream-consumer';
import { METRICS } from '../../../lib/cases/case-05-iot-metrics';
import type { Numbers } from '../numbers';
import { alarm, numbersOf, parked } from './parts';

const { workload, objective } = METRICS;
const SQL = "SELECT * FROM 'devices/+/metrics'";

const consumer = (stack: Stack, number: number) =>
  new LambdaFunction(stack, `Consumer${number}`, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = 0'),
    timeout: Duration.seconds(30),
  });

function ours(stack: Stack, number: number): PartitionedStream {
  return new PartitionedStream(stack, `Metrics${number}`, {
    workload,
    objective,
    consumer: StreamConsumer.lambda({ function: consumer(stack, number) }),
    iot: { sql: SQL },
  });
}

function known(app: App): Numbers {
  return numbersOf(ours(new Stack(app, 'Numbers'), 0).plan);
}

function byHand(stack: Stack, number: number, numbers: Numbers): void {
  const fn = consumer(stack, number);
  const scope = new Construct(stack, `Metrics${number}`);
  const stream = new Stream(scope, 'Stream', {
    streamMode: StreamMode.PROVISIONED,
    shardCount: numbers('partitions'),
    retentionPeriod: Duration.seconds(numbers('retentionSeconds')),
    encryption: StreamEncryption.MANAGED,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const failures = parked(scope, 'Failures');
  stream.grantRead(fn);
  const mapping = new EventSourceMapping(scope, 'Mapping', {
    target: fn,
    eventSourceArn: stream.streamArn,
    parallelizationFactor: numbers('parallelizationFactor'),
    reportBatchItemFailures: true,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: numbers('batchSize'),
    onFailure: new SqsDlq(failures),
    bisectBatchOnError: true,
    retryAttempts: numbers('retryAttempts'),
    maxRecordAge: Duration.seconds(numbers('maxRecordAgeSeconds')),
  });
  mapping.node.addDependency(fn.role!);
  const errors = parked(scope, 'RuleErrors');
  const rule = makeRule(scope, stream, errors);
  const alarms = makeAlarms(new Construct(scope, 'Alarms'), { fn, stream, failures, errors, rule }, numbers);
  makeDashboard(scope, alarms, { fn, stream }, numbers);
}

function makeRule(scope: Construct, stream: Stream, errors: Queue): CfnTopicRule {
  const { partition, region, account } = Stack.of(scope);
  const role = new Role(scope, 'RuleRole', {
    assumedBy: new ServicePrincipal('iot.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': `arn:${partition}:iot:${region}:${account}:rule/*` },
      },
    }),
    description: `Lets a rule of AWS IoT write to ${scope.node.path}`,
  });
  errors.grantSendMessages(role);
  stream.grant(role, 'kinesis:PutRecord');
  const rule = new CfnTopicRule(scope, 'Rule', {
    topicRulePayload: {
      description: `Puts messages of devices into ${scope.node.path}`,
      sql: SQL,
      awsIotSqlVersion: '2016-03-23',
      actions: [{ kinesis: { streamName: stream.streamName, partitionKey: `\${clientid()}`, roleArn: role.roleArn } }],
      errorAction: { sqs: { queueUrl: errors.queueUrl, roleArn: role.roleArn, useBase64: false } },
    },
  });
  rule.node.addDependency(role);
  return rule;
}

interface Read {
  readonly fn: LambdaFunction;
  readonly stream: Stream;
}

interface Watched extends Read {
  readonly failures: Queue;
  readonly errors: Queue;
  readonly rule: CfnTopicRule;
}

const ofStream = (stream: Stream, metricName: string, statistic: string, period: Duration) =>
  new Metric({
    namespace: 'AWS/Kinesis',
    metricName,
    dimensionsMap: { StreamName: stream.streamName },
    statistic,
    period,
  });

const age = ({ fn, stream }: Read, period: Duration) =>
  new MathExpression({
    expression: 'MAX([FILL(stream, 0), FILL(reader, 0)])',
    usingMetrics: {
      stream: ofStream(stream, 'GetRecords.IteratorAgeMilliseconds', Stats.MAXIMUM, period),
      reader: fn.metric('IteratorAge', { period, statistic: Stats.MAXIMUM }),
    },
    label: 'age of the oldest record',
    period,
  });

function makeAlarms(scope: Construct, watched: Watched, numbers: Numbers): IAlarm[] {
  const { fn, stream, failures, errors, rule } = watched;
  const period = Duration.seconds(numbers('alarmWindowSeconds'));
  const depth = (queue: Queue) => queue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM });
  const ofRule = (metricName: string) =>
    new Metric({
      namespace: 'AWS/IoT',
      metricName,
      dimensionsMap: { RuleName: rule.ref },
      statistic: Stats.SUM,
      period,
    });
  const idle = new MathExpression({
    expression: 'IF(FILL(reads, 0) == 0, FILL(incoming, 0), 0)',
    usingMetrics: {
      incoming: ofStream(stream, 'IncomingRecords', Stats.SUM, period),
      reads: fn.metricInvocations({ period, statistic: Stats.SUM }),
    },
    label: 'records that nobody reads',
    period,
  });
  const unworked = new MathExpression({
    expression: 'FILL(unparsed, 0) + FILL(throttled, 0) + FILL(absent, 0)',
    usingMetrics: {
      unparsed: ofRule('ParseError'),
      throttled: ofRule('RuleMessageThrottled'),
      absent: ofRule('RuleNotFound'),
    },
    label: 'messages that the rule did not work on',
    period,
  });
  const late = { evaluationPeriods: numbers('alarmLateWindows') };
  return [
    alarm(scope, 'Late', age(watched, period), { threshold: numbers('alarmAgeMilliseconds'), ...late }),
    alarm(scope, 'Idle', idle, { evaluationPeriods: numbers('alarmIdleWindows') }),
    alarm(scope, 'Refused', ofStream(stream, 'WriteProvisionedThroughputExceeded', Stats.SUM, period), {
      evaluationPeriods: numbers('alarmRefusedWindows'),
    }),
    alarm(scope, 'SetAside', depth(failures), {}),
    alarm(scope, 'ConsumerErrors', fn.metricErrors({ period, statistic: Stats.SUM }), late),
    alarm(scope, 'Undelivered', depth(errors), {}),
    alarm(scope, 'RuleFailures', unworked, {}),
  ];
}

function makeDashboard(scope: Construct, alarms: IAlarm[], read: Read, numbers: Numbers): void {
  const { fn, stream } = read;
  const period = Duration.seconds(numbers('alarmWindowSeconds'));
  const sum = (name: string) => ofStream(stream, name, Stats.SUM, period);
  const graph = (title: string, label: string, width: number, left: IMetric[]) =>
    new GraphWidget({ title, width, height: 5, left, leftYAxis: { min: 0, label, showUnits: false } });
  const heading = (text: string) => new TextWidget({ markdown: `### ${text}`, width: 24, height: 1 });
  new Dashboard(new Construct(scope, 'Dashboards'), 'Dashboard', {
    dashboardName: `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`,
    start: '-PT8H',
    periodOverride: PeriodOverride.INHERIT,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 3 })],
      [
        new Column(
          heading('Records'),
          new Row(
            graph('Records in and out', 'records a minute', 6, [sum('IncomingRecords'), sum('GetRecords.Records')]),
            graph('Bytes in', 'bytes a minute', 6, [sum('IncomingBytes')]),
            graph('Age of the oldest record', 'ms', 6, [age(read, period)]),
            graph('Refused writes', 'records a minute', 6, [sum('WriteProvisionedThroughputExceeded')]),
          ),
        ),
      ],
      [
        new Column(
          heading('Consumers'),
          new Row(
            graph('Batches at a time', 'batches', 8, [
              fn.metric('ConcurrentExecutions', { statistic: Stats.MAXIMUM, period }),
            ]),
            graph('Time of a batch', 'ms', 8, [fn.metricDuration({ statistic: Stats.MAXIMUM, period })]),
            graph('Errors and throttles', 'batches a minute', 8, [
              fn.metricErrors({ period }),
              fn.metricThrottles({ period }),
            ]),
          ),
        ),
      ],
    ],
  });
}

export const streams = { ours, byHand, known };
