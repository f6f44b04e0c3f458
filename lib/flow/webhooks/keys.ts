/** How long the key of a delivery is kept: one rule for every engine. */
import { validate } from '../errors';
import type { Knob, Plan } from '../plan';

const DAY = 86_400;
/** The range of the prop, in seconds. */
export const KEPT_SECONDS = { min: 3600, max: 365 * DAY } as const;

/**
 * Seconds that a delivery which is sent again counts as the same one.
 *
 * @param plan the plan of the queue
 * @param prop the prop that says so by hand
 * @param given its value in seconds
 * @throws InvalidInputError when keys do not outlive the queue: a delivery whose key is gone has its effect twice
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
    formula: given === undefined ? 'max(14 days, retention): until then a delivery may come back' : 'given',
    inputs: { retentionSeconds: retention },
    source: 'this library, docs/decisions/0014-the-key-of-a-delivery.md',
  };
}
