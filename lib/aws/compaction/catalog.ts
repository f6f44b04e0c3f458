/** ARNs of the Glue Data Catalog. */
import type { Stack } from 'aws-cdk-lib';

/** A table with what is above it: actions on a table are allowed on all three. */
export function catalogArns(
  { partition, region, account }: Pick<Stack, 'partition' | 'region' | 'account'>,
  database: string,
  table: string,
): string[] {
  const arn = (resource: string) => `arn:${partition}:glue:${region}:${account}:${resource}`;
  return [arn('catalog'), arn(`database/${database}`), arn(`table/${database}/${table}`)];
}
