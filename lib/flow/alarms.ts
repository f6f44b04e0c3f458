/** Shared code of all alarms: each of their numbers is a knob. */
import type { Knob } from './plan';

/** Period × evaluation periods of an alarm of CloudWatch, while a period is shorter than an hour. */
export const CLOUDWATCH_LONGEST_SECONDS = 86_400;

/**
 * What period × evaluation periods of an alarm of CloudWatch may come to: a day, and a week for periods of an hour or more
 * (Amazon CloudWatch API reference, PutMetricAlarm, Period).
 */
export function longestEvaluationSeconds(periodSeconds: number): number {
  return periodSeconds < 3600 ? CLOUDWATCH_LONGEST_SECONDS : 7 * CLOUDWATCH_LONGEST_SECONDS;
}

/** A plan that can be given more knobs. */
export interface Extendable<P> {
  readonly knobs: readonly Knob[];
  withKnobs(knobs: Knob[]): P;
}

/** The plan with the knobs that it does not have yet; the plan itself when it has them all. */
export function completed<P extends Extendable<P>>(plan: P, knobs: readonly Knob[]): P {
  const lacking = knobs.filter(({ name }) => plan.knobs.every((own) => own.name !== name));
  return lacking.length === 0 ? plan : plan.withKnobs(lacking);
}

/** A number of an alarm that follows from no other number. */
export function chosenKnob(name: string, value: number, unit: string, formula: string, source: string): Knob {
  return { name, value, unit, formula, inputs: {}, source };
}

/** The threshold of an alarm that fires at the first event. */
export function firstOneKnob(name: string, unit: string, why: string, source: string): Knob {
  return chosenKnob(name, 0, unit, `fires at the first one: ${why}`, source);
}

/** Seconds over which Prometheus takes a rate; the time between two scrapes is assumed to be a minute at most. */
export const RATE_WINDOW_SECONDS = 300;

/** The window of rates and counts in PromQL. */
export function rateWindowKnob(): Knob {
  return chosenKnob(
    'alarmWindowSeconds',
    RATE_WINDOW_SECONDS,
    's',
    'rates are taken, and events counted, over this: a rate needs four samples to survive one that is missing',
    'Prometheus documentation; Robust Perception, "What range should I use with rate()?"',
  );
}
