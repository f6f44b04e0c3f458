import { Duration, NestedStack, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { SpreadSchedule } from '../../../lib/aws/schedule/spread-schedule';
import type { SpreadScheduleProps } from '../../../lib/aws/schedule/spread-schedule-props';
import { CHORES } from '../../../lib/cases/case-04-cron-stampede';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import type { ScheduledJob } from '../../../lib/flow/schedule/workload';
import { runIn } from '../../../lib/runtime/scheduled-run/run';
import { nagFindings } from '../../support/nag';
import { type Made, only, permissions, properties, shop, type Untyped } from '../../support/stack';

interface Spread extends Made {
  readonly schedule: SpreadSchedule;
  readonly runner: LambdaFunction;
}

const runnerIn = (stack: Stack, timeout = Duration.minutes(10)) =>
  new LambdaFunction(stack, 'Runner', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = 0'),
    timeout,
  });

function make(props: (stack: Stack) => Partial<SpreadScheduleProps> = () => ({}), stack = shop()): Spread {
  const runner = runnerIn(stack);
  const compute = WorkerCompute.lambda({ function: runner });
  const schedule = new SpreadSchedule(stack, 'Chores', { ...CHORES, compute, ...props(stack) });
  return { stack, schedule, runner, template: Template.fromStack(stack) };
}

const hourly = (name: string, more: Partial<ScheduledJob> = {}): ScheduledJob => ({
  name,
  periodSeconds: 3600,
  durationSeconds: 30,
  ...more,
});

/** Twelve short jobs an hour, and a long one a day that hardly moves their mean. */
const RARELY_LONG: ScheduledJob[] = [
  ...Array.from({ length: 12 }, (_, index) => hourly(`job-${index}`, { durationVariation: 0 })),
  { name: 'archive', periodSeconds: 86_400, durationSeconds: 800, durationVariation: 0 },
];

const usual = make();
const schedulesIn = (template: Template) =>
  Object.values<Untyped>(template.findResources('AWS::Scheduler::Schedule')).map((one) => one.Properties);
const schedules = schedulesIn(usual.template);

describe('the traps of case 4 are absent', () => {
  test('trap: all on the hour: each job has its minute, and five run at once in the fullest one', () => {
    const minutes = schedules.map(
      ({ ScheduleExpression }) => /^cron\((\d+) \* \* \* \? \*\)$/.exec(ScheduleExpression)?.[1],
    );
    expect(minutes).toEqual(usual.schedule.plan.jobs.map(({ offsetMinutes }) => String(offsetMinutes)));
    const running = Array.from(
      { length: 60 },
      (_, minute) => minutes.filter((start) => (minute - Number(start) + 60) % 60 < 6).length,
    );
    // Five minutes, begun at any moment of their minute.
    expect(Math.max(...running)).toBe(5);
    expect(usual.schedule.plan.value('fullestMinuteRuns')).toBe(5);
  });

  test('trap: a stampede that is only moved: the worker runs no more at once than the fullest minute of slower runs has', () => {
    const mapping = Object.values<Untyped>(usual.template.findResources('AWS::Lambda::EventSourceMapping'))
      .map((one) => one.Properties)
      .find(
        ({ FunctionName }) => FunctionName.Ref === usual.stack.getLogicalId(usual.runner.node.defaultChild as never),
      );
    expect(mapping.ScalingConfig).toEqual({ MaximumConcurrency: 6 });
    expect(mapping.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
    expect(usual.schedule.worker.plan.value('maxInstances')).toBe(usual.schedule.plan.value('maxConcurrent'));
  });

  test("trap: yesterday's run arrives with today's: the scheduler gives up, and the worker skips, before the next one", () => {
    for (const { Target } of schedules) {
      expect(Target.RetryPolicy.MaximumEventAgeInSeconds).toBe(3300);
      expect(JSON.parse(Target.Input).startWithinSeconds).toBe(3300);
    }
  });

  test('trap: a window that moves a chosen minute: schedules have none', () => {
    for (const { FlexibleTimeWindow } of schedules) expect(FlexibleTimeWindow).toEqual({ Mode: 'OFF' });
  });

  test('trap: a run that is lost without a trace: every schedule has a dead-letter queue, another than the work has', () => {
    const { undeliveredQueue, redriveQueue, queue } = usual.schedule;
    const id = (one: IQueue) => usual.stack.getLogicalId(one.node.defaultChild as never);
    for (const { Target } of schedules) {
      expect(Target.DeadLetterConfig.Arn).toEqual({ 'Fn::GetAtt': [id(undeliveredQueue), 'Arn'] });
      expect(Target.Arn).toEqual({ 'Fn::GetAtt': [id(queue), 'Arn'] });
    }
    expect(id(undeliveredQueue)).not.toBe(id(redriveQueue!.deadLetterQueue));
  });
});

test('what a schedule sends is what the worker reads', () => {
  const started = '2026-03-01T10:59:00Z';
  const input = schedules[0].Target.Input.replace('<aws.scheduler.scheduled-time>', started);
  const run = runIn(input.replace('<aws.scheduler.execution-id>', 'e1'));
  expect(run).toEqual({
    job: 'chore-01',
    scheduledAtMillis: Date.parse(started),
    scheduledTime: '2026-03-01T10:59:00.000Z',
    executionId: 'e1',
    startBeforeMillis: Date.parse(started) + 3300_000,
  });
});

test('the function knows its table and its queue', () => {
  const { idempotencyTable, queue, plan } = usual.schedule;
  const ref = (one: { node: { defaultChild?: unknown } }) => ({
    Ref: usual.stack.getLogicalId(one.node.defaultChild as never),
  });
  expect(properties(usual, usual.runner).Environment.Variables).toEqual({
    IDEMPOTENCY_TABLE: ref(idempotencyTable),
    IDEMPOTENCY_SECONDS: String(plan.value('idempotencySeconds')),
    QUEUE_URL: ref(queue),
  });
  expect(properties(usual, idempotencyTable).TimeToLiveSpecification).toEqual({
    AttributeName: 'expiration',
    Enabled: true,
  });
});

describe('permissions', () => {
  test('the scheduler may send to the two queues and do nothing else', () => {
    expect(permissions(usual, usual.schedule.role)).toEqual({
      'sqs:SendMessage': 'Chores/Queue/Queue Chores/Undelivered',
    });
  });

  test('only schedules of this group in this account may use the role', () => {
    const { AssumeRolePolicyDocument } = properties(usual, usual.schedule.role);
    expect(AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'scheduler.amazonaws.com' },
        Condition: {
          StringEquals: {
            'aws:SourceAccount': { Ref: 'AWS::AccountId' },
            'aws:SourceArn': { 'Fn::GetAtt': [expect.stringMatching(/^ChoresGroup/), 'Arn'] },
          },
        },
      },
    ]);
  });

  test('the function keeps keys and consumes the queue, and nothing else', () => {
    expect(Object.keys(permissions(usual, usual.runner.role)).sort()).toEqual([
      'dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem',
      'sqs:ReceiveMessage sqs:ChangeMessageVisibility sqs:GetQueueUrl sqs:DeleteMessage sqs:GetQueueAttributes',
    ]);
  });

  test('schedules wait until the role may send: one that fires earlier would be retried or lost', () => {
    const all = Object.values<Untyped>(usual.template.findResources('AWS::Scheduler::Schedule'));
    for (const { DependsOn } of all) {
      expect(DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/^ChoresRoleDefaultPolicy/)]));
    }
  });
});

test('messages are encrypted and need TLS; with a key, the scheduler may use it, and wildcards are not needed', () => {
  const made = make((stack) => ({ encryptionKey: new Key(stack, 'Key') }));
  const queues = Object.values<Untyped>(made.template.findResources('AWS::SQS::Queue'));
  expect(queues).toHaveLength(4);
  for (const { Properties } of queues) expect(Properties.KmsMasterKeyId).toBeDefined();
  expect(permissions(made, made.schedule.role)['kms:GenerateDataKey kms:Decrypt']).toBe('Key');
  usual.template.resourceCountIs('AWS::SQS::QueuePolicy', 4);
});

test('cdk-nag finds nothing that is not acknowledged with its reason', () => {
  expect(nagFindings(usual.schedule)).toEqual([]);
});

describe('jobs of every form', () => {
  const made = make(() => ({
    jobs: [
      hourly('first'),
      { name: 'macro', cron: '@hourly', durationSeconds: 30 },
      { name: 'five', cron: '0 2 * * 1-5', durationSeconds: 120 },
      { name: 'six', cron: '0 4 1 * ? *', durationSeconds: 120 },
      { name: 'exact', cron: '30 9 * * *', pinned: true, durationSeconds: 60 },
      hourly('by-hand', { offsetMinutes: 7 }),
    ],
    host: undefined,
    objective: undefined,
    timeZone: 'Europe/Berlin',
  }));
  const of = (name: string) => schedulesIn(made.template).find(({ Target }) => JSON.parse(Target.Input).job === name);

  test('days stay as they are written, in the form of EventBridge', () => {
    expect(of('five').ScheduleExpression).toMatch(/^cron\(\d+ 2 \? \* MON,TUE,WED,THU,FRI \*\)$/);
    expect(of('six').ScheduleExpression).toMatch(/^cron\(\d+ 4 1 \* \? \*\)$/);
  });

  test('a pinned job keeps its minute, and one placed by hand its offset', () => {
    expect(of('exact').ScheduleExpression).toBe('cron(30 9 * * ? *)');
    expect(of('by-hand').ScheduleExpression).toBe('cron(7 * * * ? *)');
    expect(made.schedule.plan.knob('offsetMinutes.exact').formula).toMatch(/pinned/);
    expect(made.schedule.plan.knob('offsetMinutes.by-hand').formula).toBe('given');
  });

  test('all are in the given time zone; without one in UTC', () => {
    for (const one of schedulesIn(made.template)) expect(one.ScheduleExpressionTimezone).toBe('Europe/Berlin');
    for (const one of schedules) expect(one.ScheduleExpressionTimezone).toBe('Etc/UTC');
  });
});

describe('a thousand jobs', () => {
  const jobs = Array.from({ length: 1000 }, (_, index) => hourly(`job-${index}`, { durationVariation: 0 }));
  const spread = (list: ScheduledJob[]) => {
    const stack = shop();
    return new SpreadSchedule(stack, 'Chores', {
      jobs: list,
      compute: WorkerCompute.lambda({ function: runnerIn(stack) }),
    });
  };
  const made = spread(jobs);

  test('are in nested stacks, each below the 500 resources that CloudFormation takes', () => {
    const counts = made.nestedStacks.map((nested) => schedulesIn(Template.fromStack(nested)).length);
    expect(counts).toEqual([400, 400]);
    expect(made.schedules).toHaveLength(1000);
    expect(made.nestedStacks[0]).toBeInstanceOf(NestedStack);
  });

  test('a job added at the end moves none: neither its minute nor its stack', () => {
    const more = spread([...jobs, hourly('job-1000', { durationVariation: 0 })]);
    expect(more.plan.jobs.slice(0, 1000)).toEqual(made.plan.jobs);
    const places = (one: SpreadSchedule) => one.schedules.slice(0, 1000).map(({ node }) => node.path);
    expect(places(more)).toEqual(places(made));
  });

  test('the fullest minute has 34 of them, a mean of 8.3; all on the hour it had 1,000', () => {
    const { fullestRuns, meanRuns, unspreadRuns } = made.plan.predictions;
    expect([fullestRuns, unspreadRuns]).toEqual([34, 1000]);
    // A run of 30 s that begins at any moment of its minute counts for both minutes that it may be in.
    expect(meanRuns).toBeCloseTo((1000 * 30) / 3600, 9);
  });
});

describe('bring your own', () => {
  test('a queue, a group, a table', () => {
    const made = make((stack) => ({
      queue: new Queue(stack, 'Own', {
        visibilityTimeout: Duration.hours(1),
        deadLetterQueue: { queue: new Queue(stack, 'OwnDead'), maxReceiveCount: 5 },
      }),
      scheduleGroup: ScheduleGroup.fromScheduleGroupName(stack, 'Given', 'nightly'),
      idempotencyTable: Table.fromTableName(stack, 'Keys', 'keys'),
    }));
    expect(made.schedule.redriveQueue).toBeUndefined();
    made.template.resourceCountIs('AWS::Scheduler::ScheduleGroup', 0);
    made.template.resourceCountIs('AWS::DynamoDB::Table', 0);
    made.template.resourceCountIs('AWS::SQS::Queue', 3);
    for (const one of schedulesIn(made.template)) expect(one.GroupName).toBe('nightly');
    made.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'InvocationDroppedCount',
      Dimensions: [{ Name: 'ScheduleGroup', Value: 'nightly' }],
    });
  });

  test('a container on Fargate, whose task role gets the keys', () => {
    const stack = shop();
    const cluster = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc', { natGateways: 0 }) });
    const compute = WorkerCompute.fargate({ cluster, image: ContainerImage.fromRegistry('shop/chores:1') });
    const schedule = new SpreadSchedule(stack, 'Chores', { ...CHORES, compute });
    expect(schedule.alarms.skipped).toBeUndefined();
    expect(schedule.redriveQueue?.plan.value('maxInstances')).toBe(6);
    Template.fromStack(stack).hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', { MaxCapacity: 6 });
  });
});

test('a group that it makes goes with the stack: it holds nothing that the stack does not', () => {
  expect(Object.values(usual.template.findResources('AWS::Scheduler::ScheduleGroup'))).toEqual([
    expect.objectContaining({ DeletionPolicy: 'Delete' }),
  ]);
  expect(only(usual, 'AWS::Scheduler::ScheduleGroup').Name).toMatch(/^Shop-Chores-Group-/);
});

describe('alarms', () => {
  test('silence is breaching, and it takes two hours with fewer than 36 runs', () => {
    usual.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'InvocationAttemptCount',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 36,
      Period: 3600,
      EvaluationPeriods: 2,
      TreatMissingData: 'breaching',
    });
  });

  test('jobs that do not run on every day are not waited for', () => {
    const made = make(() => ({
      jobs: [{ name: 'monthly', cron: '0 4 1 * *', durationSeconds: 60 }],
      host: undefined,
      objective: undefined,
    }));
    expect(made.schedule.alarms.silent).toBeUndefined();
    expect(made.schedule.alarms.all).toHaveLength(5);
  });

  test('every number is a knob of the plan', () => {
    expect(usual.schedule.alarms.all).toHaveLength(6);
    usual.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'Skipped',
      Namespace: 'Backpressure',
      Threshold: usual.schedule.plan.value('alarmSkipped'),
      Period: usual.schedule.plan.value('alarmPeriodSeconds'),
    });
  });
});

test('the dashboard of the queue shows what the scheduler does', () => {
  usual.template.hasResourceProperties('AWS::CloudWatch::Dashboard', {
    DashboardBody: Match.objectLike({
      'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp('Chores: runs started')])],
    }),
  });
});

describe('what is refused', () => {
  const refusal = (props: (stack: Stack) => Partial<SpreadScheduleProps>) => {
    try {
      make(props);
    } catch (error) {
      return error as InvalidInputError;
    }
    throw new Error('not refused');
  };

  test('everything at once, each by its name', () => {
    const { failures } = refusal((stack) => ({
      jobs: [hourly('a', { durationSeconds: 7200 }), hourly('a')],
      queue: new Queue(stack, 'Fifo', { fifo: true }),
      queueName: 'chores',
      timeZone: 'Berlin',
      maxConcurrent: 1,
      removalPolicy: 'never' as never,
    }));
    const begins = [
      'jobs',
      'jobs.durationSeconds',
      'queue must',
      'queueName',
      'timeZone',
      'maxConcurrent',
      'removalPolicy',
    ];
    for (const one of begins) expect(failures.filter((text) => text.startsWith(one))).not.toEqual([]);
  });

  test('a promise about CPU that no place of the jobs keeps, with ways out', () => {
    const error = refusal(() => ({ objective: { cpuRatio: 0.46 } }));
    expect(error).toBeInstanceOf(CapacityError);
    expect(error.message).toMatch(/^Chores: 4 runs meet in the fullest minute .*cores/);
  });

  test('a function that ends before its job does', () => {
    const stack = shop();
    const compute = WorkerCompute.lambda({ function: runnerIn(stack, Duration.minutes(1)) });
    expect(() => new SpreadSchedule(stack, 'Chores', { ...CHORES, compute })).toThrow(
      /^Chores: the function's time-out must be at least what 99.9 % of the runs of every job take, got 60 s: chore-01 \(300 s\), .* and 31 more; give it 300 s/,
    );
  });

  test('a function that is long enough for the mean run and ends before the longest job does', () => {
    const mixed = (minutes: number) => {
      const stack = shop();
      const compute = WorkerCompute.lambda({ function: runnerIn(stack, Duration.minutes(minutes)) });
      return new SpreadSchedule(stack, 'Chores', { jobs: RARELY_LONG, compute });
    };
    expect(() => mixed(6)).toThrow(/every job take, got 360 s: archive \(800 s\); give it 800 s/);
    // One run in an invocation: it may take the whole time-out.
    expect(mixed(14).redriveQueue?.plan.value('batchSize')).toBe(1);
  });
});

describe('jobs of very different length', () => {
  const onFargate = (jobs: ScheduledJob[]) => {
    const stack = shop();
    const cluster = new Cluster(stack, 'Cluster', { vpc: new Vpc(stack, 'Vpc', { natGateways: 0 }) });
    const compute = WorkerCompute.fargate({ cluster, image: ContainerImage.fromRegistry('shop/chores:1') });
    return new SpreadSchedule(stack, 'Chores', { jobs, compute });
  };

  test('a run of the longest job is hidden in the queue for as long as it takes', () => {
    const [archive, ...hourlies] = [...RARELY_LONG].reverse();
    const { redriveQueue } = onFargate([{ ...archive, durationSeconds: 2000 }, ...hourlies]);
    expect(redriveQueue?.plan.value('visibilityTimeoutSeconds')).toBe(2030);
  });

  test('a mix that varies more than a queue takes is planned', () => {
    const made = onFargate([
      { name: 'often', periodSeconds: 300, durationSeconds: 10 },
      { name: 'archive', periodSeconds: 86_400, durationSeconds: 7200 },
    ]);
    expect(made.redriveQueue?.plan.value('visibilityTimeoutSeconds')).toBeGreaterThan(7200);
  });
});
