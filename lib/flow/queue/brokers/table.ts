import { AMAZON_MQ } from './amazon-mq';
import type { Broker } from './broker';
import type { BrokerName } from './facts';
import { KAFKA } from './kafka';
import { OTHER } from './other';
import { PUBSUB } from './pubsub';
import { RABBITMQ } from './rabbitmq';
import { REDIS } from './redis';
import { SQS } from './sqs';

/** Every broker by its name. */
export const BROKERS: Readonly<Record<BrokerName, Broker>> = {
  sqs: SQS,
  rabbitmq: RABBITMQ,
  'amazon-mq': AMAZON_MQ,
  kafka: KAFKA,
  redis: REDIS,
  pubsub: PUBSUB,
  other: OTHER,
};
