import { CfnOutput, Duration, Fn, Names, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  InterfaceVpcEndpointAwsService,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnBatchScramSecret, CfnCluster } from 'aws-cdk-lib/aws-msk';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { KafkaAuthentication } from '../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas } from '../lib/aws/quotas/kafka-quotas';
import type { KafkaQuotaTopic } from '../lib/aws/quotas/kafka-tenants';
import { NOISY_CAPACITY, NOISY_TENANTS, NOISY_TOPICS } from '../lib/cases/case-18-noisy-producer';
import type { KafkaCapacity, KafkaTenant } from '../lib/flow/quotas/workload';
import { acknowledge } from './acknowledgements';
import { CompactedTables } from './telemetry/compaction';
import { TelemetryEtl } from './telemetry/etl';
import { DeviceMetrics } from './telemetry/streams';

/** What the environment is sized from: numbers of an imagined platform, except the broker's. */
export const TELEMETRY: { capacity: KafkaCapacity; tenants: readonly KafkaTenant[]; topics: KafkaQuotaTopic[] } = {
  capacity: NOISY_CAPACITY.aws,
  tenants: NOISY_TENANTS,
  topics: NOISY_TOPICS.map(({ retentionHours, ...topic }) => ({ ...topic, retention: Duration.hours(retentionHours) })),
};

const INSTANCE_TYPE = 'kafka.m7g.large';
const KAFKA_VERSION = '3.9.x.kraft';
/** GiB a broker: at their steady rates all tenants keep a third of that; see the test. */
const VOLUME_GIB = 2000;
/** The user that sets quotas; no tenant has its password. */
const QUOTA_USER = 'quotas';

/**
 * Telemetry: three tenants on one Kafka cluster, each held to its share by the brokers (case 18), which has no connection
 * into or out of its VPC; the metrics of devices, which a rule of AWS IoT puts into a stream (case 5); page views that stream into
 * tables (case 3); and two tables whose small files are rewritten all day (case 17).
 */
export class TelemetryStack extends Stack {
  /** The quota of each tenant. */
  public readonly quotas: KafkaQuotas;
  /** The metrics of the devices. */
  public readonly metrics: DeviceMetrics;
  /** Page views, as they are and counted. */
  public readonly etl: TelemetryEtl;

  /** Tables whose small files are rewritten all day. */
  public readonly compaction: CompactedTables;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, {
      description: 'Telemetry: tenants of one Kafka cluster, metrics of devices, and tables of page views and events',
      ...props,
    });
    const alarms = new Topic(this, 'Alarms', { enforceSSL: true });
    const vpc = this.createVpc();
    const brokers = new SecurityGroup(this, 'Brokers', {
      vpc,
      description: 'Kafka brokers: whoever may talk to them is named here',
      allowAllOutbound: false,
    });
    const key = new Key(this, 'Key', {
      description: 'Kafka volumes and the passwords of its users',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const cluster = this.createCluster(vpc, brokers, key);

    const users = [QUOTA_USER, ...TELEMETRY.tenants.map(({ name }) => name)];
    const secrets = new Map(users.map((user) => [user, this.createUser(user, key)]));
    const association = new CfnBatchScramSecret(this, 'Users', {
      clusterArn: cluster.attrArn,
      secretArnList: [...secrets.values()].map((secret) => secret.secretArn),
    });
    // A retained cluster without it would refuse all of its users.
    association.applyRemovalPolicy(RemovalPolicy.RETAIN);

    this.quotas = new KafkaQuotas(this, 'Quotas', {
      clusterArn: cluster.attrArn,
      ...TELEMETRY,
      tenants: [...TELEMETRY.tenants],
      authentication: KafkaAuthentication.scram({
        secret: secrets.get(QUOTA_USER) as Secret,
        secretsManagerEndpoint: this.createEndpoint(vpc),
      }),
      vpc,
      vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
      clusterSecurityGroup: brokers,
      alarmTopic: alarms,
    });
    // Before that no client can sign in.
    this.quotas.resource.node.addDependency(association);
    this.metrics = new DeviceMetrics(this, 'Metrics', { alarmTopic: alarms });

    this.etl = new TelemetryEtl(this, 'Etl', { clusterArn: cluster.attrArn, brokers, vpc, alarmTopic: alarms });

    this.compaction = new CompactedTables(this, 'Compaction', { alarmTopic: alarms });

    new CfnOutput(this, 'ClusterArn', { value: cluster.attrArn });
    new CfnOutput(this, 'BrokersSecurityGroup', { value: brokers.securityGroupId });
    for (const { name } of TELEMETRY.tenants) {
      new CfnOutput(this, `${name}SecretArn`, { value: (secrets.get(name) as Secret).secretArn });
      new CfnOutput(this, `${name}Producer`, { value: this.toJsonString(this.quotas.producerProperties(name)) });
    }
  }

  /** Three in every region: as many as brokers, instead of the two that the CDK assumes without a lookup. */
  public override get availabilityZones(): string[] {
    return [0, 1, 2].map((zone) => Fn.select(zone, Fn.getAzs()));
  }

  private createVpc(): Vpc {
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: 3,
      natGateways: 0,
      subnetConfiguration: [{ name: 'Brokers', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 }],
    });
    const logGroup = new LogGroup(this, 'FlowLogs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    vpc.addFlowLog('Rejected', { destination: FlowLogDestination.toCloudWatchLogs(logGroup) });
    return vpc;
  }

  private createEndpoint(vpc: Vpc) {
    const securityGroup = new SecurityGroup(this, 'SecretsEndpoint', {
      vpc,
      description: 'Secrets Manager for whoever is named here',
      allowAllOutbound: false,
    });
    return vpc.addInterfaceEndpoint('SecretsManager', {
      service: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
      securityGroups: [securityGroup],
      // Admits only named sources: the default rule would admit the whole VPC.
      open: false,
    });
  }

  private createCluster(vpc: Vpc, securityGroup: SecurityGroup, key: Key): CfnCluster {
    const { brokers } = TELEMETRY.capacity;
    const logGroup = new LogGroup(this, 'BrokerLogs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const cluster = new CfnCluster(this, 'Cluster', {
      clusterName: Names.uniqueResourceName(this, { maxLength: 64, separator: '-' }),
      kafkaVersion: KAFKA_VERSION,
      numberOfBrokerNodes: brokers,
      brokerNodeGroupInfo: {
        instanceType: INSTANCE_TYPE,
        clientSubnets: vpc.isolatedSubnets.map(({ subnetId }) => subnetId),
        securityGroups: [securityGroup.securityGroupId],
        storageInfo: { ebsStorageInfo: { volumeSize: VOLUME_GIB } },
      },
      clientAuthentication: {
        sasl: { scram: { enabled: true }, iam: { enabled: true } },
        unauthenticated: { enabled: false },
      },
      encryptionInfo: {
        encryptionAtRest: { dataVolumeKmsKeyId: key.keyArn },
        encryptionInTransit: { clientBroker: 'TLS', inCluster: true },
      },
      // MSK publishes throttle times from this level on.
      enhancedMonitoring: 'PER_BROKER',
      loggingInfo: { brokerLogs: { cloudWatchLogs: { enabled: true, logGroup: logGroup.logGroupName } } },
    });
    // It holds the topics. Its VPC and security groups can only be deleted after it.
    cluster.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return cluster;
  }

  /** Amazon MSK accepts only secrets with this prefix and a customer managed key. */
  private createUser(user: string, encryptionKey: Key): Secret {
    const secret = new Secret(this, `User-${user}`, {
      secretName: `AmazonMSK_${Names.uniqueResourceName(this, { maxLength: 64, separator: '-' })}_${user}`,
      description: `Kafka user ${user}`,
      encryptionKey,
      removalPolicy: RemovalPolicy.RETAIN,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username: user }),
        generateStringKey: 'password',
        passwordLength: 32,
        excludePunctuation: true,
      },
    });
    acknowledge(secret, {
      'AwsSolutions-SMG4': `Clients of the Kafka user ${user} read the password when they connect: it is changed by hand together with them, and Amazon MSK picks up the new one.`,
    });
    return secret;
  }
}
