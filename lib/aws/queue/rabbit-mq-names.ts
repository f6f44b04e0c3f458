/** Names of the objects of a RabbitMQ queue, and the topology that a function declares: policies from the plan. */
import type { QueuePlan } from '../../flow/queue/workload';
import type { Topology, WantedUser } from '../../runtime/rabbitmq-topology/topology';

/** Objects of a queue on its broker. */
export interface RabbitMqNames {
  readonly vhost: string;
  readonly queue: string;
  /** Takes what producers publish, with any routing key. */
  readonly exchange: string;
  readonly deadLetterExchange: string;
  readonly deadLetterQueue: string;
  readonly workerUser: string;
  readonly producerUser: string;
}

/** Users belong to the whole broker, everything else to a virtual host. */
export function namesOf(vhost: string, queueName: string): RabbitMqNames {
  const user = vhost === '/' ? queueName : `${vhost}/${queueName}`;
  return {
    vhost,
    queue: queueName,
    exchange: queueName,
    deadLetterExchange: `${queueName}.dead`,
    deadLetterQueue: `${queueName}.dead`,
    workerUser: `${user}.worker`,
    producerUser: `${user}.producer`,
  };
}

/** Where the passwords of the two users are. */
export interface UserSecrets {
  readonly worker: string;
  readonly producer: string;
}

/** What the function declares: the limits are in policies, because the arguments of a queue cannot be changed later. */
export function topologyOf(names: RabbitMqNames, plan: QueuePlan, secrets: UserSecrets): Topology {
  const { vhost, queue, exchange, deadLetterExchange, deadLetterQueue } = names;
  const priority = plan.value('policyPriority');
  const consumerTimeout = plan.knobs.find(({ name }) => name === 'consumerTimeoutSeconds')?.value;
  const only = (name: string) => `^${name.replace(/[.]/g, '\\.')}$`;
  const user = (name: string, secretArn: string, may: Partial<WantedUser>): WantedUser => ({
    name,
    secretArn,
    // An empty expression allows nothing.
    configure: '',
    write: '',
    read: '',
    ...may,
  });
  return {
    vhost,
    users: [
      user(names.workerUser, secrets.worker, { read: only(queue) }),
      user(names.producerUser, secrets.producer, { write: only(exchange) }),
    ],
    exchanges: [
      { name: deadLetterExchange, kind: 'direct' },
      { name: exchange, kind: 'fanout' },
    ],
    queues: [deadLetterQueue, queue],
    bindings: [
      { source: deadLetterExchange, destination: deadLetterQueue, routingKey: queue },
      { source: exchange, destination: queue, routingKey: '' },
    ],
    policies: [
      {
        name: deadLetterQueue,
        pattern: only(deadLetterQueue),
        priority,
        // A full one refuses: the letter then stays in the queue, and nothing is dropped.
        definition: { 'max-length-bytes': plan.value('deadLetterMaxBytes'), overflow: 'reject-publish' },
      },
      {
        name: queue,
        pattern: only(queue),
        priority,
        definition: {
          'delivery-limit': plan.value('deliveryLimit'),
          'max-length': plan.value('maxLength'),
          'dead-letter-exchange': deadLetterExchange,
          'dead-letter-routing-key': queue,
          // At-least-once needs reject-publish; at-most-once would lose dead letters when a node fails.
          'dead-letter-strategy': 'at-least-once',
          overflow: 'reject-publish',
          ...(consumerTimeout !== undefined && { 'consumer-timeout': 1000 * consumerTimeout }),
        },
      },
    ],
  };
}
