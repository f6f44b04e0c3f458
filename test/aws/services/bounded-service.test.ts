import { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition, Secret } from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationListener,
  ApplicationLoadBalancer,
  ListenerCondition,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { BoundedService } from '../../../lib/aws/services/bounded-service';
import type { BoundedServiceProps } from '../../../lib/aws/services/bounded-service-props';
import { OVERRUN_API } from '../../../lib/cases/case-12-unbounded-thread-pool';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { ServiceAdmission, ServiceLimit } from '../../../lib/flow/services/workload';
import { shop, type Untyped } from '../../support/stack';

function make(
  given: Partial<BoundedServiceProps> = {},
  more: (stack: Stack, vpc: Vpc) => Partial<BoundedServiceProps> = () => ({}),
) {
  const stack = shop();
  const vpc = new Vpc(stack, 'Network', { maxAzs: 2 });
  const cluster = new Cluster(stack, 'Cluster', { vpc });
  const image = ContainerImage.fromRegistry('shop/api:1');
  const api = new BoundedService(stack, 'Api', { ...OVERRUN_API, cluster, image, ...given, ...more(stack, vpc) });
  return { stack, api };
}

const readings = ({ stack }: { stack: Stack }) => {
  const all = Object.values<Untyped>(Template.fromStack(stack).toJSON().Resources);
  const every = (type: string): Untyped[] =>
    all.filter(({ Type }) => Type === type).map(({ Properties }) => Properties);
  return { every, one: (type: string): Untyped => every(type)[0] };
};
const ELB = 'AWS::ElasticLoadBalancingV2';
const variables = ({ Environment }: Untyped) =>
  Object.fromEntries(Environment.map(({ Name, Value }: Untyped) => [Name, Value]));
const attributes = ({ TargetGroupAttributes, LoadBalancerAttributes }: Untyped) =>
  Object.fromEntries((TargetGroupAttributes ?? LoadBalancerAttributes).map(({ Key, Value }: Untyped) => [Key, Value]));

const made = make();
const value = (name: string) => made.api.plan.value(name);
const { every, one } = readings(made);

describe('the traps of case 12 are absent', () => {
  test('trap: the balancer hangs up before the service has answered: its times are longer', () => {
    expect(Number(attributes(one(`${ELB}::LoadBalancer`))['idle_timeout.timeout_seconds'])).toBeGreaterThan(2 * 0.4);
    const delay = Number(attributes(one(`${ELB}::TargetGroup`))['deregistration_delay.timeout_seconds']);
    const [{ StopTimeout }] = one('AWS::ECS::TaskDefinition').ContainerDefinitions;
    expect(delay).toBeGreaterThan(0.4);
    expect(StopTimeout).toBeGreaterThan(delay);
  });

  test('trap: slow start and least outstanding requests exclude each other: only the latter is set', () => {
    expect(attributes(one(`${ELB}::TargetGroup`))).toMatchObject({
      'load_balancing.algorithm.type': 'least_outstanding_requests',
    });
    expect(attributes(one(`${ELB}::TargetGroup`))).not.toHaveProperty('slow_start.duration_seconds');
  });

  test('trap: processors say nothing of a pool that waits: tasks follow the requests of each', () => {
    const tracking = one('AWS::ApplicationAutoScaling::ScalingPolicy').TargetTrackingScalingPolicyConfiguration;
    expect(tracking.PredefinedMetricSpecification.PredefinedMetricType).toBe('ALBRequestCountPerTarget');
    expect(tracking.TargetValue).toBe(13_918);
    expect(one('AWS::ApplicationAutoScaling::ScalableTarget')).toMatchObject({ MinCapacity: 3, MaxCapacity: 3 });
    // A number in the template would undo what scaling has found.
    expect(one('AWS::ECS::Service')).not.toHaveProperty('DesiredCount');
  });

  test('the program knows its bounds', () => {
    const [{ Environment }] = one('AWS::ECS::TaskDefinition').ContainerDefinitions;
    expect(variables({ Environment })).toMatchObject({ SLOTS: '30', QUEUE: '44', SERVER_DEADLINE_SECONDS: '0.4' });
  });

  test('trap: a health check that waits for a slot replaces the tasks that refuse: the program knows its path', () => {
    const { one: own } = readings(make({ healthPath: '/ready' }));
    expect(own(`${ELB}::TargetGroup`).HealthCheckPath).toBe('/ready');
    const [{ Environment }] = own('AWS::ECS::TaskDefinition').ContainerDefinitions;
    expect(variables({ Environment }).HEALTH_PATH).toBe('/ready');
  });
});

test('a limit that follows the work: the program knows where it starts, its floor and its ceiling', () => {
  const followed = readings(make({ limit: ServiceLimit.GRADIENT }));
  const [{ Environment }] = followed.one('AWS::ECS::TaskDefinition').ContainerDefinitions;
  expect(variables({ Environment })).toMatchObject({
    LIMIT: 'gradient',
    LIMIT_INITIAL: '30',
    LIMIT_FLOOR: '8',
    LIMIT_CEILING: '30',
    QUEUE: '29',
  });
});

describe('with Target Optimizer', () => {
  const optimized = readings(make({ admission: ServiceAdmission.TARGET_OPTIMIZER }));
  const [program, agent] = optimized.one('AWS::ECS::TaskDefinition').ContainerDefinitions;
  const group = optimized.one(`${ELB}::TargetGroup`);

  test('trap: an agent without a maximum passes one request at a time: it has slots and queue', () => {
    expect(variables(agent).TARGET_CONTROL_MAX_CONCURRENCY).toBe('74');
  });

  test('trap: an agent that is told another name of its destination reads none: all four addresses agree', () => {
    const {
      TARGET_CONTROL_DATA_ADDRESS: data,
      TARGET_CONTROL_CONTROL_ADDRESS: control,
      TARGET_CONTROL_DESTINATION_ADDRESS: destination,
    } = variables(agent);
    expect(data).toBe(`0.0.0.0:${group.Port}`);
    expect(control).toBe(`0.0.0.0:${group.TargetControlPort}`);
    expect(destination).toBe(`127.0.0.1:${program.PortMappings[0].ContainerPort}`);
    expect(optimized.one('AWS::ECS::Service').LoadBalancers).toMatchObject([
      { ContainerName: 'Agent', ContainerPort: group.Port },
    ]);
  });

  test('the load balancer may connect to data, control and health check, and nobody else may', () => {
    const open = optimized.every('AWS::EC2::SecurityGroupIngress').map(({ FromPort }) => FromPort);
    expect(open.sort()).toEqual([8080, 9400, 9401]);
    expect(group.HealthCheckPort).toBe('8080');
  });

  test('trap: the length of its work queue is the number of free places: the alarm is on none of them', () => {
    const [room] = optimized
      .every('AWS::CloudWatch::Alarm')
      .filter(({ MetricName }) => MetricName === 'TargetControlWorkQueueLength');
    expect(room).toMatchObject({ ComparisonOperator: 'LessThanOrEqualToThreshold', Threshold: 0 });
    expect(room.Dimensions.map(({ Name }: Untyped) => Name)).toEqual(['LoadBalancer']);
  });

  test('no other way to choose a target is set', () => {
    expect(attributes(group)).not.toHaveProperty('load_balancing.algorithm.type');
  });

  test('more than its agent can pass on is refused', () => {
    expect(() =>
      make({
        admission: ServiceAdmission.TARGET_OPTIMIZER,
        slotsPerInstance: 900,
        workload: { ...OVERRUN_API.workload, peakPerSecond: 9000 },
      }),
    ).toThrow('slots and queue of a task must be at most 1000');
  });
});

describe('callers', () => {
  test('nobody may call a service of the VPC until callers are named', () => {
    expect(one(`${ELB}::LoadBalancer`).Scheme).toBe('internal');
    const groups = every('AWS::EC2::SecurityGroup').flatMap(({ SecurityGroupIngress }) => SecurityGroupIngress ?? []);
    expect(groups).toEqual([]);
    const { stack, api } = make();
    api.connections.allowDefaultPortFrom(new SecurityGroup(stack, 'Callers', { vpc: api.service.cluster.vpc }));
    const ports = readings({ stack })
      .every('AWS::EC2::SecurityGroupIngress')
      .map(({ FromPort }) => FromPort);
    expect(ports).toContain(80);
  });

  test('addresses of the internet need a certificate', () => {
    expect(() => make({ internetFacing: true })).toThrow('certificate is missing');
  });

  test('a listener that is there already gets the targets, and no other balancer is made', () => {
    const given = make({}, (stack, vpc) => ({
      listener: new ApplicationLoadBalancer(stack, 'Given', { vpc }).addListener('Http', { port: 8000, open: false }),
    }));
    expect(given.api.loadBalancer).toBeUndefined();
    const { every: all } = readings(given);
    expect(all(`${ELB}::LoadBalancer`)).toHaveLength(1);
    expect(all(`${ELB}::Listener`)[0].DefaultActions).toMatchObject([{ Type: 'forward' }]);
  });
});

describe('what there is already', () => {
  const program = (stack: Stack, port = 8080) => {
    const taskDefinition = new FargateTaskDefinition(stack, 'Own');
    taskDefinition.addContainer('Log', { image: ContainerImage.fromRegistry('log:1'), essential: false });
    const orders = taskDefinition.addContainer('Orders', {
      image: ContainerImage.fromRegistry('orders:1'),
      environment: { MODE: 'fast' },
      portMappings: [{ containerPort: port }],
    });
    taskDefinition.defaultContainer = orders;
    return taskDefinition;
  };

  test('a task definition: its program gets bounds and the time to end, and nothing else changes', () => {
    const given = make({ image: undefined }, (stack) => ({ taskDefinition: program(stack) }));
    const { every: all } = readings(given);
    const [definition, ...more] = all('AWS::ECS::TaskDefinition');
    expect(more).toEqual([]);
    const [log, orders] = definition.ContainerDefinitions;
    expect(log).toEqual({ Essential: false, Image: 'log:1', Name: 'Log' });
    expect(variables(orders)).toMatchObject({ MODE: 'fast', SLOTS: '30', QUEUE: '44' });
    expect(orders.StopTimeout).toBe(value('stopTimeoutSeconds'));
    expect(all('AWS::ECS::Service')[0].LoadBalancers).toMatchObject([{ ContainerName: 'Orders', ContainerPort: 8080 }]);
    expect(given.api.logGroup).toBeUndefined();
    expect(given.api.container.containerName).toBe('Orders');
  });

  test('with Target Optimizer the agent is added to it', () => {
    const admission = ServiceAdmission.TARGET_OPTIMIZER;
    const given = make({ image: undefined, admission }, (stack) => ({ taskDefinition: program(stack) }));
    const names = readings(given)
      .one('AWS::ECS::TaskDefinition')
      .ContainerDefinitions.map(({ Name }: Untyped) => Name);
    expect(names).toEqual(['Log', 'Orders', 'Agent']);
    expect(given.api.logGroup).toBeDefined();
  });

  const served = (port?: number) =>
    make({ image: undefined, cluster: undefined }, (stack) => ({
      service: new FargateService(stack, 'Orders', {
        cluster: stack.node.findChild('Cluster') as Cluster,
        taskDefinition: program(stack, port),
        minHealthyPercent: 50,
      }),
    }));

  test('a service: it gets targets, scaling and the time to start; its deployment stays as it is', () => {
    const given = served();
    const { every: all } = readings(given);
    const [service, ...more] = all('AWS::ECS::Service');
    expect(more).toEqual([]);
    expect(service.HealthCheckGracePeriodSeconds).toBe(value('healthGraceSeconds'));
    expect(service.DeploymentConfiguration.MinimumHealthyPercent).toBe(50);
    expect(service.LoadBalancers).toMatchObject([{ ContainerName: 'Orders' }]);
    expect(all('AWS::ApplicationAutoScaling::ScalableTarget')[0]).toMatchObject({ MinCapacity: 3, MaxCapacity: 3 });
  });

  test('what it lacks, and what it has already, is named', () => {
    expect(() => served(9000)).toThrow(
      /default container of taskDefinition must have a mapping of port 8080, got 9000/,
    );
    const both = (stack: Stack) => ({ taskDefinition: program(stack) });
    expect(() => make({ cpu: 512 }, both)).toThrow(/cpu must not be given with taskDefinition, which has its own/);
    expect(() => make({ cpu: 512 }, both)).toThrow(/image must not be given with taskDefinition/);
    const empty = (stack: Stack) => ({ taskDefinition: new FargateTaskDefinition(stack, 'Empty') });
    expect(() => make({ image: undefined }, empty)).toThrow('must have the container of the program already');
    expect(() => make({ image: undefined, cluster: undefined })).toThrow(/cluster is missing[\s\S]*image is missing/);
  });

  const imported = (stack: Stack) =>
    ApplicationListener.fromApplicationListenerAttributes(stack, 'Imported', {
      listenerArn:
        'arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/0123456789abcdef/fedcba9876543210',
      securityGroup: SecurityGroup.fromSecurityGroupId(stack, 'OfBalancer', 'sg-0123456789abcdef0'),
    });

  test('an imported listener without a rule is refused with the way out', () => {
    const make1 = () => make({}, (stack) => ({ listener: imported(stack) }));
    expect(make1).toThrow(InvalidInputError);
    expect(make1).toThrow(/listener was imported .* give listenerPriority and listenerConditions/);
    expect(() => make({}, (stack) => ({ listener: imported(stack), listenerPriority: 5 }))).toThrow(
      'listenerPriority and listenerConditions must be given together',
    );
    expect(() => make({ listenerPriority: 5 })).toThrow('listenerPriority must not be given without listener');
  });

  test('with a rule it leads to the service, and alarms know its load balancer', () => {
    const given = make({}, (stack) => ({
      listener: imported(stack),
      listenerPriority: 5,
      listenerConditions: [ListenerCondition.pathPatterns(['/orders/*'])],
    }));
    const { every: all } = readings(given);
    expect(all(`${ELB}::ListenerRule`)).toMatchObject([{ Priority: 5, Actions: [{ Type: 'forward' }] }]);
    expect(all(`${ELB}::LoadBalancer`)).toEqual([]);
    const dimensions = all('AWS::CloudWatch::Alarm').flatMap(({ Dimensions }) => Dimensions ?? []);
    const balancers = new Set(
      dimensions.filter(({ Name }) => Name === 'LoadBalancer').map(({ Value }) => JSON.stringify(Value)),
    );
    expect([...balancers]).toEqual(['"app/shop/0123456789abcdef"']);
  });
});

describe('a limit for each client', () => {
  const limited = (clientLimit: BoundedServiceProps['clientLimit']) => {
    const own = make({ clientLimit });
    return { ...readings(own), plan: own.api.plan };
  };

  test('twice its even share of the peak in a minute, with 429 and the time to return', () => {
    const { one: only, every: all, plan } = limited({ clients: 20 });
    // 2 × 543 ÷ 20 × 60.
    expect(plan.value('clientRequests')).toBe(3258);
    const [rule, ...more] = only('AWS::WAFv2::WebACL').Rules;
    expect(more).toEqual([]);
    expect(rule.Statement.RateBasedStatement).toEqual({
      Limit: 3258,
      EvaluationWindowSec: 60,
      AggregateKeyType: 'IP',
    });
    expect(rule.Action.Block.CustomResponse).toEqual({
      ResponseCode: 429,
      ResponseHeaders: [{ Name: 'Retry-After', Value: '60' }],
    });
    expect(all('AWS::WAFv2::WebACLAssociation')).toHaveLength(1);
  });

  test('one client alone is bounded by what all tasks bear', () => {
    const { plan } = limited({ clients: 1, shareTimes: 10 });
    expect(plan.value('clientRequests')).toBe(Math.ceil(60 * 3 * plan.value('ratedPerSecond')));
  });

  test('by a header: requests without it are counted by address, not let through', () => {
    const [byHeader, byAddress] = limited({ clients: 20, header: 'X-Api-Key' }).one('AWS::WAFv2::WebACL').Rules;
    expect(byHeader.Statement.RateBasedStatement).toMatchObject({
      AggregateKeyType: 'CUSTOM_KEYS',
      CustomKeys: [{ Header: { Name: 'X-Api-Key' } }],
    });
    const { ScopeDownStatement, AggregateKeyType } = byAddress.Statement.RateBasedStatement;
    expect(AggregateKeyType).toBe('IP');
    expect(ScopeDownStatement.NotStatement.Statement.SizeConstraintStatement).toMatchObject({
      FieldToMatch: { SingleHeader: { Name: 'x-api-key' } },
      ComparisonOperator: 'GT',
      Size: 0,
    });
  });

  test('it needs the number of clients, and a load balancer of its own', () => {
    expect(() => make({ clientLimit: {} as never })).toThrow('clientLimit.clients');
    expect(() => make({ clientLimit: { clients: 5, header: 'a b' } })).toThrow('clientLimit.header must be');
    expect(() =>
      make({ clientLimit: { clients: 5 } }, (stack, vpc) => ({
        listener: new ApplicationLoadBalancer(stack, 'Given', { vpc }).addListener('Http', { port: 8000, open: false }),
      })),
    ).toThrow('clientLimit belongs to the load balancer of the listener that is given');
  });
});

test('what is refused counts also what the load balancer refuses itself, and alarms go to the topic', () => {
  const alarmed = make({}, (stack) => ({ alarmTopic: new Topic(stack, 'Topic') }));
  const alarms = readings(alarmed).every('AWS::CloudWatch::Alarm');
  const [refused] = alarms.filter(({ Metrics }) => Metrics !== undefined);
  const names = refused.Metrics.flatMap(({ MetricStat }: Untyped) =>
    MetricStat ? [MetricStat.Metric.MetricName] : [],
  );
  expect(names.sort()).toEqual(['HTTPCode_ELB_5XX_Count', 'HTTPCode_Target_5XX_Count', 'RequestCount']);
  expect(refused.Threshold).toBe(value('alarmShedRatio'));
  expect(alarms.filter(({ AlarmActions }) => AlarmActions?.length !== 1)).toEqual([]);
});

describe('a load balancer with other services behind it', () => {
  const listener = (stack: Stack, vpc: Vpc) => ({
    listener: new ApplicationLoadBalancer(stack, 'Given', { vpc }).addListener('Http', { port: 8000, open: false }),
  });
  const metricsOf = ({ Metrics, MetricName, Dimensions }: Untyped): Untyped[] =>
    Metrics === undefined
      ? [{ MetricName, Dimensions }]
      : Metrics.flatMap(({ MetricStat }: Untyped) => (MetricStat ? [MetricStat.Metric] : []));
  const named = (one: Untyped) => one.Dimensions.map(({ Name }: Untyped) => Name).sort();

  test.each([503, 429])(
    'its errors and its connections are no alarm of this one: what counts is of the targets, %s',
    (shedStatus) => {
      const alarms = readings(make({ shedStatus }, listener)).every('AWS::CloudWatch::Alarm');
      expect(alarms).toHaveLength(3);
      for (const metric of alarms.flatMap(metricsOf)) expect(named(metric)).toEqual(['LoadBalancer', 'TargetGroup']);
      const [refused] = alarms.filter(({ Metrics }) => Metrics !== undefined);
      expect(refused.Metrics.map(({ Expression }: Untyped) => Expression).join()).toContain('/ (FILL(served, 0))');
      expect(refused.AlarmDescription).toContain('What the load balancer answers by itself is not in it');
    },
  );

  test('nor does the dashboard show them, and no setting asks for such an alarm', () => {
    const board = JSON.stringify(readings(make({}, listener)).one('AWS::CloudWatch::Dashboard'));
    expect(board).not.toContain('HTTPCode_ELB_5XX_Count');
    const silenced = { alarms: { silence: { rejectedConnections: 'the platform team watches it' } } };
    expect(() => make(silenced, listener)).toThrow(
      "alarms.silence has 'rejectedConnections', and there is no such alarm",
    );
    expect(() => make(silenced)).not.toThrow();
  });

  test('with Target Optimizer the alarm on free places stays: when no group has one, this one has none', () => {
    const admission = ServiceAdmission.TARGET_OPTIMIZER;
    const own = make({ admission }, listener).api.alarms;
    expect(Object.keys(own)).toEqual(['Refused', 'Slow', 'Unhealthy', 'NoRoom']);
  });
});

test('an agent that is not pinned is a warning; one that is given is none', () => {
  const optimized = { admission: ServiceAdmission.TARGET_OPTIMIZER };
  const warned = Match.stringLikeRegexp('target-control-agent:latest.*Give agentImage by its digest');
  Annotations.fromStack(make(optimized).stack).hasWarning('/Shop/Api', warned);
  const agentImage = ContainerImage.fromRegistry(`registry.example.net/agent@sha256:${'0'.repeat(64)}`);
  Annotations.fromStack(make({ ...optimized, agentImage }).stack).hasNoWarning('*', warned);
  Annotations.fromStack(made.stack).hasNoWarning('*', warned);
});

test('a program that refuses with 429 is seen by the alarm too', () => {
  const alarms = readings(make({ shedStatus: 429 })).every('AWS::CloudWatch::Alarm');
  const [{ Metrics, AlarmDescription }] = alarms.filter(({ Metrics: metrics }) => metrics !== undefined);
  const names = Metrics.flatMap(({ MetricStat }: Untyped) => (MetricStat ? [MetricStat.Metric.MetricName] : []));
  expect(names).toContain('HTTPCode_Target_4XX_Count');
  expect(Metrics.map(({ Expression }: Untyped) => Expression).join()).toContain('FILL(refusals, 0)');
  expect(AlarmDescription).toContain('With 429 every 4XX');
});

describe('refused', () => {
  test('what cannot be kept, with ways out', () => {
    expect(() => make({ objective: { latencySeconds: 0.2 } })).toThrow(CapacityError);
  });

  test('every prop out of range at once', () => {
    const bad: Partial<BoundedServiceProps> = {
      port: 0,
      healthPath: 'no',
      cpu: 300,
      admission: ServiceAdmission.GATE,
      environment: { SLOTS: '1' },
    };
    for (const name of ['port', 'healthPath', 'cpu', 'admission', 'environment SLOTS']) {
      expect(() => make(bad)).toThrow(`${name} must`);
    }
    expect(() => make(bad)).toThrow(InvalidInputError);
    expect(() => make({ memoryLimitMiB: 700 })).toThrow('memoryLimitMiB must be');
    expect(() => make({ agentImage: ContainerImage.fromRegistry('x') })).toThrow('agentImage must not be given');
  });

  test('a variable or a secret in the place of a bound, planned or not', () => {
    const names = ['SERVICE', 'RETRY_AFTER_SECONDS', 'LIMIT', 'LIMIT_FLOOR', 'TIMEOUT_SECONDS_STOCK'];
    const downstreams = [{ name: 'stock', latencySeconds: 0.02 }];
    const secret = Secret.fromSsmParameter(StringParameter.fromStringParameterName(shop(), 'Name', '/name'));
    for (const name of names) {
      expect(() => make({ downstreams, environment: { [name]: '1' } })).toThrow(
        `environment ${name} must not be given`,
      );
      expect(() => make({ downstreams, secrets: { [name]: secret } })).toThrow(`secrets ${name} must not be given`);
    }
  });
});
