import { Match, Template } from 'aws-cdk-lib/assertions';
import { weightedMaxMin } from '../../lib/flow/numerics/max-min';
import { LOCAL_STACKS } from '../../stacks/reference';
import { TELEMETRY, TelemetryStack } from '../../stacks/telemetry';
import { referenceApp } from '../support/reference';

const stack = new TelemetryStack(referenceApp(), 'Telemetry');
const template = Template.fromStack(stack);
const resources = template.toJSON().Resources as Record<string, { Type: string; Properties: Record<string, never> }>;
// biome-ignore lint/suspicious/noExplicitAny: a template has no types
const only = (type: string): any => {
  const found = Object.values(resources).filter(({ Type }) => Type === type);
  expect(found).toHaveLength(1);
  return found[0].Properties;
};
const cluster = only('AWS::MSK::Cluster');
const quotas: { user: string; limits: Record<string, number> }[] = JSON.parse(only('Custom::KafkaQuotas').Quotas);

test('the template', () => {
  // Hashes of code change with every build and say nothing here.
  expect(JSON.parse(JSON.stringify(template.toJSON()).replace(/\b[0-9a-f]{64}\b/g, '<asset>'))).toMatchSnapshot();
});

describe('what must not be lost in a snapshot that somebody updates', () => {
  test('every tenant is held to its share of one broker, and all of them to what it takes', () => {
    const { brokers, brokerBytesPerSecond } = TELEMETRY.capacity;
    const copies = 3;
    const perBroker = TELEMETRY.tenants.map(
      (one) => (one.peakBytesPerSecond ?? one.steadyBytesPerSecond) / (brokers - 1),
    );
    const weights = TELEMETRY.tenants.map(({ weight = 1 }) => weight);
    const shares = weightedMaxMin(brokerBytesPerSecond / copies, perBroker, weights).map(Math.floor);
    expect(quotas.map(({ user }) => user)).toEqual(['billing', 'devices', 'clicks']);
    expect(quotas.map(({ limits }) => limits.producer_byte_rate)).toEqual(shares);
    expect(shares).toEqual([500_000, 8_000_000, 17_750_000]);
    expect(shares.reduce((sum, one) => sum + one, 0) * copies).toBeLessThanOrEqual(brokerBytesPerSecond);
  });

  test('the tenant that drowned the rest is held at its peak, and its producers wait for that long', () => {
    const { plan } = stack.quotas;
    expect(plan.remarks).toHaveLength(1);
    expect(plan.remarks[0]).toMatch(/^Quotas: clicks is held to 34 MB\/s of its 58 MB\/s/);
    const wait = ((60 - 35.5) * 900) / 35.5;
    expect(plan.tenant('clicks').peakWaitSeconds).toBeCloseTo(wait, 6);
    expect(stack.quotas.producerSettings('clicks').deliveryTimeoutMs).toBe(30_020 + Math.ceil(wait * 1000));
  });

  test('the cluster is as large as was reckoned with, and shows throttle times', () => {
    expect(cluster.NumberOfBrokerNodes).toBe(TELEMETRY.capacity.brokers);
    expect(cluster.BrokerNodeGroupInfo.ClientSubnets).toHaveLength(3);
    expect(cluster.EnhancedMonitoring).toBe('PER_BROKER');
    expect(stack.quotas.alarms.produceThrottled).toHaveLength(TELEMETRY.capacity.brokers);
    template.resourceCountIs('AWS::MSK::Configuration', 0);
  });

  test('volumes hold what the topics keep, three times over', () => {
    const seconds = { 'billing.events': 7 * 86_400, 'devices.metrics': 86_400, 'clicks.raw': 43_200 };
    const kept = TELEMETRY.topics.reduce((sum, { topicName, tenant }) => {
      const steady = TELEMETRY.tenants.find(({ name }) => name === tenant)?.steadyBytesPerSecond ?? 0;
      return sum + steady * seconds[topicName as keyof typeof seconds];
    }, 0);
    // Three copies on three brokers: each keeps everything once.
    expect(cluster.BrokerNodeGroupInfo.StorageInfo.EBSStorageInfo.VolumeSize * 2 ** 30).toBeGreaterThan(1.5 * kept);
  });

  test('nobody gets in without a password and TLS, and nothing of it is on the internet', () => {
    expect(cluster.ClientAuthentication).toEqual({
      Sasl: { Iam: { Enabled: true }, Scram: { Enabled: true } },
      Unauthenticated: { Enabled: false },
    });
    expect(cluster.EncryptionInfo.EncryptionInTransit).toEqual({ ClientBroker: 'TLS', InCluster: true });
    for (const type of ['AWS::EC2::InternetGateway', 'AWS::EC2::NatGateway']) template.resourceCountIs(type, 0);
    const open = Object.values(template.findResources('AWS::EC2::SecurityGroup')).flatMap(
      ({ Properties }) => Properties.SecurityGroupIngress ?? [],
    );
    expect(open).toEqual([]);
    const ways = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).map((one) => one.Properties);
    // Two endpoints; the workers of the job let each other in on any port.
    expect(ways.map(({ FromPort }) => FromPort).sort((a, b) => a - b)).toEqual([0, 443, 443, 9096, 9098]);
  });

  test('every user has a secret with the prefix and the key that Amazon MSK wants, and is known before a quota is set', () => {
    const secrets = Object.values(template.findResources('AWS::SecretsManager::Secret')).map((one) => one.Properties);
    expect(secrets).toHaveLength(1 + TELEMETRY.tenants.length);
    for (const { Name, KmsKeyId, GenerateSecretString } of secrets) {
      expect(Name).toMatch(/^AmazonMSK_Telemetry_(quotas|billing|devices|clicks)$/);
      expect(KmsKeyId['Fn::GetAtt'][0]).toMatch(/^Key/);
      expect(GenerateSecretString.GenerateStringKey).toBe('password');
    }
    expect(only('AWS::MSK::BatchScramSecret').SecretArnList).toHaveLength(secrets.length);
    template.hasResource('Custom::KafkaQuotas', { DependsOn: Match.arrayWith(['Users']) });
  });

  test('page views are counted from the cluster, and land as they are from a stream: its brokers have no delivery', () => {
    const { pageViews, rawPageViews, jars } = stack.etl;
    expect(pageViews.plan.predictions.newestRecordSeconds).toBeLessThanOrEqual(300);
    expect(rawPageViews.plan.predictions.oldestRecordSeconds).toBe(900);
    template.resourceCountIs('AWS::MSK::Channel', 0);
    template.resourceCountIs('AWS::Kinesis::Channel', 1);
    template.hasOutput('*', {
      Value: { 'Fn::Join': ['', ['s3://', stack.resolve(jars.bucketName), '/streaming-etl.jar']] },
    });
  });

  test('a run starts when its program, its storage and its log can be reached', () => {
    template.hasResource('Custom::StreamingRun', {
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('^VpcCloudWatchLogs'), Match.stringLikeRegexp('^VpcS3')]),
    });
  });

  test('the local emulator has no Kafka: this stack is not among those that run there', () => {
    expect(LOCAL_STACKS).toEqual(['OrderIntake']);
  });
});
