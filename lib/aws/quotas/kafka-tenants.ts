import { type Duration, Token } from 'aws-cdk-lib';
import type { Check } from '../../flow/errors';
import { type Kinds, NUMBER, needed, TEXT } from '../../flow/kinds';
import type { KafkaTenant } from '../../flow/quotas/workload';
import { entityKey } from '../../runtime/kafka-quotas/quotas';
import { DURATION } from '../kinds';
import { wholeSeconds } from '../tokens';

/**
 * A tenant, and how the brokers know it.
 */
export interface KafkaQuotaTenant extends KafkaTenant {
  /**
   * The user that the quota binds: the SCRAM user name, or the principal as the brokers see it. `<default>` binds
   * every user without a quota by name, each separately.
   *
   * @default - the tenant's name; none when there is a `clientId`
   */
  readonly user?: string;

  /**
   * The client id that the quota binds, alone or within the user. A client chooses its own id: without a user, any
   * client can take another id and its quota, so that gives a warning.
   *
   * @default - every client id of the user together
   */
  readonly clientId?: string;
}

/**
 * A topic of a tenant.
 */
export interface KafkaQuotaTopic {
  /**
   * Name of the topic. 1 to 249 letters, digits, dots, hyphens and underscores.
   */
  readonly topicName: string;

  /**
   * Name of the tenant that writes to it. Its partitions count towards the tenant's quota.
   */
  readonly tenant: string;

  /**
   * Number of partitions. It can be raised later, which moves keys to other partitions. A whole number, 1 or more.
   */
  readonly partitions: number;

  /**
   * How long records are kept. 1 s or more.
   *
   * @default - the cluster's own setting
   */
  readonly retention?: Duration;
}

/** What each field of a topic has to be. */
export const TOPIC_KINDS: Kinds<KafkaQuotaTopic> = {
  topicName: needed(TEXT),
  tenant: needed(TEXT),
  partitions: needed(NUMBER),
  retention: DURATION,
};

/** The entity that the tenant's quota binds. */
export function entityOf({ name, user, clientId }: KafkaQuotaTenant): { user?: string; clientId?: string } {
  return { user: user ?? (clientId === undefined ? name : undefined), clientId };
}

/** Partitions of all topics that the tenant writes to. */
export function partitionsOf(tenant: string, topics: readonly KafkaQuotaTopic[]): number {
  return topics.filter((topic) => topic.tenant === tenant).reduce((sum, topic) => sum + topic.partitions, 0);
}

/** Checks that the plan of the quotas does not make: entities and topics. */
export function tenantChecks(tenants: readonly KafkaQuotaTenant[], topics: readonly KafkaQuotaTopic[]): Check[] {
  const names = new Set(tenants.map(({ name }) => name));
  const topicNames = topics.map(({ topicName }) => topicName);
  const entities = tenants.map((tenant) => entityKey(entityOf(tenant)));
  return [
    {
      refused: new Set(entities).size < entities.length,
      message: 'tenants must differ in user or clientId; two of them are the same entity',
    },
    ...tenants.flatMap(({ name, user, clientId }) =>
      [user, clientId].map((text) => ({
        refused: text === '',
        message: `tenants.user and tenants.clientId of ${name} must not be empty`,
      })),
    ),
    {
      refused: new Set(topicNames).size < topicNames.length,
      message: `topics must have different names, got ${topicNames.join(', ')}`,
    },
    ...topics.flatMap((topic) => [
      {
        refused: Token.isUnresolved(topic.topicName) || !/^[\w.-]{1,249}$/.test(topic.topicName),
        message: `topics.topicName must be 1 to 249 letters, digits, dots, hyphens and underscores, got '${topic.topicName}'`,
      },
      {
        refused: !names.has(topic.tenant),
        message: `topics.tenant of ${topic.topicName} must be one of ${[...names].join(', ')}, got '${topic.tenant}'`,
      },
      {
        refused: !(Number.isInteger(topic.partitions) && topic.partitions >= 1),
        message: `topics.partitions of ${topic.topicName} must be a whole number, at least 1, got ${topic.partitions}`,
      },
      wholeSeconds(`topics.retention of ${topic.topicName}`, topic.retention, 1, 10 * 365 * 86_400),
    ]),
    ...tenants.map((tenant) => {
      const written = partitionsOf(tenant.name, topics);
      return {
        refused: tenant.partitions !== undefined && tenant.partitions < written,
        message: `tenants.partitions of ${tenant.name} must be at least those of its topics, ${written}, got ${tenant.partitions}`,
      };
    }),
  ];
}
