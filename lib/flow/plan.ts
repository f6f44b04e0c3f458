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
 * What the plan expects to happen over one peak, from its first item to an empty backlog.
 */
export interface Predictions {
  /** Share of time that slots are busy at the peak with every instance up. 0 to below 1. */
  readonly utilisation: number;
  /** Share of items that wait at all at the peak with every instance up (Erlang C). 0 to 1. */
  readonly waitProbability: number;
  /** Median time in seconds from arrival to the end of service. */
  readonly latencyP50Seconds: number;
  /**
   * The 99th percentile of the time in seconds from arrival to the end of service, of the items of many peaks taken
   * together. Near capacity peaks differ: some exceed it with many of their items, others with none.
   */
  readonly latencyP99Seconds: number;
  /**
   * The 99th percentile of one bad peak, in seconds: what one peak in twenty exceeds as the 99th percentile of its own
   * items. The simulation agrees within 20 % for peaks of up to 20 relaxation times at 0.85 to 1.15 of the capacity.
   *
   * @default - not predicted: the peak is long, or its load far below the capacity, so that peaks hardly differ; or
   * instances are added during the peak, or attempts fail, and no law covers it
   */
  readonly badPeakP99Seconds?: number;
  /** The most items that wait at the same time. */
  readonly peakBacklog: number;
  /** Seconds from the end of the peak to an empty backlog. */
  readonly drainSeconds: number;
  /** Seconds from the backlog's growth to the first item of an added instance, at worst. */
  readonly reactionSeconds: number;
  /**
   * US dollars a month for the instances, with one peak a day. What they cost at worst is the knob `costCeiling`.
   *
   * @default - the price of an instance is not known
   */
  readonly monthlyCost?: number;
}

/**
 * Settings that were derived, each with its reason: what every plan has.
 */
export abstract class KnobList {
  constructor(
    /** What was sized, usually a construct id. */
    public readonly subject: string,
    /** Every setting, in the order it was derived; those of a tenant end in a dot and its name. */
    public readonly knobs: Knob[],
  ) {}

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
}

/** Share of the P99 by which that of a bad peak has to differ for a page of reasons to say so. */
const NOTICEABLE = 0.1;

/**
 * What follows from a workload and an objective: every knob with its reason, and what to expect.
 */
export class Plan extends KnobList {
  constructor(
    subject: string,
    knobs: Knob[],
    /** What to expect of the result. */
    public readonly predictions: Predictions,
  ) {
    super(subject, knobs);
  }

  /** The same plan with more knobs; a knob of the same name takes the place of the old one. */
  public withKnobs(knobs: Knob[]): Plan {
    if (knobs.length === 0) return this;
    return new Plan(this.subject, mergedKnobs(this.knobs, knobs), this.predictions);
  }

  /** The one-page "why": every knob with formula, inputs and source, then what to expect. */
  public explain(): string {
    const p = this.predictions;
    const expected = [
      `  utilisation at the peak   ${figure(p.utilisation)}`,
      `  probability of waiting    ${figure(p.waitProbability)}`,
      `  latency P50 / P99         ${figure(p.latencyP50Seconds)} s / ${figure(p.latencyP99Seconds)} s, over the items of many peaks`,
      `  peak backlog              ${figure(p.peakBacklog)} items`,
      `  drained after the peak in ${figure(p.drainSeconds)} s`,
      `  reaction of the scaler    ${figure(p.reactionSeconds)} s`,
    ];
    const bad = p.badPeakP99Seconds;
    if (bad !== undefined && Math.abs(bad - p.latencyP99Seconds) > NOTICEABLE * p.latencyP99Seconds) {
      expected.splice(3, 0, `  latency P99 of a bad peak ${figure(bad)} s, exceeded by one peak in twenty`);
    }
    if (p.monthlyCost !== undefined) expected.push(`  instances                 ${figure(p.monthlyCost)} USD/month`);
    return [`${this.subject}: knobs`, ...explainKnobs(this.knobs), `${this.subject}: expect`, ...expected].join('\n');
  }
}

/** The knob of that name; an unknown one is an error that lists those there are. */
export function knobNamed(subject: string, knobs: readonly Knob[], name: string): Knob {
  const found = knobs.find((knob) => knob.name === name);
  if (found !== undefined) return found;
  throw unknownName(
    subject,
    'knob',
    name,
    knobs.map((knob) => knob.name),
  );
}

/** Both lists as one; of two knobs of the same name the later one stays. */
export function mergedKnobs(knobs: readonly Knob[], later: readonly Knob[]): Knob[] {
  return [...knobs.filter(({ name }) => !later.some((knob) => knob.name === name)), ...later];
}

/** Each knob with value, formula, inputs and source, three lines a knob. */
export function explainKnobs(knobs: readonly Knob[]): string[] {
  return knobs.map(({ name, value, unit, formula, inputs, source }) => {
    const numbers = Object.entries(inputs).map(([input, number]) => `${input} ${figure(number)}`);
    return [
      `  ${name} = ${figure(value)}${Number.isFinite(value) ? ` ${unit}` : ''}`,
      `    ${formula}${numbers.length > 0 ? ` (${numbers.join(', ')})` : ''}`,
      `    ${source}`,
    ].join('\n');
  });
}
