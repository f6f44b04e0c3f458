import type { Resource, Value } from '../document';
import type { Rule } from '../rule';
import type { Manifests } from './manifests';

/** The first release of RabbitMQ that has a delivery limit of its own. */
const LIMITED_SINCE = 4;

/** Rules about queues that the topology operator declares. */
export const RABBITMQ_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-RABBITMQ-001',
    title: 'A queue that nothing bounds and that throws failures away',
    why: 'It grows until the memory or disk alarm of the broker blocks every publisher, of whatever queue; and what a consumer rejects is deleted.',
    source: 'RabbitMQ, Queue Length Limit; Dead Letter Exchanges',
    severity: 'error',
    cases: [2],
    *check(manifests) {
      for (const queue of ownQueues(manifests)) {
        const bounds = ['dead-letter-exchange', 'max-length', 'max-length-bytes'];
        if (bounds.some((key) => mayBeSet(manifests, queue, key))) continue;
        yield {
          at: queue.at('spec', 'arguments'),
          message: `neither a dead-letter exchange nor a length limit, in its arguments or in a Policy that matches ${queueName(queue)}`,
          fix: 'set x-dead-letter-exchange, and x-max-length (with overflow reject-publish) to what is cleared within the acceptable wait',
        };
      }
    },
  },
  {
    id: 'BP-RABBITMQ-002',
    title: 'A quorum queue without a delivery limit',
    why: 'Before RabbitMQ 4 a message that no consumer survives is delivered again for ever, ahead of all others. From 4.0 on it is given up after 20 deliveries, which nobody chose.',
    source: 'RabbitMQ, Quorum Queues, "Poison message handling": delivery-limit',
    severity: 'warning',
    cases: [2],
    *check(manifests) {
      for (const queue of ownQueues(manifests)) {
        const type = queue.at('spec', 'type').text();
        if (type !== 'quorum' || mayBeSet(manifests, queue, 'delivery-limit') || limitedByDefault(manifests)) continue;
        yield {
          at: queue.at('spec', 'arguments', 'x-delivery-limit'),
          message: `no delivery limit, in its arguments or in a Policy that matches ${queueName(queue)}: unlimited before RabbitMQ ${LIMITED_SINCE}, 20 from then on`,
          fix: 'set x-delivery-limit to what a failure that passes may need, such as 5',
        };
      }
    },
  },
];

/** The queues that are worked on: no streams, and none in which others park what failed. */
function ownQueues(manifests: Manifests): readonly Resource[] {
  return manifests.ofType('rabbitmq.com/Queue').filter((queue) => {
    const type = queue.at('spec', 'type').text('classic');
    return type !== undefined && type !== 'stream' && queueName(queue) !== undefined && !isParking(manifests, queue);
  });
}

function queueName(queue: Resource): string | undefined {
  return queue.at('spec', 'name').text();
}

/** Whether an argument or a matching policy sets this, or may. */
function mayBeSet(manifests: Manifests, queue: Resource, key: string): boolean {
  if (!queue.at('spec', 'arguments', `x-${key}`).absent) return true;
  return policies(manifests).some((policy) => mayMatch(policy, queue) && !policy.at('spec', 'definition', key).absent);
}

function policies(manifests: Manifests): readonly Resource[] {
  return manifests.ofType('rabbitmq.com/Policy', 'rabbitmq.com/OperatorPolicy');
}

function mayMatch(policy: Resource, queue: Resource): boolean {
  const vhosts = [policy, queue].map((resource) => resource.at('spec', 'vhost').text('/'));
  const pattern = policy.at('spec', 'pattern').text();
  if (policy.at('spec', 'applyTo').text() === 'exchanges') return false;
  if (vhosts.every((vhost) => vhost !== undefined) && vhosts[0] !== vhosts[1]) return false;
  try {
    return pattern === undefined || new RegExp(pattern).test(queueName(queue) ?? '');
  } catch {
    // Erlang's expressions know more than ours: nothing is said about a queue that one of them may match.
    return true;
  }
}

/** Whether others send what failed here: by a binding from their dead-letter exchange, or by the queue's own name. */
function isParking(manifests: Manifests, queue: Resource): boolean {
  const settings = (key: string): Value[] => [
    ...manifests.ofType('rabbitmq.com/Queue').map((other) => other.at('spec', 'arguments', `x-${key}`)),
    ...policies(manifests).map((policy) => policy.at('spec', 'definition', key)),
  ];
  const exchanges = settings('dead-letter-exchange').map((exchange) => exchange.text());
  const bound = manifests
    .ofType('rabbitmq.com/Binding')
    .filter((binding) => binding.at('spec', 'destination').text() === queueName(queue))
    .some((binding) => exchanges.includes(binding.at('spec', 'source').text() ?? '?'));
  return bound || settings('dead-letter-routing-key').some((key) => key.text() === queueName(queue));
}

/** Whether every broker among the manifests is recent enough to have a limit of its own. */
function limitedByDefault(manifests: Manifests): boolean {
  const clusters = manifests.ofType('rabbitmq.com/RabbitmqCluster');
  return (
    clusters.length > 0 &&
    clusters.every((cluster) => {
      const release = /:v?(\d+)\./.exec(cluster.at('spec', 'image').text() ?? '')?.[1];
      return release !== undefined && Number(release) >= LIMITED_SINCE;
    })
  );
}
