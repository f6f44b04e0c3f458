import { grouped } from '../../flow/grouped';
import type { Resource } from '../document';
import { oncePer } from '../once-per';
import type { Rule } from '../rule';
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
        if (limited.length === 0) continue;
        yield {
          at: quotas,
          message: `no quotas, while ${limited.length} other user(s) of ${cluster} have them: it may take all that they leave`,
          fix: 'set producerByteRate and consumerByteRate: its share of the cluster ÷ brokers that lead its partitions',
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
    },
  },
];

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
