/** Redis Streams: a group reports waiting and pending items; the plan sets nothing there. */
import { OWN_RETRY } from '../retry';
import type { Broker } from './broker';
import { BROKER_FACTS } from './facts';

/** Redis Streams. */
export const REDIS: Broker = {
  facts: BROKER_FACTS.redis,
  choices: [],
  checks: () => [],
  consumer: () => ({}),
  retry: () => OWN_RETRY,
  knobs: () => [],
};
