import type { BrokerFacts, BrokerName } from './brokers/facts';
import type { PlatformFacts, PlatformName } from './platforms/facts';
import type { QueueQuestion } from './question';
import type { Retry } from './retry';
import type { Sizing } from './sizing';
import type { Predictions } from './workload';

/** A question, of which a broker says how it retries. */
export type Asked = Pick<Planned, 'question' | 'platform' | 'itemTimeoutSeconds'>;

/** A sized question, of which a broker says whether it can serve it. */
export type Attempted = Asked & Pick<Planned, 'sizing'>;

/** A sized queue, before its knobs get names and reasons; platform and broker derive their knobs from it. */
export interface Planned {
  readonly subject: string;
  readonly question: QueueQuestion;
  readonly platform: PlatformName;
  readonly platformFacts: PlatformFacts;
  readonly broker: BrokerName;
  readonly brokerFacts: BrokerFacts;
  readonly sizing: Sizing;
  /** Times the load that the size was made for. */
  readonly headroom: number;
  readonly predictions: Predictions;
  /** Whole seconds after which an attempt at an item is abandoned. */
  readonly itemTimeoutSeconds: number;
  /** How a failed item is retried. */
  readonly retry: Retry;
  /** The backlog at which an alarm fires, in items. */
  readonly alarmBacklog: number;
}
