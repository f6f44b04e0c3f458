/** The engines of `npm run torture`, by the names that it takes. */
import type { Engine } from '../engine';
import { KAFKA } from './kafka';
import { RABBITMQ } from './rabbitmq';
import { REDIS } from './redis';

export const ENGINES: Readonly<Record<string, Engine>> = { kafka: KAFKA, rabbitmq: RABBITMQ, redis: REDIS };
