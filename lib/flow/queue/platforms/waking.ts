/** What sleeping costs: the first item after a pause waits until an instance has been started for it. */
import { type Check, isKnown } from '../../errors';
import type { Knob } from '../../plan';
import type { QueueQuestion } from '../question';
import type { Refusal } from '../refusal';
import { higherFrom, promising } from '../ways-out';

/** Whether the last instance stops when the queue is empty: `scaleToZero`, or a minimum of 0 given by hand. */
export function sleeps({ scaleToZero, consumer }: QueueQuestion): boolean {
  return scaleToZero ?? consumer?.minInstances === 0;
}

/** Checks that `scaleToZero` and a minimum given by hand do not contradict each other. */
export function sleepChecks({ scaleToZero, consumer }: QueueQuestion): Check[] {
  const least = consumer?.minInstances;
  return [
    {
      refused: scaleToZero === true && isKnown(least) && least > 0,
      message: `minInstances must be left out or 0 with scaleToZero, got ${isKnown(least) ? least : ''}`,
    },
    {
      refused: scaleToZero === false && least === 0,
      message: 'minInstances must be at least 1 without scaleToZero, got 0',
    },
  ];
}

/** Why a worker may not sleep: waking up takes longer than the promise. */
export function wakingRefusal(question: QueueQuestion, wakeUpSeconds: number | undefined): Refusal | undefined {
  if (!sleeps(question) || wakeUpSeconds === undefined) return undefined;
  const { latencySeconds } = question.objective;
  const { serviceSeconds } = question.workload;
  const first = wakeUpSeconds + serviceSeconds;
  if (!(latencySeconds < first)) return undefined;
  return {
    reason: () =>
      `waking up from zero takes ${wakeUpSeconds} s and an item ${serviceSeconds} s, ${latencySeconds} s of latency is promised`,
    waysOut(asked, fits) {
      const longer = higherFrom(Math.ceil(first), (seconds) => fits(promising(asked, seconds)));
      return [
        awake(asked),
        longer === undefined
          ? undefined
          : { sentence: `promise at least ${longer} s`, question: promising(asked, longer) },
      ];
    },
  };
}

/** The way out that keeps the last instance running. */
export function awake(question: QueueQuestion): { sentence: string; question: QueueQuestion } {
  const { consumer } = question;
  return {
    sentence: question.scaleToZero === undefined ? 'leave minInstances out' : 'leave scaleToZero off',
    question: { ...question, scaleToZero: undefined, consumer: { ...consumer, minInstances: undefined } },
  };
}

/** `minInstances` of a worker that sleeps. */
export function asleepKnob(instance: string, { scaleToZero }: QueueQuestion): Knob {
  const asked = scaleToZero === undefined ? 'minInstances 0' : 'scaleToZero';
  return {
    name: 'minInstances',
    value: 0,
    unit: 'instances',
    formula:
      scaleToZero === undefined ? 'given' : `scaleToZero: the last ${instance} stops when nothing waits or is in work`,
    inputs: {},
    source: `given: ${asked}`,
  };
}
