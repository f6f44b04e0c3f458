import type { Knob } from '../plan';
import { DEFAULT_RETRY_DELAY, type RetryDelay } from './backoff';

/** The delay before a failed item is delivered again, and why it is that long. */
export interface Retry extends Pick<Knob, 'formula' | 'inputs' | 'source'> {
  readonly delay: RetryDelay;
}

/** The delay of a broker that has none: the consumer retries by itself. */
export const OWN_RETRY: Retry = {
  delay: DEFAULT_RETRY_DELAY,
  formula: 'the broker does not delay: the first bound of a backoff in the consumer, full jitter up to 60 s',
  inputs: {},
  source: 'assumption; AWS Architecture Blog, Exponential Backoff And Jitter',
};
