import { grouped } from '../../flow/grouped';
import type { Resource } from '../document';
import { oncePer } from '../once-per';
import { matches, patternOf } from '../patterns';
import type { Rule } from '../rule';
import type { Manifests } from './read/manifests';

/** The first release of RabbitMQ with a default delivery limit. */
const LIMITED_SINCE = 4;

/** Names of length limits and dead-letter settings in policies; arguments have the prefix x-. */
const BOUNDS = ['dead-letter-exchange', 'max-length', 'max-length-bytes'];
const DELIVERY_LIMIT = 'delivery-limit';

/** Rules about queues that the topology operator declares. */
export const RABBITMQ_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-RABBITMQ-001',
    title: 'A queue without a bound that discards failed messages',
    why: 'It grows until the memory or disk alarm of the broker blocks the publishers of every queue; and rejected messages are deleted.',
    source: 'RabbitMQ, Queue Length Limit; Dead Letter Exchanges',
    severity: 'error',
    cases: [2],
    *check(manifests) {
      for (const queue of ownQueues(manifests)) {
        if (BOUNDS.some((key) => mayBeSet(manifests, queue, key))) continue;
        yield {
          at: queue.at('spec', 'arguments'),
          message: `neither a dead-letter exchange nor a length limit, in its arguments or in a Policy that matches ${queueName(queue)}`,
          fix: 'set x-dead-letter-exchange, and x-max-length (with overflow reject-publish) to the number of messages cleared within the acceptable wait',
        };
      }
    },
  },
  {
    id: 'BP-RABBITMQ-002',
    title: 'A quorum queue without a delivery limit',
    why: 'Before RabbitMQ 4 a message that crashes its consumer is redelivered without limit, ahead of all others. From 4.0 on it is dropped or dead-lettered after 20 deliveries, a default that may not fit.',
    source: 'RabbitMQ, Quorum Queues, "Poison message handling": delivery-limit',
    severity: 'warning',
    cases: [2],
    *check(manifests) {
      for (const queue of ownQueues(manifests)) {
        const type = queue.at('spec', 'type').text();
        if (type !== 'quorum' || mayBeSet(manifests, queue, DELIVERY_LIMIT) || limitedByDefault(manifests)) continue;
        yield {
          at: queue.at('spec', 'arguments', 'x-delivery-limit'),
          message: `no delivery limit, in its arguments or in a Policy that matches ${queueName(queue)}: unlimited before RabbitMQ ${LIMITED_SINCE}, 20 from then on`,
          fix: 'set x-delivery-limit to the retries that a temporary failure needs, such as 5',
        };
      }
    },
  },
];

/** Queues with consumers: no streams, and no queues for failed messages. */
const ownQueues = oncePer((manifests: Manifests): readonly Resource[] =>
  manifests.ofType('rabbitmq.com/Queue').filter((queue) => {
    const type = queue.at('spec', 'type').text('classic');
    return type !== undefined && type !== 'stream' && queueName(queue) !== undefined && !isParking(manifests, queue);
  }),
);

function queueName(queue: Resource): string | undefined {
  return queue.at('spec', 'name').text();
}

/** Whether an argument or a matching policy sets this, or may. */
function mayBeSet(manifests: Manifests, queue: Resource, key: string): boolean {
  if (!queue.at('spec', 'arguments', `x-${key}`).absent) return true;
  return (scopes(manifests).get(key) ?? []).some((scope) => mayCover(scope, queue));
}

function policies(manifests: Manifests): readonly Resource[] {
  return manifests.ofType('rabbitmq.com/Policy', 'rabbitmq.com/OperatorPolicy');
}

/** The queues that a policy is about. */
interface Scope {
  /** Undefined when it is not decided which. */
  readonly vhost: string | undefined;
  /** The pattern of their names; undefined when it is not decided, or not supported. */
  readonly pattern: RegExp | undefined;
}

/** Scopes of policies for queues, each once, by the settings that they make or may make. */
const scopes = oncePer((manifests: Manifests) => {
  const distinct = new Map<string, readonly [string, Scope]>();
  for (const policy of policies(manifests)) {
    const [vhost, pattern] = [policy.at('spec', 'vhost').text('/'), policy.at('spec', 'pattern').text()];
    if (policy.at('spec', 'applyTo').text() === 'exchanges') continue;
    for (const key of [...BOUNDS, DELIVERY_LIMIT]) {
      if (policy.at('spec', 'definition', key).absent) continue;
      distinct.set(JSON.stringify([key, vhost, pattern]), [
        key,
        { vhost, pattern: pattern === undefined ? undefined : patternOf(pattern) },
      ]);
    }
  }
  return grouped(distinct.values());
});

function mayCover({ vhost, pattern }: Scope, queue: Resource): boolean {
  const own = queue.at('spec', 'vhost').text('/');
  if (vhost !== undefined && own !== undefined && vhost !== own) return false;
  return pattern === undefined || matches(pattern, queueName(queue) ?? '');
}

/**
 * Whether other queues send failed messages here: by a binding from their dead-letter exchange, or by the queue's own
 * name.
 */
function isParking(manifests: Manifests, queue: Resource): boolean {
  const { exchanges, routingKeys, sources } = deadLettering(manifests);
  const name = queueName(queue)!;
  return routingKeys.has(name) || (sources.get(name) ?? []).some((source) => exchanges.has(source));
}

/** Where queues and policies send failed messages, and the bindings of each queue. */
const deadLettering = oncePer((manifests: Manifests) => {
  const settings = (key: string) => [
    ...manifests.ofType('rabbitmq.com/Queue').map((other) => other.at('spec', 'arguments', `x-${key}`).text()),
    ...policies(manifests).map((policy) => policy.at('spec', 'definition', key).text()),
  ];
  const bindings = manifests.ofType('rabbitmq.com/Binding').map((binding) => binding.at('spec'));
  return {
    exchanges: new Set(settings('dead-letter-exchange')),
    routingKeys: new Set(settings('dead-letter-routing-key')),
    sources: grouped(bindings.map((spec) => [spec.at('destination').text(), spec.at('source').text() ?? '?'] as const)),
  };
});

/** Whether every broker among the manifests is recent enough to have a default limit. */
const limitedByDefault = oncePer((manifests: Manifests): boolean => {
  const clusters = manifests.ofType('rabbitmq.com/RabbitmqCluster');
  return (
    clusters.length > 0 &&
    clusters.every((cluster) => {
      const release = /:v?(\d+)\./.exec(cluster.at('spec', 'image').text() ?? '')?.[1];
      return release !== undefined && Number(release) >= LIMITED_SINCE;
    })
  );
});
