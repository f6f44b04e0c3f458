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

/** A check that `value` is a finite number within `[min, max]`; an absent value passes. */
export function inRange(name: string, value: number | undefined, min: number, max = Number.POSITIVE_INFINITY): Check {
  const refused = value !== undefined && !(Number.isFinite(value) && value >= min && value <= max);
  return refused ? { refused, message: `${name} must be ${withinText(min, max)}, got ${value}` } : PASSED;
}

/** A check that `value` is a finite number above `min` and below `max`; an absent value passes. */
export function between(name: string, value: number | undefined, min: number, max = Number.POSITIVE_INFINITY): Check {
  const refused = value !== undefined && !(Number.isFinite(value) && value > min && value < max);
  if (!refused) return PASSED;
  const limit = max === Number.POSITIVE_INFINITY ? `above ${min}` : `above ${min} and below ${max}`;
  return { refused, message: `${name} must be ${limit}, got ${value}` };
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
  return { refused, message: `${name} must be a whole number, ${withinText(min, max)}, got ${value}` };
}

function withinText(min: number, max: number): string {
  return max === Number.POSITIVE_INFINITY ? `at least ${min}` : `between ${min} and ${max}`;
}
