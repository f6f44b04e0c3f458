/** Redis Streams: a group knows what waits and what is in hand, and sets nothing for the plan. */
import type { Broker } from './broker';
import { BROKER_FACTS } from './facts';

/** Redis Streams. */
export const REDIS: Broker = { facts: BROKER_FACTS.redis, checks: () => [], consumer: () => ({}), knobs: () => [] };
