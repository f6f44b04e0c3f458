import { Aws, Names } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** A name that is unique in the account and region. */
export function uniqueName(scope: IConstruct): string {
  return `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`;
}
