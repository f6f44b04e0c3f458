/** The engines of `npm run torture`, by the names that it takes. */
import type { Engine } from '../engine';
import { KAFKA } from './kafka';
import { MONGO } from './mongo';
import { PUBSUB } from './pubsub';
import { RABBITMQ } from './rabbitmq';
import { REDIS } from './redis';
import { SQS } from './sqs';
import { WEBHOOKS } from './webhooks';

export const ENGINES: Readonly<Record<string, Engine>> = {
  kafka: KAFKA,
  rabbitmq: RABBITMQ,
  redis: REDIS,
  sqs: SQS,
  pubsub: PUBSUB,
  mongo: MONGO,
  webhooks: WEBHOOKS,
};
