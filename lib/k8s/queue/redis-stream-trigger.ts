import type { Check } from '../../flow/errors';
import { FLAG, type Kinds, needed, sound, TEXT } from '../../flow/kinds';
import { REDIS_PORT } from '../../flow/redis';
import { foreignName } from '../names';
import { unplaced } from '../network-policy';
import { secretAuthentication, secretTargets } from '../operators/keda';
import {
  REDIS_SERVER,
  type RedisServer,
  redisServerChecks,
  redisServerEgress,
  redisServerEnvironment,
  redisServerSecrets,
} from '../redis-server';
import type { Trigger, TriggerBinding, TriggerContext } from './trigger';

/**
 * A consumer group of a Redis stream. Redis 7 or later, which knows a group's lag.
 */
export interface RedisStreamTriggerProps extends RedisServer {
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
}

const KINDS: Kinds<RedisStreamTriggerProps> = {
  ...REDIS_SERVER,
  stream: needed(TEXT),
  consumerGroup: needed(TEXT),
  deleteWhenDone: FLAG,
};

/** KEDA's trigger on the unfinished entries of a consumer group. */
export function redisStreamTrigger(given: RedisStreamTriggerProps): Trigger {
  const { props, checks: kinds } = sound(given, KINDS, 'trigger');
  const checks: Check[] = [
    ...kinds,
    ...redisServerChecks('', props),
    foreignName('stream', props.stream, 512),
    foreignName('consumerGroup', props.consumerGroup, 512),
  ];
  const placed = [props.namespace, props.cidr, props.cidrs].some((place) => place !== undefined);
  return {
    checks,
    question: { broker: 'redis' },
    remarks: () => unplaced([props.host], placed),
    bind: (context) => bind(context, props),
  };
}

function bind({ scope, target }: TriggerContext, props: RedisStreamTriggerProps): TriggerBinding {
  const { host, port = REDIS_PORT, stream, consumerGroup, password, tls = true, certificateAuthority } = props;
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
      ...redisServerEnvironment(props),
      STREAM: stream,
      CONSUMER_GROUP: consumerGroup,
      DELETE_WHEN_DONE: String(props.deleteWhenDone ?? false),
    },
    secrets: redisServerSecrets(props),
    egress: [redisServerEgress(props)],
    alerts: [],
    authentication,
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
