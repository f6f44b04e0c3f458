/** What the rules say about ordinary CDK apps: ours, where they find nothing, and others', where every finding is right. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template as Synthesized } from 'aws-cdk-lib/assertions';
import { LambdaRestApi } from 'aws-cdk-lib/aws-apigateway';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import {
  Cluster,
  ContainerImage,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  PropagatedTagSource,
} from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancedFargateService, QueueProcessingFargateService } from 'aws-cdk-lib/aws-ecs-patterns';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Code, type FunctionOptions, Function as Lambda, Runtime, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisEventSource, SqsDlq, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket, EventType } from 'aws-cdk-lib/aws-s3';
import { LambdaDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { MonitoringFacade } from 'cdk-monitoring-constructs';
import { check } from '../../lib/rules/check';
import { Template } from '../../lib/rules/cloudformation/read/template';
import { REFERENCE_NAMES, reference } from '../support/reference';

const image = ContainerImage.fromRegistry('worker');

function found(stack: Stack): string[] {
  const ids = check([new Template(Synthesized.fromStack(stack).toJSON(), 'app')]).map(({ ruleId }) => ruleId);
  return [...new Set(ids)].sort();
}

function fn(stack: Stack, id: string, props: FunctionOptions = {}): Lambda {
  const code = Code.fromInline('exports.handler = async () => {}');
  return new Lambda(stack, id, { code, handler: 'index.handler', runtime: Runtime.NODEJS_20_X, ...props });
}

function parked(stack: Stack): Queue {
  const queue = new Queue(stack, 'Parked', { retentionPeriod: Duration.days(14), enforceSSL: true });
  const metric = queue.metricApproximateNumberOfMessagesVisible();
  const alarm = metric.createAlarm(stack, 'Alarm', { threshold: 1, evaluationPeriods: 1 });
  alarm.addAlarmAction(new SnsAction(new Topic(stack, 'OnCall')));
  return queue;
}

function redriven(stack: Stack, deadLetterQueue = parked(stack)): Queue {
  return new Queue(stack, 'Queue', { deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: 5 } });
}

test.each(REFERENCE_NAMES)('%s: nothing is found', (name) => {
  expect(found(reference(name))).toEqual([]);
});

const APPS: readonly (readonly [claim: string, make: (stack: Stack) => void, ids: readonly string[]])[] = [
  [
    'a queue worked through by a function, with all that belongs to it',
    (stack) => {
      const handler = fn(stack, 'Worker', { reservedConcurrentExecutions: 5 });
      handler.addEventSource(new SqsEventSource(redriven(stack), { reportBatchItemFailures: true, maxConcurrency: 5 }));
    },
    [],
  ],
  [
    'the same as a first try has it',
    (stack) => {
      const queue = redriven(stack, new Queue(stack, 'Parked', { retentionPeriod: Duration.days(14) }));
      fn(stack, 'Worker', { reservedConcurrentExecutions: 5 }).addEventSource(new SqsEventSource(queue));
    },
    ['BP-CW-001', 'BP-LAMBDA-001', 'BP-LAMBDA-003'],
  ],
  [
    'a dead-letter queue that another stack watches',
    (stack) => {
      const queue = new Queue(stack, 'Parked', { retentionPeriod: Duration.days(14) });
      redriven(stack, queue);
      stack.exportValue(queue.queueName);
    },
    [],
  ],
  [
    'monitoring by cdk-monitoring-constructs, whose time to drain has no guard',
    (stack) => {
      const deadLetterQueue = new Queue(stack, 'Parked', { retentionPeriod: Duration.days(14) });
      new MonitoringFacade(stack, 'Monitoring').monitorSqsQueueWithDlq({
        queue: redriven(stack, deadLetterQueue),
        deadLetterQueue,
        addDeadLetterQueueMaxSizeAlarm: { Parked: { maxMessageCount: 1 } },
        addQueueMaxTimeToDrainMessagesAlarm: { Slow: { maxTimeToDrain: Duration.minutes(10) } },
      });
    },
    ['BP-CW-003', 'BP-CW-007'],
  ],
  [
    'QueueProcessingFargateService: CPU scales it too, and its log has no end',
    (stack) => void new QueueProcessingFargateService(stack, 'Service', { image, maxScalingCapacity: 10 }),
    ['BP-CW-001', 'BP-LOGS-001', 'BP-SCALING-001'],
  ],
  [
    'the same without both',
    (stack) =>
      void new QueueProcessingFargateService(stack, 'Service', {
        image,
        maxScalingCapacity: 10,
        disableCpuBasedScaling: true,
        logDriver: LogDrivers.awsLogs({ streamPrefix: 'worker', logRetention: RetentionDays.ONE_MONTH }),
        propagateTags: PropagatedTagSource.SERVICE,
      }),
    // It outputs the name of its dead-letter queue, which watches nothing.
    ['BP-CW-001'],
  ],
  [
    'a web service on CPU that reads a queue besides',
    (stack) => {
      const { service, taskDefinition } = new ApplicationLoadBalancedFargateService(stack, 'Web', {
        taskImageOptions: {
          image,
          logDriver: LogDrivers.awsLogs({ streamPrefix: 'web', logRetention: RetentionDays.ONE_MONTH }),
        },
      });
      service.autoScaleTaskCount({ maxCapacity: 4 }).scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 50 });
      redriven(stack).grantConsumeMessages(taskDefinition.taskRole);
    },
    [],
  ],
  [
    'workers scaled on the raw depth',
    (stack) => {
      const taskDefinition = new FargateTaskDefinition(stack, 'Task');
      taskDefinition.addContainer('worker', { image });
      const service = new FargateService(stack, 'Service', { cluster: new Cluster(stack, 'Cluster'), taskDefinition });
      const queue = redriven(stack);
      queue.grantConsumeMessages(taskDefinition.taskRole);
      service.autoScaleTaskCount({ maxCapacity: 10 }).scaleToTrackCustomMetric('Depth', {
        metric: queue.metricApproximateNumberOfMessagesVisible(),
        targetValue: 10,
      });
    },
    ['BP-SCALING-003'],
  ],
  ['LambdaRestApi', (stack) => void new LambdaRestApi(stack, 'Api', { handler: fn(stack, 'Handler') }), []],
  [
    'LambdaRestApi before a function with a limit and a long time-out',
    (stack) => {
      const handler = fn(stack, 'Handler', { timeout: Duration.minutes(1), reservedConcurrentExecutions: 10 });
      new LambdaRestApi(stack, 'Api', { handler });
    },
    ['BP-API-001', 'BP-API-002'],
  ],
  [
    'LambdaRestApi before a function with a limit, and a usage plan',
    (stack) => {
      const handler = fn(stack, 'Handler', { reservedConcurrentExecutions: 10 });
      const api = new LambdaRestApi(stack, 'Api', { handler });
      const plan = api.addUsagePlan('Plan', { throttle: { rateLimit: 100, burstLimit: 10 } });
      plan.addApiStage({ stage: api.deploymentStage });
    },
    [],
  ],
  [
    'events with nowhere to fail',
    (stack) => {
      new Topic(stack, 'Topic').addSubscription(new LambdaSubscription(fn(stack, 'Subscriber')));
      new Bucket(stack, 'Bucket').addEventNotification(
        EventType.OBJECT_CREATED,
        new LambdaDestination(fn(stack, 'Stored')),
      );
      new Rule(stack, 'Rule', { eventPattern: { source: ['shop'] }, targets: [new LambdaFunction(fn(stack, 'Paid'))] });
    },
    ['BP-LAMBDA-005'],
  ],
  [
    'the same with a dead-letter queue each',
    (stack) => {
      const deadLetterQueue = parked(stack);
      const handler = fn(stack, 'Handler', { deadLetterQueue });
      new Topic(stack, 'Topic').addSubscription(new LambdaSubscription(handler, { deadLetterQueue }));
      new Rule(stack, 'Rule', {
        eventPattern: { source: ['shop'] },
        targets: [new LambdaFunction(handler, { deadLetterQueue })],
      });
    },
    [],
  ],
  [
    'a nightly function',
    (stack) => {
      const schedule = Schedule.cron({ minute: '0', hour: '3' });
      new Rule(stack, 'Nightly', { schedule, targets: [new LambdaFunction(fn(stack, 'Job'))] });
    },
    [],
  ],
  [
    'a stream read with the defaults, and a table of its records',
    (stack) => {
      const handler = fn(stack, 'Reader');
      const stream = new Stream(stack, 'Stream', { shardCount: 2 });
      handler.addEventSource(new KinesisEventSource(stream, { startingPosition: StartingPosition.LATEST }));
      const partitionKey = { name: 'eventId', type: AttributeType.STRING };
      new Table(stack, 'Table', { partitionKey }).grantWriteData(handler);
    },
    ['BP-DDB-001', 'BP-LAMBDA-004', 'BP-LAMBDA-010'],
  ],
  [
    'the same with bounds',
    (stack) => {
      const handler = fn(stack, 'Reader');
      const stream = new Stream(stack, 'Stream', { shardCount: 2 });
      const source = new KinesisEventSource(stream, {
        startingPosition: StartingPosition.TRIM_HORIZON,
        retryAttempts: 5,
        bisectBatchOnError: true,
        onFailure: new SqsDlq(parked(stack)),
      });
      handler.addEventSource(source);
      const partitionKey = { name: 'eventId', type: AttributeType.STRING };
      new Table(stack, 'Table', { partitionKey, timeToLiveAttribute: 'expireAt' }).grantWriteData(handler);
    },
    [],
  ],
];

test.each(APPS)('%s', (_, make, ids) => {
  const stack = new Stack(new App(), 'App');
  make(stack);
  expect(found(stack)).toEqual(ids);
});
