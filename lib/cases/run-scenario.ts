import { InvalidInputError, shown } from '../flow/errors';
import type { Case, Change, Level } from './case';
import type { Engine } from './engine';
import { kindOf, type Scenario } from './scenarios/kinds';
import type { Measured } from './scenarios/measured';

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

/** One measure beside the headline: nothing is promised of it. */
export interface BesideOutcome {
  /** What is measured. */
  readonly measure: string;
  /** Unit of all three numbers. */
  readonly unit: string;
  /** What was measured before; undefined when there was nothing to measure. */
  readonly before?: number;
  /** What the plan expects after. */
  readonly predicted?: number;
  /** What was measured after. */
  readonly after: number;
}

/** What a scenario came to. */
export interface ScenarioResult extends Measured {
  /** Number of the case. */
  readonly number: number;
  /** Where *after* ran: the question of that engine's reference environment was planned. */
  readonly engine: Engine;
  /** The same case and seed give the same result. */
  readonly seed: number;
  /** Every measure of the headline. */
  readonly outcomes: readonly Outcome[];
  /** Measures beside the headline, as far as this engine has them. */
  readonly beside: readonly BesideOutcome[];
  /** Whether every promise is kept, by prediction and by measurement. */
  readonly meetsHeadline: boolean;
}

/**
 * Runs a case before and after: *before* as the case describes it, *after* as the plan sets it, both under the same
 * arrivals of one seed.
 *
 * @param seed a whole number, 0 or more; the same one gives the same result
 * @param engine where *after* runs; default: the first engine of the case
 * @param construct name of the one that is planned, where the case has several on the engine; default: the first of them
 * @throws InvalidInputError when the case has no scenario, is not deployed on the engine, or the seed is none
 */
export function runScenario(subject: Case, seed: number, engine?: Engine, construct?: string): ScenarioResult {
  const { number, scenario } = subject;
  if (!scenario) throw new InvalidInputError(`case ${number}`, [`case ${number} has no scenario to run`]);
  const engines = enginesOf(subject);
  const on = engine ?? engines[0];
  if (!engines.includes(on)) {
    throw new InvalidInputError(`case ${number}`, [
      `case ${number} is deployed on ${engines.join(', ')}, got ${shown(engine)}`,
    ]);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InvalidInputError(`case ${number}`, [`seed must be a whole number, at least 0, got ${seed}`]);
  }
  const measured = kindOf(scenario).measure(`Case ${number}`, scenario, seed, on, construct);
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
  const beside = besideOf(scenario, measured);
  return { number, engine: on, seed, ...measured, outcomes, beside, meetsHeadline: outcomes.every(({ met }) => met) };
}

function besideOf(scenario: Scenario, { before, after }: Measured): BesideOutcome[] {
  return (kindOf(scenario).beside ?? []).flatMap(({ measure, unit, by }) => {
    const measured = after.measured[by];
    // Without a price on this engine there is no row, and no zero either.
    if (measured === undefined) return [];
    return [{ measure, unit, before: before[by], predicted: after.predicted[by], after: measured }];
  });
}

/** The engines that a case with a scenario can be run for: those that it has a question for, or a construct. */
export function enginesOf({ scenario, constructs }: Case): readonly Engine[] {
  const said = scenario && kindOf(scenario).engines?.(scenario);
  return said ?? [...new Set(constructs.filter(({ available }) => available).flatMap(({ engines }) => engines))];
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
