import { type Check, wholeNumber } from '../flow/errors';
import { type SecretTarget, secretAuthentication } from './operators/keda';
import type { SecretKey } from './secret-key';
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
   * Name of the topic.
   */
  readonly topic: string;

  /**
   * Partitions of the topic. Bounds the replicas: each partition has one reader in a group, more would be idle. 1 or more.
   */
  readonly partitions: number;

  /**
   * Name of the consumer group.
   */
  readonly consumerGroup: string;

  /**
   * User for SASL/SCRAM-SHA-512 over TLS, in a Secret.
   *
   * @default - no authentication, plain text
   */
  readonly username?: SecretKey;

  /**
   * Password for SASL/SCRAM-SHA-512, in a Secret.
   *
   * @default - no authentication, plain text
   */
  readonly password?: SecretKey;
}

/** KEDA's look at the lag of a consumer group. */
export function kafkaTrigger(props: KafkaTriggerProps): Trigger {
  const { bootstrapServers, partitions, username, password } = props;
  const checks: Check[] = [
    wholeNumber('partitions', partitions, 1),
    {
      refused: bootstrapServers.length === 0 || bootstrapServers.some((server) => !/^[^:\s]+:\d+$/.test(server)),
      message: `bootstrapServers must be host:port each, at least one, got '${bootstrapServers.join(', ')}'`,
    },
    {
      refused: (username === undefined) !== (password === undefined),
      message: 'username and password must be given together, got one of them',
    },
  ];
  return {
    checks,
    consumer: { decideSeconds: 0, instanceLimit: partitions },
    bind: (context) => bind(context, props),
  };
}

function bind({ scope, target }: TriggerContext, props: KafkaTriggerProps): TriggerBinding {
  const { bootstrapServers, namespace, topic, consumerGroup, username, password } = props;
  const authentication =
    username && password ? secretAuthentication(scope, 'Authentication', credentials(username, password)) : undefined;
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
          allowIdleConsumers: 'false',
          ...(authentication ? { sasl: 'scram_sha512', tls: 'enable' } : {}),
        },
        ...(authentication ? { authenticationRef: { name: authentication.name } } : {}),
      },
    ],
    environment: { BOOTSTRAP_SERVERS: bootstrapServers.join(','), TOPIC: topic, CONSUMER_GROUP: consumerGroup },
    secrets: username && password ? { KAFKA_USERNAME: username, KAFKA_PASSWORD: password } : {},
    egress: [{ ports: [...new Set(bootstrapServers.map((server) => Number(server.split(':')[1])))], namespace }],
    knobs: [],
    alerts: [],
  };
}

function credentials(username: SecretKey, password: SecretKey): SecretTarget[] {
  return [
    { parameter: 'username', name: username.secretName, key: username.key },
    { parameter: 'password', name: password.secretName, key: password.key },
  ];
}
