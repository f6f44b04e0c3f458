/** The gate of the tests: two slots, and room for one more to wait. */
import type { GateOptions } from '../../../lib/runtime/gate/bounded-handler';

export const GATE_OPTIONS: GateOptions = {
  service: 'api',
  slots: 2,
  queue: 1,
  waitSeconds: 5,
  latencySeconds: 10,
  stuckSeconds: 60,
  shedStatus: 503,
  retryAfterSeconds: 1,
  retryAfterJitter: 0.5,
};
