/**
 * What kind of value a prop is: a Duration, a queue, a list. Compilers see to it; callers in JavaScript have none. Values of
 * another kind are named with what to give instead, and taken out, so that the other checks can go on.
 */
import { type Check, isToken, shown } from './errors';
import { misspelt } from './fields';

/** A value as far as it can be used, and what is wrong with the rest. */
export interface Judged {
  readonly value: unknown;
  readonly faults: readonly string[];
}

/** Judges a value that was given under a name. */
export type Kind = (name: string, value: unknown) => Judged;

/** The kind of every prop. */
export type Kinds<T> = Readonly<Record<keyof Required<T>, Kind>>;

/** Props of which every value is of its kind; what was not is undefined, and in the checks. */
export interface Sound<T> {
  readonly props: T;
  readonly checks: Check[];
}

/**
 * Takes what is usable from props. What was left out altogether counts as an object without fields.
 *
 * @param path what comes before the names of the props in messages
 */
export function sound<T>(props: T, kinds: Kinds<T>, path = ''): Sound<T> {
  const { value, faults } = isObject(props ?? {}) ? fieldsOf(kinds, path, props ?? {}) : struct(kinds)('props', props);
  return { props: (value ?? {}) as T, checks: faults.map((message) => ({ refused: true, message })) };
}

/** Whatever it is: another check names what is wrong with it, also when it is missing. */
export const CHECKED: Kind = (_name, value) => ({ value, faults: [] });

/** A value that has to be given. */
export function needed(kind: Kind): Kind {
  return (name, value) => (value === undefined ? { value, faults: [`${name} is missing`] } : kind(name, value));
}

/** An optional value for which `is` holds; `give` says what to give instead of any other. */
export function kindOf(is: (value: unknown) => boolean, give: string): Kind {
  return (name, value) => {
    if (value === undefined || is(value)) return { value, faults: [] };
    return { value: undefined, faults: [`${name} is ${whatIs(value)}; give ${give}`] };
  };
}

/** An object with all of these members. */
export function having(members: readonly string[], give: string): Kind {
  return kindOf((value) => isObject(value) && members.every((member) => member in value), give);
}

/** A number, or a token that stands for one. */
export const NUMBER = kindOf((value) => typeof value === 'number', 'a number');
/** A text, or a token that stands for one. */
export const TEXT = kindOf((value) => typeof value === 'string', 'text');
/** A switch. */
export const FLAG = kindOf((value) => typeof value === 'boolean', 'true or false');

/** A plain object, the fields of which another check names. */
export const OBJECT = kindOf((value) => isObject(value) && !Array.isArray(value), 'an object');

/** A list of values of one kind. */
export function listOf(kind: Kind): Kind {
  return (name, value) => {
    if (value === undefined) return { value, faults: [] };
    if (!Array.isArray(value)) return { value: undefined, faults: [`${name} is ${whatIs(value)}; give a list`] };
    const judged = value.map((one, index) => needed(kind)(`${name}[${index}]`, one));
    return {
      value: judged.map((one) => one.value).filter((one) => one !== undefined),
      faults: judged.flatMap(({ faults }) => faults),
    };
  };
}

/** Values of one kind by names that the user chose. */
export function mapOf(kind: Kind): Kind {
  return (name, value) => {
    if (value === undefined) return { value, faults: [] };
    if (!isObject(value) || Array.isArray(value)) {
      return { value: undefined, faults: [`${name} is ${whatIs(value)}; give an object with a value for each name`] };
    }
    const judged = Object.entries(value).map(([key, one]) => [key, needed(kind)(`${name}.${key}`, one)] as const);
    const whole = judged.filter(([, one]) => one.value !== undefined);
    return {
      value: Object.fromEntries(whole.map(([key, one]) => [key, one.value])),
      faults: judged.flatMap(([, { faults }]) => faults),
    };
  };
}

/** An object with fields of these kinds. */
export function struct<T>(kinds: Kinds<T>): Kind {
  return (name, value) => {
    if (value === undefined) return { value, faults: [] };
    if (isObject(value) && !Array.isArray(value)) return fieldsOf(kinds, name, value);
    return { value: undefined, faults: [`${name} is ${whatIs(value)}; give an object`] };
  };
}

function fieldsOf<T>(kinds: Kinds<T>, path: string, value: object): Judged {
  const fields = value as Record<string, unknown>;
  const names = Object.keys(kinds) as (keyof T & string)[];
  const faults: string[] = [];
  if (!Object.keys(value).every((name) => Object.hasOwn(kinds, name))) {
    faults.push(...misspelt(value, names).map(({ message }) => message));
  }
  let usable: Record<string, unknown> | undefined;
  for (const field of names) {
    const judged = kinds[field](path === '' ? field : `${path}.${field}`, fields[field]);
    if (judged.value !== fields[field]) {
      usable ??= { ...fields };
      usable[field] = judged.value;
    }
    if (judged.faults.length > 0) faults.push(...judged.faults);
  }
  return { value: usable ?? value, faults };
}

/** What a value is, in a few words. */
function whatIs(value: unknown): string {
  if (isToken(value)) return 'a token';
  if (typeof value === 'number') return `a number, ${shown(value)}`;
  if (typeof value === 'string') return `text, ${shown(value)}`;
  if (typeof value === 'function') return value.name ? `a function or class, ${value.name}` : 'a function';
  if (Array.isArray(value)) return 'a list';
  if (!isObject(value)) return shown(value);
  const known = Object.entries(KNOWN).find(([member]) => member in value);
  return known?.[1] ?? 'an object of another kind';
}

/** What an object with this member is. */
const KNOWN: Readonly<Record<string, string>> = {
  toSeconds: 'a Duration',
  toKibibytes: 'a Size',
  functionArn: 'a Lambda function',
  queueArn: 'a queue',
  topicArn: 'a topic',
  bucketArn: 'a bucket',
  secretArn: 'a secret',
  clusterArn: 'a cluster',
  node: 'a construct of another kind',
};

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
