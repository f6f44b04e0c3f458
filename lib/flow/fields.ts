/** Checks that a value is an object, and that its fields are known. For callers in JavaScript, who have no compiler. */
import { type Check, present, shown } from './errors';

/** Every field of a struct, by name. */
export type Fields<T> = Readonly<Record<keyof Required<T>, true>>;

/**
 * The checks of an object: that it is one, that no field is misspelt, and the checks of its fields.
 *
 * @param part its name in messages
 * @param fields every field that it may have; others pass unless they are close to one of these
 * @param checks run only for an object
 */
export function objectChecks<T>(part: string, value: T, fields: Fields<T>, checks: (value: T) => Check[]): Check[] {
  if (value === undefined) return [present(part, value)];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ refused: true, message: `${part} must be an object, got ${shown(value)}` }];
  }
  const every = Object.keys(value).every((name) => Object.hasOwn(fields, name));
  return every ? checks(value) : [...misspelt(value, Object.keys(fields)), ...checks(value)];
}

/** The checks of a list and of every element. */
export function listChecks<T>(part: string, value: readonly T[], checks: (value: readonly T[]) => Check[]): Check[] {
  if (value === undefined) return [present(part, value)];
  if (!Array.isArray(value)) return [{ refused: true, message: `${part} must be a list, got ${shown(value)}` }];
  return checks(value);
}

/** The row of a table under that name, of its own: `toString` is a name of none, though every object has it. */
export function rowOf<T>(table: Readonly<Record<string, T>>, name: unknown): T | undefined {
  return typeof name === 'string' && Object.hasOwn(table, name) ? table[name] : undefined;
}

/** The checks for unknown fields whose name is close to a known one. */
export function misspelt(value: object, known: readonly string[]): Check[] {
  const unknown = Object.keys(value).filter((name) => !known.includes(name));
  return unknown.flatMap((name) => {
    const [nearest] = known.map((one) => ({ one, slips: slips(name, one) })).sort((a, b) => a.slips - b.slips);
    if (nearest === undefined || nearest.slips > Math.min(2, nearest.one.length / 4)) return [];
    return [{ refused: true, message: `${name} is unknown; did you mean ${nearest.one}?` }];
  });
}

/** The known name that is nearest to a name that is not known; the first of several. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  return known.map((one) => ({ one, slips: slips(name, one) })).sort((a, b) => a.slips - b.slips)[0]?.one;
}

/** Typing errors from one name to another; capitals, underscores and a missing end count less than one. */
function slips(name: string, known: string): number {
  const [a, b] = [name, known].map((one) => one.replace(/[_-]/g, '').toLowerCase());
  if (a === b) return 0;
  return a.length >= 5 && b.startsWith(a) ? 0.5 : distance(a, b);
}

/** Characters to change, add or remove from one to the other: Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}
