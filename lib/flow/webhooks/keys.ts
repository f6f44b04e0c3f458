/** Retention of a delivery's key: one rule for every engine. */
import { validate } from '../errors';
import type { Knob, Plan } from '../plan';

const DAY = 86_400;
/** The range of the prop, in seconds. */
export const KEPT_SECONDS = { min: 3600, max: 365 * DAY } as const;

/**
 * Seconds for which a repeated delivery counts as the same one.
 *
 * @param plan the plan of the queue
 * @param prop name of the prop
 * @param given its value in seconds
 * @throws InvalidInputError when keys expire before the queue's messages: a delivery whose key is gone is processed
 * twice
 */
export function idempotencyKnob(plan: Plan, prop: string, given: number | undefined): Knob {
  const retention = plan.value('retentionSeconds');
  validate(plan.subject, [
    {
      refused: given !== undefined && given < retention,
      message: `${prop} must be at least the queue's retention, ${retention} s, got ${given} s`,
    },
  ]);
  return {
    name: 'idempotencySeconds',
    value: given ?? Math.max(14 * DAY, retention),
    unit: 's',
    formula: given === undefined ? 'max(14 days, retention): until then a delivery may be repeated' : 'given',
    inputs: { retentionSeconds: retention },
    source: 'this library, docs/decisions/0014-the-key-of-a-delivery.md',
  };
}
