/**
 * CloudFormation's intrinsic functions, worked out as far as a template alone decides them.
 */
import { Composite, isMapping, Reference, type Resolved, UNKNOWN } from '../resolved';

/** What of the template the functions look at. */
export interface Surroundings {
  /** Whether a resource of this logical id exists. */
  hasResource(logicalId: string): boolean;
  /** A parameter's only allowed value; undefined when it is the deployer's choice. */
  onlyValue(parameter: string): unknown;
  /** The `Mappings` section. */
  readonly mappings: Record<string, unknown>;
}

type Part = string | Reference | typeof UNKNOWN;

/** Works out one value; a plain mapping or list comes back as it is, its members not yet worked out. */
export function resolveIntrinsic(raw: unknown, template: Surroundings): Resolved {
  if (typeof raw === 'string') return raw.includes('{{resolve:') ? UNKNOWN : raw;
  if (!isMapping(raw)) return raw as Resolved;
  const keys = Object.keys(raw);
  if (keys.length !== 1) return raw;
  const [name] = keys;
  if (name !== 'Ref' && name !== 'Condition' && !name.startsWith('Fn::')) return raw;
  const evaluate = FUNCTIONS[name];
  // A function that is not known here is not decided here. `Condition` alone is also a plain key of IAM statements.
  if (!evaluate) return name === 'Condition' ? raw : UNKNOWN;
  return evaluate(raw[name], template);
}

type Evaluate = (argument: unknown, template: Surroundings) => Resolved;

const FUNCTIONS: Readonly<Record<string, Evaluate>> = {
  Ref: (argument, template) => {
    if (argument === 'AWS::NoValue') return undefined;
    if (typeof argument !== 'string') return UNKNOWN;
    if (template.hasResource(argument)) return new Reference(argument);
    return (template.onlyValue(argument) as Resolved) ?? UNKNOWN;
  },
  'Fn::GetAtt': (argument, template) => {
    const [id, ...attribute] =
      typeof argument === 'string' ? argument.split('.') : Array.isArray(argument) ? argument : [];
    if (typeof id !== 'string' || !template.hasResource(id) || attribute.some((part) => typeof part !== 'string')) {
      return UNKNOWN;
    }
    return new Reference(id, attribute.join('.'));
  },
  'Fn::Join': (argument, template) => {
    if (!Array.isArray(argument) || typeof argument[0] !== 'string') return UNKNOWN;
    const items = resolveIntrinsic(argument[1], template);
    if (!Array.isArray(items)) return UNKNOWN;
    const parts = items.flatMap((item, i) => [...(i > 0 ? [argument[0] as string] : []), ...partsOf(item, template)]);
    return composed(parts);
  },
  'Fn::Sub': (argument, template) => {
    const [text, given] = Array.isArray(argument) ? argument : [argument, {}];
    if (typeof text !== 'string' || !isMapping(given ?? {})) return UNKNOWN;
    const parts: Part[] = [];
    let from = 0;
    for (const match of text.matchAll(/\$\{(!?)([^}]+)\}/g)) {
      parts.push(text.slice(from, match.index));
      from = match.index + match[0].length;
      const name = match[2].trim();
      if (match[1]) parts.push(`\${${name}}`);
      else if (Object.hasOwn(given ?? {}, name))
        parts.push(...partsOf((given as Record<string, unknown>)[name], template));
      else parts.push(...partsOf(name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name }, template));
    }
    return composed([...parts, text.slice(from)]);
  },
  'Fn::If': (argument, template) => {
    if (!Array.isArray(argument) || argument.length !== 3) return UNKNOWN;
    const [yes, no]: readonly Resolved[] = [
      resolveIntrinsic(argument[1], template),
      resolveIntrinsic(argument[2], template),
    ];
    return yes !== UNKNOWN && JSON.stringify(yes) === JSON.stringify(no) ? yes : UNKNOWN;
  },
  'Fn::FindInMap': (argument, template) => {
    if (!Array.isArray(argument)) return UNKNOWN;
    const [map, first, second] = argument.slice(0, 3).map((key) => resolveIntrinsic(key, template));
    const rows = typeof map === 'string' ? template.mappings[map] : undefined;
    if (!isMapping(rows) || typeof second !== 'string') return UNKNOWN;
    // An unknown first key, a region for instance, does not matter where every row says the same.
    const candidates = typeof first === 'string' ? [rows[first]] : first === UNKNOWN ? Object.values(rows) : [];
    const values = candidates.map((row) => (isMapping(row) ? row[second] : undefined));
    const same = values.length > 0 && values.every((value) => JSON.stringify(value) === JSON.stringify(values[0]));
    return same && values[0] !== undefined ? (values[0] as Resolved) : UNKNOWN;
  },
  'Fn::Select': (argument, template) => {
    if (!Array.isArray(argument)) return UNKNOWN;
    const index = Number(resolveIntrinsic(argument[0], template));
    const list = resolveIntrinsic(argument[1], template);
    if (!Array.isArray(list) || !Number.isInteger(index) || index < 0 || index >= list.length) return UNKNOWN;
    return resolveIntrinsic(list[index], template);
  },
  'Fn::Split': (argument, template) => {
    if (!Array.isArray(argument) || typeof argument[0] !== 'string') return UNKNOWN;
    const text = resolveIntrinsic(argument[1], template);
    return typeof text === 'string' ? text.split(argument[0]) : UNKNOWN;
  },
  'Fn::Length': (argument, template) => {
    const list = resolveIntrinsic(argument, template);
    return Array.isArray(list) ? list.length : UNKNOWN;
  },
  'Fn::Base64': (argument, template) => {
    // What is carried is read as text; who wants the encoding does not want rules.
    return resolveIntrinsic(argument, template);
  },
};

function partsOf(raw: unknown, template: Surroundings): readonly Part[] {
  const value = resolveIntrinsic(raw, template);
  if (typeof value === 'string' || value instanceof Reference) return [value];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  if (value instanceof Composite) return value.parts;
  return [UNKNOWN];
}

function composed(parts: readonly Part[]): Resolved {
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
