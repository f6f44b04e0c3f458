/** The props of a rate-limited sender on Kubernetes, and the checks on them. */
import type * as kplus from 'cdk8s-plus-28';
import { type Check, oneOf } from '../../flow/errors';
import { CHECKED, FLAG, having, type Kinds, needed, OBJECT, struct, TEXT } from '../../flow/kinds';
import { type ProviderLimit, type RatesObjective, type RatesWorkload, UnknownMail } from '../../flow/rates/workload';
import { dnsLabel, textCheck } from '../names';
import { REDIS_SERVER, type RedisServer, redisServerChecks } from '../redis-server';
import type { SenderProvider } from './sender-provider';

/**
 * A second provider, which takes over while the first takes nothing.
 */
export interface StandbyProvider {
  /**
   * Its limit.
   */
  readonly limit: ProviderLimit;

  /**
   * Who takes the mails: `SenderProvider.smtp(…)` or `.http(…)`.
   */
  readonly provider: SenderProvider;
}

/**
 * What a rate-limited sender is sized from.
 */
export interface RateLimitedSenderProps {
  /**
   * What is sent.
   */
  readonly workload: RatesWorkload;

  /**
   * The limit of the provider. Give `share` where others send by the same account.
   */
  readonly limit: ProviderLimit;

  /**
   * What is promised. `bounceRatio` is the share of the calls that the provider refuses for good at which an alert fires, and
   * at which senders pause. `complaintRatio` is for Amazon SES; leave it out.
   *
   * @default - no more than the limit; senders pause at 5 %
   */
  readonly objective?: RatesObjective;

  /**
   * Who takes the mails: `SenderProvider.smtp(…)` or `.http(…)`.
   */
  readonly provider: SenderProvider;

  /**
   * The address that mail is sent from, unless a mail has its own.
   */
  readonly from: string;

  /**
   * A second provider, which takes over while the first takes nothing or its day is full. A pause is for both.
   *
   * @default - none; messages wait
   */
  readonly standby?: StandbyProvider;

  /**
   * The Redis server with the queue, the buckets and the records of mails. It has to keep what it is given: append-only
   * file, no eviction.
   */
  readonly redis: RedisServer;

  /**
   * Name of the queue, the beginning of its keys in Redis. Senders of one name share queue and limit. 1 to 200 letters,
   * digits, `-`, `_`, `.`, `/` and `:`.
   *
   * @default - namespace and path of the construct; give the present name to keep a queue whose construct is renamed
   */
  readonly queueName?: string;

  /**
   * Seconds within which a message reaches the provider after its slot; one that leaves later than half of them takes a
   * new slot. 0.002 to 10.
   *
   * @default 0.05
   */
  readonly jitterSeconds?: number;

  /**
   * Messages that may leave at once. Each beyond the first lowers the rate. A whole number from 1.
   *
   * @default 1
   */
  readonly burst?: number;

  /**
   * Messages per second. At most what the limit leaves.
   *
   * @default - as many as the limit leaves
   */
  readonly messagesPerSecond?: number;

  /**
   * What becomes of a mail that was perhaps sent: its sender ended between call and record, or the call had no answer.
   *
   * @default UnknownMail.PARK
   */
  readonly onUnknown?: UnknownMail;

  /**
   * Whether all senders pause by themselves when the provider refuses `bounceRatio` of the calls of an hour for good, longer
   * where fewer are sent. They resume by hand. What bounces later, and who complains, only the provider knows.
   *
   * @default true
   */
  readonly breaker?: boolean;

  /**
   * CPU and memory of one pod. A limit below one CPU makes it miss slots.
   *
   * @default - 250 m to 1 CPU, 256 MiB
   */
  readonly resources?: kplus.ContainerResources;

  /**
   * Namespace of Prometheus, which may connect to the pods.
   *
   * @default 'monitoring'
   */
  readonly monitoringNamespace?: string;
}

const PROVIDER = having(['_binding'], 'a SenderProvider: SenderProvider.smtp() or SenderProvider.http()');

/** What each prop has to be. */
export const SENDER_KINDS: Kinds<RateLimitedSenderProps> = {
  workload: CHECKED,
  limit: CHECKED,
  objective: CHECKED,
  provider: needed(PROVIDER),
  from: needed(TEXT),
  standby: struct<StandbyProvider>({ limit: CHECKED, provider: needed(PROVIDER) }),
  redis: needed(struct(REDIS_SERVER)),
  queueName: TEXT,
  jitterSeconds: CHECKED,
  burst: CHECKED,
  messagesPerSecond: CHECKED,
  onUnknown: CHECKED,
  breaker: FLAG,
  resources: OBJECT,
  monitoringNamespace: TEXT,
};

/** What is wrong with the props, beside what the plan refuses. */
export function senderChecks(props: RateLimitedSenderProps): Check[] {
  const { from, provider, standby, redis, queueName, onUnknown, monitoringNamespace } = props;
  return [
    textCheck(
      'from',
      from,
      (text) => /^[^\s@]+@[^\s@]+$|<[^\s@]+@[^\s@]+>$/.test(text) && !/[\r\n]|\$\(/.test(text),
      'an address, alone or as Name <address>',
    ),
    // Its keys have braces around it, which tell a Redis cluster where they belong.
    textCheck(
      'queueName',
      queueName,
      (text) => /^[\w./:-]{1,200}$/.test(text),
      "1 to 200 letters, digits, '-', '_', '.', '/' and ':'",
    ),
    ...(provider?._binding?.checks('provider.') ?? []),
    ...(standby?.provider?._binding?.checks('standby.provider.') ?? []),
    ...(redis === undefined ? [] : redisServerChecks('redis.', redis)),
    oneOf('onUnknown', onUnknown, Object.values(UnknownMail)),
    dnsLabel('monitoringNamespace', monitoringNamespace),
  ];
}
