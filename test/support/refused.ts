/** What is said when something is refused. */
import { CapacityError, InvalidInputError } from '../../lib/flow/errors';

/** The message of whatever is thrown. */
export function messageOf(make: () => unknown): string {
  try {
    make();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
}

/** The message of a refusal; any other error goes on. */
export function refusalOf(
  make: () => unknown,
  kinds: readonly (typeof InvalidInputError | typeof CapacityError)[] = [InvalidInputError, CapacityError],
): string {
  try {
    make();
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind)) return (error as Error).message;
    throw error;
  }
  return 'nothing was thrown';
}

/** Every failure of an input that is refused, none when it is taken; any other error goes on. */
export function failuresOf(make: () => unknown): readonly string[] {
  try {
    make();
  } catch (error) {
    if (error instanceof InvalidInputError) return error.failures;
    throw error;
  }
  return [];
}
