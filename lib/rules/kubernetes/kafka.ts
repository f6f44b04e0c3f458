import { grouped } from '../../flow/grouped';
import type { Resource } from '../document';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import type { Manifests } from './read/manifests';

const CLUSTER = 'strimzi.io/cluster';

/** Rules about Strimzi's topics and users. */
export const STRIMZI_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-KAFKA-001',
    title: 'One user of the cluster has no quota',
    why: 'Quotas bind only users that have one. A user without a quota takes the rest and can still drown the others.',
    source: 'Strimzi, KafkaUser: quotas; Apache Kafka, "Quotas": none unless configured',
    severity: 'warning',
    cases: [18],
    *check(manifests) {
      for (const user of manifests.ofType('kafka.strimzi.io/KafkaUser')) {
        const cluster = clusterOf(user);
        const quotas = user.at('spec', 'quotas');
        if (cluster === undefined || !quotas.absent) continue;
        const limited = limitedUsers(manifests).get(cluster) ?? [];
        if (limited.length === 0) {
          yield* unbounded(manifests, user, cluster);
          continue;
        }
        yield {
          at: quotas,
          message: `no quotas, while ${limited.length} other user(s) of ${cluster} have them: it may take all that they leave`,
          fix: 'set producerByteRate and consumerByteRate: its share of the cluster ÷ brokers that lead its partitions',
        };
      }
    },
  },
  {
    id: 'BP-KAFKA-005',
    title: 'The quotas of users are ignored by the quota plugin',
    why: 'With a quota callback of its own a broker asks only that one. The quotas of every KafkaUser are accepted and have no effect: a noisy user is not slowed.',
    source: 'Strimzi, Kafka: quotas of type strimzi; strimzi/kafka-quotas-plugin issue 32',
    severity: 'error',
    cases: [18],
    *check(manifests) {
      for (const cluster of manifests.ofType('kafka.strimzi.io/Kafka')) {
        const plugin = cluster.at('spec', 'kafka', 'quotas', 'type');
        const callback = cluster.at('spec', 'kafka', 'config', 'client.quota.callback.class');
        const at = plugin.text() === 'strimzi' ? plugin : callback;
        if (!at.present) continue;
        const [user, ...more] = limitedUsers(manifests).get(cluster.at('metadata', 'name').text() ?? '') ?? [];
        if (!user) continue;
        const who = more.length === 0 ? user.name : `${user.name} and ${more.length} more`;
        yield {
          at,
          message: `${at.text()} replaces the quotas of Kafka itself, and ${who} have quotas: they have no effect`,
          fix: 'set spec.kafka.quotas.type to kafka, and bound the disk by alerts and retention',
        };
      }
    },
  },
  {
    id: 'BP-KAFKA-002',
    title: 'One broker down stops every write',
    why: 'A write with acks=all needs min.insync.replicas copies. When that is all of them, a restart of one broker refuses every write until it is back.',
    source: 'Apache Kafka, Topic configuration: min.insync.replicas',
    severity: 'error',
    cases: [18],
    *check(manifests) {
      for (const topic of manifests.ofType('kafka.strimzi.io/KafkaTopic')) {
        const replicas = topic.at('spec', 'replicas').number();
        const own = topic.at('spec', 'config', 'min.insync.replicas');
        const at = own.absent ? (clusterDefault(manifests, topic) ?? own) : own;
        const least = at.number();
        // A single copy has no guarantee anyway.
        if (replicas === undefined || replicas < 2 || least === undefined || least < replicas) continue;
        yield {
          at: own,
          message: `min.insync.replicas ${least} of ${replicas} replicas: with one broker down no write with acks=all succeeds`,
          fix: `set min.insync.replicas to ${replicas - 1}${replicas === 2 ? ', or replicas to 3 and keep 2 of them in sync' : ''}`,
        };
      }
      for (const cluster of manifests.ofType('kafka.strimzi.io/Kafka')) yield* internalTopics(cluster);
    },
  },
  {
    id: 'BP-KAFKA-008',
    title: 'One copy confirms a write',
    why: 'A producer with acks=all waits for the copies in sync, and min.insync.replicas says how many there have to be. With 1 it is told that its record is stored while a single broker has it: when that broker is lost, the record is lost, although the topic has three replicas.',
    source: 'Apache Kafka, Topic configuration: min.insync.replicas, 1 by default',
    severity: 'warning',
    cases: [15],
    *check(manifests) {
      for (const topic of manifests.ofType('kafka.strimzi.io/KafkaTopic')) {
        const replicas = topic.at('spec', 'replicas').number();
        // Of two, one may be down only where one is enough.
        if (replicas === undefined || replicas < 3) continue;
        const own = topic.at('spec', 'config', 'min.insync.replicas');
        const least = own.absent ? leastByDefault(manifests, topic) : own.number();
        if (least !== 1) continue;
        yield {
          at: own,
          message: `min.insync.replicas ${own.absent ? 'is 1 by default' : '1'} of ${replicas} replicas: a write with acks=all is confirmed while one broker has it`,
          fix: `set min.insync.replicas to ${replicas - 1}`,
        };
      }
    },
  },
];

/** What a topic has that says nothing; undefined where its cluster is not among the manifests. */
function leastByDefault(manifests: Manifests, topic: Resource): number | undefined {
  const found = clusterDefault(manifests, topic);
  if (found === undefined) return undefined;
  return found.absent ? 1 : found.number();
}

/** Settings of Kafka for its own topics: copies in sync that a write needs, of copies; the default of these, if any. */
const INTERNAL: readonly (readonly [least: string, replicas: string, usual?: number])[] = [
  ['transaction.state.log.min.isr', 'transaction.state.log.replication.factor', 3],
  ['min.insync.replicas', 'default.replication.factor'],
];

function* internalTopics(cluster: Resource): Iterable<Found> {
  const config = cluster.at('spec', 'kafka', 'config');
  for (const [name, factor, usual] of INTERNAL) {
    const [least, replicas] = [config.at(name).number(), config.at(factor).number(usual)];
    if (least === undefined || replicas === undefined || replicas < 2 || least < replicas) continue;
    yield {
      at: config.at(name),
      message: `${name} ${least} of ${factor} ${replicas}: with one broker down no write succeeds`,
      fix: `set ${name} to ${replicas - 1}`,
    };
  }
}

/** Of users that all write without a quota, the first. */
function* unbounded(manifests: Manifests, user: Resource, cluster: string): Iterable<Found> {
  const writers = unboundedWriters(manifests).get(cluster) ?? [];
  if (writers.length < 2 || writers[0] !== user) return;
  yield {
    at: user.at('spec', 'quotas'),
    message: `${writers.length} users write to ${cluster}, and none has quotas: one of them may take the whole cluster`,
    fix: 'set producerByteRate and consumerByteRate of each: its share of the cluster ÷ brokers that lead its partitions',
  };
}

/** The users without quotas that may write, by cluster. */
const unboundedWriters = oncePer((manifests: Manifests) =>
  grouped(
    manifests
      .ofType('kafka.strimzi.io/KafkaUser')
      .filter((user) => user.at('spec', 'quotas').absent && mayWrite(user))
      .map((user) => [clusterOf(user), user] as const),
  ),
);

function mayWrite(user: Resource): boolean {
  return user
    .at('spec', 'authorization', 'acls')
    .items()
    .flatMap((acl) => [...acl.at('operations').items(), ...acl.at('operation').items()])
    .some((operation) => ['Write', 'All'].includes(operation.text() ?? ''));
}

/** The users that have quotas, by cluster. */
const limitedUsers = oncePer((manifests: Manifests) =>
  grouped(
    manifests
      .ofType('kafka.strimzi.io/KafkaUser')
      .filter((user) => user.at('spec', 'quotas').present)
      .map((user) => [clusterOf(user), user] as const),
  ),
);

function clusterOf(resource: Resource): string | undefined {
  return resource.at('metadata', 'labels', CLUSTER).text();
}

/** The cluster's default for its topics. */
function clusterDefault(manifests: Manifests, topic: Resource) {
  const cluster = manifests.beside(topic, 'kafka.strimzi.io/Kafka', clusterOf(topic));
  return cluster?.at('spec', 'kafka', 'config', 'min.insync.replicas');
}
