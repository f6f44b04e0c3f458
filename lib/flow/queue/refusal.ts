import type { QueueQuestion } from './question';
import type { Fits, WayOut } from './ways-out';

/** Why a platform or a broker cannot serve a question, and the changes that may help: each is tried before it is named. */
export interface Refusal {
  readonly reason: () => string;
  readonly waysOut: (question: QueueQuestion, fits: Fits) => (WayOut | undefined)[];
}
