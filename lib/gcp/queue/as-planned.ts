/** What of a service that is there is not as the plan has it. Nothing is changed in it. */
import * as pulumi from '@pulumi/pulumi';

/** Something of a service, as it is and as it is planned. */
export interface Planned {
  readonly what: string;
  readonly given: string | number | undefined;
  readonly planned: string | number;
}

/** A container, as far as its variables are compared. */
interface Variables {
  readonly envs?: readonly { readonly name: string; readonly value?: string }[];
}

/** Warns of each number, and of each variable in `wanted`, that is another one than is planned. */
export function warnOfDifferences(
  parent: pulumi.Resource,
  name: string,
  numbers: readonly Planned[],
  containers: readonly Variables[],
  environment: Readonly<Record<string, pulumi.Input<string>>>,
  wanted: Readonly<Record<string, string>>,
): void {
  const variables = new Map(containers.flatMap(({ envs = [] }) => envs).map((env) => [env.name, env.value]));
  const texts = Object.entries(wanted)
    .filter(([key, value]) => variables.get(key) !== value)
    .map(([key]) => variableShown(key, variables.get(key), environment[key]));
  for (const { what, given, planned } of [...numbers.filter((one) => one.given !== one.planned), ...texts])
    pulumi.log.warn(
      `${name} has ${what} ${given ?? '(none)'}, the plan has ${planned}: deploy it with that, or what the plan says of waits and load does not hold`,
      parent,
    );
}

/** A variable as a warning may show it: the text of an Output, and what a service has beside numbers, may be a secret. */
function variableShown(what: string, given: string | undefined, planned: pulumi.Input<string>): Planned {
  return {
    what,
    given: given === undefined || /^\d{1,9}$/.test(given) ? given : '(another value)',
    planned: typeof planned === 'string' ? planned : '(a value that is not plain)',
  };
}
