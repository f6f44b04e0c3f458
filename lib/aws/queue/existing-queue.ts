import type { Duration } from 'aws-cdk-lib';
import { type Kinds, NUMBER } from '../../flow/kinds';
import { DURATION } from '../kinds';

/**
 * Settings of queues that exist already, as they are. `aws sqs get-queue-attributes --attribute-names All` shows them.
 */
export interface ExistingQueueSettings {
  /**
   * How long one receive hides a message of the queue. Whole seconds, 0 to 12 h. Less than an attempt needs is refused.
   *
   * @default - read, where the queue is of this app; otherwise not known
   */
  readonly visibilityTimeout?: Duration;

  /**
   * Attempts at a message before it is a dead letter. 1 to 1,000.
   *
   * @default - read, where the queue is of this app; otherwise not known
   */
  readonly maxReceiveCount?: number;

  /**
   * How long the queue keeps a message. Whole seconds, 1 min to 13 days, and a day less than the dead-letter queue. Less
   * than the promise, or than a peak takes to drain, is refused.
   *
   * @default - read, where the queue is of this app; otherwise not known
   */
  readonly retention?: Duration;

  /**
   * How long the dead-letter queue keeps a letter. Whole seconds, 2 to 14 days. On the last day the redriver parks it.
   *
   * @default - read, where the dead-letter queue is of this app; otherwise not known
   */
  readonly deadLetterRetention?: Duration;

  /**
   * How long one receive hides a letter of the dead-letter queue. Whole seconds, 30 s, the time-out of the redriver, to 12 h.
   *
   * @default - read, where the dead-letter queue is of this app; otherwise not known
   */
  readonly deadLetterVisibilityTimeout?: Duration;
}

/** What each of the settings has to be. */
export const EXISTING_KINDS: Kinds<ExistingQueueSettings> = {
  visibilityTimeout: DURATION,
  maxReceiveCount: NUMBER,
  retention: DURATION,
  deadLetterRetention: DURATION,
  deadLetterVisibilityTimeout: DURATION,
};
