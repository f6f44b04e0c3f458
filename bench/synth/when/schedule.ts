/** `SpreadSchedule` on EventBridge Scheduler, and the same resources by hand. */
import { type App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, GraphWidget, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import {
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import { SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { SpreadSchedule } from '../../../lib/aws/schedule/spread-schedule';
import { redriveQueue } from '../by-hand';
import type { Numbers } from '../numbers';
import { HANDLER_CODE } from '../workload';
import { alarm, counted, numbersOf, parked } from './parts';

interface Known {
  readonly numbers: Numbers;
  /** Numbers of the plan of the queue and its worker. */
  readonly ofQueue: Numbers;
  /** The cron expression of each job. */
  readonly expressions: readonly string[];
}

/** As many as case 4 has, short enough for a function. */
export const JOBS = Array.from({ length: 36 }, (_, index) => ({
  name: `chore-${index}`,
  periodSeconds: 3600,
  durationSeconds: 60,
}));

const handler = (stack: Stack, number: number) =>
  new LambdaFunction(stack, `Handler${number}`, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    timeout: Duration.minutes(10),
    code: Code.fromInline(HANDLER_CODE),
  });

function ours(stack: Stack, number: number): SpreadSchedule {
  const compute = WorkerCompute.lambda({ function: handler(stack, number) });
  return new SpreadSchedule(stack, `Chores${number}`, { jobs: JOBS, compute });
}

function known(app: App): Known {
  const { plan, worker } = ours(new Stack(app, 'Numbers'), 0);
  const numbers = numbersOf(worker.plan);
  return {
    numbers: numbersOf(plan),
    ofQueue: (name) => (name === 'drainSeconds' ? worker.plan.predictions.drainSeconds : numbers(name)),
    expressions: JOBS.map(({ name }) => plan.job(name).expression),
  };
}

function byHand(stack: Stack, number: number, { numbers, ofQueue, expressions }: Known): void {
  const runner = handler(stack, number);
  const scope = new Construct(stack, `Chores${number}`);
  const { queues, dashboard } = redriveQueue(scope, 'Queue', ofQueue, scope.node.id);
  const { queue } = queues;
  const graph = (title: string, left: Metric[]) =>
    new GraphWidget({ title: `${scope.node.id}: ${title}`, left, width: 12 });
  dashboard.addWidgets(
    graph('Invocations at a time', [runner.metric('ConcurrentExecutions', { statistic: 'Maximum' })]),
    graph('Errors and throttles', [runner.metricErrors(), runner.metricThrottles()]),
  );
  runner.addEventSource(
    new SqsEventSource(queue, {
      batchSize: ofQueue('batchSize'),
      reportBatchItemFailures: true,
      maxConcurrency: ofQueue('maxConcurrency'),
    }),
  );
  const undelivered = parked(scope, 'Undelivered');
  const table = new Table(scope, 'Idempotency', {
    partitionKey: { name: 'id', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: 'expiration',
    encryption: TableEncryption.AWS_MANAGED,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });
  runner.addEnvironment('IDEMPOTENCY_TABLE', table.tableName);
  runner.addEnvironment('IDEMPOTENCY_SECONDS', String(numbers('idempotencySeconds')));
  runner.addEnvironment('QUEUE_URL', queue.queueUrl);
  table.grant(runner, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem');
  const group = new ScheduleGroup(scope, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
  makeSchedules(scope, { queue, undelivered, group }, expressions, numbers);
  makeAlarms(new Construct(scope, 'Alarms'), { group, undelivered, runner }, numbers);
  const sum = { statistic: Stats.SUM, period: Duration.seconds(numbers('alarmPeriodSeconds')) };
  dashboard.addWidgets(
    new GraphWidget({ title: `${scope.node.id}: runs started`, left: [group.metricAttempts(sum)], width: 12 }),
    new GraphWidget({
      title: `${scope.node.id}: runs that were not delivered`,
      left: [
        group.metricDropped(sum),
        group.metricSentToDLQ(sum),
        group.metricTargetErrors(sum),
        group.metricThrottled(sum),
      ],
      width: 12,
    }),
  );
}

interface Delivery {
  readonly queue: Queue;
  readonly undelivered: Queue;
  readonly group: ScheduleGroup;
}

function makeSchedules(
  scope: Construct,
  { queue, undelivered, group }: Delivery,
  expressions: readonly string[],
  numbers: Numbers,
): void {
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:SourceAccount': Stack.of(scope).account,
          'aws:SourceArn': group.scheduleGroupArn,
        },
      },
    }),
    description: `Sends the runs of ${scope.node.id} to their queue`,
  });
  queue.grant(role, 'sqs:SendMessage');
  undelivered.grant(role, 'sqs:SendMessage');
  for (const [index, { name }] of JOBS.entries()) {
    const startWithinSeconds = numbers(`maximumEventAgeSeconds.${name}`);
    const schedule = new Schedule(scope, `Job-${name}`, {
      schedule: ScheduleExpression.expression(`cron(${expressions[index]})`),
      timeWindow: TimeWindow.off(),
      scheduleGroup: group,
      description: `${name}, at its own minute`,
      target: new SqsSendMessage(queue, {
        input: ScheduleTargetInput.fromObject({
          job: name,
          scheduledTime: '<aws.scheduler.scheduled-time>',
          executionId: '<aws.scheduler.execution-id>',
          startWithinSeconds,
        }),
        deadLetterQueue: undelivered,
        maxEventAge: Duration.seconds(startWithinSeconds),
        role: role.withoutPolicyUpdates(),
      }),
    });
    schedule.node.addDependency(role);
  }
}

interface Watched {
  readonly group: ScheduleGroup;
  readonly undelivered: Queue;
  readonly runner: LambdaFunction;
}

function makeAlarms(scope: Construct, { group, undelivered, runner }: Watched, numbers: Numbers): void {
  const seconds = numbers('alarmPeriodSeconds');
  const period = Duration.seconds(seconds);
  const sum = { period, statistic: Stats.SUM };
  alarm(scope, 'DroppedRuns', group.metricDropped(sum), {});
  alarm(scope, 'Throttled', group.metricThrottled(sum), {});
  alarm(scope, 'TargetErrors', group.metricTargetErrors(sum), {
    evaluationPeriods: numbers('alarmTargetErrorPeriods'),
  });
  const waiting = undelivered.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM });
  alarm(scope, 'UndeliveredRuns', waiting, {});
  const silence = { period: Duration.seconds(numbers('alarmSilenceSeconds')), statistic: Stats.SUM };
  alarm(scope, 'Silent', group.metricAttempts(silence), {
    threshold: numbers('alarmSilenceRuns'),
    evaluationPeriods: numbers('alarmSilencePeriods'),
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    treatMissingData: TreatMissingData.BREACHING,
  });
  alarm(scope, 'Skipped', counted(runner, 'Skipped', seconds), {});
}

export const schedule = { ours, byHand, known };
