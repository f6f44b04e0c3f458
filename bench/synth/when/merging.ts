/** `CoalescingQueue` on Kinesis, and the same resources by hand. */
import { type App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import {
  type CfnFunction,
  EventSourceMapping,
  type IFunction,
  Function as LambdaFunction,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { CoalescingQueue } from '../../../lib/aws/merging/coalescing-queue';
import { Invalidator } from '../../../lib/aws/merging/invalidator';
import { STORM } from '../../../lib/cases/case-09-invalidation-storm';
import type { Numbers } from '../numbers';
import { alarm, bundled, counted, numbersOf, parked } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly mergeRatio: number;
}

const rebuilder = (stack: Stack, number: number) =>
  LambdaFunction.fromFunctionName(stack, `Rebuild${number}`, 'rebuild-pages');

function ours(stack: Stack, number: number): CoalescingQueue {
  const invalidator = Invalidator.lambda({ function: rebuilder(stack, number) });
  return new CoalescingQueue(stack, `Merging${number}`, { ...STORM, invalidator });
}

function known(app: App): Known {
  const { plan } = ours(new Stack(app, 'Numbers'), 0);
  return { numbers: numbersOf(plan), mergeRatio: plan.predictions.mergeRatio };
}

function byHand(stack: Stack, number: number, { numbers, mergeRatio }: Known): void {
  const rebuild = rebuilder(stack, number);
  const scope = new Construct(stack, `Merging${number}`);
  const seconds = (name: string) => Duration.seconds(numbers(name));
  const stream = new Stream(scope, 'Stream', {
    streamMode: StreamMode.PROVISIONED,
    shardCount: numbers('shards'),
    retentionPeriod: seconds('retentionSeconds'),
    encryption: StreamEncryption.MANAGED,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const aside = parked(scope, 'Aside');
  const merger = makeMerger(scope, rebuild, aside, numbers);
  aside.grantSendMessages(merger);
  stream.grantRead(merger);
  merger.addToRolePolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [rebuild.functionArn] }));
  const mapping = new EventSourceMapping(scope, 'Mapping', {
    target: merger,
    batchSize: numbers('maxBatch'),
    maxBatchingWindow: seconds('windowSeconds'),
    reportBatchItemFailures: true,
    eventSourceArn: stream.streamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    parallelizationFactor: 1,
    bisectBatchOnError: true,
    maxRecordAge: seconds('maxRecordAgeSeconds'),
    onFailure: new SqsDlq(aside),
  });
  mapping.node.addDependency(merger.role!);
  makeAlarms(new Construct(scope, 'Alarms'), { merger, aside, stream }, numbers);
  makeDashboard(scope, merger, numbers, mergeRatio);
}

function makeMerger(scope: Construct, rebuild: IFunction, aside: Queue, numbers: Numbers): LambdaFunction {
  const text = (name: string) => String(numbers(name));
  const merger = bundled(scope, 'Merger', 'coalescer', {
    description: `Merges the events of ${scope.node.path} by key, and invalidates each key once`,
    timeout: Duration.seconds(numbers('flushTimeoutSeconds')),
    memorySize: 1024,
    environment: {
      INVALIDATOR: Stack.of(scope).toJsonString({ functionName: rebuild.functionArn }),
      ASIDE_QUEUE_URL: aside.queueUrl,
      KEYS_PER_CALL: text('keysPerCall'),
      WORKERS: text('workers'),
      ATTEMPTS: text('attempts'),
      BACKOFF_SECONDS: text('backoffSeconds'),
      BACKOFF_CAP_SECONDS: text('backoffCapSeconds'),
      CALL_TIMEOUT_SECONDS: text('callTimeoutSeconds'),
      SPARE_SECONDS: text('spareSeconds'),
      ASIDE_AFTER_SECONDS: text('asideAfterSeconds'),
    },
  });
  (merger.node.defaultChild as CfnFunction).tags.setTag('backpressure:merges', 'true');
  return merger;
}

interface Watched {
  readonly merger: LambdaFunction;
  readonly aside: Queue;
  readonly stream: Stream;
}

function makeAlarms(scope: Construct, { merger, aside, stream }: Watched, numbers: Numbers): void {
  const seconds = numbers('alarmWindowSeconds');
  const period = Duration.seconds(seconds);
  const ofStream = (metricName: string, statistic: string) =>
    new Metric({
      namespace: 'AWS/Kinesis',
      metricName,
      dimensionsMap: { StreamName: stream.streamName },
      statistic,
      period,
    });
  alarm(scope, 'Delayed', counted(merger, 'DelaySeconds', seconds, Stats.MAXIMUM), {
    threshold: numbers('alarmDelaySeconds'),
    evaluationPeriods: numbers('alarmLateWindows'),
  });
  alarm(scope, 'Unmerged', counted(merger, 'Keys', seconds), {
    threshold: numbers('alarmKeys'),
    evaluationPeriods: numbers('alarmUnmergedWindows'),
  });
  alarm(scope, 'SetAside', aside.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }), {});
  alarm(scope, 'MergerErrors', merger.metricErrors({ period, statistic: Stats.SUM }), {
    evaluationPeriods: numbers('alarmLateWindows'),
  });
  alarm(scope, 'FlushRefused', counted(merger, 'FlushRefused', seconds), {
    evaluationPeriods: numbers('alarmRefusedWindows'),
  });
  const late = new MathExpression({
    expression: 'MAX([FILL(stream, 0), FILL(reader, 0)])',
    usingMetrics: {
      stream: ofStream('GetRecords.IteratorAgeMilliseconds', Stats.MAXIMUM),
      reader: merger.metric('IteratorAge', { period, statistic: Stats.MAXIMUM }),
    },
    label: 'age of the oldest event',
    period,
  });
  alarm(scope, 'Late', late, {
    threshold: numbers('alarmAgeMilliseconds'),
    evaluationPeriods: numbers('alarmLateWindows'),
  });
  const idle = new MathExpression({
    expression: 'IF(FILL(reads, 0) == 0, FILL(incoming, 0), 0)',
    usingMetrics: {
      incoming: ofStream('IncomingRecords', Stats.SUM),
      reads: merger.metricInvocations({ period, statistic: Stats.SUM }),
    },
    label: 'events that no invocation follows',
    period,
  });
  alarm(scope, 'Idle', idle, { evaluationPeriods: numbers('alarmIdleWindows') });
  alarm(scope, 'WritesThrottled', ofStream('WriteProvisionedThroughputExceeded', Stats.SUM), {});
}

function makeDashboard(scope: Construct, merger: LambdaFunction, numbers: Numbers, mergeRatio: number): void {
  const seconds = numbers('alarmWindowSeconds');
  const period = Duration.seconds(seconds);
  const sum = (name: string) => counted(merger, name, seconds);
  new Dashboard(scope, 'Dashboard', {
    widgets: [
      [
        new GraphWidget({
          title: `events and keys in ${period.toHumanString()}`,
          width: 12,
          left: [sum('Events'), sum('Keys'), sum('SetAside'), sum('FlushRefused')],
          leftAnnotations: [{ value: numbers('alarmKeys'), label: 'keys: events are not merged' }],
        }),
        new GraphWidget({
          title: 'events a key, and the delay in seconds',
          width: 12,
          left: [
            new MathExpression({
              expression: 'events / keys',
              usingMetrics: { events: sum('Events'), keys: sum('Keys') },
              label: 'events a key',
              period,
            }),
          ],
          leftAnnotations: [{ value: mergeRatio, label: 'as planned at the peak' }],
          right: [counted(merger, 'DelaySeconds', seconds, Stats.MAXIMUM)],
          rightAnnotations: [{ value: numbers('alarmDelaySeconds'), label: 'late' }],
        }),
      ],
    ],
  });
}

export const merging = { ours, byHand, known };
