import { credentialIn, credentialInWords } from '../credentials';
import type { Value } from '../document';
import type { Found, Rule } from '../rule';
import { functions } from './read/functions';
import type { Template } from './read/template';

/** Rules about credentials in templates. */
export const SECRET_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-SECRET-002',
    title: 'The credential of a broker in a template',
    why: 'Templates are kept by CloudFormation, in buckets and in Git, and everyone who may describe the function or the task can read the variable. A rotation needs a new deployment.',
    source:
      'Amazon ECS Developer Guide, "Pass sensitive data to an Amazon ECS container"; AWS Lambda Developer Guide, "Working with Lambda environment variables": use Secrets Manager',
    severity: 'error',
    cases: [2, 6],
    *check(template) {
      for (const task of template.ofType('AWS::ECS::TaskDefinition'))
        for (const container of task.at('Properties', 'ContainerDefinitions').items()) yield* inContainer(container);
      for (const handler of functions(template)) {
        for (const [name, at] of handler.at('Properties', 'Environment', 'Variables').entries()) {
          yield* inVariable(name, at, 'read it from Secrets Manager when the function starts');
        }
      }
    },
  },
];

const FIX = 'put it into Secrets Manager, and name it under Secrets of the container';

function* inContainer(container: Value): Iterable<Found> {
  for (const variable of container.at('Environment').items())
    yield* inVariable(variable.at('Name').text() ?? '', variable.at('Value'), FIX);
  for (const key of ['EntryPoint', 'Command']) {
    const words = container.at(key).items();
    const found = credentialInWords(words.map((word) => word.text()));
    if (found) yield { at: words[found.word], message: `${key} has ${found.kind} in plain text`, fix: FIX };
  }
}

function* inVariable(name: string, at: Value, fix: string): Iterable<Found> {
  const kind = credentialIn(name, at.text() ?? '');
  if (kind !== undefined) yield { at, message: `the variable ${name} has ${kind} in plain text`, fix };
}
