import type { Check } from '../../errors';
import type { Knob } from '../../plan';
import type { Asked, Attempted, Planned } from '../planned';
import type { QueueQuestion } from '../question';
import type { Refusal } from '../refusal';
import type { NumericChoice } from '../resolve';
import type { Retry } from '../retry';
import type { Consumer, QueuePlan } from '../workload';
import type { BrokerFacts } from './facts';

/** A broker's limits, and its names for the knobs. */
export interface Broker {
  readonly facts: BrokerFacts;
  /** The facts, where they are part of the question. */
  factsOf?(question: QueueQuestion): BrokerFacts;
  /** The choices that are its own, which its checks cover. */
  readonly choices: readonly NumericChoice[];
  /** Checks of the choices. */
  checks(question: QueueQuestion): Check[];
  /** Consumer settings that the broker decides: attempts, partitions. */
  consumer(question: QueueQuestion): Consumer;
  /** How long a failed item waits before its next attempt. */
  retry(asked: Asked): Retry;
  /** Why this broker cannot serve the question, although the size fits; undefined if it can. */
  refusal?(attempted: Attempted): Refusal | undefined;
  /** The knobs that this broker has. */
  knobs(planned: Planned): Knob[];
  /** The numbers of the alarms that a queue of this broker has; they compare with knobs of the plan. */
  alarms?(plan: QueuePlan, question: QueueQuestion): Knob[];
}
