/** A function that asks once an hour what the optimizers of a table did: they publish no metric of failed or missing runs. */
import { Duration, Stack } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CfnTable } from 'aws-cdk-lib/aws-s3tables';
import type { Construct } from 'constructs';
import type { CompactionPlan } from '../../flow/compaction/workload';
import { RuntimeFunction } from '../runtime-function';
import { catalogArns } from './catalog';

/** Namespace of what the function reports: `lib/runtime/metrics.ts`. */
export const STATUS_METRICS = 'Backpressure';

/** The function, and the rule that runs it. */
export interface MaintenanceStatus {
  readonly statusFunction: RuntimeFunction;
  readonly statusRule: Rule;
}

/** Asks AWS Glue for the last runs of the three optimizers. */
export function glueStatus(
  scope: Construct,
  { database, tableName }: { readonly database: string; readonly tableName: string },
  plan: CompactionPlan,
): MaintenanceStatus {
  const stack = Stack.of(scope);
  return createStatus(
    scope,
    plan,
    { CATALOG_ID: stack.account, DATABASE: database, TABLE: tableName },
    new PolicyStatement({
      actions: ['glue:ListTableOptimizerRuns'],
      resources: catalogArns(stack, database, tableName),
    }),
  );
}

/** Asks Amazon S3 Tables for the last maintenance jobs of the table. */
export function s3TableStatus(scope: Construct, table: CfnTable, plan: CompactionPlan): MaintenanceStatus {
  return createStatus(
    scope,
    plan,
    { TABLE_BUCKET_ARN: table.tableBucketArn, NAMESPACE: table.namespace, TABLE: table.tableName },
    new PolicyStatement({ actions: ['s3tables:GetTableMaintenanceJobStatus'], resources: [table.attrTableArn] }),
  );
}

function createStatus(
  scope: Construct,
  plan: CompactionPlan,
  environment: Record<string, string>,
  statement: PolicyStatement,
): MaintenanceStatus {
  const interval = plan.value('checkIntervalSeconds');
  const statusFunction = new RuntimeFunction(scope, 'Status', {
    bundle: 'maintenance-status',
    description: `Reports the last compactions of ${scope.node.path}`,
    environment: { ...environment, INTERVAL_SECONDS: String(interval) },
  });
  statusFunction.addToRolePolicy(statement);
  const statusRule = new Rule(scope, 'StatusRule', {
    description: `Asks for the last compactions of ${scope.node.path}`.slice(0, 512),
    schedule: Schedule.rate(Duration.seconds(interval)),
    targets: [new LambdaTarget(statusFunction, { retryAttempts: 2 })],
  });
  return { statusFunction, statusRule };
}
