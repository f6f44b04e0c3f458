/** Values that are known only at deployment: which may pass as they are, and which a sum at synthesis needs. */
import { type Duration, type IResolvable, Token } from 'aws-cdk-lib';
import { type Check, wholeNumber } from '../flow/errors';

/** The number if it is known at synthesis, or undefined. */
export function resolvedNumber(value: number | IResolvable | undefined): number | undefined {
  return typeof value === 'number' && !Token.isUnresolved(value) ? value : undefined;
}

/** Seconds of the duration if it is known at synthesis, or undefined. */
export function resolvedSeconds(duration: Duration | undefined): number | undefined {
  // A check refuses parts of a second, with the name of the prop.
  return duration === undefined || duration.isUnresolved() ? undefined : duration.toSeconds({ integral: false });
}

/** A check on a duration that goes into a sum at synthesis: whole seconds, known, within `[min, max]`. */
export function wholeSeconds(name: string, duration: Duration | undefined, min: number, max: number): Check {
  if (duration?.isUnresolved()) return mustBeKnown(name);
  return wholeNumber(`${name} in seconds`, duration?.toSeconds({ integral: false }), min, max);
}

/** A check on a number that goes into a sum at synthesis: whole, known, within `[min, max]`. */
export function knownNumber(name: string, value: number | undefined, min: number, max: number): Check {
  return Token.isUnresolved(value) ? mustBeKnown(name) : wholeNumber(name, value, min, max);
}

function mustBeKnown(name: string): Check {
  return { refused: true, message: `${name} must be known at synthesis, got a token` };
}
