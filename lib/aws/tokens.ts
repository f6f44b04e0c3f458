/** Values that only the deployment knows: what may pass unread, and what a sum at synthesis needs. */
import { type Duration, type IResolvable, Token } from 'aws-cdk-lib';
import { type Check, wholeNumber } from '../flow/errors';

/** A number that the template alone decides, or undefined. */
export function resolvedNumber(value: number | IResolvable | undefined): number | undefined {
  return typeof value === 'number' && !Token.isUnresolved(value) ? value : undefined;
}

/** Seconds of a duration that the template alone decides, or undefined. */
export function resolvedSeconds(duration: Duration | undefined): number | undefined {
  // Part of a second is for a check to refuse, by the name of the prop.
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
