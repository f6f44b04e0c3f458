/**
 * The other side of the synth benchmark: the resources of `ours.ts`, written by hand with aws-cdk-lib alone, with every
 * number known in advance. Construct ids are the same, so that the two templates can be asserted to be equal.
 */
import { Aws, Duration, Fn, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmProps,
  AlarmStatusWidget,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Metric,
  PeriodOverride,
  Row,
  Stats,
  TextWidget,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue, QueueEncryption, type QueuePolicy, type QueueProps, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { bundleCode } from '../../lib/aws/runtime-function';
import type { Numbers } from './numbers';
import { FUNCTION_TIMEOUT_SECONDS, HANDLER_CODE } from './workload';

const MINUTE = Duration.minutes(1);
const FIVE_MINUTES = Duration.minutes(5);
/** CloudWatch takes no longer period. */
const MOST_PERIOD_MINUTES = 1440;

interface Queues {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly quarantine: Queue;
}

/** A queue with its dead-letter queue, quarantine, redriver, alarms and dashboard, and a function that consumes it. */
export function byHand(stack: Stack, number: number, numbers: Numbers): void {
  const { queues, dashboard } = redriveQueue(stack, `Orders${number}`, numbers);

  const handler = new LambdaFunction(stack, `Handler${number}`, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    timeout: Duration.seconds(FUNCTION_TIMEOUT_SECONDS),
    code: Code.fromInline(HANDLER_CODE),
  });
  const workerGraph = (title: string, left: IMetric[]) =>
    new GraphWidget({ title: `Worker${number}: ${title}`, left, width: 12 });
  dashboard.addWidgets(
    workerGraph('Invocations at a time', [handler.metric('ConcurrentExecutions', { statistic: 'Maximum' })]),
    workerGraph('Errors and throttles', [handler.metricErrors(), handler.metricThrottles()]),
  );
  handler.addEventSource(
    new SqsEventSource(queues.queue, {
      batchSize: numbers('batchSize'),
      reportBatchItemFailures: true,
      maxConcurrency: numbers('maxConcurrency'),
    }),
  );
}

/** A queue with everything around it, and no consumer. */
export function redriveQueue(scope: Construct, id: string, numbers: Numbers, title = id) {
  const orders = new Construct(scope, id);
  const sourceName = `${Names.uniqueResourceName(orders, { maxLength: 30, separator: '-' })}-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`;
  const queues = makeQueues(orders, sourceName, numbers);
  const redriver = makeRedriver(orders, queues, numbers);
  const alarms = makeAlarms(new Construct(orders, 'Alarms'), queues, redriver, numbers);
  const drain = timeToDrain(queues.queue, numbers('alarmAgeSeconds'));
  return { queues, dashboard: makeDashboard(orders, title, queues, redriver, alarms, drain) };
}

function makeQueues(orders: Construct, sourceName: string, numbers: Numbers): Queues {
  const common: QueueProps = {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    removalPolicy: RemovalPolicy.RETAIN,
    receiveMessageWaitTime: Duration.seconds(20),
  };
  const queueArn = Stack.of(orders).formatArn({ service: 'sqs', resource: sourceName });
  const deadLetters = new Queue(orders, 'DeadLetters', {
    ...common,
    retentionPeriod: Duration.days(14),
    visibilityTimeout: Duration.seconds(180),
    redriveAllowPolicy: {
      redrivePermission: RedrivePermission.BY_QUEUE,
      sourceQueues: [Queue.fromQueueArn(orders, 'SourceByName', queueArn)],
    },
  });
  const queue = new Queue(orders, 'Queue', {
    ...common,
    queueName: sourceName,
    visibilityTimeout: Duration.seconds(numbers('visibilityTimeoutSeconds')),
    retentionPeriod: Duration.seconds(numbers('retentionSeconds')),
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: numbers('maxReceiveCount') },
  });
  const quarantine = new Queue(orders, 'Quarantine', { ...common, retentionPeriod: Duration.days(14) });
  for (const one of [queue, deadLetters, quarantine]) {
    (one.node.findChild('Policy') as QueuePolicy).applyRemovalPolicy(RemovalPolicy.RETAIN);
  }
  return { queue, deadLetters, quarantine };
}

function makeRedriver(orders: Construct, queues: Queues, numbers: Numbers): LambdaFunction {
  const { queue, deadLetters, quarantine } = queues;
  const table = new Table(orders, 'Circuit', {
    partitionKey: { name: 'key', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: 'expires',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const logGroup = new LogGroup(orders, 'RedriverLogs', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const description = `Sends dead letters of ${orders.node.path} back a bounded number of times, then parks them masked`;
  const role = new Role(orders, 'RedriverRole', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `${description} (role)`,
  });
  logGroup.grantWrite(role);
  const redriver = new LambdaFunction(orders, 'Redriver', {
    code: Code.fromAsset(bundleCode('redrive')),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    description,
    timeout: Duration.seconds(30),
    memorySize: 256,
    environment: {
      SOURCE_QUEUE_URL: queue.queueUrl,
      DEAD_LETTER_QUEUE_URL: deadLetters.queueUrl,
      QUARANTINE_QUEUE_URL: quarantine.queueUrl,
      CIRCUIT_TABLE: table.tableName,
      MAX_REDRIVES: String(numbers('maxRedrives')),
      WINDOW_SECONDS: String(numbers('redriveWindowSeconds')),
      REDRIVES_PER_WINDOW: String(numbers('redrivesPerWindow')),
      VERDICT_MINIMUM: String(numbers('redriveVerdictMinimum')),
      SUCCESS_RATIO_FLOOR: String(numbers('successRatioFloor')),
      BACKOFF_SECONDS: String(numbers('redriveBackoffSeconds')),
      BACKOFF_CAP_SECONDS: String(numbers('redriveBackoffCapSeconds')),
      RETENTION_SECONDS: '1209600',
      STUCK_TRIES: '3',
      STUCK_HOLD_SECONDS: '21600',
      MASKED_FIELDS: '',
    },
    loggingFormat: LoggingFormat.JSON,
    logGroup,
    role,
  });
  queue.grant(redriver, 'sqs:SendMessage');
  quarantine.grant(redriver, 'sqs:SendMessage');
  table.grant(redriver, 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
  redriver.addEventSource(
    new SqsEventSource(deadLetters, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency: 2 }),
  );
  return redriver;
}

function makeAlarms(scope: Construct, queues: Queues, redriver: LambdaFunction, numbers: Numbers): Alarm[] {
  const { queue, deadLetters, quarantine } = queues;
  const alarm = (id: string, props: AlarmProps) =>
    new Alarm(scope, id, {
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...props,
    });
  const acceptedAge = numbers('alarmAgeSeconds');
  const atOnce = { threshold: 0, evaluationPeriods: 1 };
  const soon = { evaluationPeriods: 3, datapointsToAlarm: 2 };
  return [
    alarm('Backlog', {
      ...soon,
      metric: queue.metricApproximateNumberOfMessagesVisible({ period: MINUTE, statistic: Stats.MAXIMUM }),
      threshold: numbers('alarmBacklog'),
      alarmDescription:
        'More messages wait than the plan foresees at its worst. Look whether consumers run, whether each takes longer than planned, whether more arrives than planned; then allow more instances or throttle the producer.',
    }),
    alarm('Age', {
      ...soon,
      metric: queue.metricApproximateAgeOfOldestMessage({ period: MINUTE, statistic: Stats.MAXIMUM }),
      threshold: acceptedAge,
      alarmDescription:
        'The oldest message has waited longer than promised. With few messages a consumer hangs or one group is blocked; with many, consumers are too few.',
    }),
    alarm('TimeToDrain', {
      metric: timeToDrain(queue, acceptedAge),
      threshold: Math.ceil(Math.max(numbers('drainSeconds'), acceptedAge)),
      evaluationPeriods: 2,
      alarmDescription:
        'At the present rates the backlog takes longer to clear than planned; 604800 s means never, because more arrives than is finished. Add consumers or throttle the producer; waiting does not help.',
    }),
    alarm('DeadLettersUnattended', {
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: Stats.MINIMUM }),
      threshold: 0,
      evaluationPeriods: 3,
      alarmDescription:
        'Dead letters lie in their queue and the redriver does not take them. Look whether its event source mapping is enabled and whether it is throttled.',
    }),
    alarm('DeadLettersReceived', {
      ...atOnce,
      metric: deadLetters.metricNumberOfMessagesReceived({ period: FIVE_MINUTES, statistic: Stats.SUM }),
      alarmDescription:
        'Messages failed every attempt and are being redriven. Look into the log of the consumer for the cause; those that fail again end in the quarantine queue.',
    }),
    alarm('Quarantined', {
      ...atOnce,
      metric: quarantine.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: Stats.MAXIMUM }),
      alarmDescription:
        'Messages were given up and parked, masked. Their attributes say why, since when and from which queue: repair the cause, have the producer send them again by backpressure-id, then delete them.',
    }),
    alarm('CircuitOpen', {
      ...atOnce,
      metric: new Metric({
        namespace: 'Backpressure',
        metricName: 'CircuitOpen',
        dimensionsMap: { FunctionName: redriver.functionName },
        period: Duration.minutes(Math.min(MOST_PERIOD_MINUTES, Math.ceil((4 * numbers('redriveWindowSeconds')) / 60))),
        statistic: Stats.SUM,
      }),
      alarmDescription:
        'Most of what was redriven failed again, so redriving has all but stopped and dead letters are held. Repair the consumer or what it depends on; the redriver tries a few letters in every window and goes on by itself.',
    }),
    alarm('Stuck', {
      ...atOnce,
      metric: new Metric({
        namespace: 'Backpressure',
        metricName: 'Stuck',
        dimensionsMap: { FunctionName: redriver.functionName },
        period: Duration.minutes(365),
        statistic: Stats.SUM,
      }),
      alarmDescription:
        "Dead letters can be neither sent back nor parked. They stay and are tried again at least every 6 h, but the queue drops them 14 days after they first arrived. The error is in the redriver's log, metric RedriveFailed: usually a permission or a key is missing.",
    }),
    alarm('RedriverErrors', {
      ...atOnce,
      metric: redriver.metricErrors({ period: FIVE_MINUTES, statistic: Stats.SUM }),
      alarmDescription:
        'The redriver fails, so dead letters stay where they are. Look into its log; usually a permission, a key or its table is missing.',
    }),
    alarm('RedriverTable', {
      ...atOnce,
      metric: new Metric({
        namespace: 'Backpressure',
        metricName: 'TableFailed',
        dimensionsMap: { FunctionName: redriver.functionName },
        period: FIVE_MINUTES,
        statistic: Stats.SUM,
      }),
      alarmDescription:
        "The redriver's table did not answer for some dead letters. They stay and are tried again. Look into the redriver's log, metric TableFailed: a throttle passes; a missing permission does not, and then nothing is redriven.",
    }),
  ];
}

function timeToDrain(queue: Queue, acceptedAge: number): MathExpression {
  return new MathExpression({
    expression: `IF(FILL(visible, 0) * 300 > ${acceptedAge} * FILL(deleted, 0), IF(FILL(deleted, 0) > FILL(sent, 0), FILL(visible, 0) * 300 / (FILL(deleted, 0) - FILL(sent, 0)), 604800), 0)`,
    label: 'time to drain in seconds',
    period: FIVE_MINUTES,
    usingMetrics: {
      visible: queue.metricApproximateNumberOfMessagesVisible({ period: FIVE_MINUTES, statistic: Stats.AVERAGE }),
      sent: queue.metricNumberOfMessagesSent({ period: FIVE_MINUTES, statistic: Stats.SUM }),
      deleted: queue.metricNumberOfMessagesDeleted({ period: FIVE_MINUTES, statistic: Stats.SUM }),
    },
  });
}

function makeDashboard(
  orders: Construct,
  name: string,
  queues: Queues,
  redriver: LambdaFunction,
  alarms: Alarm[],
  drain: IMetric,
): Dashboard {
  const { queue, deadLetters, quarantine } = queues;
  const dashboard = new Dashboard(new Construct(orders, 'Dashboards'), 'Dashboard', {
    dashboardName: `${Aws.STACK_NAME}-${Names.uniqueResourceName(orders, { maxLength: 100, separator: '-' })}`,
    start: '-PT8H',
    periodOverride: PeriodOverride.INHERIT,
  });
  const rates = ['sent', 'deleted'].map(
    (what) =>
      new MathExpression({
        expression: `FILL(${what}, 0) / PERIOD(${what})`,
        label: what,
        period: FIVE_MINUTES,
        usingMetrics: {
          [what]: what === 'sent' ? queue.metricNumberOfMessagesSent() : queue.metricNumberOfMessagesDeleted(),
        },
      }),
  );
  const invocations = [
    redriver.metricInvocations({ label: 'invocations' }),
    redriver.metricErrors({ label: 'errors' }),
  ];
  const duration = redriver.metricDuration({ label: 'p99', statistic: 'p99' });
  dashboard.addWidgets(
    new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 3 }),
    heading(name),
    new Row(
      countGraph(queue, 6),
      ageGraph(queue, 6),
      graph('In and out', 6, 'messages/s', rates),
      graph('Time to drain', 6, 's', [drain]),
    ),
    heading(`${name}: dead letters`),
    new Row(countGraph(deadLetters, 12), ageGraph(deadLetters, 12)),
    heading(`${name}: quarantine`),
    new Row(countGraph(quarantine, 12), ageGraph(quarantine, 12)),
    heading(`${name}: redriver`),
    new Row(graph('Invocations and errors', 12, 'invocations', invocations), graph('Duration', 12, 'ms', [duration])),
  );
  return dashboard;
}

function heading(title: string): IWidget {
  return new TextWidget({ width: 24, height: 1, markdown: `### ${title}` });
}

function graph(title: string, width: number, unit: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, width, height: 5, left, leftYAxis: { min: 0, label: unit, showUnits: false } });
}

function countGraph(queue: Queue, width: number): IWidget {
  return graph('Messages', width, 'messages', [
    queue.metricApproximateNumberOfMessagesVisible({ label: 'waiting' }),
    queue.metricApproximateNumberOfMessagesNotVisible({ label: 'in work' }),
  ]);
}

function ageGraph(queue: Queue, width: number): IWidget {
  return graph('Age of the oldest message', width, 's', [queue.metricApproximateAgeOfOldestMessage({ label: 'age' })]);
}
