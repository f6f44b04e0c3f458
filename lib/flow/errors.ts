/**
 * The workload cannot be served as asked. Names the bottleneck and the ways out.
 */
export class CapacityError extends Error {
  public readonly name = 'CapacityError';

  constructor(
    /** What cannot be sized, usually a construct id. */
    public readonly subject: string,
    /** What does not fit, with the numbers. */
    public readonly reason: string,
    /** Changes that would each make it fit, with the numbers. At least one. */
    public readonly waysOut: readonly string[],
  ) {
    super(`${subject}: ${reason}; ${waysOut.join(', or ')}`);
  }
}

/**
 * Input outside its range. All failures of one subject are reported together.
 */
export class InvalidInputError extends Error {
  public readonly name = 'InvalidInputError';

  constructor(
    /** Whose input it is, usually a construct id. */
    public readonly subject: string,
    /** One sentence a failure: the name, the value given, the limit. */
    public readonly failures: readonly string[],
  ) {
    super(`${subject}: ${failures.join('; ')}`);
  }
}

/** One line of a validation table: what is refused, and the sentence that says so. */
export interface Check {
  /** True when the input is refused. */
  readonly refused: boolean;
  /** Names the prop, the value given and the limit. */
  readonly message: string;
}

/** Every check of a range that holds: its sentence would be written for nobody. */
const PASSED: Check = { refused: false, message: '' };

/** Throws every failed check of the table in one `InvalidInputError`. */
export function validate(subject: string, checks: readonly Check[]): void {
  if (!checks.some(({ refused }) => refused)) return;
  const failures = checks.filter(({ refused }) => refused).map(({ message }) => message);
  throw new InvalidInputError(subject, failures);
}

/** A value as a message shows it. Callers in JavaScript give texts, and what has no text of its own. */
export function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined)
    return `${value}`;
  return typeof value === 'string' ? `'${value.slice(0, 80)}'` : `a value of type ${typeof value}`;
}

/**
 * The error of a look-up by name that finds nothing.
 *
 * @param kind what is looked up, in a word: `tenant`
 * @param names all that there are
 */
export function unknownName(subject: string, kind: string, name: unknown, names: readonly string[]): InvalidInputError {
  return new InvalidInputError(subject, [`no ${kind} ${shown(name)}; there are ${names.join(', ') || 'none'}`]);
}

/**
 * Refuses what is no object, and a field of one that is no number. Compilers see to both; callers in JavaScript have none.
 *
 * @param parts the objects, by the name that messages have for them
 * @param others fields that are no numbers
 * @throws InvalidInputError that names each of them
 */
export function givenObjects(
  subject: string,
  parts: Readonly<Record<string, unknown>>,
  others: readonly string[] = [],
): void {
  const failures = Object.entries(parts).flatMap(([part, value]) => {
    if (typeof value !== 'object' || value === null) return [`${part} must be an object, got ${shown(value)}`];
    return Object.entries(value)
      .filter(([name, field]) => field !== undefined && typeof field !== 'number' && !others.includes(name))
      .map(([name, field]) => `${name} must be a number, got ${shown(field)}`);
  });
  if (failures.length > 0) throw new InvalidInputError(subject, failures);
}

/** Refuses what is no list. */
export function givenList(subject: string, name: string, value: unknown): void {
  if (!Array.isArray(value)) throw new InvalidInputError(subject, [`${name} must be a list, got ${shown(value)}`]);
}

/** A check that `value` is at least `min` and below `max`; an absent value passes. */
export function fromBelow(name: string, value: number | undefined, min: number, max: number): Check {
  const refused = value !== undefined && !(typeof value === 'number' && value >= min && value < max);
  return refused
    ? { refused, message: `${name} must be at least ${min} and below ${max}, got ${shown(value)}` }
    : PASSED;
}

/**
 * A check that `value` is a number above 0, and within what can be: the message names the limit that it passes. An absent
 * value passes.
 */
export function positive(name: string, value: number | undefined, least: number, most: number): Check {
  if (value === undefined || (Number.isFinite(value) && value >= least && value <= most)) return PASSED;
  const limit =
    value > most && Number.isFinite(value)
      ? `at most ${most}`
      : value > 0 && value < least
        ? `at least ${least}`
        : 'above 0';
  return { refused: true, message: `${name} must be ${limit}, got ${shown(value)}` };
}

/** A check that `value` is at least `min`, and at most what can be; an absent value passes. */
export function atLeast(name: string, value: number | undefined, min: number, most: number): Check {
  if (value === undefined || (Number.isFinite(value) && value >= min && value <= most)) return PASSED;
  const limit = Number.isFinite(value) && value > most ? `at most ${most}` : `at least ${min}`;
  return { refused: true, message: `${name} must be ${limit}, got ${shown(value)}` };
}

/** A check that `value` is a whole number, at least `min`, and at most what can be; an absent value passes. */
export function wholeAtLeast(name: string, value: number | undefined, min: number, most: number): Check {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= most)) return PASSED;
  const limit = Number.isInteger(value) && value > most ? `at most ${most}` : `at least ${min}`;
  return { refused: true, message: `${name} must be a whole number, ${limit}, got ${shown(value)}` };
}

/** A check that `value` is a finite number within `[min, max]`; an absent value passes. */
export function inRange(name: string, value: number | undefined, min: number, max = Number.POSITIVE_INFINITY): Check {
  const refused = value !== undefined && !(Number.isFinite(value) && value >= min && value <= max);
  return refused ? { refused, message: `${name} must be ${withinText(min, max)}, got ${shown(value)}` } : PASSED;
}

/** A check that `value` is a finite number above `min` and below `max`; an absent value passes. */
export function between(name: string, value: number | undefined, min: number, max = Number.POSITIVE_INFINITY): Check {
  const refused = value !== undefined && !(Number.isFinite(value) && value > min && value < max);
  if (!refused) return PASSED;
  const limit = max === Number.POSITIVE_INFINITY ? `above ${min}` : `above ${min} and below ${max}`;
  return { refused, message: `${name} must be ${limit}, got ${shown(value)}` };
}

/** A check that `value` is a whole number within `[min, max]`; an absent value passes. */
export function wholeNumber(
  name: string,
  value: number | undefined,
  min: number,
  max = Number.POSITIVE_INFINITY,
): Check {
  const refused = value !== undefined && !(Number.isInteger(value) && value >= min && value <= max);
  if (!refused) return PASSED;
  return { refused, message: `${name} must be a whole number, ${withinText(min, max)}, got ${shown(value)}` };
}

/** A check that `value` is one of the texts there are: a caller in JavaScript may give any. An absent value passes. */
export function oneOf(name: string, value: unknown, known: readonly unknown[]): Check {
  const refused = value !== undefined && !known.includes(value);
  return refused ? { refused, message: `${name} must be one of ${known.join(', ')}, got ${shown(value)}` } : PASSED;
}

function withinText(min: number, max: number): string {
  return max === Number.POSITIVE_INFINITY ? `at least ${min}` : `between ${min} and ${max}`;
}
