import { type Check, shown, validate } from '../flow/errors';

/**
 * The given name of a component. Pulumi refuses an empty one before the component's own checks run.
 *
 * @throws InvalidInputError when it is empty
 */
export function componentName(type: string, name: string): string {
  const refused = typeof name !== 'string' || name === '';
  validate(type, [{ refused, message: `name must be a text of 1 character or more, got ${shown(name)}` }]);
  return name;
}

/**
 * A check that Pub/Sub accepts the names that Pulumi makes from this one. Source: Pub/Sub documentation, Guidelines to
 * name a topic or subscription.
 */
export function pubsubName(name: string): Check {
  return {
    refused: !/^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{0,199}$/.test(name),
    message: `name must be 1 to 200 letters, digits and - . _ ~ + %, beginning with a letter and not with goog, got ${shown(name)}`,
  };
}
