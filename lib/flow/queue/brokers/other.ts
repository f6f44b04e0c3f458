/** A queue without a row of its own: its limits are part of the question, and the plan sets nothing there. */
import { inRange } from '../../errors';
import { OWN_RETRY } from '../retry';
import type { Broker } from './broker';
import { BROKER_FACTS } from './facts';

/** Any other queue. */
export const OTHER: Broker = {
  facts: BROKER_FACTS.other,
  factsOf: ({ depthAgeSeconds, depthCountsWork }) => ({
    ...BROKER_FACTS.other,
    ...(depthAgeSeconds === undefined ? {} : { depthAgeSeconds }),
    ...(depthCountsWork === undefined ? {} : { depthCountsWork }),
  }),
  choices: ['depthAgeSeconds'],
  checks: ({ depthAgeSeconds }) => [inRange('depthAgeSeconds', depthAgeSeconds, 0, 3600)],
  consumer: () => ({}),
  retry: () => OWN_RETRY,
  knobs: () => [],
};
