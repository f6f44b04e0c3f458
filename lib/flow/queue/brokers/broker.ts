import type { Check } from '../../errors';
import type { Knob } from '../../plan';
import type { Planned } from '../planned';
import type { QueueQuestion } from '../question';
import type { Consumer, QueuePlan } from '../workload';
import type { BrokerFacts } from './facts';

/** A broker's limits, and its names for the knobs. */
export interface Broker {
  readonly facts: BrokerFacts;
  /** Checks of the choices. */
  checks(question: QueueQuestion): Check[];
  /** Consumer settings that the broker decides: attempts, partitions. */
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
