import type { ApiObject } from 'cdk8s';

/**
 * The objects of a RabbitMQ queue, for the messaging topology operator.
 */
export interface RabbitMqTopology {
  /** The exchange for dead letters. */
  readonly deadLetterExchange: ApiObject;

  /** The queue for dead letters. */
  readonly deadLetterQueue: ApiObject;

  /** The binding of the two. */
  readonly deadLetterBinding: ApiObject;

  /** The queue. */
  readonly queue: ApiObject;

  /** The policy with the queue's limits. */
  readonly policy: ApiObject;
}
