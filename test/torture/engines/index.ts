/** The engines of `npm run torture`, by the names that it takes: the longest run first, so that shorter ones go beside the last. */
import type { Engine } from '../engine';
import { KAFKA } from './kafka';
import { MONGO } from './mongo';
import { PUBSUB } from './pubsub';
import { RABBITMQ } from './rabbitmq';
import { REDIS } from './redis';
import { SQS } from './sqs';
import { WEBHOOKS } from './webhooks';

export const ENGINES: Readonly<Record<string, Engine>> = {
  sqs: SQS,
  pubsub: PUBSUB,
  webhooks: WEBHOOKS,
  kafka: KAFKA,
  mongo: MONGO,
  redis: REDIS,
  rabbitmq: RABBITMQ,
};
