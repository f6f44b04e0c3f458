/** Names that have to be given, and that are those of one stack alone: of its name and not of the path of a construct. */
import { createHash } from 'node:crypto';
import { Names, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * `<stack>-<name>`, in at most `most` characters: what is longer ends in a hash. A renamed construct keeps it, so that
 * CloudFormation refuses to make a second one beside the first.
 */
export function installationName(scope: Construct, name: string, most: number): string {
  const stack = Stack.of(scope);
  // The name of a nested stack is known only at deployment.
  const of = Token.isUnresolved(stack.stackName)
    ? Names.uniqueResourceName(stack, { separator: '-' })
    : stack.stackName;
  const text = `${of}-${name}`;
  if (text.length <= most) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${text.slice(0, most - hash.length - 1)}-${hash}`;
}
