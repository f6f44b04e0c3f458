/**
 * CloudFormation's intrinsic functions, evaluated as far as a template alone decides them.
 */
import { OverLimitError } from '../../document';
import { MAX_COMPOSED, MAX_PARTS, MAX_STEPS } from '../../limits';
import { own } from '../../own';
import { Composite, isMapping, Reference, type Resolved, UNKNOWN } from '../../resolved';

/** The parts of the template that the functions read. */
export interface Surroundings {
  /** Whether a resource of this logical id exists. */
  hasResource(logicalId: string): boolean;
  /** The resource that a name with a dot means, as in `!Ref Handler.Alias`; undefined for none. */
  aliasOf(name: string): string | undefined;
  /** Whether a condition holds; undefined when that is the deployer's choice. */
  holds(condition: string): boolean | undefined;
  /** A parameter's value, when that is decided; undefined when it is the deployer's choice. */
  onlyValue(parameter: string): unknown;
  /** The `Mappings` section. */
  readonly mappings: Record<string, unknown>;
  /** Steps that the functions of this template have taken so far. */
  readonly effort: Effort;
}

/** Counter of steps: a value may be in many places, and each evaluates it again. */
export class Effort {
  private steps = 0;
  private readonly rows = new Map<unknown, Map<string, Resolved>>();

  /**
   * Counts one call, and the characters that it copies.
   *
   * @throws OverLimitError when the total is over the limit
   */
  public spend(characters = 0): void {
    this.steps += 1 + characters / 64;
    if (this.steps > MAX_STEPS) throw new OverLimitError(TOO_MUCH);
  }

  /** The value of every row of a mapping under a key; computed once. */
  public sameInAllRows(rows: Record<string, unknown>, key: string): Resolved {
    let known = this.rows.get(rows);
    if (!known) {
      known = new Map();
      this.rows.set(rows, known);
    }
    if (!known.has(key)) known.set(key, sameOf(Object.values(rows).map((row) => cell(row, key))));
    return known.get(key);
  }
}

const TOO_MUCH = `has intrinsic functions that take more than ${MAX_STEPS} steps to work out, which is the limit`;

type Part = string | Reference | typeof UNKNOWN;

/** Evaluates one value; a plain mapping or list is returned as it is, its members not yet evaluated. */
export function resolveIntrinsic(raw: unknown, template: Surroundings): Resolved {
  if (typeof raw === 'string') return raw.includes('{{resolve:') ? UNKNOWN : raw;
  if (!isMapping(raw)) return raw as Resolved;
  const keys = Object.keys(raw);
  if (keys.length !== 1) return raw;
  const [name] = keys;
  if (name !== 'Ref' && name !== 'Condition' && !name.startsWith('Fn::')) return raw;
  template.effort.spend();
  const evaluate = own(FUNCTIONS, name);
  // An unknown function is undecided. `Condition` alone is also a plain key of IAM statements.
  if (!evaluate) return name === 'Condition' ? raw : UNKNOWN;
  return evaluate(raw[name], template);
}

type Evaluate = (argument: unknown, template: Surroundings) => Resolved;

const FUNCTIONS: Readonly<Record<string, Evaluate>> = {
  Ref: (argument, template) => {
    if (argument === 'AWS::NoValue') return undefined;
    if (typeof argument !== 'string') return UNKNOWN;
    if (template.hasResource(argument)) return new Reference(argument);
    const alias = template.aliasOf(argument);
    if (alias !== undefined) return new Reference(alias);
    return (template.onlyValue(argument) as Resolved) ?? UNKNOWN;
  },
  'Fn::GetAtt': (argument, template) => {
    const [id, ...attribute] =
      typeof argument === 'string' ? argument.split('.') : Array.isArray(argument) ? argument : [];
    if (typeof id !== 'string' || attribute.some((part) => typeof part !== 'string')) return UNKNOWN;
    const [first = '', ...rest] = attribute.join('.').split('.');
    const alias = template.aliasOf(`${id}.${first}`);
    if (alias !== undefined) return new Reference(alias, rest.join('.'));
    return template.hasResource(id) ? new Reference(id, attribute.join('.')) : UNKNOWN;
  },
  // No function of CloudFormation: what a plan of another tool says of a value that it does not know.
  'Fn::MadeOf': (argument, template) => {
    const value = resolveIntrinsic(argument, template);
    return value instanceof Reference ? new Reference(value.name, value.attribute, true) : UNKNOWN;
  },
  'Fn::Join': (argument, template) => {
    if (!Array.isArray(argument) || typeof argument[0] !== 'string') return UNKNOWN;
    const items = resolveIntrinsic(argument[1], template);
    if (!Array.isArray(items)) return UNKNOWN;
    const parts = items.flatMap((item, i) => [...(i > 0 ? [argument[0] as string] : []), ...partsOf(item, template)]);
    return composed(parts, template);
  },
  'Fn::Sub': (argument, template) => {
    const [text, given] = Array.isArray(argument) ? argument : [argument, {}];
    if (typeof text !== 'string' || !isMapping(given ?? {})) return UNKNOWN;
    template.effort.spend(text.length);
    const known = new Map<string, readonly Part[]>();
    const variable = (name: string): readonly Part[] => {
      if (Object.hasOwn(given ?? {}, name)) return partsOf((given as Record<string, unknown>)[name], template);
      return partsOf(name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name }, template);
    };
    const parts: Part[] = [];
    let from = 0;
    for (const match of text.matchAll(/\$\{(!?)([^{}]+)\}/g)) {
      parts.push(text.slice(from, match.index));
      from = match.index + match[0].length;
      const name = match[2].trim();
      if (match[1]) parts.push(`\${${name}}`);
      else {
        // Once a variable: in a text it may stand a thousand times.
        if (!known.has(name)) known.set(name, variable(name));
        for (const part of known.get(name)!) parts.push(part);
      }
      if (parts.length > MAX_PARTS) return UNKNOWN;
    }
    return composed([...parts, text.slice(from)], template);
  },
  'Fn::If': (argument, template) => {
    if (!Array.isArray(argument) || argument.length !== 3) return UNKNOWN;
    const chosen = typeof argument[0] === 'string' ? template.holds(argument[0]) : undefined;
    if (chosen !== undefined) return resolveIntrinsic(argument[chosen ? 1 : 2], template);
    const [yes, no]: readonly Resolved[] = [
      resolveIntrinsic(argument[1], template),
      resolveIntrinsic(argument[2], template),
    ];
    return yes !== UNKNOWN && same(yes, no) ? yes : UNKNOWN;
  },
  'Fn::FindInMap': (argument, template) => {
    if (!Array.isArray(argument)) return UNKNOWN;
    const [map, first, second] = argument.slice(0, 3).map((key) => resolveIntrinsic(key, template));
    const rows = typeof map === 'string' ? own(template.mappings, map) : undefined;
    if (!isMapping(rows) || typeof second !== 'string') return UNKNOWN;
    // An unknown first key, a region for instance, does not matter where every row has the same value.
    if (first === UNKNOWN) return template.effort.sameInAllRows(rows, second);
    return typeof first === 'string' ? sameOf([cell(own(rows, first), second)]) : UNKNOWN;
  },
  'Fn::Select': (argument, template) => {
    if (!Array.isArray(argument)) return UNKNOWN;
    const index = indexOf(resolveIntrinsic(argument[0], template));
    const list = resolveIntrinsic(argument[1], template);
    if (!Array.isArray(list) || index === undefined || index >= list.length) return UNKNOWN;
    return resolveIntrinsic(list[index], template);
  },
  'Fn::Split': (argument, template) => {
    if (!Array.isArray(argument) || typeof argument[0] !== 'string') return UNKNOWN;
    const text = resolveIntrinsic(argument[1], template);
    if (typeof text !== 'string') return UNKNOWN;
    template.effort.spend(text.length);
    return text.split(argument[0]);
  },
  'Fn::Length': (argument, template) => {
    const list = resolveIntrinsic(argument, template);
    return Array.isArray(list) ? list.length : UNKNOWN;
  },
  'Fn::Base64': (argument, template) => {
    // An embedded text is checked as text, not in its encoding.
    return resolveIntrinsic(argument, template);
  },
};

/** The index as a whole number; undefined for anything else. */
function indexOf(value: Resolved): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || !/^\d{1,9}$/.test(value))) return undefined;
  const index = Number(value);
  return Number.isInteger(index) && index >= 0 ? index : undefined;
}

/** The value of a row under a key: scalars and lists of scalars, without functions. */
function cell(row: unknown, key: string): unknown {
  const value = isMapping(row) ? own(row, key) : undefined;
  return isScalar(value) || (Array.isArray(value) && value.every(isScalar)) ? value : undefined;
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** The common value; undecided when they differ or there is none. */
function sameOf(values: readonly unknown[]): Resolved {
  const [first, ...rest] = values;
  return first !== undefined && rest.every((value) => same(value, first)) ? (first as Resolved) : UNKNOWN;
}

/** Whether two values are equal. Ends at the first difference, so it takes no longer than the smaller one. */
function same(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  const [left, right] = [one, other] as Record<string, unknown>[];
  return keys.every((key) => Object.hasOwn(right, key) && same(left[key], right[key]));
}

function partsOf(raw: unknown, template: Surroundings): readonly Part[] {
  const value = resolveIntrinsic(raw, template);
  if (typeof value === 'string' || value instanceof Reference) return [value];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  if (value instanceof Composite) return value.parts;
  return [UNKNOWN];
}

function composed(parts: readonly Part[], template: Surroundings): Resolved {
  const length = parts.reduce((sum, part) => sum + (typeof part === 'string' ? part.length : 1), 0);
  template.effort.spend(length);
  // Nothing that long can be deployed.
  if (length > MAX_COMPOSED || parts.length > MAX_PARTS) return UNKNOWN;
  const merged: Part[] = [];
  for (const part of parts) {
    const last = merged[merged.length - 1];
    if (typeof part === 'string' && typeof last === 'string') merged[merged.length - 1] = last + part;
    else if (part !== '') merged.push(part);
  }
  if (merged.length === 0) return '';
  if (merged.length > 1) return new Composite(merged);
  return merged[0];
}
