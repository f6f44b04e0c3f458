import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { InterfaceVpcEndpoint, InterfaceVpcEndpointAwsService, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { RabbitMqBroker } from '../../../lib/aws/queue/rabbit-mq-broker';
import { RabbitMqQueue } from '../../../lib/aws/queue/rabbit-mq-queue';
import type { RabbitMqQueueProps } from '../../../lib/aws/queue/rabbit-mq-queue-props';
import { RabbitMqWorker, type RabbitMqWorkerProps } from '../../../lib/aws/queue/rabbit-mq-worker';
import { ORDERS } from '../../../lib/cases/case-02-order-peak';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planQueue } from '../../../lib/flow/queue/plan';
import type { Topology } from '../../../lib/runtime/rabbitmq-topology/topology';
import { nagFindings } from '../../support/nag';
import { only, permissions, shop, type Untyped } from '../../support/stack';

const QUESTION = { workload: ORDERS.workload, ...ORDERS.on.aws };
const { workload, objective, consumer } = QUESTION;

const network = (stack: Stack) =>
  Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['a', 'b', 'c'],
    privateSubnetIds: ['subnet-a', 'subnet-b', 'subnet-c'],
  });

interface Choices {
  readonly queue?: (stack: Stack, vpc: ReturnType<typeof network>) => Partial<RabbitMqQueueProps>;
  readonly worker?: Partial<RabbitMqWorkerProps>;
  readonly stack?: Stack;
}

function make({ queue = () => ({}), worker, stack = shop() }: Choices = {}) {
  const vpc = network(stack);
  const orders = new RabbitMqQueue(stack, 'Orders', {
    queueName: 'orders',
    workload,
    objective,
    consumer,
    broker: RabbitMqBroker.managed({ vpc }),
    ...queue(stack, vpc),
  });
  const cluster = new Cluster(stack, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
  const made = new RabbitMqWorker(stack, 'Worker', {
    queue: orders,
    cluster,
    image: ContainerImage.fromRegistry('worker'),
    ...worker,
  });
  return { stack, orders, worker: made, template: Template.fromStack(stack) };
}

/** What the function is told, with references as their logical ids. */
function declaredBy(template: Template): Topology {
  const { Topology: text } = only({ template } as Untyped, 'Custom::RabbitMqTopology');
  if (typeof text === 'string') return JSON.parse(text);
  return JSON.parse(text['Fn::Join'][1].map((part: Untyped) => (typeof part === 'string' ? part : part.Ref)).join(''));
}

function refusal(choices: Choices): Error {
  try {
    make(choices);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was not refused');
}

const usual = make();
const json = JSON.stringify(usual.template.toJSON());

describe('the traps of case 2 are absent', () => {
  const { policies, queues, bindings, exchanges } = declaredBy(usual.template);
  const plan = planQueue('Orders', QUESTION);

  test('trap: a queue without a dead-letter exchange discards what is rejected', () => {
    expect(policies[1].definition).toMatchObject({
      'dead-letter-exchange': 'orders.dead',
      'dead-letter-routing-key': 'orders',
      'dead-letter-strategy': 'at-least-once',
      overflow: 'reject-publish',
    });
    expect(queues).toEqual(['orders.dead', 'orders']);
    expect(exchanges.map(({ name }) => name)).toContain('orders.dead');
    expect(bindings[0]).toEqual({ source: 'orders.dead', destination: 'orders.dead', routingKey: 'orders' });
  });

  test('trap: a large prefetch holds work at busy tasks: it is the one of the plan', () => {
    const [container] = only(usual, 'AWS::ECS::TaskDefinition').ContainerDefinitions;
    const told = Object.fromEntries(container.Environment.map(({ Name, Value }: Untyped) => [Name, Value]));
    expect(told).toMatchObject({
      PREFETCH: '3',
      SLOTS: '2',
      QUEUE_NAME: 'orders',
      RABBITMQ_VHOST: '/',
      HEARTBEAT_SECONDS: '30',
    });
    expect(plan.value('prefetch')).toBe(3);
  });

  test('trap: a policy of low priority has no effect beside the default ones of Amazon MQ, which have 1', () => {
    for (const { priority } of policies) expect(priority).toBeGreaterThan(1);
  });

  test('the limits are those of the plan', () => {
    expect(policies[1].definition).toMatchObject({
      'delivery-limit': plan.value('deliveryLimit'),
      'max-length': plan.value('maxLength'),
    });
    expect(policies[0].definition).toEqual({
      'max-length-bytes': plan.value('deadLetterMaxBytes'),
      overflow: 'reject-publish',
    });
  });

  test('trap: a worker scaled on CPU, or on the depth of the whole broker: it is the backlog per task, in work included', () => {
    const { TargetTrackingScalingPolicyConfiguration: tracking } = only(
      usual,
      'AWS::ApplicationAutoScaling::ScalingPolicy',
    );
    const metrics = tracking.CustomizedMetricSpecification.Metrics;
    expect(metrics.at(-1).Expression).toBe('(visible + inFlight) / FILL(running, 1)');
    expect(metrics.slice(0, 2).map(({ MetricStat }: Untyped) => MetricStat.Metric.MetricName)).toEqual([
      'MessageReadyCount',
      'MessageUnacknowledgedCount',
    ]);
    for (const { MetricStat } of metrics.slice(0, 2)) {
      expect(MetricStat.Metric.Dimensions.map(({ Name }: Untyped) => Name).sort()).toEqual([
        'Broker',
        'Queue',
        'VirtualHost',
      ]);
    }
    expect(tracking.TargetValue).toBe(plan.value('backlogPerInstance'));
  });
});

describe('the broker', () => {
  test('is private, patched, a cluster, and kept', () => {
    usual.template.hasResource('AWS::AmazonMQ::Broker', {
      Properties: {
        EngineType: 'RABBITMQ',
        EngineVersion: '4.2',
        DeploymentMode: 'CLUSTER_MULTI_AZ',
        PubliclyAccessible: false,
        AutoMinorVersionUpgrade: true,
        SubnetIds: ['subnet-a', 'subnet-b', 'subnet-c'],
        Logs: { General: true },
      },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  test('no password is in the template: CloudFormation resolves references to Secrets Manager', () => {
    const [{ Password }] = only(usual, 'AWS::AmazonMQ::Broker').Users;
    expect(JSON.stringify(Password)).toMatch(/\{\{resolve:secretsmanager:.*:SecretString:password::\}\}/);
    const [container] = only(usual, 'AWS::ECS::TaskDefinition').ContainerDefinitions;
    expect(container.Secrets.map(({ Name }: Untyped) => Name)).toEqual(['RABBITMQ_USERNAME', 'RABBITMQ_PASSWORD']);
    expect(json).not.toMatch(/"Password":"(?!\{\{)/);
  });

  test('its group, which a kept broker still uses, is kept with it', () => {
    usual.template.hasResource('AWS::EC2::SecurityGroup', {
      Properties: { GroupDescription: Match.stringLikeRegexp('RabbitMQ broker') },
      DeletionPolicy: 'Retain',
    });
  });

  test('lets in the function on the management API and the tasks on AMQP, and nobody else', () => {
    const alone = Object.values(usual.template.findResources('AWS::EC2::SecurityGroupIngress')).map(
      ({ Properties }) => Properties,
    );
    const inline = Object.values(usual.template.findResources('AWS::EC2::SecurityGroup')).flatMap(
      ({ Properties }) => Properties.SecurityGroupIngress ?? [],
    );
    expect([...alone, ...inline].map(({ ToPort }) => ToPort).sort()).toEqual([443, 5671]);
    expect([...alone, ...inline].filter(({ SourceSecurityGroupId }) => !SourceSecurityGroupId)).toEqual([]);
  });

  test('a key encrypts broker and secrets', () => {
    const { template } = make({
      queue: (stack, vpc) => ({
        broker: RabbitMqBroker.managed({ vpc, encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }) }),
      }),
    });
    template.hasResourceProperties('AWS::AmazonMQ::Broker', {
      EncryptionOptions: { UseAwsOwnedKey: false, KmsKeyId: Match.anyValue() },
    });
    for (const { Properties } of Object.values(template.findResources('AWS::SecretsManager::Secret'))) {
      expect(Properties.KmsKeyId).toBeDefined();
    }
  });

  test('a further queue takes the broker of the first, and makes none', () => {
    const stack = shop();
    const sized = { workload, objective, consumer };
    const broker = RabbitMqBroker.managed({ vpc: network(stack) });
    const orders = new RabbitMqQueue(stack, 'Orders', { queueName: 'orders', ...sized, broker });
    new RabbitMqQueue(stack, 'Returns', { queueName: 'returns', ...sized, broker: orders.broker });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::AmazonMQ::Broker', 1);
    template.resourceCountIs('Custom::RabbitMqTopology', 2);
  });

  test('one that exists already is not touched but for the rules that admit us', () => {
    const { template, orders } = make({
      queue: (stack, vpc) => ({
        vhost: 'shop',
        broker: RabbitMqBroker.existing({
          brokerName: 'shared',
          endpoint: 'amqps://b-1.mq.eu-west-1.amazonaws.com:5671',
          adminSecret: Secret.fromSecretCompleteArn(
            stack,
            'Admin',
            'arn:aws:secretsmanager:eu-west-1:111122223333:secret:admin-abcdef',
          ),
          vpc,
          securityGroup: SecurityGroup.fromSecurityGroupId(stack, 'Brokers', 'sg-1'),
        }),
      }),
    });
    template.resourceCountIs('AWS::AmazonMQ::Broker', 0);
    expect(only({ template } as Untyped, 'Custom::RabbitMqTopology').Management).toBe(
      'https://b-1.mq.eu-west-1.amazonaws.com',
    );
    expect(declaredBy(template).users.map(({ name }) => name)).toEqual(['shop/orders.worker', 'shop/orders.producer']);
    expect(orders.alarms.brokerConnections).toBeUndefined();
  });
});

describe('the function', () => {
  test('may read three secrets and nothing else', () => {
    const allowed = Object.keys(permissions(usual, usual.orders.declarer.role));
    expect(allowed.filter((action) => !action.startsWith('logs:'))).toEqual(['secretsmanager:GetSecretValue']);
  });

  test('it connects only to the endpoint of Secrets Manager where that is given', () => {
    const { template } = make({
      queue: (stack, vpc) => ({
        secretsManagerEndpoint: new InterfaceVpcEndpoint(stack, 'Endpoint', {
          vpc,
          service: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
          open: false,
        }),
      }),
    });
    const groups = Object.values(template.findResources('AWS::EC2::SecurityGroup'));
    const declarer = groups.find(({ Properties }) => Properties.GroupDescription.includes('Declares'));
    expect(JSON.stringify(declarer)).toContain('Declares');
    expect(JSON.stringify(declarer)).not.toContain('"0.0.0.0/0"');
  });

  test('the service of the worker waits until its queue and its user are declared', () => {
    const [topology] = Object.keys(usual.template.findResources('Custom::RabbitMqTopology'));
    const [service] = Object.values(usual.template.findResources('AWS::ECS::Service'));
    expect(service.DependsOn).toContain(topology);
  });

  test('it is invoked once the broker lets it in, and does not wait for the rule of the worker, which waits for it', () => {
    const [topology] = Object.values(usual.template.findResources('Custom::RabbitMqTopology'));
    const port = (wanted: number) =>
      Object.entries(usual.template.findResources('AWS::EC2::SecurityGroupIngress')).find(
        ([, { Properties }]) => Properties.ToPort === wanted,
      )?.[0];
    expect(topology.DependsOn).toContain(port(443));
    expect(topology.DependsOn).not.toContain(port(5671));
  });

  test('objects stay with the stack unless they are to be destroyed', () => {
    usual.template.hasResource('Custom::RabbitMqTopology', { DeletionPolicy: 'Retain' });
    make({ queue: () => ({ removalPolicy: RemovalPolicy.DESTROY }) }).template.hasResource('Custom::RabbitMqTopology', {
      DeletionPolicy: 'Delete',
    });
  });

  test('the hourly check has the same objects', () => {
    const { Targets } = only(usual, 'AWS::Events::Rule');
    const input = Targets[0].Input['Fn::Join'][1].filter((part: Untyped) => typeof part === 'string').join('');
    expect(input).toContain('"delivery-limit":4,"max-length":235800');
    const often = make({ queue: () => ({ repairInterval: Duration.minutes(15) }) });
    expect(only(often, 'AWS::Events::Rule').ScheduleExpression).toBe('rate(15 minutes)');
    expect(often.orders.plan.knob('repairIntervalSeconds')).toMatchObject({ value: 900, formula: 'given' });
  });
});

describe('one queue has one plan', () => {
  test('queue and worker have the numbers of the case, and the worker its price', () => {
    const planned = planQueue('Orders', QUESTION);
    for (const { name, value } of planned.knobs) {
      expect([name, usual.orders.plan.value(name)]).toEqual([name, value]);
      expect([name, usual.worker.plan.value(name)]).toEqual([name, value]);
    }
    expect(usual.worker.plan.value('costCeiling')).toBeGreaterThan(0);
    expect(usual.template.findResources('AWS::ApplicationAutoScaling::ScalableTarget')).toMatchObject({
      [Object.keys(usual.template.findResources('AWS::ApplicationAutoScaling::ScalableTarget'))[0]]: {
        Properties: { MinCapacity: planned.value('minInstances'), MaxCapacity: planned.value('maxInstances') },
      },
    });
  });

  test('a second worker is refused', () => {
    const { stack, orders, worker } = make();
    const second = () => new RabbitMqWorker(stack, 'Second', { queue: orders, service: worker.service });
    expect(second).toThrow('queue already has the worker Worker');
  });

  test('a ceiling on the cost is held by the worker, with ways out that were planned', () => {
    const error = refusal({ queue: () => ({ objective: { ...objective, monthlyCost: 5 } }) });
    expect(error).toBeInstanceOf(CapacityError);
    expect(error.message).toMatch(/^Worker: maxInstances 4 of the queue's plan may cost .* USD a month, 5 are allowed/);
  });
});

describe('what cannot work is refused', () => {
  test('too few tasks for a reaction of 300 s: the message says how many have to stay up', () => {
    const error = refusal({ queue: () => ({ consumer: { slotsPerInstance: 2, minInstances: 1 } }) });
    expect(error).toBeInstanceOf(CapacityError);
    expect(error.message).toMatch(/keep \d instances running/);
  });

  test('a single instance that is away for longer than the latency', () => {
    const error = refusal({ queue: (_, vpc) => ({ broker: RabbitMqBroker.managed({ vpc, singleInstance: true }) }) });
    expect(error.message).toBe(
      'Orders: a broker of one instance is away for about 300 s when it is replaced or patched, 90 s of latency is promised; a cluster of three nodes, or 300 s of latency',
    );
  });

  test('a queue that fills half of the disk', () => {
    const large = { ...workload, itemBytes: 500_000 };
    const error = refusal({ queue: () => ({ workload: large }) });
    expect(error.message).toMatch(/237 GB of storage, or a consumerOutage of \d+ s$/);
  });

  test('more connections than the smallest broker accepts', () => {
    const busy = { ...workload, steadyPerSecond: 400, peakPerSecond: 1200 };
    const error = refusal({
      queue: (_, vpc) => ({
        workload: busy,
        consumer: { slotsPerInstance: 1 },
        objective: { latencySeconds: 90 },
        broker: RabbitMqBroker.managed({ vpc, hostInstanceType: 'mq.m7g.medium' }),
      }),
    });
    expect(error.message).toMatch(
      /connections while a deployment replaces them, the broker accepts 100; a broker that accepts \d+ connections, or \d+ slots an instance$/,
    );
  });

  test('props that are wrong are all named at once', () => {
    const error = refusal({
      queue: (_, vpc) => ({
        queueName: 'my orders',
        vhost: 'a b',
        repairInterval: Duration.seconds(301),
        workload: { ...workload, itemBytes: 600_000 },
        broker: RabbitMqBroker.managed({ vpc, hostInstanceType: 'mq.t3.micro', engineVersion: '3.13' }),
      }),
    });
    expect(error).toBeInstanceOf(InvalidInputError);
    for (const named of ['queueName', 'vhost', 'repairInterval', 'itemBytes', 'hostInstanceType', 'engineVersion']) {
      expect(error.message).toContain(named);
    }
  });
});

test('a worker that sleeps has no alarm on consumers, and wakes with the first message', () => {
  const { template, orders } = make({
    queue: () => ({ scaleToZero: true, objective: { latencySeconds: 600 }, consumer: {} }),
  });
  expect(orders.alarms.consumers).toBeUndefined();
  template.hasResourceProperties('AWS::ApplicationAutoScaling::ScalingPolicy', { PolicyType: 'StepScaling' });
  expect(orders.plan.knob('wakeUpSeconds').formula).not.toContain('six idle hours');
});

test('what cdk-nag finds is rotation, which the page explains', () => {
  const { stack } = make({
    queue: (scope) => ({ alarmTopic: new Topic(scope, 'Alarms', { enforceSSL: true }) }),
  });
  expect([...new Set(nagFindings(stack).map(({ rule }) => rule))]).toEqual(['AwsSolutions-SMG4']);
});

test('two installations in one account share no name', () => {
  const names = ['One', 'Two'].map((id) => {
    const stack = new Stack(new App(), id);
    return make({ stack }).orders.brokerName;
  });
  expect(names).toEqual(['One-orders', 'Two-orders']);
});
