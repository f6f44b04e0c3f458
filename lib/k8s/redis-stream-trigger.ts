import { type Check, wholeNumber } from '../flow/errors';
import { type SecretTarget, secretAuthentication } from './operators/keda';
import type { SecretKey } from './secret-key';
import type { Trigger, TriggerBinding, TriggerContext } from './trigger';

/**
 * A consumer group of a Redis stream. Redis 7 or later, which knows a group's lag.
 */
export interface RedisStreamTriggerProps {
  /**
   * Host of the Redis server.
   */
  readonly host: string;

  /**
   * Port of the Redis server. 1 to 65,535.
   *
   * @default 6379
   */
  readonly port?: number;

  /**
   * Namespace of the Redis server.
   *
   * @default - the namespace of the chart
   */
  readonly namespace?: string;

  /**
   * Name of the stream.
   */
  readonly stream: string;

  /**
   * Name of the consumer group. Create it at `0`, not at `$`: what is added in between would never be seen.
   */
  readonly consumerGroup: string;

  /**
   * Password, in a Secret.
   *
   * @default - the server asks for none
   */
  readonly password?: SecretKey;

  /**
   * Whether the server wants TLS.
   *
   * @default true
   */
  readonly tls?: boolean;
}

/** KEDA's look at the lag of a consumer group. */
export function redisStreamTrigger(props: RedisStreamTriggerProps): Trigger {
  const { port, stream, consumerGroup } = props;
  const checks: Check[] = [
    wholeNumber('port', port, 1, 65_535),
    { refused: stream === '', message: "stream must be the name of a stream, got ''" },
    { refused: consumerGroup === '', message: "consumerGroup must be the name of a group, got ''" },
  ];
  return { checks, consumer: { decideSeconds: 0 }, bind: (context) => bind(context, props) };
}

function bind({ scope, target }: TriggerContext, props: RedisStreamTriggerProps): TriggerBinding {
  const { host, port = 6379, namespace, stream, consumerGroup, password, tls = true } = props;
  const secrets: SecretTarget[] = password
    ? [{ parameter: 'password', name: password.secretName, key: password.key }]
    : [];
  const authentication = password ? secretAuthentication(scope, 'Authentication', secrets) : undefined;
  return {
    triggers: [
      {
        type: 'redis-streams',
        metadata: {
          address: `${host}:${port}`,
          stream,
          consumerGroup,
          // Entries that no consumer has been given yet. Those in hand are protected by the cool-down.
          lagCount: String(target),
          activationLagCount: '0',
          enableTLS: String(tls),
        },
        ...(authentication ? { authenticationRef: { name: authentication.name } } : {}),
      },
    ],
    environment: {
      REDIS_HOST: host,
      REDIS_PORT: String(port),
      REDIS_TLS: String(tls),
      STREAM: stream,
      CONSUMER_GROUP: consumerGroup,
    },
    secrets: password ? { REDIS_PASSWORD: password } : {},
    egress: [{ ports: [port], namespace }],
    knobs: [],
    alerts: [],
  };
}
