/** `ContinuousCompaction` of an Iceberg table, and the same resources by hand. */
import { type App, Aws, Duration, Names, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Column,
  Dashboard,
  GraphWidget,
  type IAlarm,
  Metric,
  PeriodOverride,
  Row,
  Stats,
  TextWidget,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { CfnTableOptimizer } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { CompactedTable } from '../../../lib/aws/compaction/compacted-table';
import { ContinuousCompaction } from '../../../lib/aws/compaction/continuous-compaction';
import { SMALL_FILES } from '../../../lib/cases/case-17-continuous-cleanup';
import type { Numbers } from '../numbers';
import { alarm, bundled, counted, numbersOf } from './parts';

const DATABASE = 'lake';
const TABLE = 'events';
const PREFIX = 'tables/events';

const lake = (stack: Stack, number: number) => Bucket.fromBucketName(stack, `Lake${number}`, 'lake');

function ours(stack: Stack, number: number): ContinuousCompaction {
  return new ContinuousCompaction(stack, `Events${number}`, {
    ...SMALL_FILES,
    objective: { ...SMALL_FILES.objective, writeAmplification: 2 },
    table: CompactedTable.iceberg({
      database: DATABASE,
      tableName: TABLE,
      bucket: lake(stack, number),
      prefix: PREFIX,
    }),
  });
}

function known(app: App): Numbers {
  return numbersOf(ours(new Stack(app, 'Numbers'), 0).plan);
}

function byHand(stack: Stack, number: number, numbers: Numbers): void {
  const bucket = lake(stack, number);
  const scope = new Construct(stack, `Events${number}`);
  const arn = (service: string, resource: string) =>
    `arn:${stack.partition}:${service}:${stack.region}:${stack.account}:${resource}`;
  const catalog = ['catalog', `database/${DATABASE}`, `table/${DATABASE}/${TABLE}`].map((one) => arn('glue', one));
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('glue.amazonaws.com'),
    description: `Compacts the table of ${scope.node.path}, and deletes its old files`,
  });
  const logs = ['compaction', 'retention', 'orphan-file-deletion'].map((one) =>
    arn('logs', `log-group:/aws-glue/iceberg-${one}/logs:*`),
  );
  const allowed: readonly (readonly [actions: string[], resources: string[]])[] = [
    [
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      [bucket.arnForObjects(`${PREFIX}/*`)],
    ],
    [['s3:ListBucket', 's3:GetBucketLocation'], [bucket.bucketArn]],
    [['glue:GetTable', 'glue:UpdateTable'], catalog],
    [['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], logs],
  ];
  for (const [actions, resources] of allowed) role.addToPolicy(new PolicyStatement({ actions, resources }));
  makeOptimizers(scope, role, numbers);
  const status = bundled(scope, 'Status', 'maintenance-status', {
    description: `Reports the last compactions of ${scope.node.path}`,
    environment: {
      CATALOG_ID: stack.account,
      DATABASE,
      TABLE,
      INTERVAL_SECONDS: String(numbers('checkIntervalSeconds')),
    },
  });
  status.addToRolePolicy(new PolicyStatement({ actions: ['glue:ListTableOptimizerRuns'], resources: catalog }));
  new Rule(scope, 'StatusRule', {
    description: `Asks for the last compactions of ${scope.node.path}`,
    schedule: Schedule.rate(Duration.seconds(numbers('checkIntervalSeconds'))),
    targets: [new LambdaTarget(status, { retryAttempts: 2 })],
  });
  makeDashboard(scope, status, makeAlarms(new Construct(scope, 'Alarms'), status, numbers));
}

function makeOptimizers(scope: Construct, role: Role, numbers: Numbers): void {
  const { account } = Stack.of(scope);
  const settings = {
    Compaction: [
      'compaction',
      {
        compactionConfiguration: {
          icebergConfiguration: { strategy: 'binpack', minInputFiles: numbers('minInputFiles') },
        },
      },
    ],
    Retention: [
      'retention',
      {
        retentionConfiguration: {
          icebergConfiguration: {
            snapshotRetentionPeriodInDays: numbers('snapshotRetentionDays'),
            numberOfSnapshotsToRetain: numbers('snapshotsToRetain'),
            cleanExpiredFiles: true,
          },
        },
      },
    ],
    OrphanFileDeletion: [
      'orphan_file_deletion',
      {
        orphanFileDeletionConfiguration: {
          icebergConfiguration: { orphanFileRetentionPeriodInDays: numbers('orphanRetentionDays') },
        },
      },
    ],
  } as const;
  for (const [id, [type, configuration]] of Object.entries(settings)) {
    new CfnTableOptimizer(scope, id, {
      catalogId: account,
      databaseName: DATABASE,
      tableName: TABLE,
      type,
      tableOptimizerConfiguration: { enabled: true, roleArn: role.roleArn, ...configuration },
    }).node.addDependency(role);
  }
}

function makeAlarms(scope: Construct, status: LambdaFunction, numbers: Numbers): IAlarm[] {
  const reported = (name: string) => counted(status, name, numbers('checkIntervalSeconds'), Stats.MAXIMUM);
  return [
    alarm(scope, 'OptimizersFailing', reported('FailingOptimizers'), {
      threshold: numbers('alarmMaintenanceFailures'),
      evaluationPeriods: numbers('alarmMaintenanceChecks'),
      treatMissingData: TreatMissingData.IGNORE,
    }),
    alarm(scope, 'CompactionLate', reported('CompactionAgeSeconds'), {
      threshold: numbers('alarmCompactionAgeSeconds'),
      treatMissingData: TreatMissingData.BREACHING,
    }),
    alarm(scope, 'ExpiryLate', reported('ExpiryAgeSeconds'), {
      threshold: numbers('alarmExpiryAgeSeconds'),
      treatMissingData: TreatMissingData.BREACHING,
    }),
    alarm(scope, 'RunTooLong', reported('CompactionRunSeconds'), { threshold: numbers('alarmRunSeconds') }),
  ];
}

function makeDashboard(scope: Construct, status: LambdaFunction, alarms: IAlarm[]): void {
  const graph = (title: string, label: string, metricName: string) =>
    new GraphWidget({
      title,
      width: 8,
      height: 5,
      left: [
        new Metric({
          namespace: 'Backpressure',
          metricName,
          dimensionsMap: { FunctionName: status.functionName },
          statistic: Stats.MAXIMUM,
          period: Duration.hours(1),
        }),
      ],
      leftYAxis: { min: 0, label, showUnits: false },
    });
  new Dashboard(new Construct(scope, 'Dashboards'), 'Dashboard', {
    dashboardName: `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`,
    start: '-PT8H',
    periodOverride: PeriodOverride.INHERIT,
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 3 })],
      [
        new Column(
          new TextWidget({ markdown: '### Optimizers', width: 24, height: 1 }),
          new Row(
            graph('Last compaction', 's ago', 'CompactionAgeSeconds'),
            graph('Last clean-up', 's ago', 'ExpiryAgeSeconds'),
            graph('Optimizers that fail', 'optimizers', 'FailingOptimizers'),
          ),
        ),
      ],
    ],
  });
}

export const compaction = { ours, byHand, known };
