import { type CfnResource, Fn, type RemovalPolicy, Token } from 'aws-cdk-lib';
import { CfnBroker } from 'aws-cdk-lib/aws-amazonmq';
import { type ISecurityGroup, type IVpc, SecurityGroup, type SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { type Check, oneOf } from '../../flow/errors';
import { FLAG, type Kinds, NUMBER, needed, OBJECT, sound, TEXT } from '../../flow/kinds';
import { AMAZON_MQ_HOSTS, AMAZON_MQ_LIMITS } from '../../flow/queue/brokers/amazon-mq-hosts';
import type { QueueQuestion } from '../../flow/queue/question';
import { groupDescription } from '../descriptions';
import { installationName } from '../installation-name';
import { KEY, SECRET, SECURITY_GROUP, VPC } from '../kinds';
import { knownNumber } from '../tokens';

/** Ports of a broker: Amazon MQ developer guide, Connecting to a RabbitMQ broker. */
export const BROKER_PORTS = { amqps: 5671, management: 443 } as const;

const DEFAULT_HOST = 'mq.m7g.large';
const DEFAULT_VERSION = '4.2';
const HOSTS = Object.keys(AMAZON_MQ_HOSTS);
const GB = 1e9;
/** Amazon MQ developer guide, Quotas, Broker name. */
const LONGEST_NAME = 50;

/**
 * A broker that is made with its queue: a cluster of three nodes in private subnets.
 */
export interface ManagedBrokerOptions {
  /**
   * The VPC of the broker, and of the function that declares the queue.
   */
  readonly vpc: IVpc;

  /**
   * Subnets of the broker's nodes. A single instance takes the first one.
   *
   * @default - the private subnets
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * Size of a node: `mq.m7g.medium`, which AWS recommends for tests, to `mq.m7g.16xlarge`. Its default number of
   * connections bounds the tasks of the worker.
   *
   * @default mq.m7g.large
   */
  readonly hostInstanceType?: string;

  /**
   * Whether the broker is one instance instead of a cluster. It is away for minutes when it is replaced or patched, which
   * the promised latency must allow.
   *
   * @default false
   */
  readonly singleInstance?: boolean;

  /**
   * Version of RabbitMQ, major and minor: `4.2` or later. Older ones run on other instance types: give such a broker as
   * an existing one.
   *
   * @default 4.2
   */
  readonly engineVersion?: string;

  /**
   * When AWS may patch and reboot the nodes, one after the other.
   *
   * @default - chosen by Amazon MQ
   */
  readonly maintenanceWindow?: CfnBroker.MaintenanceWindowProperty;

  /**
   * Storage of a node in GB. 1 to 100,000. The plan goes by it; it changes nothing on the broker.
   *
   * @default 20
   */
  readonly storageGb?: number;

  /**
   * The key for messages, for the secrets and for what the broker keeps on its disks.
   *
   * @default - keys of AWS
   */
  readonly encryptionKey?: IKey;
}

/**
 * A broker that exists already, in this app or elsewhere.
 */
export interface ExistingBrokerOptions {
  /**
   * Name of the broker: the dimension of its metrics. 1 to 50 letters, digits, `-` and `_`.
   */
  readonly brokerName: string;

  /**
   * Address of AMQP over TLS, such as `amqps://b-1234.mq.eu-central-1.amazonaws.com:5671`. Of a `CfnBroker`:
   * `Fn.select(0, broker.attrAmqpEndpoints)`.
   */
  readonly endpoint: string;

  /**
   * The secret with `username` and `password` of an administrator, as JSON. The function that declares the queue signs
   * in with it.
   */
  readonly adminSecret: ISecret;

  /**
   * The VPC of the broker.
   */
  readonly vpc: IVpc;

  /**
   * The security group of the broker. It gets rules that admit the function and the worker.
   */
  readonly securityGroup: ISecurityGroup;

  /**
   * Connections that the broker accepts on one node. 1 or more.
   *
   * @default - not known: nothing compares with it
   */
  readonly maxConnections?: number;

  /**
   * Storage of a node in GB. 1 to 100,000.
   *
   * @default 20
   */
  readonly storageGb?: number;

  /**
   * Whether the broker is one instance instead of a cluster.
   *
   * @default false
   */
  readonly singleInstance?: boolean;
}

/** A broker as its queue sees it. Internal. */
export interface BrokerParts {
  readonly brokerName: string;
  /** `amqps://host:5671`. */
  readonly endpoint: string;
  readonly adminSecret: ISecret;
  readonly vpc: IVpc;
  readonly securityGroup: ISecurityGroup;
  /** Only of a broker that is made here. */
  readonly resource?: CfnBroker;
  readonly encryptionKey?: IKey;
}

/** The queue that a broker is made for. Internal. */
export interface BrokerContext {
  readonly scope: Construct;
  readonly queueName: string;
  readonly removalPolicy: RemovalPolicy;
}

/**
 * The RabbitMQ broker of a queue: one that is made with it, or one that exists already.
 */
export class RabbitMqBroker {
  /** A broker that is made with the queue. Further queues take it as `broker` of the first one. */
  public static managed(options: ManagedBrokerOptions): RabbitMqBroker {
    const { props, checks } = sound(options, MANAGED_KINDS, 'broker');
    const { hostInstanceType = DEFAULT_HOST, singleInstance, engineVersion, storageGb } = props;
    return new RabbitMqBroker(
      [
        ...checks,
        oneOf('broker.hostInstanceType', hostInstanceType, HOSTS),
        {
          refused:
            engineVersion !== undefined &&
            !Token.isUnresolved(engineVersion) &&
            !/^(4\.([2-9]|[1-9]\d)|[5-9]\.\d+)$/.test(engineVersion),
          message: `broker.engineVersion must be 4.2 or later, such as '4.2', got '${engineVersion}'; give a broker of an older version with RabbitMqBroker.existing()`,
        },
        knownNumber('broker.storageGb', storageGb, 1, 100_000),
      ],
      questionOf({ maxConnections: AMAZON_MQ_HOSTS[hostInstanceType]?.connections, storageGb, singleInstance }),
      (context) => createBroker(context, props),
    );
  }

  /** A broker that exists already. It is not changed, except for objects of the queue and rules of its security group. */
  public static existing(options: ExistingBrokerOptions): RabbitMqBroker {
    const { props, checks } = sound(options, EXISTING_KINDS, 'broker');
    const { brokerName, endpoint, maxConnections, storageGb } = props;
    return new RabbitMqBroker(
      [
        ...checks,
        {
          refused:
            typeof brokerName === 'string' &&
            !Token.isUnresolved(brokerName) &&
            !/^[A-Za-z0-9_-]{1,50}$/.test(brokerName),
          message: `broker.brokerName must be 1 to 50 letters, digits, '-' and '_', got '${brokerName}'`,
        },
        {
          refused:
            typeof endpoint === 'string' &&
            !Token.isUnresolved(endpoint) &&
            !/^amqps:\/\/[A-Za-z0-9.-]+:5671$/.test(endpoint),
          message: `broker.endpoint must be amqps://host:5671, got '${endpoint}'`,
        },
        knownNumber('broker.maxConnections', maxConnections, 1, 1e9),
        knownNumber('broker.storageGb', storageGb, 1, 100_000),
      ],
      questionOf(props),
      () => props,
    );
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _checks: readonly Check[],
    /**
     * What the plan is asked of the broker.
     *
     * @internal
     */
    public readonly _question: Pick<QueueQuestion, 'brokerConnections' | 'brokerStorageBytes' | 'failoverSeconds'>,
    /** @internal */
    public readonly _bind: (context: BrokerContext) => BrokerParts,
  ) {}

  /**
   * The same broker for further queues: nothing of it is made again.
   *
   * @internal
   */
  public _made(parts: BrokerParts): RabbitMqBroker {
    return new RabbitMqBroker([], this._question, () => parts);
  }
}

const MANAGED_KINDS: Kinds<ManagedBrokerOptions> = {
  vpc: needed(VPC),
  vpcSubnets: OBJECT,
  hostInstanceType: TEXT,
  singleInstance: FLAG,
  engineVersion: TEXT,
  maintenanceWindow: OBJECT,
  storageGb: NUMBER,
  encryptionKey: KEY,
};

const EXISTING_KINDS: Kinds<ExistingBrokerOptions> = {
  brokerName: needed(TEXT),
  endpoint: needed(TEXT),
  adminSecret: needed(SECRET),
  vpc: needed(VPC),
  securityGroup: needed(SECURITY_GROUP),
  maxConnections: NUMBER,
  storageGb: NUMBER,
  singleInstance: FLAG,
};

function questionOf({
  maxConnections,
  storageGb,
  singleInstance,
}: Pick<ExistingBrokerOptions, 'maxConnections' | 'storageGb' | 'singleInstance'>) {
  return {
    brokerConnections: maxConnections,
    brokerStorageBytes: storageGb === undefined ? undefined : storageGb * GB,
    failoverSeconds: singleInstance ? AMAZON_MQ_LIMITS.failoverSeconds : undefined,
  };
}

/** A user with a random password. Amazon MQ refuses `,`, `:` and `=` in a password, of at least 12 characters. */
export function userSecret(
  scope: Construct,
  id: string,
  username: string,
  { encryptionKey, removalPolicy }: { encryptionKey?: IKey; removalPolicy: RemovalPolicy },
): Secret {
  return new Secret(scope, id, {
    description: `User ${username} of a RabbitMQ broker`,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username }),
      generateStringKey: 'password',
      excludePunctuation: true,
      passwordLength: 40,
    },
    encryptionKey,
    removalPolicy,
  });
}

/** The management API of a broker, on the host of its endpoint. */
export function managementOf(endpoint: string): string {
  const host = Fn.select(0, Fn.split(':', Fn.select(1, Fn.split('//', endpoint))));
  return `https://${host}`;
}

function createBroker({ scope, queueName, removalPolicy }: BrokerContext, options: ManagedBrokerOptions): BrokerParts {
  const { vpc, vpcSubnets, singleInstance = false, encryptionKey, maintenanceWindow } = options;
  const brokerName = installationName(scope, queueName.replace(/\./g, '-'), LONGEST_NAME);
  const securityGroup = new SecurityGroup(scope, 'BrokerGroup', {
    vpc,
    description: groupDescription(`RabbitMQ broker ${brokerName}`),
    allowAllOutbound: false,
  });
  const adminSecret = userSecret(scope, 'AdminUser', 'administrator', { encryptionKey, removalPolicy });
  const { subnetIds } = vpc.selectSubnets(vpcSubnets);
  const resource = new CfnBroker(scope, 'Broker', {
    brokerName,
    engineType: 'RABBITMQ',
    engineVersion: options.engineVersion ?? DEFAULT_VERSION,
    hostInstanceType: options.hostInstanceType ?? DEFAULT_HOST,
    deploymentMode: singleInstance ? 'SINGLE_INSTANCE' : 'CLUSTER_MULTI_AZ',
    // Required from RabbitMQ 3.13 on.
    autoMinorVersionUpgrade: true,
    publiclyAccessible: false,
    subnetIds: singleInstance ? subnetIds.slice(0, 1) : subnetIds,
    securityGroups: [securityGroup.securityGroupId],
    // References that CloudFormation resolves at deployment: no password is in the template.
    users: [
      {
        username: adminSecret.secretValueFromJson('username').unsafeUnwrap(),
        password: adminSecret.secretValueFromJson('password').unsafeUnwrap(),
      },
    ],
    logs: { general: true },
    encryptionOptions:
      encryptionKey === undefined ? undefined : { useAwsOwnedKey: false, kmsKeyId: encryptionKey.keyArn },
    maintenanceWindowStartTime: maintenanceWindow,
  });
  resource.applyRemovalPolicy(removalPolicy);
  // A retained broker keeps its network interfaces, and a group that they use cannot be deleted.
  (securityGroup.node.defaultChild as CfnResource).applyRemovalPolicy(removalPolicy);
  return {
    brokerName,
    endpoint: Fn.select(0, resource.attrAmqpEndpoints),
    adminSecret,
    vpc,
    securityGroup,
    resource,
    encryptionKey,
  };
}
