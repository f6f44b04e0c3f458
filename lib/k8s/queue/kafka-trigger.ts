import type { Check } from '../../flow/errors';
import { FLAG, type Kinds, listOf, NUMBER, needed, sound, TEXT } from '../../flow/kinds';
import { SECRET_KEY } from '../kinds';
import { cidr, cidrs, dnsLabel, foreignName, hostPorts, kafkaTopicName, secretChecks } from '../names';
import { unplaced } from '../network-policy';
import { secretAuthentication, secretTargets } from '../operators/keda';
import type { SecretKey } from '../secret-key';
import type { Trigger, TriggerBinding, TriggerContext } from './trigger';

/**
 * A topic of Kafka, read by one consumer group.
 */
export interface KafkaTriggerProps {
  /**
   * Host and port of at least one broker, such as `events-kafka-bootstrap.kafka:9093`.
   */
  readonly bootstrapServers: string[];

  /**
   * Namespace of the brokers.
   *
   * @default - the namespace of the chart
   */
  readonly namespace?: string;

  /**
   * Addresses of brokers outside the cluster, such as `10.20.0.0/16`. Instead of `namespace`.
   *
   * @default - the brokers are in the cluster
   */
  readonly cidr?: string;

  /**
   * Several address ranges outside the cluster, such as one for each zone. Instead of `cidr`.
   *
   * @default - the brokers are in the cluster, or in `cidr`
   */
  readonly cidrs?: string[];

  /**
   * Name of the topic. 1 to 249 letters, digits, `.`, `_` and `-`.
   */
  readonly topic: string;

  /**
   * Partitions of the topic. Bounds the replicas: each partition has one reader in a group, others would be idle. 1 or
   * more.
   */
  readonly partitions: number;

  /**
   * Name of the consumer group. Start it at the earliest offset: KEDA counts a group without commits from there.
   */
  readonly consumerGroup: string;

  /**
   * User for SASL/SCRAM-SHA-512 over TLS, in a Secret.
   *
   * @default - no user; `tls` and `clientCertificate` are for themselves
   */
  readonly username?: SecretKey;

  /**
   * Lag of the group that is planned at the peak, in records, where its members have a line each: `PartitionedStream` gives
   * that of its plan. Alerts fire above it. 0 to 2⁵³.
   *
   * @default - what is predicted for members that share one line
   */
  readonly peakLag?: number;

  /**
   * Password for SASL/SCRAM-SHA-512, in a Secret.
   *
   * @default - no user
   */
  readonly password?: SecretKey;

  /**
   * Certificate (PEM) of the authority that signed the brokers' certificates, in a Secret: Strimzi makes
   * `<cluster>-cluster-ca-cert` with the key `ca.crt`. With TLS only.
   *
   * @default - an authority that the images of KEDA and the worker know
   */
  readonly certificateAuthority?: SecretKey;

  /**
   * Whether the brokers require TLS. The worker reads it from `KAFKA_TLS` where there is no `username`.
   *
   * @default - true with `username`, `certificateAuthority` or `clientCertificate`, else false
   */
  readonly tls?: boolean;

  /**
   * Certificate (PEM) by which the brokers know the client, in a Secret: Strimzi makes one named after the `KafkaUser`, with
   * the keys `user.crt` and `user.key`. The worker reads it from `KAFKA_CLIENT_CERTIFICATE`.
   *
   * @default - the brokers ask for none
   */
  readonly clientCertificate?: SecretKey;

  /**
   * Private key (PEM) of the `clientCertificate`, in a Secret. The worker reads it from `KAFKA_CLIENT_KEY`.
   *
   * @default - the brokers ask for none
   */
  readonly clientKey?: SecretKey;
}

const KINDS: Kinds<KafkaTriggerProps> = {
  bootstrapServers: needed(listOf(TEXT)),
  namespace: TEXT,
  cidr: TEXT,
  cidrs: listOf(TEXT),
  topic: needed(TEXT),
  partitions: needed(NUMBER),
  peakLag: NUMBER,
  consumerGroup: needed(TEXT),
  username: SECRET_KEY,
  password: SECRET_KEY,
  certificateAuthority: SECRET_KEY,
  tls: FLAG,
  clientCertificate: SECRET_KEY,
  clientKey: SECRET_KEY,
};

/** KEDA's trigger on the lag of a consumer group. */
export function kafkaTrigger(given: KafkaTriggerProps): Trigger {
  const { props, checks: kinds } = sound(given, KINDS, 'trigger');
  const { bootstrapServers, partitions, peakLag, username, password } = props;
  const { certificateAuthority, clientCertificate, clientKey } = props;
  const places = [props.namespace, props.cidr, props.cidrs].filter((place) => place !== undefined);
  const checks: Check[] = [
    ...kinds,
    ...(bootstrapServers === undefined ? [] : hostPorts('bootstrapServers', bootstrapServers)),
    dnsLabel('namespace', props.namespace),
    cidr('cidr', props.cidr),
    ...cidrs('cidrs', props.cidrs),
    {
      refused: places.length > 1,
      message: `namespace and ${props.cidr === undefined ? 'cidrs' : 'cidr'} must not be given together: the brokers are inside or outside the cluster`,
    },
    kafkaTopicName('topic', props.topic),
    foreignName('consumerGroup', props.consumerGroup),
    ...secretChecks('username', username),
    ...secretChecks('password', password),
    ...secretChecks('certificateAuthority', certificateAuthority),
    {
      refused: (username === undefined) !== (password === undefined),
      message: 'username and password must be given together, got one of them',
    },
    ...secretChecks('clientCertificate', clientCertificate),
    ...secretChecks('clientKey', clientKey),
    {
      refused: (clientCertificate === undefined) !== (clientKey === undefined),
      message: 'clientCertificate and clientKey must be given together, got one of them',
    },
    ...(['username', 'certificateAuthority', 'clientCertificate'] as const).map((name) => ({
      refused: props[name] !== undefined && props.tls === false,
      message: `${name} needs tls, got tls false`,
    })),
  ];
  return {
    checks,
    question: { broker: 'kafka', partitions, ...(peakLag !== undefined && { peakLag }) },
    remarks: () =>
      unplaced(
        (bootstrapServers ?? []).map((server) => server.split(':')[0]),
        places.length > 0,
      ),
    bind: (context) => bind(context, props),
  };
}

function bind({ scope, target }: TriggerContext, props: KafkaTriggerProps): TriggerBinding {
  const { bootstrapServers, namespace, topic, consumerGroup, username, password, certificateAuthority } = props;
  const { clientCertificate, clientKey } = props;
  const tls = props.tls ?? [username, certificateAuthority, clientCertificate].some((one) => one !== undefined);
  const secrets = secretTargets({
    username,
    password,
    ca: certificateAuthority,
    cert: clientCertificate,
    key: clientKey,
  });
  const authentication = secrets.length > 0 ? secretAuthentication(scope, 'Authentication', secrets) : undefined;
  return {
    triggers: [
      {
        type: 'kafka',
        metadata: {
          bootstrapServers: bootstrapServers.join(','),
          topic,
          consumerGroup,
          lagThreshold: String(target),
          activationLagThreshold: '0',
          offsetResetPolicy: 'earliest',
          // maxReplicaCount respects the partitions. KEDA's own limit would cut the lag itself to partitions × target,
          // for the alerts too, and hide a backlog beyond it.
          allowIdleConsumers: 'true',
          ...(username ? { sasl: 'scram_sha512' } : {}),
          ...(tls ? { tls: 'enable' } : {}),
        },
        ...(authentication ? { authenticationRef: { name: authentication.name } } : {}),
      },
    ],
    environment: {
      BOOTSTRAP_SERVERS: bootstrapServers.join(','),
      TOPIC: topic,
      CONSUMER_GROUP: consumerGroup,
      // With a user the connection is by TLS always.
      ...(tls && !username ? { KAFKA_TLS: 'true' } : {}),
    },
    secrets: {
      ...(username && password ? { KAFKA_USERNAME: username, KAFKA_PASSWORD: password } : {}),
      ...(certificateAuthority ? { KAFKA_CA: certificateAuthority } : {}),
      ...(clientCertificate && clientKey
        ? { KAFKA_CLIENT_CERTIFICATE: clientCertificate, KAFKA_CLIENT_KEY: clientKey }
        : {}),
    },
    egress: [
      {
        ports: [...new Set(bootstrapServers.map((server) => Number(server.split(':')[1])))],
        namespace,
        cidr: props.cidr,
        cidrs: props.cidrs,
      },
    ],
    alerts: [],
    authentication,
  };
}
