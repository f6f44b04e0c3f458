import type { Check } from '../../errors';
import type { Knob } from '../../plan';
import type { BrokerFacts } from '../brokers/facts';
import type { Planned } from '../planned';
import type { QueueQuestion } from '../question';
import type { Solve } from '../sizing';
import type { Consumer, QueuePlan } from '../workload';
import type { PlatformFacts } from './facts';

/** The consumer with the platform's times filled in. */
export type TimedConsumer = Consumer & Required<Pick<Consumer, 'pollSeconds' | 'decideSeconds' | 'startSeconds'>>;

/** What a platform refuses, derives and sets, beside its facts. */
export interface Platform {
  readonly facts: PlatformFacts;
  /** Everything that is wrong with the choices. */
  checks(question: QueueQuestion): Check[];
  /** The consumer as it is sized: the platform's times and limits, overridden by what was given. */
  consumer(question: QueueQuestion, broker: BrokerFacts): TimedConsumer;
  /** Seconds until the first item of an empty queue is in work; undefined where nothing sleeps. */
  wakeUpSeconds?(question: QueueQuestion, broker: BrokerFacts): number | undefined;
  /** Sizes it, where that takes more than `size`. */
  solve?(question: QueueQuestion): Solve;
  /** What cannot be kept though the size fits; undefined when all can. */
  refusal?(planned: Planned): { readonly reason: string; readonly waysOut: readonly string[] } | undefined;
  /** US dollars a month with one peak a day, where instances are not paid for as they run. */
  monthlyCost?(planned: Planned): number | undefined;
  /** The numbers of the alarms that watch this platform; they compare with knobs of the plan. */
  alarms?(plan: QueuePlan): Knob[];
  /** The knobs that only this platform has, and those that it explains in its own way. */
  knobs(planned: Planned): Knob[];
}

/** A check that nothing was given that the platform decides by itself. */
export function leftOut(name: string, value: number | undefined, because: string): Check {
  return { refused: value !== undefined, message: `${name} must be left out, because ${because}, got ${value}` };
}

/** A check that an instance works on one item at a time. */
export function oneSlot(question: QueueQuestion, because: string): Check {
  const slots = question.consumer?.slotsPerInstance ?? 1;
  return { refused: slots !== 1, message: `consumer.slotsPerInstance must be 1, because ${because}, got ${slots}` };
}
