import type { Engine } from './engine';
import type { Scenario } from './scenarios/kinds';

/** The only six remedies there are; spread and merge are two ends of one lever. */
export type Lever = 'scale' | 'throttle' | 'spread' | 'merge' | 'bound' | 'isolate';

/** Every difficulty, easiest first. */
export const DIFFICULTIES = ['beginner', 'intermediate', 'advanced'] as const;

/** How much has to be known beforehand. */
export type Difficulty = (typeof DIFFICULTIES)[number];

/** Every domain. */
export const DOMAINS = ['architecture', 'performance', 'integration', 'diagnosis', 'security'] as const;

/** The field of engineering that the case belongs to. */
export type Domain = (typeof DOMAINS)[number];

/** A number, and on which side of it reality was or has to be. */
export interface Level {
  /** Where the measured value lies. */
  readonly relation: 'is' | 'below' | 'above' | 'at most';
  /** The number, in the unit of the change. */
  readonly value: number;
}

/** One measure of a headline, before and after. */
export interface Change {
  /** What is measured. */
  readonly measure: string;
  /** Unit of both levels: `s`, `ratio`, `items`, `bytes`, `series`, `USD/month`, or what is counted. */
  readonly unit: string;
  /** What was seen. */
  readonly before: Level;
  /** What is promised. */
  readonly after: Level;
}

/** The result of a case in one line, and the same as data. */
export interface Headline {
  /** The line, as a person says it. */
  readonly text: string;
  /** Every measure of the line that is a number. At least one. */
  readonly changes: readonly Change[];
}

/** One construct that cures the case on some engine. */
export interface CaseConstruct {
  /** Class name. */
  readonly name: string;
  /** Where it is deployed. */
  readonly engines: readonly Engine[];
  /** What it is made of, in a few words. */
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

/** One story: a producer that outruns its consumer, and the buffer that overflows between them. */
export interface Case {
  /** 1 to 20; never reassigned. */
  readonly number: number;
  /** Name of the case in files and addresses; never changes. */
  readonly slug: string;
  /** The case in a few words. */
  readonly title: string;
  /** The imbalance, in one paragraph. */
  readonly summary: string;
  /** What is done about it. At least one. */
  readonly levers: readonly Lever[];
  /** How much has to be known beforehand. */
  readonly difficulty: Difficulty;
  /** The fields it belongs to. At least one. */
  readonly domains: readonly Domain[];
  /** Numbers of the cases to know first. Two cases that name each other explain each other, in any order. */
  readonly dependsOn: readonly number[];
  /** Before and after. */
  readonly headline: Headline;
  /** What cures it, by engine. */
  readonly constructs: readonly CaseConstruct[];
  /** The mistake that the usual answer to it contains. */
  readonly trap: string;
  /**
   * The case as something that runs: `runScenario` measures before and after.
   *
   * @default - the case has no scenario yet
   */
  readonly scenario?: Scenario;
}
