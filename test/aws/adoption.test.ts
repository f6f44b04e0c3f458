/**
 * Four applications that exist already and adopt the library, as a new user wrote them. Each test is something that was
 * impossible when they were first written: it is possible now, or the test says why it is not.
 */
import { App, CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { AwsLogDriver, Cluster, ContainerImage, CpuArchitecture } from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  Alias,
  Code,
  EventSourceMapping,
  type FunctionProps,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket, EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { FargateWorkerProps } from '../../lib/aws/queue/fargate-props';
import { QueuePlatform } from '../../lib/aws/queue/queue-platform';
import { QueueWorker, WorkerCompute } from '../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../lib/aws/queue/redrive-queue';
import type { RedriveQueueProps } from '../../lib/aws/queue/redrive-queue-props';
import { WebhookBuffer } from '../../lib/aws/webhooks/webhook-buffer';
import { WebhookScheme } from '../../lib/aws/webhooks/webhook-source';
import { type OnDelivery, type OnError, webhookConsumer, webhookTest } from '../../lib/runtime/webhook/consumer';
import { permissions, properties, shop, type Untyped } from '../support/stack';

function functionIn(scope: Construct, props: Partial<FunctionProps> = {}): LambdaFunction {
  return new LambdaFunction(scope, 'Handler', {
    code: Code.fromInline('exports.handler = async () => ({ batchItemFailures: [] })'),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
    timeout: Duration.seconds(30),
    ...props,
  });
}

function warningsOf(stack: Stack): string[] {
  return Annotations.fromStack(stack)
    .findWarning('*', Match.anyValue())
    .map(({ entry }) => String(entry.data));
}

describe('(a) a queue in production, worked on by the alias of a function', () => {
  const orders = {
    workload: { steadyPerSecond: 20, peakPerSecond: 60, peakSeconds: 600, serviceSeconds: 0.2 },
    objective: { latencySeconds: 300 },
    functionTimeout: Duration.seconds(30),
  };

  /** What the team had before: a queue with its name, key and dead letters. */
  function theirs(stack: Stack) {
    const key = new Key(stack, 'Key');
    const encryption = { encryption: QueueEncryption.KMS, encryptionMasterKey: key };
    const deadLetters = new Queue(stack, 'Dead', {
      ...encryption,
      queueName: 'orders-dead',
      retentionPeriod: Duration.days(14),
      visibilityTimeout: Duration.minutes(3),
    });
    const queue = new Queue(stack, 'Own', {
      ...encryption,
      queueName: 'orders',
      visibilityTimeout: Duration.minutes(3),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
    });
    const fn = functionIn(stack);
    const alias = new Alias(fn, 'Live', { aliasName: 'live', version: fn.currentVersion });
    return { key, queue, deadLetters, alias };
  }

  const ticket: IAlarmAction = { bind: () => ({ alarmActionArn: 'arn:aws:ssm:us-east-1:123456789012:opsitem:3' }) };
  const stack = shop();
  const { key, queue, deadLetters, alias } = theirs(stack);
  const pager = new Topic(stack, 'Pager');
  const around = new RedriveQueue(stack, 'Orders', {
    ...orders,
    queue,
    encryptionKey: key,
    alarms: {
      namePrefix: 'orders',
      critical: { topic: pager, okTopic: pager },
      warning: { actions: [ticket] },
      silence: { timeToDrain: 'the nightly import is allowed to take hours' },
    },
  });
  const worker = new QueueWorker(stack, 'Worker', { queue, compute: WorkerCompute.lambda({ function: alias }) });
  const made = { stack, template: Template.fromStack(stack) };

  test('adopting it makes no new queue but the quarantine, and changes neither name nor key nor redrive policy', () => {
    const alone = shop();
    theirs(alone);
    const [then, now] = [Template.fromStack(alone), made.template].map((one) => one.findResources('AWS::SQS::Queue'));
    expect(Object.keys(now).filter((id) => !(id in then))).toEqual([expect.stringMatching(/^OrdersQuarantine/)]);
    for (const [id, resource] of Object.entries(then)) expect(now[id]).toEqual(resource);
  });

  test('all alarms watch it, those of the redriver too: not only four', () => {
    expect(around.alarms.all).toHaveLength(10);
    made.template.resourceCountIs('AWS::CloudWatch::Alarm', 10);
  });

  test('it has redriver, quarantine and dashboard, and the redriver may use the key of the team', () => {
    expect(around.deadLetterQueue).toBe(deadLetters);
    expect(properties(made, around.quarantineQueue).KmsMasterKeyId).toEqual(properties(made, queue).KmsMasterKeyId);
    const allowed = permissions(made, around.redriver!.role);
    expect(allowed['sqs:SendMessage']).toBe('Own Orders/Quarantine');
    expect(Object.entries(allowed).filter(([action]) => action.includes('kms:Decrypt'))).not.toEqual([]);
    made.template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });

  test('the mapping calls the alias, with the numbers of the plan', () => {
    const mappings = Object.values<Untyped>(made.template.findResources('AWS::Lambda::EventSourceMapping'));
    const mapping = mappings.find(({ Properties }) => JSON.stringify(Properties.EventSourceArn).includes('"Own'));
    expect(mapping.Properties.FunctionName).toEqual(stack.resolve(alias.functionName));
    expect(JSON.stringify(mapping.Properties.FunctionName)).toContain(':live');
    expect(mapping.Properties.ScalingConfig.MaximumConcurrency).toBe(worker.plan.value('maxConcurrency'));
    expect(around.plan).toBe(worker.plan);
  });

  test('a mapping that is there stays; one that does not do what is planned is refused', () => {
    const withMapping = (maxConcurrency?: number) => {
      const other = shop();
      const had = theirs(other);
      const eventSourceMapping = new EventSourceMapping(other, 'Mapping', {
        target: had.alias,
        eventSourceArn: had.queue.queueArn,
        batchSize: worker.plan.value('batchSize'),
        reportBatchItemFailures: true,
        maxConcurrency,
      });
      new RedriveQueue(other, 'Orders', { ...orders, queue: had.queue, maxRedrives: 0 });
      const compute = WorkerCompute.lambda({ function: had.alias, eventSourceMapping });
      new QueueWorker(other, 'Worker', { queue: had.queue, compute });
      return Template.fromStack(other);
    };
    const planned = worker.plan.value('maxConcurrency');
    withMapping(planned).resourceCountIs('AWS::Lambda::EventSourceMapping', 1);
    expect(() => withMapping(planned + 1)).toThrow(
      `MaximumConcurrency of the mapping Shop/Mapping must be ${planned}, as planned, got ${planned + 1}`,
    );
  });

  test('alarms have names, go by their severity to a topic or to any action, and say when they are over', () => {
    const alarms = Object.values<Untyped>(made.template.findResources('AWS::CloudWatch::Alarm'));
    const names = alarms.map(({ Properties }) => Properties.AlarmName);
    expect(names).toEqual(names.map(() => expect.stringMatching(/^orders-\w+$/)));
    const topic = { Ref: stack.getLogicalId(pager.node.defaultChild as never) };
    const tickets = 'arn:aws:ssm:us-east-1:123456789012:opsitem:3';
    const byName = (name: string) =>
      alarms.find(({ Properties }) => Properties.AlarmName === `orders-${name}`).Properties;
    expect(byName('age')).toMatchObject({ AlarmActions: [topic], OKActions: [topic] });
    expect(byName('backlog')).toMatchObject({ AlarmActions: [tickets] });
    expect(byName('timeToDrain')).toMatchObject({ ActionsEnabled: false });
    expect(byName('timeToDrain').AlarmDescription).toMatch(/^Silent: the nightly import/);
  });

  test('its own queue may have a name and may go with the stack', () => {
    const other = shop();
    const { queue: own } = new RedriveQueue(other, 'Orders', {
      ...orders,
      queueName: 'orders',
      removalPolicy: 'destroy' as never,
    });
    const { Resources } = Template.fromStack(other).toJSON();
    const resource = Resources[other.getLogicalId(own.node.defaultChild as never)];
    expect([resource.Properties.QueueName, resource.DeletionPolicy]).toEqual(['orders', 'Delete']);
  });

  test('of a queue of another stack the settings cannot be read: a command shows them, and given ones are checked', () => {
    const imported = (existing?: RedriveQueueProps['existing']) => {
      const other = shop();
      const arn = 'arn:aws:sqs:us-east-1:123456789012:orders';
      const foreign = Queue.fromQueueArn(other, 'Foreign', arn);
      const letters = Queue.fromQueueArn(other, 'ForeignDead', `${arn}-dead`);
      new RedriveQueue(other, 'Orders', { ...orders, queue: foreign, deadLetterQueue: letters, existing });
      return warningsOf(other);
    };
    expect(imported().join(' ')).toContain('aws sqs get-queue-attributes');
    expect(() => imported({ visibilityTimeout: Duration.seconds(5) })).toThrow(
      /the queue hides a message for 5 s.*; a visibility timeout of 180 s/,
    );
  });
});

describe('(b) from a bucket over a queue to Fargate, in a network and a cluster that are there', () => {
  const thumbnails = {
    workload: { steadyPerSecond: 2, peakPerSecond: 20, peakSeconds: 900, serviceSeconds: 1.5 },
    objective: { latencySeconds: 600 },
  };

  function cluster(stack: Stack) {
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1',
      availabilityZones: ['us-east-1a', 'us-east-1b'],
      privateSubnetIds: ['subnet-1', 'subnet-2'],
    });
    return Cluster.fromClusterAttributes(stack, 'Cluster', { vpc, clusterName: 'platform' });
  }

  function app(compute: (stack: Stack) => Partial<FargateWorkerProps> = () => ({})) {
    const stack = shop();
    const bucket = new Bucket(stack, 'Bucket');
    const queue = new RedriveQueue(stack, 'Uploads', { ...thumbnails, platform: QueuePlatform.FARGATE });
    bucket.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(queue));
    const image = ContainerImage.fromRegistry('shop/thumbnails:1');
    const worker = new QueueWorker(stack, 'Worker', {
      queue,
      compute: WorkerCompute.fargate({ cluster: cluster(stack), image, ...compute(stack) }),
    });
    return { stack, bucket, queue, worker };
  }

  const container = (stack: Stack): Untyped =>
    Object.values<Untyped>(Template.fromStack(stack).findResources('AWS::ECS::TaskDefinition'))[0].Properties
      .ContainerDefinitions[0];

  test('nothing of the network and the cluster is made again', () => {
    const template = Template.fromStack(app().stack);
    for (const kind of ['AWS::EC2::VPC', 'AWS::EC2::Subnet', 'AWS::ECS::Cluster']) template.resourceCountIs(kind, 0);
    template.hasResourceProperties('AWS::ECS::Service', {
      Cluster: 'platform',
      NetworkConfiguration: { AwsvpcConfiguration: { Subnets: ['subnet-1', 'subnet-2'] } },
    });
    template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
      ResourceId: Match.objectLike({ 'Fn::Join': ['', Match.arrayWith(['service/platform/'])] }),
    });
  });

  test('scaling counts the tasks by Container Insights, which cannot be read from an imported cluster: it is said', () => {
    // The two others are of the subnets, which were imported without their route tables.
    expect(warningsOf(app().stack).filter((text) => !text.includes('routeTableId'))).toEqual([
      expect.stringMatching(/aws ecs describe-clusters --clusters platform --include SETTINGS/),
    ]);
  });

  test('the bucket notifies the queue that is given as the construct', () => {
    const { stack, queue } = app();
    Template.fromStack(stack).hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: {
        QueueConfigurations: [
          Match.objectLike({
            QueueArn: { 'Fn::GetAtt': [stack.getLogicalId(queue.queue.node.defaultChild as never), 'Arn'] },
          }),
        ],
      },
    });
  });

  test('every part is a member; the role of the task reads the bucket without findChild', () => {
    const { stack, worker, bucket } = app();
    const { service, taskDefinition, container: main, scalableTarget } = worker;
    expect([service, taskDefinition, main, scalableTarget]).not.toContain(undefined);
    bucket.grantRead(taskDefinition!.taskRole);
    const made = { stack, template: Template.fromStack(stack) };
    const reads = Object.entries(permissions(made, taskDefinition!.taskRole as Role));
    expect(reads.find(([action]) => action.includes('s3:GetObject'))?.[1]).toContain('Bucket');
  });

  test('a role of the team is used, and may consume the queue', () => {
    let role: Role | undefined;
    const { stack } = app((scope) => {
      role = new Role(scope, 'Team', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
      return { taskRole: role };
    });
    const made = { stack, template: Template.fromStack(stack) };
    expect(Object.keys(permissions(made, role)).join(' ')).toContain('sqs:DeleteMessage');
  });

  test.each([
    ['ARM64', CpuArchitecture.ARM64],
    ['X86_64', CpuArchitecture.X86_64],
  ])('tasks run on %s', (name, architecture) => {
    Template.fromStack(app(() => ({ architecture })).stack).hasResourceProperties('AWS::ECS::TaskDefinition', {
      RuntimePlatform: { CpuArchitecture: name },
    });
  });

  test('the root is read-only, and tools that write to /tmp get a volume there', () => {
    const { stack, worker } = app();
    worker.taskDefinition!.addVolume({ name: 'tmp' });
    worker.container!.addMountPoints({ sourceVolume: 'tmp', containerPath: '/tmp', readOnly: false });
    expect(container(stack)).toMatchObject({
      ReadonlyRootFilesystem: true,
      MountPoints: [{ ContainerPath: '/tmp', ReadOnly: false, SourceVolume: 'tmp' }],
    });
  });

  test('health check, command, storage, logs, security group, Spot and a shell are settings', () => {
    const { stack } = app((scope) => ({
      command: ['node', 'worker.js'],
      healthCheck: { command: ['CMD-SHELL', 'test -f /tmp/alive'] },
      ephemeralStorageGiB: 40,
      securityGroups: [SecurityGroup.fromSecurityGroupId(scope, 'Group', 'sg-1')],
      logging: new AwsLogDriver({
        streamPrefix: 'thumbnails',
        logGroup: new LogGroup(scope, 'Logs', { retention: RetentionDays.ONE_WEEK }),
      }),
      capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      readonlyRootFilesystem: false,
      enableExecuteCommand: true,
    }));
    const template = Template.fromStack(stack);
    expect(container(stack)).toMatchObject({
      Command: ['node', 'worker.js'],
      HealthCheck: { Command: ['CMD-SHELL', 'test -f /tmp/alive'] },
      LogConfiguration: { Options: { 'awslogs-group': { Ref: expect.stringMatching(/^Logs/) } } },
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 7 });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { EphemeralStorage: { SizeInGiB: 40 } });
    template.hasResourceProperties('AWS::ECS::Service', {
      CapacityProviderStrategy: [{ CapacityProvider: 'FARGATE_SPOT', Weight: 1 }],
      EnableExecuteCommand: true,
      LaunchType: Match.absent(),
      NetworkConfiguration: { AwsvpcConfiguration: { SecurityGroups: ['sg-1'] } },
    });
  });

  test('a shell in a container with a read-only root is impossible: the agent of ECS Exec writes there', () => {
    expect(() => app(() => ({ enableExecuteCommand: true }))).toThrow(
      'enableExecuteCommand needs readonlyRootFilesystem false: the agent of ECS Exec writes to the file system',
    );
  });

  test('workload and promise are typed once, and queue, alarms and worker have one plan', () => {
    const { queue, worker } = app();
    expect(queue.plan).toBe(worker.plan);
    const threshold = (queue.alarms.backlog.node.defaultChild as Untyped).threshold;
    expect(threshold).toBe(worker.plan.value('alarmBacklog'));
  });

  test('the plan of tasks gives no reason that is about Lambda, except for the redriver', () => {
    const sources = app().worker.plan.knobs.filter(({ source }) => /AWS Lambda/.test(source));
    expect(sources.map(({ name }) => name).filter((name) => !/^(redriver|deadLetter)/.test(name))).toEqual([]);
    const visibility = app().worker.plan.knobs.find(({ name }) => name === 'visibilityTimeoutSeconds');
    expect(visibility?.source).toMatch(/^Amazon SQS developer guide/);
  });
});

describe('(c) webhooks of Stripe', () => {
  const props = {
    workload: { steadyPerSecond: 5, peakPerSecond: 50, peakSeconds: 300, serviceSeconds: 0.1 },
    objective: { latencySeconds: 60 },
  };
  const book: OnDelivery = async ({ body }, effects) => {
    const { id, amount } = JSON.parse(body) as { id: string; amount?: { cents: number } };
    effects.add({ Put: { TableName: 'ledger', Item: { id: { S: id }, cents: { N: String(amount!.cents) } } } });
  };

  test('the business logic is unit-tested in three lines', async () => {
    const webhooks = webhookTest(book, { scheme: 'stripe' });
    const { outcome, effects } = await webhooks.deliver({ body: '{"id":"evt_1","amount":{"cents":500}}' });
    expect([outcome, effects[0]?.Put?.Item?.cents.N]).toEqual(['processed', '500']);
  });

  test('a bug of its own is thrown to the test as it is', async () => {
    const { outcome, error } = await webhookTest(book, { scheme: 'stripe' }).deliver({ body: '{"id":"evt_2"}' });
    expect(outcome).toBe('failed');
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain('cents');
  });

  test('a tracker of errors gets the bug by `onError`, whose type is public', () => {
    const seen: unknown[] = [];
    const onError: OnError = (error, delivery) => void seen.push([error, delivery?.id]);
    expect(webhookConsumer(book, { onError, sources: {} })).toBeInstanceOf(Function);
  });

  test('a function behind an alias is attached by the function, and the worker calls the alias', () => {
    const stack = shop();
    const webhooks = new WebhookBuffer(stack, 'Webhooks', {
      ...props,
      sources: [{ name: 'stripe', scheme: WebhookScheme.STRIPE }],
    });
    const fn = functionIn(stack);
    webhooks.attach(fn);
    const alias = new Alias(fn, 'Live', { aliasName: 'live', version: fn.currentVersion });
    const compute = WorkerCompute.lambda({ function: alias });
    const worker = new QueueWorker(stack, 'Worker', { queue: webhooks.redriveQueue, compute });
    expect(webhooks.redriveQueue.plan).toBe(worker.plan);
  });

  test('a consumer in another language gets environment and permissions; the checks exist for Node only', () => {
    const stack = shop();
    const webhooks = new WebhookBuffer(stack, 'Webhooks', {
      ...props,
      sources: [{ name: 'stripe', scheme: WebhookScheme.STRIPE }],
    });
    const code = Code.fromInline('def handler(event, context): return {"batchItemFailures": []}');
    const fn = functionIn(stack, { runtime: Runtime.PYTHON_3_13, code });
    webhooks.attach(fn);
    const made = { stack, template: Template.fromStack(stack) };
    const names = Object.keys(properties(made, fn).Environment.Variables);
    expect(names).toEqual(expect.arrayContaining(['WEBHOOK_SOURCES', 'IDEMPOTENCY_TABLE', 'REFUSED_QUEUE_URL']));
    expect(Object.keys(permissions(made, fn.role!)).join(' ')).toContain('secretsmanager:GetSecretValue');
  });
});

describe('(d) an own construct', () => {
  const demand = {
    workload: { steadyPerSecond: 10, serviceSeconds: 0.1 },
    objective: { latencySeconds: 120 },
    functionTimeout: Duration.seconds(30),
  };

  /** The house's own queue with a worker, by composition. */
  class HouseQueue extends Construct {
    public readonly queue: RedriveQueue;
    public readonly worker: QueueWorker;

    constructor(scope: Construct, id: string, props: Partial<RedriveQueueProps> = {}) {
      super(scope, id);
      this.queue = new RedriveQueue(this, 'Queue', { ...demand, ...props });
      const compute = WorkerCompute.lambda({ function: functionIn(this) });
      this.worker = new QueueWorker(this, 'Worker', { queue: this.queue, compute });
    }
  }

  /** The same by inheritance. */
  class HouseRedriveQueue extends RedriveQueue {
    constructor(scope: Construct, id: string, props: Partial<RedriveQueueProps> = {}) {
      super(scope, id, { ...demand, maxRedrives: 1, ...props });
    }
  }

  test('by composition: plan, knobs and predictions are reached, and two of them stand side by side', () => {
    const stack = shop();
    const [first, second] = [new HouseQueue(stack, 'First'), new HouseQueue(stack, 'Second')];
    expect(first.worker.plan.value('maxConcurrency')).toBe(second.worker.plan.value('maxConcurrency'));
    expect(first.queue.plan).toBe(first.worker.plan);
    Template.fromStack(stack).resourceCountIs('AWS::SQS::Queue', 6);
  });

  test('by inheritance: a worker takes it as the queue that it is', () => {
    const stack = shop();
    const queue = new HouseRedriveQueue(stack, 'Orders');
    const compute = WorkerCompute.lambda({ function: functionIn(stack) });
    const worker = new QueueWorker(stack, 'Worker', { queue, compute });
    expect(queue.plan).toBe(worker.plan);
    expect(worker.plan.value('maxRedrives')).toBe(1);
  });

  test('around a queue that is there, and with a token for what is decided at deployment', () => {
    const stack = new Stack(new App(), 'Tokens');
    const count = new CfnParameter(stack, 'Receives', { type: 'Number', default: 5 });
    const own = new Queue(stack, 'Own', { visibilityTimeout: Duration.minutes(3) });
    const house = new HouseQueue(stack, 'House', { queue: own, maxReceiveCount: count.valueAsNumber });
    expect(house.queue.queue).toBe(own);
    expect(house.worker.plan.knobs.length).toBeGreaterThan(10);
  });

  test('a knob that does not exist is refused with the names of those that do', () => {
    const { worker } = new HouseQueue(shop(), 'House');
    expect(() => worker.plan.value('maxConcurency')).toThrow(/maxConcurency.*maxConcurrency/);
  });
});
