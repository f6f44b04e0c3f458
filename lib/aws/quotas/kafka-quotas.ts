import { Annotations, CustomResource, Duration, Names, RemovalPolicy } from 'aws-cdk-lib';
import { type ISecurityGroup, type IVpc, Port, SecurityGroup, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnTopic } from 'aws-cdk-lib/aws-msk';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type Check, validate } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, listOf, needed, OBJECT, sound, struct, TEXT } from '../../flow/kinds';
import { quotaAlarmKnobs, repairIntervalKnob, repairTimeoutKnob, throttledKnob } from '../../flow/quotas/alarms';
import { planQuotas } from '../../flow/quotas/plan';
import { producerProperties } from '../../flow/quotas/producer-settings';
import { resolveCapacity } from '../../flow/quotas/shares';
import type { KafkaCapacity, KafkaTenant, ProducerSettings, QuotasPlan } from '../../flow/quotas/workload';
import { resourceTimeoutKnobs } from '../../flow/resource-timeouts';
import type { Quota } from '../../runtime/kafka-quotas/quotas';
import { ALARM_SETTINGS, type AlarmSettings } from '../alarm-settings';
import { createBrokersLookUp } from '../brokers-look-up';
import { cut, groupDescription } from '../descriptions';
import { clusterChecks, topicConfigs } from '../kafka-cluster';
import { DURATION, SECURITY_GROUP, TOPIC, VPC } from '../kinds';
import { removalCheck } from '../removal-policy';
import { createResourceProvider } from '../resource-provider';
import { RuntimeFunction } from '../runtime-function';
import { singleStart } from '../single-start';
import { KafkaAlarms } from './kafka-alarms';
import type { KafkaAuthentication } from './kafka-authentication';
import {
  entityOf,
  type KafkaQuotaTenant,
  type KafkaQuotaTopic,
  partitionsOf,
  TOPIC_KINDS,
  tenantChecks,
} from './kafka-tenants';

/** Amazon EventBridge quotas: the input of a target. */
const MOST_INPUT_CHARACTERS = 8192;

/**
 * What the quotas of a shared cluster on Amazon MSK are sized from.
 */
export interface KafkaQuotasProps {
  /**
   * ARN of the cluster. It must be provisioned, with its monitoring level at PER_BROKER or above; the throttle alarms
   * have no data otherwise.
   */
  readonly clusterArn: string;

  /**
   * The capacity of the cluster.
   */
  readonly capacity: KafkaCapacity;

  /**
   * The tenants. At least one; as many as fit into the input of an EventBridge target, 8,192 characters.
   */
  readonly tenants: KafkaQuotaTenant[];

  /**
   * How the function that sets quotas signs in.
   */
  readonly authentication: KafkaAuthentication;

  /**
   * The VPC of the brokers.
   */
  readonly vpc: IVpc;

  /**
   * Subnets of the function. They need no route to the internet.
   *
   * @default - the private subnets
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * The security group of the brokers. It gets a rule that admits the function on one port.
   */
  readonly clusterSecurityGroup: ISecurityGroup;

  /**
   * Topics to create, with as many replicas as the capacity says.
   *
   * @default - none; they are created elsewhere
   */
  readonly topics?: KafkaQuotaTopic[];

  /**
   * How often quotas are checked, and set again if they were changed. Whole minutes, 5 min to a day.
   *
   * @default Duration.hours(1)
   */
  readonly repairInterval?: Duration;

  /**
   * Where alarms go.
   *
   * @default - nowhere; the alarms still exist
   */
  readonly alarmTopic?: ITopic;

  /**
   * Where alarms of each severity go, what they are called, and which are silent.
   *
   * @default - all to `alarmTopic`, with names from CloudFormation
   */
  readonly alarms?: AlarmSettings;

  /**
   * Whether to overwrite quotas that another owner, a second stack or a person, has set on an entity of `tenants` to
   * other values. Without it the deployment fails, changes nothing, and names them. Equal values are always taken
   * over.
   *
   * @default false
   */
  readonly takeOver?: boolean;

  /**
   * What happens to the topics, and to the quotas on the cluster, when they leave the stack or are replaced. With
   * DESTROY topics are deleted with their records, and quotas that still have the values of this stack are removed;
   * a renamed construct then removes the quotas that it has just set under its new name. For quotas,
   * RETAIN_ON_UPDATE_OR_DELETE means RETAIN.
   * RETAIN, RETAIN_ON_UPDATE_OR_DELETE or DESTROY.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

const KINDS: Kinds<KafkaQuotasProps> = {
  clusterArn: needed(TEXT),
  capacity: CHECKED,
  tenants: needed(listOf(OBJECT)),
  authentication: needed(
    having(
      ['_environment'],
      'a KafkaAuthentication: KafkaAuthentication.iam() or KafkaAuthentication.scram({ secret })',
    ),
  ),
  vpc: needed(VPC),
  vpcSubnets: OBJECT,
  clusterSecurityGroup: needed(SECURITY_GROUP),
  topics: listOf(struct(TOPIC_KINDS)),
  repairInterval: DURATION,
  alarmTopic: TOPIC,
  alarms: ALARM_SETTINGS,
  takeOver: FLAG,
  removalPolicy: CHECKED,
};

/**
 * A shared Kafka cluster on which every tenant has its share, enforced by the brokers.
 *
 * Cures one producer that starves the others (case 18). Quotas are dynamic and apply per broker: a line in a broker's
 * properties has no effect, and a rate meant for the whole cluster is several times too high. They are set through the
 * admin API when the stack is deployed and checked every hour. They stay when the stack is deleted: a shared cluster
 * without quotas is the unsafe state.
 */
export class KafkaQuotas extends Construct {
  /** Every quota with its reason, and what each tenant gets. */
  public readonly plan: QuotasPlan;
  /** The function that sets quotas and repairs them. */
  public readonly repairer: LambdaFunction;
  /** Its security group: out to the brokers and to the secret, nothing in. */
  public readonly securityGroup: SecurityGroup;
  /** The quotas as a resource of the stack. */
  public readonly resource: CustomResource;
  /** The topics, in the order they were given. */
  public readonly topics: CfnTopic[];
  /** Sets the quotas again every `repairInterval`, so that what was changed on the brokers does not last. */
  public readonly repairRule: Rule;
  /** The alarms, each with a text that says what to do. */
  public readonly alarms: KafkaAlarms;

  private readonly props: KafkaQuotasProps;
  private readonly removalPolicy: RemovalPolicy;

  /**
   * @throws CapacityError when the tenants do not fit on the cluster; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: KafkaQuotasProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, KINDS);
    this.props = usable;
    this.removalPolicy = usable.removalPolicy ?? RemovalPolicy.RETAIN;
    const repairInterval = usable.repairInterval ?? Duration.hours(1);
    const planned = planQuotas(
      id,
      { capacity: usable.capacity, tenants: usable.tenants?.map((tenant) => this.withPartitions(tenant)) },
      [...checks, ...inputChecks(usable)],
    );
    const throttled = planned.withKnobs([throttledKnob(planned, usable.tenants)]);
    this.plan = throttled.withKnobs([
      ...quotaAlarmKnobs(throttled),
      repairTimeoutKnob(),
      ...resourceTimeoutKnobs(),
      repairIntervalKnob(repairInterval.toSeconds(), usable.repairInterval !== undefined),
    ]);
    this.warn();

    this.topics = (usable.topics ?? []).map((topic) => this.createTopic(topic));
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: usable.vpc,
      description: groupDescription(`Sets Kafka quotas for ${Names.nodeUniqueId(this.node)}`),
      allowAllOutbound: false,
    });
    const { authentication, clusterArn, clusterSecurityGroup, vpc, vpcSubnets } = usable;
    this.securityGroup.connections.allowTo(clusterSecurityGroup, Port.tcp(authentication.port), 'Kafka quotas');
    authentication._allowFrom(this.securityGroup);
    this.repairer = new RuntimeFunction(this, 'Repairer', {
      bundle: 'kafka-quotas',
      description: `Sets Kafka quotas of ${this.node.path} and repairs them`,
      timeout: Duration.seconds(this.plan.value('repairTimeoutSeconds')),
      network: { vpc, vpcSubnets, securityGroup: this.securityGroup },
      environment: authentication._environment(),
    });
    authentication._grant(this.repairer, clusterArn);

    const brokers = createBrokersLookUp(this, {
      clusterArn,
      output: authentication.brokersOutput,
      plan: this.plan,
    });
    const quotas = this.quotas();
    this.resource = new CustomResource(this, 'Resource', {
      serviceToken: createResourceProvider(this, { onEventHandler: this.repairer, plan: this.plan }).serviceToken,
      resourceType: 'Custom::KafkaQuotas',
      properties: {
        ClusterArn: clusterArn,
        Brokers: brokers,
        Quotas: JSON.stringify(quotas),
        ...(usable.takeOver && { TakeOver: 'true' }),
      },
      // A rolled-back creation removes nothing either: it may have taken over quotas that another construct set.
      removalPolicy: this.removalPolicy === RemovalPolicy.DESTROY ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
    // The brokers must be reachable before the first quota is set, and until the last is removed.
    this.resource.node.addDependency(clusterSecurityGroup, this.securityGroup, this.repairer);
    this.repairRule = this.createRepairRule(repairInterval, {
      ClusterArn: clusterArn,
      Brokers: brokers,
      Quotas: quotas,
    });
    this.alarms = new KafkaAlarms(this, 'Alarms', {
      clusterArn,
      brokers: usable.capacity.brokers,
      plan: this.plan,
      repairer: this.repairer,
      repairInterval,
      alarmTopic: usable.alarmTopic,
      alarms: usable.alarms,
    });
  }

  /**
   * Settings for that tenant's producers.
   *
   * @throws InvalidInputError when there is no such tenant; the message lists the tenants
   */
  public producerSettings(tenant: string): ProducerSettings {
    return this.plan.tenant(tenant).producer;
  }

  /**
   * The same under the names of the Java client, for a properties file or environment variables.
   *
   * @throws InvalidInputError when there is no such tenant; the message lists the tenants
   */
  public producerProperties(tenant: string): { [name: string]: string } {
    return producerProperties(this.producerSettings(tenant));
  }

  private withPartitions(tenant: KafkaQuotaTenant): KafkaTenant {
    // The plan has only numbers; the tenant's entity on the brokers comes from the props.
    const { user: _user, clientId: _clientId, ...numbers } = tenant;
    const written = partitionsOf(tenant.name, this.props.topics ?? []);
    return { ...numbers, partitions: tenant.partitions ?? (written > 0 ? written : undefined) };
  }

  private warn(): void {
    for (const remark of this.plan.remarks) {
      Annotations.of(this).addInfoV2('Backpressure::kafka-held-at-peak', remark);
    }
    const spoofable = this.props.tenants.filter((tenant) => entityOf(tenant).user === undefined);
    if (spoofable.length > 0) {
      Annotations.of(this).addWarningV2(
        'Backpressure::kafka-client-id-quota',
        `${spoofable.map(({ name }) => name).join(', ')}: a client chooses its own id, so it can evade a quota that binds no user; name a user`,
      );
    }
  }

  private quotas(): Quota[] {
    const quotas = this.props.tenants.map((tenant): Quota => {
      const { producerByteRate, consumerByteRate, requestPercentage } = this.plan.tenant(tenant.name);
      const limits = { producer_byte_rate: producerByteRate, consumer_byte_rate: consumerByteRate };
      return {
        ...entityOf(tenant),
        limits: requestPercentage === undefined ? limits : { ...limits, request_percentage: requestPercentage },
      };
    });
    const length = JSON.stringify(quotas).length + 1024;
    validate(this.node.id, [
      {
        refused: length > MOST_INPUT_CHARACTERS,
        message: `tenants must fit into ${MOST_INPUT_CHARACTERS} characters, ${tenantsText(quotas.length)} take ${length}; make a second KafkaQuotas`,
      },
    ]);
    return quotas;
  }

  private createTopic({ topicName, partitions, retention }: KafkaQuotaTopic): CfnTopic {
    const { replicationFactor } = resolveCapacity(this.props.capacity);
    const configs = topicConfigs({
      // With acks=all, a write needs all replicas but one, so it succeeds while one is down.
      'min.insync.replicas': Math.max(1, replicationFactor - 1),
      ...(retention && { 'retention.ms': retention.toMilliseconds() }),
    });
    const topic = new CfnTopic(this, `Topic-${topicName}`, {
      clusterArn: this.props.clusterArn,
      topicName,
      partitionCount: partitions,
      replicationFactor,
      configs,
    });
    topic.applyRemovalPolicy(this.removalPolicy);
    return topic;
  }

  /** Deleted before the quotas: a late check would set them again, and they would stay. */
  private createRepairRule(interval: Duration, wanted: object): Rule {
    const rule = new Rule(this, 'Repair', {
      description: cut(`Sets Kafka quotas of ${this.node.path} again when they were changed`, 512),
      schedule: Schedule.rate(interval),
      targets: [
        // The next check repairs what a lost one missed.
        singleStart(this.repairer, {
          event: RuleTargetInput.fromObject({ Repair: wanted }),
          maxEventAge: interval,
        }),
      ],
    });
    rule.node.addDependency(this.resource);
    return rule;
  }
}

function inputChecks({ clusterArn, tenants, topics = [], repairInterval, removalPolicy }: KafkaQuotasProps): Check[] {
  return [
    ...clusterChecks(clusterArn, repairInterval),
    removalCheck(removalPolicy),
    ...(tenants === undefined ? [] : tenantChecks(tenants, topics)),
  ];
}

function tenantsText(count: number): string {
  return count === 1 ? '1 tenant' : `${count} tenants`;
}
