import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { InterfaceVpcEndpointAwsService, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import fc from 'fast-check';
import { KafkaAuthentication } from '../../../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas, type KafkaQuotasProps } from '../../../lib/aws/quotas/kafka-quotas';
import type { KafkaQuotaTenant } from '../../../lib/aws/quotas/kafka-tenants';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { nagFindings } from '../../support/nag';
import { mostly, optional, spread, validOrNamed } from '../../support/property';
import { type Made as MadeStack, only, permissions, properties, shop, type Untyped } from '../../support/stack';

const MIB = 2 ** 20;
const CLUSTER_ARN = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';
const tenants: KafkaQuotaTenant[] = [
  { name: 'orders', steadyBytesPerSecond: 4 * MIB, peakBytesPerSecond: 8 * MIB, peakSeconds: 600 },
  { name: 'clicks', steadyBytesPerSecond: 6 * MIB, peakBytesPerSecond: 60 * MIB, peakSeconds: 300 },
];

interface Made extends MadeStack {
  readonly construct: KafkaQuotas;
}

function make(props: Partial<KafkaQuotasProps> = {}, stack: Stack = shop()): Made {
  const vpc =
    props.vpc ??
    Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-1',
      vpcCidrBlock: '10.0.0.0/16',
      availabilityZones: ['a', 'b', 'c'],
      privateSubnetIds: ['subnet-a', 'subnet-b', 'subnet-c'],
    });
  const construct = new KafkaQuotas(stack, 'Quotas', {
    clusterArn: CLUSTER_ARN,
    capacity: { brokers: 3, brokerBytesPerSecond: 60 * MIB },
    tenants,
    authentication: KafkaAuthentication.iam(),
    vpc,
    clusterSecurityGroup: new SecurityGroup(stack, 'Brokers', { vpc, allowAllOutbound: false }),
    ...props,
  });
  return { stack, construct, template: Template.fromStack(stack) };
}

function scram(stack: Stack): Partial<KafkaQuotasProps> {
  const encryptionKey = new Key(stack, 'Key', { enableKeyRotation: true });
  const secret = new Secret(stack, 'Secret', { secretName: 'AmazonMSK_quotas', encryptionKey });
  return { authentication: KafkaAuthentication.scram({ secret }) };
}

const usual = make();
const resource = only(usual, 'Custom::KafkaQuotas');
const json = JSON.stringify(usual.template.toJSON());

describe('the traps of case 18 are absent', () => {
  test('trap: quotas in server.properties do nothing: there is no configuration, they go through the admin API', () => {
    usual.template.resourceCountIs('AWS::MSK::Configuration', 0);
    expect(json).not.toMatch(/quota\.callback|client\.quota|server\.properties/i);
    const quotas = JSON.parse(resource.Quotas);
    expect(quotas.map(({ user }: Untyped) => user)).toEqual(['orders', 'clicks']);
    expect(Object.keys(quotas[0].limits)).toEqual(['producer_byte_rate', 'consumer_byte_rate']);
  });

  test('trap: a rate for the cluster is several times too much: the rate of one broker is set', () => {
    const [orders, clicks] = JSON.parse(resource.Quotas);
    // 8 MiB/s over the two brokers that are left while one is patched; clicks gets the rest of 60 ÷ 3 copies.
    expect(orders.limits.producer_byte_rate).toBe(4 * MIB);
    expect(clicks.limits.producer_byte_rate).toBe(16 * MIB);
    expect(usual.construct.plan.value('producerByteRate.orders')).toBe(4 * MIB);
    expect(orders.limits.producer_byte_rate + clicks.limits.producer_byte_rate).toBe(
      usual.construct.plan.value('producerCapacityPerBroker'),
    );
  });

  test('trap: retries=5: producers give up by the clock, after the peak that their quota holds back', () => {
    const settings = usual.construct.producerSettings('clicks');
    // 28 MiB/s too much for 300 s, at 32 MiB/s.
    expect(usual.construct.plan.tenant('clicks').peakWaitSeconds).toBeCloseTo(262.5, 6);
    expect(settings.deliveryTimeoutMs).toBe(settings.lingerMs + settings.requestTimeoutMs + 262_500);
    const lines = usual.construct.producerProperties('clicks');
    expect(lines).toMatchObject({ 'compression.type': 'zstd', acks: 'all', 'enable.idempotence': 'true' });
    expect(lines).not.toHaveProperty('retries');
  });
});

describe('the quotas and the stack', () => {
  test('the look for drift carries the same quotas to the same function', () => {
    const [rule] = Object.values(usual.template.findResources('AWS::Events::Rule'));
    expect(rule.Properties.ScheduleExpression).toBe('rate(1 hour)');
    const input = JSON.stringify(rule.Properties.Targets[0].Input);
    const quotas = JSON.stringify(JSON.parse(resource.Quotas)).replaceAll('"', '\\"');
    expect(input).toContain(quotas);
    expect(rule.Properties.Targets[0].Arn).toEqual({
      'Fn::GetAtt': [usual.stack.getLogicalId(usual.construct.repairer.node.defaultChild as never), 'Arn'],
    });
  });

  test('on deletion the hourly check stops first, then quotas go where that is wanted, then the way to the brokers', () => {
    const logical = (type: string) => Object.keys(usual.template.findResources(type));
    const dependsOn = (type: string) => Object.values(usual.template.findResources(type))[0].DependsOn;
    const [quotas] = logical('Custom::KafkaQuotas');
    expect(dependsOn('AWS::Events::Rule')).toEqual(expect.arrayContaining([quotas]));
    for (const type of ['AWS::EC2::SecurityGroupIngress', 'AWS::EC2::SecurityGroupEgress']) {
      expect(dependsOn('Custom::KafkaQuotas')).toEqual(expect.arrayContaining(logical(type)));
    }
  });

  test('quotas of another owner are overwritten only when that is asked for', () => {
    expect(resource).not.toHaveProperty('TakeOver');
    expect(only(make({ takeOver: true }), 'Custom::KafkaQuotas').TakeOver).toBe('true');
  });

  test.each([RemovalPolicy.RETAIN, RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE])(
    'with %s a creation that is rolled back sends no deletion, which would remove what it had only taken over',
    (removalPolicy) => {
      make({ removalPolicy }).template.hasResource('Custom::KafkaQuotas', { DeletionPolicy: 'Retain' });
    },
  );

  test('the brokers are asked for by the port of the way to sign in', () => {
    const [brokers] = Object.values(usual.template.findResources('Custom::KafkaBrokers'));
    expect(JSON.stringify(brokers.Properties.Update)).toContain('BootstrapBrokerStringSaslIam');
    expect(resource.Brokers).toEqual({
      'Fn::GetAtt': [expect.stringMatching(/Brokers/), 'BootstrapBrokerStringSaslIam'],
    });
  });

  test('more tenants than an EventBridge input holds are refused', () => {
    const many = Array.from({ length: 100 }, (_, index) => ({ name: `tenant-${index}`, steadyBytesPerSecond: 1000 }));
    expect(() => make({ tenants: many })).toThrow(
      /^Quotas: tenants must fit into 8192 characters, 100 tenants take \d+; make a second KafkaQuotas$/,
    );
  });
});

describe('whom a quota binds', () => {
  test('a user, a client id, a client id of a user, and every other user', () => {
    const kinds: KafkaQuotaTenant[] = [
      { name: 'a', steadyBytesPerSecond: MIB },
      { name: 'b', steadyBytesPerSecond: MIB, user: 'svc-b', clientId: 'loader' },
      { name: 'rest', steadyBytesPerSecond: MIB, user: '<default>' },
    ];
    const made = make({ tenants: kinds });
    const entities = JSON.parse(only(made, 'Custom::KafkaQuotas').Quotas).map(
      ({ limits, ...entity }: Untyped) => entity,
    );
    expect(entities).toEqual([{ user: 'a' }, { user: 'svc-b', clientId: 'loader' }, { user: '<default>' }]);
    Annotations.fromStack(made.stack).hasNoWarning('/Shop/Quotas', Match.anyValue());
  });

  test('a client id alone is a warning: anybody can say it', () => {
    const made = make({ tenants: [{ name: 'a', steadyBytesPerSecond: MIB, clientId: 'loader' }] });
    expect(JSON.parse(only(made, 'Custom::KafkaQuotas').Quotas)).toMatchObject([{ clientId: 'loader' }]);
    Annotations.fromStack(made.stack).hasWarning('/Shop/Quotas', Match.stringLikeRegexp('a client chooses its own id'));
  });

  test('threads get a share by weight when the capacity names them', () => {
    const made = make({ capacity: { brokers: 3, brokerBytesPerSecond: 60 * MIB, requestThreads: 13 } });
    expect(JSON.parse(only(made, 'Custom::KafkaQuotas').Quotas)[0].limits.request_percentage).toBe(650);
  });
});

describe('least privilege', () => {
  test('IAM: three actions on the one cluster, and only the port of IAM', () => {
    const { repairer } = usual.construct;
    expect(permissions(usual, repairer.role)).toEqual({
      'logs:CreateLogStream logs:PutLogEvents': 'Quotas/RepairerLogs',
      'kafka-cluster:Connect kafka-cluster:DescribeClusterDynamicConfiguration kafka-cluster:AlterClusterDynamicConfiguration':
        JSON.stringify(CLUSTER_ARN),
    });
    const egress = Object.values(usual.template.findResources('AWS::EC2::SecurityGroupEgress'));
    expect(egress.map(({ Properties }) => [Properties.FromPort, Properties.ToPort])).toEqual([[9098, 9098]]);
    // CloudFormation takes the default rule, out to anywhere, away from a group that has a rule of its own.
    const own = properties(usual, usual.construct.securityGroup);
    expect(own.SecurityGroupEgress).toBeUndefined();
    expect(own.SecurityGroupIngress).toBeUndefined();
  });

  test('SCRAM: the one secret with its key, the port of SCRAM, and HTTPS: Secrets Manager may be behind a NAT gateway', () => {
    const stack = shop();
    const made = make(scram(stack), stack);
    const allowed = permissions(made, made.construct.repairer.role);
    expect(allowed).toMatchObject({ 'secretsmanager:GetSecretValue': 'Secret' });
    // Through Secrets Manager alone, so it is the key's policy that allows it.
    made.template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: 'kms:Decrypt', Condition: { StringEquals: Match.anyValue() } }),
        ]),
      },
    });
    expect(Object.keys(allowed).join()).not.toContain('kafka-cluster');
    const egress = Object.values(made.template.findResources('AWS::EC2::SecurityGroupEgress'));
    expect(egress.map(({ Properties }) => Properties.FromPort)).toEqual([9096]);
    expect(properties(made, made.construct.securityGroup).SecurityGroupEgress).toEqual([
      expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443 }),
    ]);
  });

  test('with an endpoint the function talks to that and to the brokers, to nothing else', () => {
    const stack = shop();
    const vpc = new Vpc(stack, 'Own', { natGateways: 0 });
    const secretsManagerEndpoint = vpc.addInterfaceEndpoint('Secrets', {
      service: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    });
    const secret = Secret.fromSecretCompleteArn(
      stack,
      'Secret',
      'arn:aws:secretsmanager:us-east-1:123456789012:secret:AmazonMSK_q-abcdef',
    );
    const authentication = KafkaAuthentication.scram({ secret, secretsManagerEndpoint });
    const made = make({ vpc, vpcSubnets: { subnets: vpc.isolatedSubnets }, authentication }, stack);
    const egress = Object.values(made.template.findResources('AWS::EC2::SecurityGroupEgress'));
    expect(egress.map(({ Properties }) => [Properties.FromPort, Properties.CidrIp]).sort()).toEqual([
      [443, undefined],
      [9096, undefined],
    ]);
  });

  test('no secret in the template, only where it is', () => {
    const stack = shop();
    const made = make(scram(stack), stack);
    const fn = properties(made, made.construct.repairer);
    expect(fn.Environment.Variables).toEqual({ SECRET_ARN: { Ref: expect.stringMatching(/^Secret/) } });
    expect(JSON.stringify(made.template.toJSON())).not.toContain('{{resolve:secretsmanager');
  });

  test('the function is inside the VPC, the helpers outside may ask for brokers and invoke it, and nothing else', () => {
    const inside = Object.values(usual.template.findResources('AWS::Lambda::Function')).filter(
      ({ Properties }) => Properties.VpcConfig,
    );
    expect(inside).toHaveLength(1);
    expect(inside[0].Properties.Timeout).toBe(usual.construct.plan.value('repairTimeoutSeconds'));
    expect(inside[0].Properties.VpcConfig.SubnetIds).toEqual(['subnet-a', 'subnet-b', 'subnet-c']);
    const all = permissions(usual);
    expect(all['kafka:GetBootstrapBrokers']).toBe(JSON.stringify(CLUSTER_ARN));
    // The function itself, and no version or alias of it.
    expect(all['lambda:InvokeFunction lambda:GetFunction']).toBe('Quotas/Repairer');
    expect(Object.keys(all).sort()).toEqual([
      'kafka-cluster:Connect kafka-cluster:DescribeClusterDynamicConfiguration kafka-cluster:AlterClusterDynamicConfiguration',
      'kafka:GetBootstrapBrokers',
      'lambda:InvokeFunction lambda:GetFunction',
      'logs:CreateLogStream logs:PutLogEvents',
    ]);
    usual.template.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
  });

  test('Lambda makes network interfaces with the role; the code that runs under it may touch none', () => {
    const { repairer } = usual.construct;
    const own = properties(usual, { node: { defaultChild: repairer.role?.node.defaultChild } });
    const [{ Action: made }] = own.Policies[0].PolicyDocument.Statement;
    const denied = Object.values(usual.template.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Effect }) => Effect === 'Deny');
    expect(denied).toEqual([
      {
        Effect: 'Deny',
        Action: expect.arrayContaining(made),
        Resource: '*',
        Condition: {
          ArnEquals: {
            'lambda:SourceFunctionArn': {
              'Fn::GetAtt': [usual.stack.getLogicalId(repairer.node.defaultChild as never), 'Arn'],
            },
          },
        },
      },
    ]);
    // Before its first event, and without a circle: the function does not wait for what names it.
    const [policy] = Object.keys(usual.template.findResources('AWS::IAM::Policy')).filter((id) => /NoNetwork/.test(id));
    const [quotas] = Object.values(usual.template.findResources('Custom::KafkaQuotas'));
    expect(quotas.DependsOn).toContain(policy);
  });

  test('the framework may invoke before it is asked to', () => {
    const [framework] = Object.values(usual.template.findResources('AWS::Lambda::Function')).filter(({ Properties }) =>
      /framework/.test(Properties.Description ?? ''),
    );
    expect(framework.DependsOn).toEqual(expect.arrayContaining([expect.stringMatching(/ProviderRoleDefaultPolicy/)]));
  });

  test.each<[string, (stack: Stack) => Partial<KafkaQuotasProps>]>([
    ['IAM', () => ({})],
    ['SCRAM', scram],
    ['topics', () => ({ topics: [{ topicName: 'orders.placed', tenant: 'orders', partitions: 6 }] })],
  ])('AwsSolutions finds nothing: %s', (_, more) => {
    const stack = shop();
    make(more(stack), stack);
    const ours = nagFindings(stack).filter(({ path }) => !/^Shop\/(Secret|Brokers)\//.test(path));
    expect(ours).toEqual([]);
  });
});

describe('topics', () => {
  const made = make({
    topics: [
      { topicName: 'orders.placed', tenant: 'orders', partitions: 2 },
      { topicName: 'orders.paid', tenant: 'orders', partitions: 1, retention: Duration.days(7) },
    ],
  });

  test('are of the cluster, with as many copies as was reckoned with', () => {
    made.template.hasResourceProperties('AWS::MSK::Topic', {
      ClusterArn: CLUSTER_ARN,
      TopicName: 'orders.paid',
      PartitionCount: 1,
      ReplicationFactor: 3,
      Configs: Buffer.from('min.insync.replicas=2\nretention.ms=604800000').toString('base64'),
    });
  });

  test('count into the quota of who writes to them: with three partitions one of two brokers leads two', () => {
    expect(made.construct.plan.tenant('orders').producerByteRate).toBe(Math.floor((8 * MIB * 2) / 3));
  });

  test('of an unknown tenant, twice the same, or without a partition are refused, all at once', () => {
    const topics = [
      { topicName: 'a b', tenant: 'nobody', partitions: 0 },
      { topicName: 'a b', tenant: 'orders', partitions: 1, retention: Duration.millis(5) },
    ];
    expect(() => make({ topics })).toThrow(InvalidInputError);
    expect(() => make({ topics })).toThrow(
      /different names.*topicName must be .* got 'a b'.*tenant of a b must be one of orders, clicks, got 'nobody'.*partitions of a b must be a whole number.*retention of a b/,
    );
  });
});

describe('alarms', () => {
  const alarm = (made: Made, one: Untyped) => properties(made, one);

  test('throttle times of each broker, by the name in the ARN of the cluster', () => {
    const { produceThrottled, fetchThrottled } = usual.construct.alarms;
    expect(produceThrottled).toHaveLength(3);
    expect(fetchThrottled).toHaveLength(3);
    for (const [index, one] of produceThrottled.entries()) {
      expect(alarm(usual, one)).toMatchObject({
        Namespace: 'AWS/Kafka',
        MetricName: 'ProduceThrottleTime',
        Dimensions: [
          { Name: 'Broker ID', Value: String(index + 1) },
          { Name: 'Cluster Name', Value: 'telemetry' },
        ],
      });
    }
  });

  test('a planned peak does not ring: they wait for longer than the longest one takes', () => {
    const planned = usual.construct.plan.value('alarmThrottledSeconds');
    expect(planned).toBeCloseTo(600, 6);
    const { Period, EvaluationPeriods } = alarm(usual, usual.construct.alarms.produceThrottled[0]);
    expect((EvaluationPeriods - 1) * Period).toBeGreaterThanOrEqual(planned);
    const long = make({ tenants: [{ ...tenants[0], peakSeconds: 10 ** 7 }] });
    const most = alarm(long, long.construct.alarms.produceThrottled[0]);
    expect(most.Period * most.EvaluationPeriods).toBeLessThanOrEqual(86_400);
  });

  test('drift and failures ring at once', () => {
    expect(alarm(usual, usual.construct.alarms.drift)).toMatchObject({
      Namespace: 'Backpressure',
      MetricName: 'QuotasRepaired',
      Threshold: 0,
      EvaluationPeriods: 1,
      Period: 3600,
    });
    expect(alarm(usual, usual.construct.alarms.repairErrors)).toMatchObject({ MetricName: 'Errors', Threshold: 0 });
  });

  test('all say what to do, and go to the topic when there is one', () => {
    const stack = shop();
    const made = make({ alarmTopic: new Topic(stack, 'Pager') }, stack);
    expect(made.construct.alarms.all).toHaveLength(8);
    made.template.resourceCountIs('AWS::CloudWatch::Alarm', 8);
    made.template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: Match.stringLikeRegexp('Pager') }],
      TreatMissingData: 'notBreaching',
    });
    for (const one of made.construct.alarms.all) {
      expect(alarm(made, one).AlarmDescription.length).toBeGreaterThan(80);
      expect(alarm(made, one).AlarmDescription.length).toBeLessThanOrEqual(1024);
    }
  });
});

test('tenants that do not fit are refused with ways out', () => {
  const more = { tenants: [{ name: 'clicks', steadyBytesPerSecond: 90 * MIB }] };
  expect(() => make(more)).toThrow(CapacityError);
  expect(() => make(more)).toThrow(
    /^Quotas: clicks writes 90 MB\/s on average and gets 40 MB\/s: .*; \d+ brokers, or /,
  );
});

test('any props give a valid template or a named error, and no broker is asked for more than it has', () => {
  const names = fc.stringMatching(/^[a-z]{1,12}$/);
  const props = fc.record({
    capacity: fc.record({
      brokers: mostly(fc.integer({ min: 1, max: 6 }), 0, 2.5),
      brokerBytesPerSecond: mostly(spread(1e6, 1e9), 0, Number.NaN),
      replicationFactor: optional(mostly(fc.constant(1), 99)),
      requestThreads: optional(mostly(fc.integer({ min: 1, max: 64 }), 0)),
    }),
    tenants: fc.uniqueArray(
      fc.record({
        name: names,
        steadyBytesPerSecond: mostly(spread(1000, 1e7), 0, Number.NaN),
        peakBytesPerSecond: optional(mostly(spread(1e7, 1e8), 1)),
        peakSeconds: fc.integer({ min: 0, max: 7200 }),
        weight: optional(mostly(spread(0.1, 10), -1)),
        clientId: optional(mostly(names, '')),
        user: optional(names),
      }),
      { minLength: 1, maxLength: 4, selector: (one) => one.name },
    ),
    repairInterval: optional(mostly(fc.constant(Duration.minutes(10)), Duration.seconds(90), Duration.days(2))),
  });
  validOrNamed(
    /^Quotas: /,
    props,
    (given) => make(given),
    (made, given) => {
      const quotas = JSON.parse(only(made, 'Custom::KafkaQuotas').Quotas);
      const copies = given.capacity.replicationFactor ?? Math.min(3, given.capacity.brokers);
      const written = quotas.reduce((sum: number, one: Untyped) => sum + one.limits.producer_byte_rate, 0);
      expect(written * copies).toBeLessThanOrEqual(given.capacity.brokerBytesPerSecond + copies * quotas.length);
      for (const { value } of made.construct.plan.knobs) expect(Number.isFinite(value)).toBe(true);
    },
  );
}, 300_000);
