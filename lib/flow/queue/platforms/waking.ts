/** What sleeping costs: the first item after a pause waits until an instance has been started for it. */
import { CapacityError } from '../../errors';
import type { Knob } from '../../plan';
import type { QueueQuestion } from '../question';

/**
 * Refuses a worker that may sleep although waking up takes longer than the promise.
 *
 * @throws CapacityError with the shortest promise that can be kept
 */
export function checkScaleToZero(subject: string, question: QueueQuestion, wakeUpSeconds: number | undefined): void {
  const { workload, objective, scaleToZero } = question;
  if (scaleToZero !== true || wakeUpSeconds === undefined) return;
  const first = wakeUpSeconds + workload.serviceSeconds;
  if (!(objective.latencySeconds < first)) return;
  throw new CapacityError(
    subject,
    `waking up from zero takes ${wakeUpSeconds} s and an item ${workload.serviceSeconds} s, ${objective.latencySeconds} s of latency is promised`,
    ['leave scaleToZero off', `promise at least ${Math.ceil(first)} s`],
  );
}

/** `minInstances` of a worker that sleeps. */
export function asleepKnob(instance: string): Knob {
  return {
    name: 'minInstances',
    value: 0,
    unit: 'instances',
    formula: `scaleToZero: the last ${instance} stops when nothing waits or is in work`,
    inputs: {},
    source: 'given: scaleToZero',
  };
}
