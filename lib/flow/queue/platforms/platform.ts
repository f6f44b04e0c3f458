import { type Check, shown } from '../../errors';
import type { Knob } from '../../plan';
import type { BrokerFacts } from '../brokers/facts';
import type { Planned } from '../planned';
import type { QueueQuestion } from '../question';
import type { Refusal } from '../refusal';
import type { NumericChoice } from '../resolve';
import type { Sizing, Solve } from '../sizing';
import type { Fits, WayOut } from '../ways-out';
import type { Consumer, QueuePlan } from '../workload';
import type { PlatformFacts } from './facts';

/** The consumer with the platform's times filled in. */
export type TimedConsumer = Consumer & Required<Pick<Consumer, 'pollSeconds' | 'decideSeconds' | 'startSeconds'>>;

/** A platform's checks, derivations and knobs, beside its facts. */
export interface Platform {
  readonly facts: PlatformFacts;
  /** The choices that are its own, which its checks cover. */
  readonly choices: readonly NumericChoice[];
  /** Checks of the choices. */
  checks(question: QueueQuestion): Check[];
  /** The consumer to size: the platform's times and limits, overridden by the given values. */
  consumer(question: QueueQuestion, broker: BrokerFacts): TimedConsumer;
  /** Seconds until the first item of an empty queue is in work; undefined if the consumer does not sleep. */
  wakeUpSeconds?(question: QueueQuestion, broker: BrokerFacts): number | undefined;
  /** The sizing, where `size` is not enough. */
  solve?(question: QueueQuestion): Solve;
  /** Why this platform cannot serve the question, whatever the size; undefined if it can. */
  refusal?(question: QueueQuestion): Refusal | undefined;
  /** Changes that may help a refused size on this platform, such as another platform or several queues. */
  otherwise?(question: QueueQuestion, refused: Sizing, fits: Fits): (WayOut | undefined)[];
  /** US dollars a month with one peak a day, where instances are not billed by running time. */
  monthlyCost?(planned: Planned): number | undefined;
  /** The numbers of the alarms that watch this platform; they compare with knobs of the plan. */
  alarms?(plan: QueuePlan): Knob[];
  /** The knobs that only this platform has, and those that it explains differently. */
  knobs(planned: Planned): Knob[];
}

/** A check that a value the platform decides was not given. */
export function leftOut(name: string, value: number | undefined, because: string): Check {
  return { refused: value !== undefined, message: `${name} must be left out, because ${because}, got ${shown(value)}` };
}

/** A check that an instance works on one item at a time. */
export function oneSlot(question: QueueQuestion, because: string): Check {
  const slots = question.consumer?.slotsPerInstance ?? 1;
  return {
    refused: slots !== 1,
    message: `consumer.slotsPerInstance must be 1, because ${because}, got ${shown(slots)}`,
  };
}
