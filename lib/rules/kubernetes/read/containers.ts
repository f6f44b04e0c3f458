/** What a container is told. */
import type { Value } from '../../document';

/** The value of a variable; undefined when it is absent, or not decided. */
export function variableOf(container: Value, name: string): string | undefined {
  return container
    .at('env')
    .items()
    .find((one) => one.at('name').text() === name)
    ?.at('value')
    .text();
}
