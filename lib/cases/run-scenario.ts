import { InvalidInputError } from '../flow/errors';
import type { Case, Change, Level } from './case';
import type { Scenario } from './scenario';
import { measureLogs } from './scenarios/logs';
import type { Measured } from './scenarios/measured';
import { measureQueue } from './scenarios/queue';
import { measureQuotas } from './scenarios/quotas';
import { measureCollection } from './scenarios/retention';
import { measureShares } from './scenarios/shares';
import { measureStock } from './scenarios/storage';
import { measureCalls } from './scenarios/webhooks';

/** One measure of the headline, answered. */
export interface Outcome {
  /** What is measured, as the headline names it. */
  readonly measure: string;
  /** Unit of all four numbers. */
  readonly unit: string;
  /** What the case says of *before*. */
  readonly reported: Level;
  /** What was measured before. */
  readonly before: number;
  /** What the plan expects after; undefined when it has no word for it. */
  readonly predicted?: number;
  /** What was measured after. */
  readonly after: number;
  /** What the case promises of *after*. */
  readonly promised: Level;
  /** Whether both the prediction and the measurement keep the promise. */
  readonly met: boolean;
}

/** What a scenario came to. */
export interface ScenarioResult extends Measured {
  /** Number of the case. */
  readonly number: number;
  /** The same case and seed give the same result. */
  readonly seed: number;
  /** Every measure of the headline. */
  readonly outcomes: readonly Outcome[];
  /** Whether every promise is kept, by prediction and by measurement. */
  readonly meetsHeadline: boolean;
}

/**
 * Runs a case before and after: *before* as the case describes it, *after* as the plan sets it, both under the same
 * arrivals of one seed.
 *
 * @param seed a whole number, 0 or more; the same one gives the same result
 * @throws InvalidInputError when the case has no scenario or the seed is none
 */
export function runScenario(subject: Case, seed: number): ScenarioResult {
  const { number, scenario } = subject;
  if (!scenario) throw new InvalidInputError(`case ${number}`, [`case ${number} has no scenario to run`]);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InvalidInputError(`case ${number}`, [`seed must be a whole number, at least 0, got ${seed}`]);
  }
  const measured = measure(`Case ${number}`, scenario, seed);
  const outcomes = scenario.answers.map(({ measure: name, by }) => {
    const change = changeNamed(subject, name);
    const [before, after, predicted] = [measured.before[by], measured.after.measured[by], measured.after.predicted[by]];
    return {
      measure: name,
      unit: change.unit,
      reported: change.before,
      before: before!,
      predicted,
      after: after!,
      promised: change.after,
      met: keeps(after!, change.after) && (predicted === undefined || keeps(predicted, change.after)),
    };
  });
  return { number, seed, ...measured, outcomes, meetsHeadline: outcomes.every(({ met }) => met) };
}

/** Whether a number lies where a level says. */
export function keeps(value: number, { relation, value: limit }: Level): boolean {
  switch (relation) {
    case 'below':
      return value < limit;
    case 'above':
      return value > limit;
    case 'at most':
      return value <= limit;
    case 'is':
      return value === limit;
  }
}

function changeNamed(subject: Case, measure: string): Change {
  const change = subject.headline.changes.find((each) => each.measure === measure);
  if (!change) throw new Error(`case ${subject.number}: no measure '${measure}' in its headline`);
  return change;
}

/** How each kind of scenario is measured. */
const KINDS: { readonly [Kind in Scenario['kind']]: Measure<Extract<Scenario, { kind: Kind }>> } = {
  queue: measureQueue,
  call: measureCalls,
  stock: measureStock,
  logs: measureLogs,
  collection: measureCollection,
  quotas: measureQuotas,
  shares: measureShares,
};

type Measure<S> = (subject: string, scenario: S, seed: number) => Measured;

function measure(subject: string, scenario: Scenario, seed: number): Measured {
  // The table gives every kind the function that takes it, which the compiler cannot follow through an index.
  return (KINDS[scenario.kind] as Measure<Scenario>)(subject, scenario, seed);
}
