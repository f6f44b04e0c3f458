import { unknownName } from './errors';
import { figure } from './figures';

/**
 * One setting that follows from the workload, with its reason.
 */
export interface Knob {
  /** Name of the setting, in the field's own term, e.g. `visibilityTimeoutSeconds`. */
  readonly name: string;
  /** The value, in `unit`. */
  readonly value: number;
  /** Unit of the value: `s`, `items`, `instances`, `bytes`, `ratio`, `USD/month`. */
  readonly unit: string;
  /** How the value follows from the inputs, in words and symbols. `given` when it was set by hand. */
  readonly formula: string;
  /** The numbers that went in, by name. */
  readonly inputs: { [name: string]: number };
  /** Where the rule comes from. */
  readonly source: string;
}

/**
 * One prediction of a plan, as text.
 */
export interface Expectation {
  /** Name of the prediction, in a few words: `peak backlog`. For the share of a tenant, the tenant's name. */
  readonly label: string;
  /** How much, with its unit: `25,500 items`. */
  readonly text: string;
}

/**
 * Settings that follow from a workload and an objective, each with its reason, and the predictions. Each subject has
 * its own plan, with its predictions as numbers.
 */
export abstract class Plan {
  constructor(
    /** Name of the sized subject, usually a construct id. */
    public readonly subject: string,
    /** Every setting, in the order it was derived; those of a tenant end in a dot and its name. */
    public readonly knobs: Knob[],
    /** Accepted drawbacks: extra cost, or an effect that users notice. One sentence each. */
    public readonly remarks: string[] = [],
  ) {}

  /** The predictions, line by line, as `explain()` prints them. */
  public abstract expectations(): Expectation[];

  /**
   * The knob of that name.
   *
   * @throws InvalidInputError when the plan has no such knob; the message lists those it has
   */
  public knob(name: string): Knob {
    return knobNamed(this.subject, this.knobs, name);
  }

  /** The value of the knob of that name, in its unit. */
  public value(name: string): number {
    return this.knob(name).value;
  }

  /** The same plan with more knobs; a knob of the same name takes the place of the old one. */
  public withKnobs(knobs: Knob[]): this {
    if (knobs.length === 0) return this;
    return Object.assign(Object.create(Object.getPrototypeOf(this)), this, { knobs: mergedKnobs(this.knobs, knobs) });
  }

  /** The one-page "why": every knob with formula, inputs and source, then the predictions. */
  public explain(): string {
    return [
      `${this.subject}: knobs`,
      ...this.knobs.map(knobText),
      `${this.subject}: expect`,
      ...this.expectations().map(({ label, text }) => `  ${label.padEnd(25)} ${text}`),
      ...this.remarks,
    ].join('\n');
  }
}

/** A knob that was set by hand. */
export function given(name: string, value: number, unit: string, source = 'set by hand'): Knob {
  return { name, value, unit, formula: 'given', inputs: {}, source };
}

/** Formula and inputs of a knob that is derived unless it was given by hand. */
export function unlessGiven(
  value: unknown,
  formula: string,
  inputs: Knob['inputs'] = {},
): Pick<Knob, 'formula' | 'inputs'> {
  return value === undefined ? { formula, inputs } : { formula: 'given', inputs: {} };
}

/** The knob of that name; an unknown name is an error that lists the known ones. */
function knobNamed(subject: string, knobs: readonly Knob[], name: string): Knob {
  return named(subject, 'knob', knobs, name);
}

/** The one of that name; an unknown name is an error that lists the known ones. */
export function named<T extends { readonly name: string }>(
  subject: string,
  kind: string,
  list: readonly T[],
  name: string,
): T {
  // A loop: a template reads dozens of values, and a search with a function takes several times as long.
  for (const one of list) if (one.name === name) return one;
  throw unknownName(
    subject,
    kind,
    name,
    list.map((one) => one.name),
  );
}

/** Both lists as one; of two knobs of the same name, also of two later ones, the last one stays. */
function mergedKnobs(knobs: readonly Knob[], later: readonly Knob[]): Knob[] {
  const all = [...knobs, ...later];
  const last = new Map<string, Knob>();
  for (const knob of all) last.set(knob.name, knob);
  return last.size === all.length ? all : all.filter((knob) => last.get(knob.name) === knob);
}

/** A knob with value, formula, inputs and source, in three lines. */
function knobText({ name, value, unit, formula, inputs, source }: Knob): string {
  const numbers = Object.entries(inputs).map(([input, number]) => `${input} ${figure(number)}`);
  return [
    `  ${name} = ${figure(value)}${Number.isFinite(value) ? ` ${unit}` : ''}`,
    `    ${formula}${numbers.length > 0 ? ` (${numbers.join(', ')})` : ''}`,
    `    ${source}`,
  ].join('\n');
}
