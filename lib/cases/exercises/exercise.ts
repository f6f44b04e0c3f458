import type { Engine } from '../engine';
import type { Scenario, ScenarioOf } from '../scenarios/kinds';

/** Every level, shortest first. */
export const EXERCISE_LEVELS = ['basic', 'advanced', 'project'] as const;

/** How much there is to do. */
export type ExerciseLevel = (typeof EXERCISE_LEVELS)[number];

/** Minutes that each level takes, as the cases were first written down. */
export const EXERCISE_MINUTES: Readonly<Record<ExerciseLevel, number>> = { basic: 30, advanced: 120, project: 480 };

/** Mend a file: it begins with what these rules find. */
export interface Mend {
  /** What to do, in whole sentences. */
  readonly task: string;
  /** Rules whose wrong examples are the files to begin with. At least one. */
  readonly rules: readonly string[];
}

/** Numbers by name, as a person gives them. */
export type Answers = Readonly<Record<string, number>>;

/** Between what an answer has to be: more would keep the promise by waste, and less at the cost of something else. */
export interface Bounds {
  /** Default: nothing is too little. */
  readonly atLeast?: number;
  /** Default: nothing is too much. */
  readonly atMost?: number;
}

/** Size by hand: the numbers are planned as given by hand, and the case is simulated with them. */
export interface Size {
  /** What to do, in whole sentences. */
  readonly task: string;
  /** Where it runs; default: the first engine of the case. */
  readonly engine?: Engine;
  /** What is asked for: the name of each number, and what it is, with its unit. */
  readonly answers: Readonly<Record<string, string>>;
  /** Bounds of a number, by its name; default: the promise alone decides. */
  readonly bounds?: Readonly<Record<string, Bounds>>;
  /** The scenario with these numbers in the place of the plan's. */
  asked(scenario: Scenario, answers: Answers): Scenario;
}

/** Something that the documents of a whole have to show, whoever made them. */
export interface Shown {
  /** What has to be there, as a claim. */
  readonly claim: string;
  /** Types of the resources that may show it. */
  readonly types: readonly string[];
  /** Each matches a line of the same resource. A line is the path to a value and the value, such as `spec.replicas: 2`. */
  readonly lines: readonly RegExp[];
  /** Resources that show it, at least; default: 1. */
  readonly count?: number;
}

/** Build the whole: documents of any origin, in which nothing is found and nothing is missing. */
export interface Build {
  /** What to do, in whole sentences. */
  readonly task: string;
  /** Types of resources, such as `AWS::SQS::Queue` or `keda.sh/ScaledObject`, and how many of each at least. */
  readonly resources: Readonly<Record<string, number>>;
  /** What the task asks of them. At least one. */
  readonly shows: readonly Shown[];
  /** What an alert or an alarm each is on, and the pattern of its name, its condition or its text; empty where the task asks for none. */
  readonly alerts: Readonly<Record<string, RegExp>>;
}

/** The three exercises of a case. */
export interface CaseExercises {
  /** Number of the case. */
  readonly number: number;
  readonly basic: Mend;
  readonly advanced: Size;
  readonly project: Build;
}

/** An exercise of sizing for a scenario of one kind. */
export function sized<Name extends Scenario['kind']>(
  kind: Name,
  { asked, ...size }: Omit<Size, 'asked'> & { asked(scenario: ScenarioOf<Name>, answers: Answers): ScenarioOf<Name> },
): Size {
  return {
    ...size,
    asked(scenario, answers) {
      if (scenario.kind !== kind)
        throw new Error(`the exercise is for a scenario of kind ${kind}, not ${scenario.kind}`);
      // Of the kind that was just seen, which the compiler cannot follow through a type parameter.
      return asked(scenario as ScenarioOf<Name>, answers) as Scenario;
    },
  };
}
