import type { Engine } from './engine';
import type { Scenario } from './scenarios/kinds';

/** All six remedies; spread and merge are opposites. */
export type Lever = 'scale' | 'throttle' | 'spread' | 'merge' | 'bound' | 'isolate';

/** Every difficulty, easiest first. */
export const DIFFICULTIES = ['beginner', 'intermediate', 'advanced'] as const;

/** Prior knowledge needed. */
export type Difficulty = (typeof DIFFICULTIES)[number];

/** Every domain. */
export const DOMAINS = ['architecture', 'performance', 'integration', 'diagnosis', 'security'] as const;

/** The field of engineering that the case belongs to. */
export type Domain = (typeof DOMAINS)[number];

/** A number, and whether the measured value was or must be above or below it. */
export interface Level {
  /** Where the measured value lies. */
  readonly relation: 'is' | 'below' | 'above' | 'at most';
  /** The number, in the unit of the change. */
  readonly value: number;
}

/** One measure of a headline, before and after. */
export interface Change {
  /** The measure. */
  readonly measure: string;
  /** Unit of both levels: `s`, `ratio`, `items`, `bytes`, `series`, `USD/month`, or the counted thing. */
  readonly unit: string;
  /** Before. */
  readonly before: Level;
  /** The objective. */
  readonly after: Level;
}

/** The result of a case in one line, and the same as data. */
export interface Headline {
  /** The line as text. */
  readonly text: string;
  /** Every measure of the line that is a number. At least one. */
  readonly changes: readonly Change[];
}

/** One construct for the case on some engine. */
export interface CaseConstruct {
  /** Class name. */
  readonly name: string;
  /** Where it is deployed. */
  readonly engines: readonly Engine[];
  /** Its parts, in a few words. */
  readonly form: string;
  /** True when this version of the library has it. */
  readonly available: boolean;
  /**
   * Where a reference environment deploys the case with it: the name of the environment and the path of the construct,
   * such as `OrderIntake/Webhooks`.
   *
   * @default - no reference environment deploys it
   */
  readonly deployed?: string;
}

/** An engine that the library has no construct on for the case, on purpose. */
export interface Absence {
  /** The engine. */
  readonly engine: Engine;
  /** Why, with figures. Whole sentences. */
  readonly reason: string;
  /** What to take there instead. A whole sentence. */
  readonly instead: string;
}

/** One story: a producer that outruns its consumer, and the buffer that overflows between them. */
export interface Case {
  /** 1 to 20; never reassigned. */
  readonly number: number;
  /** Name of the case in files and URLs; never changes. */
  readonly slug: string;
  /** The case in a few words. */
  readonly title: string;
  /** The imbalance, in one paragraph. */
  readonly summary: string;
  /** The remedies. At least one. */
  readonly levers: readonly Lever[];
  /** Prior knowledge needed. */
  readonly difficulty: Difficulty;
  /** The fields it belongs to. At least one. */
  readonly domains: readonly Domain[];
  /** Numbers of the cases to know first. Two cases that name each other explain each other, in any order. */
  readonly dependsOn: readonly number[];
  /** Before and after. */
  readonly headline: Headline;
  /** Constructs for the case, by engine. */
  readonly constructs: readonly CaseConstruct[];
  /**
   * Engines without a construct for the case, on purpose.
   *
   * @default - an engine that is not listed has none so far
   */
  readonly absent?: readonly Absence[];
  /** The mistake in the usual answer to the case. */
  readonly trap: string;
  /**
   * The case as something that runs: `runScenario` measures before and after.
   *
   * @default - the case has no scenario yet
   */
  readonly scenario?: Scenario;
}
