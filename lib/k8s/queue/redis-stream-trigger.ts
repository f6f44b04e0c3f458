import { type Check, wholeNumber } from '../../flow/errors';
import { FLAG, type Kinds, NUMBER, needed, sound, TEXT } from '../../flow/kinds';
import { SECRET_KEY } from '../kinds';
import { cidr, dnsLabel, foreignName, host, secretChecks } from '../names';
import { secretAuthentication, secretTargets } from '../operators/keda';
import type { SecretKey } from '../secret-key';
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
   * Addresses of a server outside the cluster, such as `10.20.0.0/16`. Instead of `namespace`.
   *
   * @default - the server is in the cluster
   */
  readonly cidr?: string;

  /**
   * Name of the stream.
   */
  readonly stream: string;

  /**
   * Name of the consumer group. Create it, with its stream, before the worker (`XGROUP CREATE … 0 MKSTREAM`): without
   * it KEDA cannot count. At `0`, not at `$`, which would skip the entries added before.
   */
  readonly consumerGroup: string;

  /**
   * Whether the worker deletes an entry when it is done (`XACK` and `XDEL`); it reads this from `DELETE_WHEN_DONE`.
   * Then every entry in the stream is outstanding, and its length counts. Otherwise the group's lag and the pending
   * entries count: for a stream that is kept for others, or trimmed. Do not delete entries from that one: Redis then
   * does not know the lag, and KEDA reads that as 0.
   *
   * @default false
   */
  readonly deleteWhenDone?: boolean;

  /**
   * Password, in a Secret.
   *
   * @default - the server asks for none
   */
  readonly password?: SecretKey;

  /**
   * Whether the server requires TLS.
   *
   * @default true
   */
  readonly tls?: boolean;

  /**
   * Certificate (PEM) of the authority that signed the server's certificate, in a Secret. With TLS only.
   *
   * @default - an authority that the images of KEDA and the worker know
   */
  readonly certificateAuthority?: SecretKey;
}

const KINDS: Kinds<RedisStreamTriggerProps> = {
  host: needed(TEXT),
  port: NUMBER,
  namespace: TEXT,
  cidr: TEXT,
  stream: needed(TEXT),
  consumerGroup: needed(TEXT),
  deleteWhenDone: FLAG,
  password: SECRET_KEY,
  tls: FLAG,
  certificateAuthority: SECRET_KEY,
};

/** KEDA's trigger on the unfinished entries of a consumer group. */
export function redisStreamTrigger(given: RedisStreamTriggerProps): Trigger {
  const { props, checks: kinds } = sound(given, KINDS, 'trigger');
  const { port, stream, consumerGroup, tls = true, certificateAuthority } = props;
  const checks: Check[] = [
    ...kinds,
    wholeNumber('port', port, 1, 65_535),
    host('host', props.host),
    dnsLabel('namespace', props.namespace),
    cidr('cidr', props.cidr),
    {
      refused: props.namespace !== undefined && props.cidr !== undefined,
      message: 'namespace and cidr must not be given together: the server is inside or outside the cluster',
    },
    foreignName('stream', stream, 512),
    foreignName('consumerGroup', consumerGroup, 512),
    ...secretChecks('password', props.password),
    ...secretChecks('certificateAuthority', certificateAuthority),
    { refused: !tls && certificateAuthority !== undefined, message: 'certificateAuthority needs tls, got tls false' },
  ];
  return { checks, question: { broker: 'redis' }, bind: (context) => bind(context, props) };
}

function bind({ scope, target }: TriggerContext, props: RedisStreamTriggerProps): TriggerBinding {
  const { host, port = 6379, namespace, stream, consumerGroup, password, tls = true, certificateAuthority } = props;
  const secrets = secretTargets({ password, ca: certificateAuthority });
  const authentication = secrets.length > 0 ? secretAuthentication(scope, 'Authentication', secrets) : undefined;
  return {
    triggers: Object.entries(counters(props, String(target))).map(([name, counter]) => ({
      name,
      type: 'redis-streams',
      metadata: { address: `${host}:${port}`, stream, ...counter, activationLagCount: '0', enableTLS: String(tls) },
      ...(authentication ? { authenticationRef: { name: authentication.name } } : {}),
    })),
    environment: {
      REDIS_HOST: host,
      REDIS_PORT: String(port),
      REDIS_TLS: String(tls),
      STREAM: stream,
      CONSUMER_GROUP: consumerGroup,
      DELETE_WHEN_DONE: String(props.deleteWhenDone ?? false),
    },
    secrets: {
      ...(password ? { REDIS_PASSWORD: password } : {}),
      ...(certificateAuthority ? { REDIS_CA: certificateAuthority } : {}),
    },
    egress: [{ ports: [port], namespace, cidr: props.cidr }],
    alerts: [],
  };
}

/** What KEDA counts, by name. */
function counters(
  { consumerGroup, deleteWhenDone }: RedisStreamTriggerProps,
  target: string,
): Record<string, Record<string, string>> {
  // Deletion out of order makes the lag unknown (XINFO GROUPS), so the length is used instead.
  if (deleteWhenDone) return { length: { streamLength: target } };
  return {
    waiting: { consumerGroup, lagCount: target },
    // A crashed consumer leaves pending entries too, and a running one must claim them.
    inHand: { consumerGroup, pendingEntriesCount: target },
  };
}
