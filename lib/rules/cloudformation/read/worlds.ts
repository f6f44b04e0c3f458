/**
 * What a deployer may choose: the branch of a condition, and the default of a parameter. A template is judged under each
 * choice, so that what is wrong whichever way they choose is found, and what is wrong unless they choose otherwise is a
 * warning.
 */
import { own } from '../../own';
import { isMapping, type Resolved, scalarText } from '../../resolved';

/** One set of choices. */
export interface World {
  /** The outcome of conditions, by name; the others are not decided. */
  readonly conditions?: Readonly<Record<string, boolean>>;
  /** Whether parameters have their defaults. */
  readonly defaults?: boolean;
}

/** Types whose default is the name of a value that is kept elsewhere. */
const KEPT_ELSEWHERE = /^AWS::SSM::/;

/** The default of a parameter; undefined when it has none, or is a name of something else. */
export function defaultOf(declared: unknown): Resolved {
  if (!isMapping(declared) || KEPT_ELSEWHERE.test(scalarText(declared.Type))) return undefined;
  const value = declared.Default;
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  if (/List/.test(scalarText(declared.Type)))
    return scalarText(value)
      .split(',')
      .map((item) => item.trim());
  return value;
}

/** Conditions within conditions. */
const MOST_LEVELS = 20;

/** Whether a condition holds; undefined when that is not decided. */
export function holds(
  conditions: Readonly<Record<string, unknown>>,
  name: string,
  resolve: (raw: unknown) => Resolved,
): boolean | undefined {
  const value = (raw: unknown, level: number): boolean | undefined => {
    if (!isMapping(raw) || level > MOST_LEVELS) return undefined;
    const [key] = Object.keys(raw);
    const parts = Array.isArray(raw[key]) ? (raw[key] as unknown[]) : [];
    if (key === 'Condition') return value(own(conditions, scalarText(raw[key])), level + 1);
    if (key === 'Fn::Equals') {
      const [one, other] = parts.map(resolve);
      return isScalar(one) && isScalar(other) ? scalarText(one) === scalarText(other) : undefined;
    }
    const each = parts.map((part) => value(part, level + 1));
    if (key === 'Fn::Not') return each[0] === undefined ? undefined : !each[0];
    if (key === 'Fn::And') return each.includes(false) ? false : each.includes(undefined) ? undefined : true;
    if (key === 'Fn::Or') return each.includes(true) ? true : each.includes(undefined) ? undefined : false;
    return undefined;
  };
  return value(own(conditions, name), 0);
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** The conditions that choose a value somewhere below. */
export function choosing(raw: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(raw)) for (const item of raw) choosing(item, found);
  else if (isMapping(raw)) {
    const branches = raw['Fn::If'];
    if (Array.isArray(branches) && typeof branches[0] === 'string') found.add(branches[0]);
    for (const key of Object.keys(raw)) choosing(raw[key], found);
  }
  return found;
}
