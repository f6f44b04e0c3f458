/** Retention of a delivery's key: one rule for every engine. */
import { validate } from '../errors';
import type { Knob, Plan } from '../plan';

const DAY = 86_400;
/** The range of the prop, in seconds. */
export const KEPT_SECONDS = { min: 3600, max: 365 * DAY } as const;

/** The greatest age of a message: the knob that has it, and what it is called. */
export interface GreatestAge {
  readonly knob: string;
  readonly title: string;
}

/** A queue deletes a message when its retention is over. */
const RETENTION: GreatestAge = { knob: 'retentionSeconds', title: "the queue's retention" };

/**
 * Seconds for which a repeated delivery counts as the same one.
 *
 * @param plan the plan of the queue
 * @param prop name of the prop
 * @param given its value in seconds
 * @param age what keys have to outlive
 * @throws InvalidInputError when keys expire before the queue's messages: a delivery whose key is gone is processed
 * twice
 */
export function idempotencyKnob(plan: Plan, prop: string, given: number | undefined, age = RETENTION): Knob {
  const kept = plan.value(age.knob);
  validate(plan.subject, [
    {
      refused: given !== undefined && given < kept,
      message: `${prop} must be at least ${age.title}, ${kept} s, got ${given} s`,
    },
  ]);
  return {
    name: 'idempotencySeconds',
    value: given ?? Math.max(14 * DAY, kept),
    unit: 's',
    formula: given === undefined ? `max(14 days, ${age.title}): until then a delivery may be repeated` : 'given',
    inputs: { [age.knob]: kept },
    source: 'this library, docs/decisions/0014-the-key-of-a-delivery.md',
  };
}
