import { grouped } from '../../flow/grouped';
import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import { mappings } from './read/functions';
import { rolesGranted } from './read/grants';
import { Pointers } from './read/pointers';
import { places } from './read/relations';
import { grantedTo, onlyReads, scaledServices } from './read/services';
import type { Template } from './read/template';
import { idleTasks } from './streams';

/** Rules about Amazon MSK clusters, their topics and consumers. */
export const KAFKA_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-MSK-001',
    title: 'More consumers than partitions',
    why: 'A partition is read by one consumer of a group at a time. More consumers cost money and read nothing.',
    source: 'AWS Lambda Developer Guide, "Apache Kafka event poller scaling modes": one poller a partition at most',
    severity: 'warning',
    cases: [5],
    *check(template) {
      for (const { mapping, source } of mappings(template)) {
        const at = mapping.at('Properties', 'ProvisionedPollerConfig', 'MaximumPollers');
        const pollers = at.number();
        const read = pollers === undefined ? undefined : topicRead(template, mapping, source);
        const partitions = read?.at('Properties', 'PartitionCount').number();
        if (pollers === undefined || partitions === undefined || pollers <= partitions) continue;
        yield {
          at,
          message: `up to ${pollers} event pollers, and ${read!.name} has ${partitions} partitions: ${pollers - partitions} pollers have nothing to read`,
          fix: `set MaximumPollers to ${partitions}, or PartitionCount to ${pollers}`,
        };
      }
      for (const { service, scalable } of scaledServices(template)) {
        const read = grantedTo(template, service, 'kafka-cluster:ReadData', 'AWS::MSK::Topic', 'TopicName');
        if (read.length !== 1 || !onlyReads(service)) continue;
        const partitions = read[0].at('Properties', 'PartitionCount').number();
        yield* idleTasks(scalable, partitions, `${read[0].name} has`, 'partitions');
      }
    },
  },
  {
    id: 'BP-MSK-002',
    title: 'Tenants share a cluster without quotas',
    why: 'A broker serves requests in the order of arrival. One runaway producer fills network and disk, and the others see time-outs.',
    source:
      'Apache Kafka documentation, "Quotas"; MSK has no quota in CloudFormation, so that a custom resource sets them',
    severity: 'warning',
    cases: [18],
    *check(template) {
      if (!template.closed) return;
      for (const cluster of template.ofType('AWS::MSK::Cluster')) {
        if (template.exported(cluster) || mayHaveQuotas(template, cluster)) continue;
        yield* tenantsBySecret(template, cluster);
        yield* tenantsByTopic(template, cluster);
      }
    },
  },
];

/** The one topic of this template that a mapping reads. */
function topicRead(template: Template, mapping: Resource, source: Value): Resource | undefined {
  const names = mapping.at('Properties', 'Topics').items();
  if (names.length !== 1) return undefined;
  const cluster = template.target(source);
  if (cluster === undefined) return undefined;
  const named = template.findAll(names[0], 'AWS::MSK::Topic', 'TopicName');
  return onCluster(named)(template).get(cluster)?.[0];
}

/** Topics of one name by their cluster; `called` gives the same list for the same name. */
const onCluster = oncePer((topics: readonly Resource[]) =>
  oncePer((template: Template) => grouped(topics.map((topic) => [clusterOf(template, topic), topic] as const))),
);

/** The cluster that a topic is on, or that secrets are for. */
function clusterOf(template: Template, resource: Resource): Resource | undefined {
  return template.target(resource.at('Properties', 'ClusterArn'));
}

/** Resources of one type, by cluster. */
function byCluster(template: Template, type: string): ReadonlyMap<Resource, readonly Resource[]> {
  return grouped(template.ofType(type).map((resource) => [clusterOf(template, resource), resource] as const));
}

const topics = oncePer((template: Template) => byCluster(template, 'AWS::MSK::Topic'));
const secretLists = oncePer((template: Template) => byCluster(template, 'AWS::MSK::BatchScramSecret'));

/** Any custom resource that knows the cluster may set quotas: ours, or the user's own; so may another provider's. */
function mayHaveQuotas(template: Template, cluster: Resource): boolean {
  return template.mentioning(cluster).some(isCustom) || knownToCustom(template).mayMean(cluster);
}

/** The clusters that custom resources may name. */
const knownToCustom = oncePer((template: Template) => {
  const told = template.resources.filter(isCustom).flatMap((custom) => places(custom.at('Properties')));
  return new Pointers(template, told, 'AWS::MSK::Cluster', 'ClusterName');
});

function isCustom({ type }: Resource): boolean {
  return type.startsWith('Custom::') || type.startsWith('AWS::CloudFormation::') || !type.startsWith('AWS::');
}

function* tenantsBySecret(template: Template, cluster: Resource): Iterable<Found> {
  for (const association of secretLists(template).get(cluster) ?? []) {
    const secrets = association.at('Properties', 'SecretArnList');
    const users = secrets.items().filter((secret) => secret.present).length;
    if (users < 2) continue;
    yield {
      at: secrets,
      message: `${users} users sign in to ${cluster.name}, and none of them has a byte quota`,
      fix: `give each user a quota: its share of a broker's bandwidth, by AlterClientQuotas from a custom resource such as Custom::KafkaQuotas`,
    };
  }
}

/** Topics of the cluster that different roles write to; reported once, at the second. */
function* tenantsByTopic(template: Template, cluster: Resource): Iterable<Found> {
  const written = (topics(template).get(cluster) ?? [])
    .map((topic) => ({ topic, roles: rolesGranted(template, 'kafka-cluster:WriteData', topic, 'TopicName') }))
    .filter(({ roles }) => roles.length > 0);
  const [first] = written;
  const second = written.find(({ roles }) => !roles.some((role) => first.roles.includes(role)));
  if (!second) return;
  yield {
    at: second.topic.at('Properties', 'ClusterArn'),
    message: `${first.roles[0].name} writes to ${first.topic.name} and ${second.roles[0].name} to ${second.topic.name} on ${cluster.name}, and neither has a byte quota`,
    fix: `give each writer a quota: its share of a broker's bandwidth, by AlterClientQuotas from a custom resource such as Custom::KafkaQuotas`,
  };
}
