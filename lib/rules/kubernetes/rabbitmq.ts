import { grouped } from '../../flow/grouped';
import type { Resource, Value } from '../document';
import { oncePer } from '../once-per';
import { matches, patternOf } from '../patterns';
import type { Rule } from '../rule';
import type { Manifests } from './read/manifests';

/** The first release of RabbitMQ with a default delivery limit. */
const LIMITED_SINCE = 4;

/** That limit (rabbitmq/rabbitmq-server pull request 11937). */
const DEFAULT_DELIVERY_LIMIT = 20;

/** Names of length limits and dead-letter settings in policies; arguments have the prefix x-. */
const DEAD_LETTERS = 'dead-letter-exchange';
const LENGTHS = ['max-length', 'max-length-bytes'];
const BOUNDS = [DEAD_LETTERS, ...LENGTHS];
const OVERFLOW = 'overflow';
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
          message: `neither a dead-letter exchange nor a length limit, in its arguments or in a Policy that matches ${queueName(queue)}${afterReturns(manifests, queue)}`,
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
        if (type !== 'quorum' || mayBeSet(manifests, queue, DELIVERY_LIMIT) || mayBeLimited(manifests)) continue;
        yield {
          at: queue.at('spec', 'arguments', 'x-delivery-limit'),
          message: `no delivery limit, in its arguments or in a Policy that matches ${queueName(queue)}: unlimited before RabbitMQ ${LIMITED_SINCE}, ${DEFAULT_DELIVERY_LIMIT} from then on`,
          fix: 'set x-delivery-limit to the retries that a temporary failure needs, such as 5',
        };
      }
    },
  },
  {
    id: 'BP-RABBITMQ-004',
    title: 'A full queue drops its oldest messages',
    why: 'Without overflow a queue at its length limit drops messages from its head to take new ones. Those that have waited longest are lost, and no publisher is told.',
    source: 'RabbitMQ, Queue Length Limit, "Queue Overflow Behaviour": drop-head by default',
    severity: 'warning',
    cases: [2],
    *check(manifests) {
      const dropping = ownQueues(manifests).flatMap((queue) => {
        const at = dropsHeadAt(manifests, queue);
        return at ? [[at, queue] as const] : [];
      });
      // A policy has one finding for all of its queues.
      for (const [at, queues] of grouped(dropping)) {
        const more = queues.length === 1 ? '' : ` and ${queues.length - 1} more`;
        yield {
          at,
          message: `at ${at.path.replace(/^.*\.(x-)?/, '')} ${at.number()} the oldest messages of ${queueName(queues[0])}${more} are dropped for new ones: no overflow, and no dead-letter exchange takes them`,
          fix: 'set overflow to reject-publish, so that publishers with confirms learn of it, or a dead-letter exchange',
        };
      }
    },
  },
  {
    id: 'BP-RABBITMQ-005',
    title: 'A message that is returned too often is deleted',
    why: 'A quorum queue counts how often a message is returned. Above the delivery limit, from RabbitMQ 4 on 20 unless set, it dead-letters the message, and without a dead-letter exchange deletes it: a database that is down for a minute is enough.',
    source:
      'RabbitMQ, Quorum Queues, "Poison message handling"; rabbitmq/rabbitmq-server pull request 11937: default 20',
    severity: 'error',
    cases: [2, 14],
    *check(manifests) {
      for (const queue of ownQueues(manifests)) {
        // Without any bound BP-RABBITMQ-001 speaks.
        if (mayBeSet(manifests, queue, DEAD_LETTERS) || !LENGTHS.some((key) => mayBeSet(manifests, queue, key)))
          continue;
        const limit = deliveryLimit(manifests, queue);
        if (limit === undefined) continue;
        yield {
          at: queue.at('spec', 'arguments', `x-${DEAD_LETTERS}`),
          message: `no dead-letter exchange, in its arguments or in a Policy that matches ${queueName(queue)}: a message that is returned more than ${limit} times is deleted`,
          fix: 'set x-dead-letter-exchange, with a queue bound to it and an alert on its length',
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

/**
 * Where a setting is certainly made: the queue's own argument, or the only policy that is about it. Of several policies
 * one applies, by priority.
 */
function settingOf(manifests: Manifests, queue: Resource, key: string): Value | undefined {
  const own = queue.at('spec', 'arguments', `x-${key}`);
  if (own.present) return own;
  if (!own.absent) return undefined;
  const covering = policies(manifests).filter((policy) => mayCover(scopeOf(policy), queue));
  const [policy] = covering;
  const { vhost, pattern, applyTo } = policy ? scopeOf(policy) : NO_SCOPE;
  if (covering.length !== 1 || vhost === undefined || pattern === undefined || applyTo === undefined) return undefined;
  const at = policy.at('spec', 'definition', key);
  return at.present ? at : undefined;
}

/** The length limit at which a queue certainly loses its oldest messages. */
function dropsHeadAt(manifests: Manifests, queue: Resource): Value | undefined {
  if (mayBeSet(manifests, queue, DEAD_LETTERS)) return undefined;
  const overflow = mayBeSet(manifests, queue, OVERFLOW) ? settingOf(manifests, queue, OVERFLOW)?.text() : 'drop-head';
  if (overflow !== 'drop-head') return undefined;
  const [at] = LENGTHS.flatMap((key) => settingOf(manifests, queue, key) ?? []);
  // A queue of one message has the latest value, and is meant to.
  return at?.number() === undefined || at.number() === 1 ? undefined : at;
}

/** Returns after which a queue gives a message up; undefined when it never does, or that is not decided. */
function deliveryLimit(manifests: Manifests, queue: Resource): number | undefined {
  if (queue.at('spec', 'type').text() !== 'quorum') return undefined;
  if (!mayBeSet(manifests, queue, DELIVERY_LIMIT))
    return limitedByDefault(manifests) ? DEFAULT_DELIVERY_LIMIT : undefined;
  const limit = settingOf(manifests, queue, DELIVERY_LIMIT)?.number();
  // A negative one switches it off.
  return limit === undefined || limit < 0 ? undefined : limit;
}

/** What a delivery limit adds to the loss of rejected messages. */
function afterReturns(manifests: Manifests, queue: Resource): string {
  const limit = deliveryLimit(manifests, queue);
  return limit === undefined ? '' : `; a message that is returned more than ${limit} times is deleted too`;
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
  /** What it applies to: queues of all types or of one, exchanges, or all. Undefined when it is not decided. */
  readonly applyTo: string | undefined;
}

const NO_SCOPE: Scope = { vhost: undefined, pattern: undefined, applyTo: undefined };

const scopeOf = oncePer((policy: Resource): Scope => {
  const pattern = policy.at('spec', 'pattern').text();
  return {
    vhost: policy.at('spec', 'vhost').text('/'),
    pattern: pattern === undefined ? undefined : patternOf(pattern),
    applyTo: policy.at('spec', 'applyTo').text('all'),
  };
});

/** Scopes of policies for queues, each once, by the settings that they make or may make. */
const scopes = oncePer((manifests: Manifests) => {
  const distinct = new Map<string, readonly [string, Scope]>();
  for (const policy of policies(manifests)) {
    const { vhost, applyTo } = scopeOf(policy);
    for (const key of [...BOUNDS, OVERFLOW, DELIVERY_LIMIT]) {
      if (policy.at('spec', 'definition', key).absent) continue;
      const name = JSON.stringify([key, vhost, policy.at('spec', 'pattern').text(), applyTo]);
      distinct.set(name, [key, scopeOf(policy)]);
    }
  }
  return grouped(distinct.values());
});

function mayCover({ vhost, pattern, applyTo }: Scope, queue: Resource): boolean {
  const type = queue.at('spec', 'type').text('classic');
  if (applyTo === 'exchanges' || (/_queues$/.test(applyTo ?? '') && applyTo !== `${type}_queues`)) return false;
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

/** Whether the brokers among the manifests have a default limit; undefined when that is not decided, or none is there. */
const limitedByDefault = oncePer((manifests: Manifests): boolean | undefined => {
  const images = manifests.ofType('rabbitmq.com/RabbitmqCluster').map((cluster) => cluster.at('spec', 'image'));
  const recent = images.map((image) => {
    const release = /:v?(\d+)(?!\d)/.exec(image.text() ?? '')?.[1];
    // The default image is that of the operator, whose release is not here.
    return image.decided ? release !== undefined && Number(release) >= LIMITED_SINCE : undefined;
  });
  if (recent.includes(false)) return false;
  return recent.length === 0 || recent.includes(undefined) ? undefined : true;
});

/** Whether a broker is there, and each is recent or not decided. */
const mayBeLimited = oncePer(
  (manifests: Manifests): boolean =>
    manifests.ofType('rabbitmq.com/RabbitmqCluster').length > 0 && limitedByDefault(manifests) !== false,
);
