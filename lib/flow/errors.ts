/**
 * The workload cannot be served as asked. Names the bottleneck and the ways out.
 */
export class CapacityError extends Error {
  public readonly name = 'CapacityError';

  constructor(
    /** The subject that cannot be sized, usually a construct id. */
    public readonly subject: string,
    /** The reason, with the numbers. */
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

/** One row of a validation table: a condition and its message. */
export interface Check {
  /** True when the input is refused. */
  readonly refused: boolean;
  /** Names the prop, the value given and the limit. */
  readonly message: string;
}

/** The result of every check that passes: its message would never be read. */
const PASSED: Check = { refused: false, message: '' };

/** Throws every failed check of the table in one `InvalidInputError`. */
export function validate(subject: string, checks: readonly Check[]): void {
  if (!checks.some(({ refused }) => refused)) return;
  // Two tables may hold the same check, of a prop and of a value derived from it.
  const failures = [...new Set(checks.filter(({ refused }) => refused).map(({ message }) => message))];
  throw new InvalidInputError(subject, failures);
}

/** A value as a message shows it. Callers in JavaScript may give text, or values that cannot be printed. */
export function shown(value: unknown): string {
  if (isToken(value)) return 'a token';
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined)
    return `${value}`;
  return typeof value === 'string' ? `'${value.slice(0, 80)}'` : `a value of type ${typeof value}`;
}

/**
 * Whether a number or text is a token, a value that only the deployment knows. This layer has no CDK; it knows the
 * encodings: a number of which the first 16 bits are 0xFBFF, about -1.888e+289, and a text with `${Token[...]}` in it.
 *
 * Source: aws-cdk-lib, core/lib/private/encoding.ts.
 */
export function isToken(value: unknown): boolean {
  if (typeof value === 'string') return /[$#]\{Token\[/.test(value);
  if (typeof value !== 'number' || value > -1e288) return false;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  return bits.getUint16(0) === 0xfbff;
}

/** Whether it can be compared with others: a number, not NaN and no token. */
export function isKnown(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value) && !isToken(value);
}

/** The message for a value where a number is needed; undefined when it is a number. */
function noNumber(name: string, value: unknown): string | undefined {
  if (isToken(value)) return `${name} is a token that only the deployment knows, and must be known at synthesis`;
  if (typeof value === 'number') return undefined;
  if (typeof value === 'string') return `${name} is text, ${shown(value)}; give a number, e.g. Number(value)`;
  if (typeof value !== 'object' || value === null) return `${name} must be a number, got ${shown(value)}`;
  if ('toSeconds' in value) return `${name} is a Duration; give seconds as a number: duration.toSeconds()`;
  if ('toKibibytes' in value) return `${name} is a Size; give bytes as a number: 1024 * size.toKibibytes()`;
  return `${name} must be a number, got ${shown(value)}`;
}

/**
 * The error of a look-up by name that finds nothing.
 *
 * @param kind the kind of thing, in a word: `tenant`
 * @param names all known names
 */
export function unknownName(subject: string, kind: string, name: unknown, names: readonly string[]): InvalidInputError {
  return new InvalidInputError(subject, [`no ${kind} ${shown(name)}; there are ${names.join(', ') || 'none'}`]);
}

/** A check of a number that was given; for another type the message names the type. */
function ranged(name: string, value: unknown, allowed: (value: number) => boolean, limit: (value: number) => string) {
  const message = noNumber(name, value);
  if (message !== undefined) return { refused: true, message };
  const number = value as number;
  if (allowed(number)) return PASSED;
  return { refused: true, message: `${name} must be ${limit(number)}, got ${shown(number)}` };
}

/** A check that a field was given at all. */
export function present(name: string, value: unknown): Check {
  return { refused: value === undefined, message: `${name} is missing` };
}

/** A check of a field that has to be given, by one of the checks below: `required(positive, 'rate', rate, 0, 9)`. */
export function required<A extends unknown[]>(
  check: (name: string, value: number | undefined, ...limits: A) => Check,
  name: string,
  value: number | undefined,
  ...limits: A
): Check {
  return value === undefined ? present(name, value) : check(name, value, ...limits);
}

/** A check that `value` is at least `min` and below `max`; an absent value passes. */
export function fromBelow(name: string, value: number | undefined, min: number, max: number): Check {
  if (value === undefined) return PASSED;
  return ranged(
    name,
    value,
    (number) => number >= min && number < max,
    () => `at least ${min} and below ${max}`,
  );
}

/**
 * A check that `value` is a number above 0 and within the possible range: the message names the limit. An absent value
 * passes.
 */
export function positive(name: string, value: number | undefined, least: number, most: number): Check {
  if (value === undefined) return PASSED;
  return ranged(name, value, within(least, most), (number) => {
    if (number > most && Number.isFinite(number)) return `at most ${most}`;
    return number > 0 && number < least ? `at least ${least}` : 'above 0';
  });
}

/** A check that `value` is a number above 0, at most `most`; an absent value passes. */
export function above0(name: string, value: number | undefined, most: number): Check {
  if (value === undefined) return PASSED;
  return ranged(
    name,
    value,
    (number) => number > 0 && number <= most,
    () => `above 0, at most ${most}`,
  );
}

/** A check that `value` is at least `min` and at most the possible maximum; an absent value passes. */
export function atLeast(name: string, value: number | undefined, min: number, most: number): Check {
  if (value === undefined) return PASSED;
  return ranged(name, value, within(min, most), (number) =>
    Number.isFinite(number) && number > most ? `at most ${most}` : `at least ${min}`,
  );
}

/** A check that `value` is a whole number, at least `min` and at most the possible maximum; an absent value passes. */
export function wholeAtLeast(name: string, value: number | undefined, min: number, most: number): Check {
  if (value === undefined) return PASSED;
  const allowed = (number: number) => Number.isInteger(number) && within(min, most)(number);
  return ranged(
    name,
    value,
    allowed,
    (number) => `a whole number, ${Number.isInteger(number) && number > most ? `at most ${most}` : `at least ${min}`}`,
  );
}

/** A check that `value` is a finite number within `[min, max]`; an absent value passes. */
export function inRange(name: string, value: number | undefined, min: number, max = Number.POSITIVE_INFINITY): Check {
  if (value === undefined) return PASSED;
  return ranged(name, value, within(min, max), () => withinText(min, max));
}

/** A check that `value` is a finite number above `min` and below `max`; an absent value passes. */
export function between(name: string, value: number | undefined, min: number, max = Number.POSITIVE_INFINITY): Check {
  if (value === undefined) return PASSED;
  return ranged(
    name,
    value,
    (number) => Number.isFinite(number) && number > min && number < max,
    () => (max === Number.POSITIVE_INFINITY ? `above ${min}` : `above ${min} and below ${max}`),
  );
}

/** A check that `value` is a whole number within `[min, max]`; an absent value passes. */
export function wholeNumber(
  name: string,
  value: number | undefined,
  min: number,
  max = Number.POSITIVE_INFINITY,
): Check {
  if (value === undefined) return PASSED;
  const allowed = (number: number) => Number.isInteger(number) && within(min, max)(number);
  return ranged(name, value, allowed, () => `a whole number, ${withinText(min, max)}`);
}

/** A check that `value` is one of the known texts: a caller in JavaScript may give any. An absent value passes. */
export function oneOf(name: string, value: unknown, known: readonly unknown[]): Check {
  const refused = value !== undefined && !known.includes(value);
  return refused ? { refused, message: `${name} must be one of ${known.join(', ')}, got ${shown(value)}` } : PASSED;
}

function within(min: number, max: number): (value: number) => boolean {
  return (value) => Number.isFinite(value) && value >= min && value <= max;
}

function withinText(min: number, max: number): string {
  return max === Number.POSITIVE_INFINITY ? `at least ${min}` : `between ${min} and ${max}`;
}
