/** The three optimizers of AWS Glue on an Iceberg table, and the role that they have. */
import { Stack } from 'aws-cdk-lib';
import { CfnTableOptimizer } from 'aws-cdk-lib/aws-glue';
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { CompactionPlan } from '../../flow/compaction/workload';
import { roleDescription } from '../descriptions';
import { catalogArns } from './catalog';
import { grantTable } from './table-access';

/** Where the table is, and who compacts it. */
export interface IcebergPlace {
  readonly database: string;
  readonly tableName: string;
  readonly bucket: IBucket;
  readonly prefix: string;
  readonly role?: IRole;
  readonly lakeFormation?: boolean;
  readonly deleteFileThreshold?: number;
}

/** The optimizers of a table. */
export interface IcebergOptimizers {
  readonly compaction: CfnTableOptimizer;
  readonly retention: CfnTableOptimizer;
  readonly orphanFileDeletion: CfnTableOptimizer;
  readonly role: IRole;
}

/** AWS Glue Developer Guide, Table optimization prerequisites. */
const LOG_GROUPS = ['iceberg-compaction', 'iceberg-retention', 'iceberg-orphan-file-deletion'];

/** Makes the optimizers. CloudFormation takes one type a resource, and refuses the settings of the others. */
export function createOptimizers(scope: Construct, place: IcebergPlace, plan: CompactionPlan): IcebergOptimizers {
  const role = place.role ?? createRole(scope);
  grantOptimizers(scope, role, place);
  const optimizer = (
    id: string,
    type: string,
    settings: Omit<CfnTableOptimizer.TableOptimizerConfigurationProperty, 'enabled' | 'roleArn'>,
  ) => {
    const made = new CfnTableOptimizer(scope, id, {
      catalogId: Stack.of(scope).account,
      databaseName: place.database,
      tableName: place.tableName,
      type,
      tableOptimizerConfiguration: { enabled: true, roleArn: role.roleArn, ...settings },
    });
    // Glue tries the role when an optimizer is made.
    made.node.addDependency(role);
    return made;
  };
  return {
    role,
    compaction: optimizer('Compaction', 'compaction', {
      compactionConfiguration: {
        icebergConfiguration: {
          // Joins files as they are: sorting would rewrite everything each time.
          strategy: 'binpack',
          minInputFiles: plan.value('minInputFiles'),
          deleteFileThreshold: place.deleteFileThreshold,
        },
      },
    }),
    retention: optimizer('Retention', 'retention', {
      retentionConfiguration: {
        icebergConfiguration: {
          snapshotRetentionPeriodInDays: plan.value('snapshotRetentionDays'),
          numberOfSnapshotsToRetain: plan.value('snapshotsToRetain'),
          // Otherwise only the metadata goes, and the files stay.
          cleanExpiredFiles: true,
        },
      },
    }),
    orphanFileDeletion: optimizer('OrphanFileDeletion', 'orphan_file_deletion', {
      orphanFileDeletionConfiguration: {
        icebergConfiguration: { orphanFileRetentionPeriodInDays: plan.value('orphanRetentionDays') },
      },
    }),
  };
}

function createRole(scope: Construct): Role {
  return new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('glue.amazonaws.com'),
    description: roleDescription(`Compacts the table of ${scope.node.path}, and deletes its old files`),
  });
}

/** AWS Glue Developer Guide, Table optimization prerequisites: what a role needs. */
function grantOptimizers(scope: Construct, role: IRole, place: IcebergPlace): void {
  const stack = Stack.of(scope);
  grantTable(role, place.bucket, place.prefix);
  const statements = [
    new PolicyStatement({
      actions: ['glue:GetTable', 'glue:UpdateTable'],
      resources: catalogArns(stack, place.database, place.tableName),
    }),
    new PolicyStatement({
      actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: LOG_GROUPS.map(
        (name) => `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:/aws-glue/${name}/logs:*`,
      ),
    }),
    ...(place.lakeFormation
      ? [new PolicyStatement({ actions: ['lakeformation:GetDataAccess'], resources: ['*'] })]
      : []),
  ];
  for (const statement of statements) role.addToPrincipalPolicy(statement);
}
