import type { Check } from '../../errors';
import type { Knob } from '../../plan';
import type { Planned } from '../planned';
import type { QueueQuestion } from '../question';
import type { Consumer, QueuePlan } from '../workload';
import type { BrokerFacts } from './facts';

/** What a broker refuses, and what a knob is called there. */
export interface Broker {
  readonly facts: BrokerFacts;
  /** Everything that is wrong with the choices. */
  checks(question: QueueQuestion): Check[];
  /** What is known of the consumer because of the broker: attempts, partitions. */
  consumer(question: QueueQuestion): Consumer;
  /**
   * The knobs that this broker has.
   *
   * @throws CapacityError when an item takes longer than the broker waits for it
   */
  knobs(planned: Planned): Knob[];
  /** The numbers of the alarms that a queue of this broker has; they compare with knobs of the plan. */
  alarms?(plan: QueuePlan, question: QueueQuestion): Knob[];
}
