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

/** Throws every failed check of the table in one `InvalidInputError`. */
export function validate(subject: string, checks: readonly Check[]): void {
  const failures = checks.filter((check) => check.refused).map((check) => check.message);
  if (failures.length > 0) throw new InvalidInputError(subject, failures);
}

/** A check that `value` is a finite number within `[min, max]`; an absent value passes. */
export function inRange(name: string, value: number | undefined, min: number, max = Number.POSITIVE_INFINITY): Check {
  const refused = value !== undefined && !(Number.isFinite(value) && value >= min && value <= max);
  const limit = max === Number.POSITIVE_INFINITY ? `at least ${min}` : `between ${min} and ${max}`;
  return { refused, message: `${name} must be ${limit}, got ${value}` };
}

/** A check that `value` is a finite number above `min` and below `max`; an absent value passes. */
export function between(name: string, value: number | undefined, min: number, max = Number.POSITIVE_INFINITY): Check {
  const refused = value !== undefined && !(Number.isFinite(value) && value > min && value < max);
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
  const range = inRange(name, value, min, max);
  const refused = range.refused || (value !== undefined && !Number.isInteger(value));
  return { refused, message: range.message.replace(' must be ', ' must be a whole number, ') };
}
