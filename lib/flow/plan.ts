import { InvalidInputError, unknownName } from './errors';
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
 * How a plan is printed.
 */
export enum ExplainFormat {
  /** Lines for a terminal or a log. */
  TEXT = 'text',
  /** Tables for a pull request or a page. */
  MARKDOWN = 'markdown',
  /** For a program. */
  JSON = 'json',
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

  /**
   * The one-page "why": every knob with formula, inputs and source, then the predictions, then accepted drawbacks.
   *
   * @param format text, Markdown or JSON. In JSON a number that is infinite is null. Default: text.
   * @throws InvalidInputError when there is no such format
   */
  public explain(format?: ExplainFormat): string {
    const { subject, knobs, remarks } = this;
    const explained = { subject, knobs, expect: this.expectations(), remarks };
    switch (format ?? ExplainFormat.TEXT) {
      case ExplainFormat.TEXT:
        return asText(explained);
      case ExplainFormat.MARKDOWN:
        return asMarkdown(explained);
      case ExplainFormat.JSON:
        return JSON.stringify(explained, undefined, 2);
      default:
        throw new InvalidInputError(subject, [
          `format must be one of ${Object.values(ExplainFormat).join(', ')}, got ${format}`,
        ]);
    }
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

/** What is printed of a plan. */
interface Explained {
  readonly subject: string;
  readonly knobs: readonly Knob[];
  readonly expect: readonly Expectation[];
  readonly remarks: readonly string[];
}

function asText({ subject, knobs, expect, remarks }: Explained): string {
  return [
    `${subject}: knobs`,
    ...knobs.map((knob) => `  ${knob.name} = ${quantityOf(knob)}\n    ${reasonOf(knob)}\n    ${knob.source}`),
    `${subject}: expect`,
    ...expect.map(({ label, text }) => `  ${label.padEnd(25)} ${text}`),
    ...remarks,
  ].join('\n');
}

function asMarkdown({ subject, knobs, expect, remarks }: Explained): string {
  return [
    `## ${subject}`,
    ...['', '| knob | value | because | source |', '|---|---:|---|---|'],
    ...knobs.map((knob) => row(`\`${knob.name}\``, quantityOf(knob), reasonOf(knob), knob.source)),
    ...['', '| expect | |', '|---|---|'],
    ...expect.map(({ label, text }) => row(label, text)),
    ...remarks.flatMap((remark) => ['', remark]),
  ].join('\n');
}

/** A row of a table, in which a bar or a new line would end the cell. */
function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ')).join(' | ')} |`;
}

function quantityOf({ value, unit }: Knob): string {
  return `${figure(value)}${Number.isFinite(value) ? ` ${unit}` : ''}`;
}

/** The formula and the numbers that went in. */
function reasonOf({ formula, inputs }: Knob): string {
  const numbers = Object.entries(inputs).map(([input, number]) => `${input} ${figure(number)}`);
  return numbers.length > 0 ? `${formula} (${numbers.join(', ')})` : formula;
}
