import type { Engine } from '../engine';
import type { Beside } from '../scenario';
import type { Measured } from './measured';

/** What there is to know about one kind of scenario. */
export interface Kind<S> {
  /**
   * Runs *before* as the scenario describes it and *after* as the plan sets it, both under the same arrivals.
   *
   * @param subject names the case in messages
   * @param engine where *after* runs; default: the first engine of the scenario
   * @param construct name of the one that is measured where an engine has several; default: the first that the case lists
   */
  readonly measure: (subject: string, scenario: S, seed: number, engine?: Engine, construct?: string) => Measured;
  /**
   * The engines that the scenario has a question for, the default first.
   *
   * @default - the question is the same everywhere: every engine that the case has a construct on
   */
  readonly engines?: (scenario: S) => readonly Engine[];
  /**
   * Numbers that are shown below those of the headline, such as what the remedy costs.
   *
   * @default - none
   */
  readonly beside?: readonly Beside[];
}

/** The engines that a scenario says something about. */
export function enginesIn(on: Readonly<Partial<Record<Engine, unknown>>>): readonly Engine[] {
  return Object.keys(on) as Engine[];
}
