import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { CfnTable } from 'aws-cdk-lib/aws-s3tables';
import { CompactedTable } from '../../../lib/aws/compaction/compacted-table';
import { COMPACTION_ALARMS } from '../../../lib/aws/compaction/compaction-alarms';
import {
  ContinuousCompaction,
  type ContinuousCompactionProps,
} from '../../../lib/aws/compaction/continuous-compaction';
import type { DeltaTableProps, IcebergTableProps } from '../../../lib/aws/compaction/table-props';
import { COMPACTION_ON_AWS, SMALL_FILES } from '../../../lib/cases/case-17-continuous-cleanup';
import { planCompaction } from '../../../lib/flow/compaction/plan';
import { CompactionWriter } from '../../../lib/flow/compaction/workload';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { nagFindings } from '../../support/nag';
import { refusalOf } from '../../support/refused';
import { permissions, shop, type Untyped } from '../../support/stack';

type More = Partial<ContinuousCompactionProps>;

function made(table: (stack: Stack) => CompactedTable, props: More = {}, stack = shop()) {
  const construct = new ContinuousCompaction(stack, 'Events', { ...SMALL_FILES, table: table(stack), ...props });
  const template = Template.fromStack(stack);
  const of = (type: string) => Object.values<Untyped>(template.findResources(type)).map(({ Properties }) => Properties);
  return { stack, construct, template, of };
}

const lake = (stack: Stack, encryptionKey?: Key) => new Bucket(stack, 'Lake', { encryptionKey });
const iceberg = (more: Partial<IcebergTableProps> = {}, props: More = {}) =>
  made(
    (stack) =>
      CompactedTable.iceberg({
        database: 'lake',
        tableName: 'events',
        bucket: lake(stack),
        prefix: 'tables/e',
        ...more,
      }),
    props,
  );
const delta = (more: Partial<DeltaTableProps> = {}, props: More = {}) =>
  made((stack) => CompactedTable.delta({ bucket: lake(stack), prefix: 'tables/e', ...more }), props);
const FILES = 's3:GetObject s3:PutObject s3:DeleteObject s3:AbortMultipartUpload';
const s3Table = (more: Untyped = {}, props: More = {}) =>
  made(() => CompactedTable.s3Table({ namespace: 'lake', tableName: 'events', ...more }), props);

describe('an Iceberg table', () => {
  const { construct, of, template, stack } = iceberg();

  test('has the three optimizers, each with the settings of its type alone and the numbers of the plan', () => {
    const value = (name: string) => construct.plan.value(name);
    const settings = Object.fromEntries(
      of('AWS::Glue::TableOptimizer').map(({ Type, TableOptimizerConfiguration: { RoleArn, ...rest }, ...place }) => {
        expect(place).toEqual({ CatalogId: { Ref: 'AWS::AccountId' }, DatabaseName: 'lake', TableName: 'events' });
        expect(RoleArn['Fn::GetAtt'][0]).toMatch(/^EventsRole/);
        return [Type, rest];
      }),
    );
    expect(settings).toEqual({
      compaction: {
        Enabled: true,
        CompactionConfiguration: {
          IcebergConfiguration: { Strategy: 'binpack', MinInputFiles: value('minInputFiles') },
        },
      },
      retention: {
        Enabled: true,
        RetentionConfiguration: {
          IcebergConfiguration: {
            SnapshotRetentionPeriodInDays: value('snapshotRetentionDays'),
            NumberOfSnapshotsToRetain: value('snapshotsToRetain'),
            CleanExpiredFiles: true,
          },
        },
      },
      orphan_file_deletion: {
        Enabled: true,
        OrphanFileDeletionConfiguration: {
          IcebergConfiguration: { OrphanFileRetentionPeriodInDays: value('orphanRetentionDays') },
        },
      },
    });
  });

  test('each optimizer waits for the policy of its role, which Glue tries', () => {
    for (const one of Object.values<Untyped>(template.findResources('AWS::Glue::TableOptimizer'))) {
      expect(one.DependsOn.join()).toMatch(/EventsRoleDefaultPolicy/);
    }
  });

  test('the role has the files below the prefix, the table and the log groups of the optimizers, and no more', () => {
    const granted = permissions({ stack, template }, construct.role);
    expect(Object.keys(granted).sort()).toEqual([
      'glue:GetTable glue:UpdateTable',
      'logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents',
      FILES,
      's3:ListBucket s3:GetBucketLocation',
    ]);
    expect(granted[FILES]).toContain('/tables/e/*');
    for (const name of ['compaction', 'retention', 'orphan-file-deletion']) {
      expect(granted['logs:CreateLogGroup logs:CreateLogStream logs:PutLogEvents']).toContain(
        `/aws-glue/iceberg-${name}/logs:*`,
      );
    }
    expect(granted['glue:GetTable glue:UpdateTable']).toContain('table/lake/events');
  });

  test('the target of a file is a property of the table, which no resource sets: it is handed out', () => {
    expect(construct.tableProperties).toEqual({ 'write.target-file-size-bytes': '536870912' });
    expect(iceberg({}, { targetBytes: 2 ** 27 }).construct.tableProperties).toEqual({
      'write.target-file-size-bytes': '134217728',
    });
  });

  test('a function asks for the three optimizers once an hour, and may do nothing else', () => {
    expect(of('AWS::Events::Rule')).toEqual([expect.objectContaining({ ScheduleExpression: 'rate(1 hour)' })]);
    const [status] = of('AWS::Lambda::Function');
    expect(status.Environment.Variables).toEqual({
      CATALOG_ID: { Ref: 'AWS::AccountId' },
      DATABASE: 'lake',
      TABLE: 'events',
      INTERVAL_SECONDS: '3600',
    });
    const granted = permissions({ stack, template }, construct.statusFunction?.role);
    expect(Object.keys(granted).sort()).toEqual([
      'glue:ListTableOptimizerRuns',
      'logs:CreateLogStream logs:PutLogEvents',
    ]);
  });

  test('a bucket with a key gives the key to the role, and Lake Formation its data', () => {
    const {
      stack: one,
      template: keyed,
      construct: with_,
    } = made((scope) =>
      CompactedTable.iceberg({
        database: 'lake',
        tableName: 'events',
        bucket: lake(scope, new Key(scope, 'Key')),
        prefix: 'e',
        lakeFormation: true,
      }),
    );
    const granted = permissions({ stack: one, template: keyed }, with_.role);
    expect(granted).toMatchObject({ 'lakeformation:GetDataAccess': '"*"' });
    expect(Object.keys(granted).join(' ')).toContain('kms:Decrypt');
  });

  test('a role that is given gets what it lacks', () => {
    const { of: ofGiven, construct: given } = made((scope) =>
      CompactedTable.iceberg({
        database: 'lake',
        tableName: 'events',
        bucket: lake(scope),
        prefix: 'e',
        role: Role.fromRoleArn(scope, 'Given', 'arn:aws:iam::123456789012:role/optimizers'),
      }),
    );
    expect(given.role?.roleArn).toBe('arn:aws:iam::123456789012:role/optimizers');
    const policies = ofGiven('AWS::IAM::Policy').filter(({ Roles }) => JSON.stringify(Roles).includes('optimizers'));
    expect(JSON.stringify(policies)).toContain('glue:UpdateTable');
  });

  test('that it rewrites more than promised is a warning, and none where that is allowed', () => {
    const warnings = ({ stack: one }: { readonly stack: Stack }) =>
      Annotations.fromStack(one).findWarning('*', Match.stringLikeRegexp('rewrites 2 bytes for each new one'));
    expect(warnings({ stack })).toHaveLength(1);
    const allowed = iceberg({}, { objective: { ...SMALL_FILES.objective, writeAmplification: 2 } });
    expect(warnings(allowed)).toHaveLength(0);
  });

  test('what is not of optimizers is not there', () => {
    expect([construct.job, construct.schedule, construct.s3Table, construct.alarms.runsMissing]).toEqual(
      Array(4).fill(undefined),
    );
  });
});

describe('a table of S3 Tables', () => {
  const { construct, of, template, stack } = s3Table();

  test('is made with its maintenance, in a bucket that deletes what no snapshot names; all of it is retained', () => {
    expect(of('AWS::S3Tables::Table')).toEqual([
      expect.objectContaining({
        Namespace: 'lake',
        TableName: 'events',
        OpenTableFormat: 'ICEBERG',
        WithoutMetadata: 'Yes',
        Compaction: { Status: 'enabled', TargetFileSizeMB: 512 },
        SnapshotManagement: { Status: 'enabled', MaxSnapshotAgeHours: 168, MinSnapshotsToKeep: 1 },
      }),
    ]);
    expect(of('AWS::S3Tables::TableBucket')).toEqual([
      expect.objectContaining({
        EncryptionConfiguration: { SSEAlgorithm: 'AES256' },
        UnreferencedFileRemoval: { Status: 'Enabled', UnreferencedDays: 3, NoncurrentDays: 7 },
      }),
    ]);
    for (const type of ['Table', 'TableBucket', 'Namespace']) {
      for (const one of Object.values<Untyped>(template.findResources(`AWS::S3Tables::${type}`))) {
        expect([one.DeletionPolicy, one.UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
      }
    }
  });

  test('the function asks for this table, by its ARN alone', () => {
    expect(Object.keys(of('AWS::Lambda::Function')[0].Environment.Variables).sort()).toEqual([
      'INTERVAL_SECONDS',
      'NAMESPACE',
      'TABLE',
      'TABLE_BUCKET_ARN',
    ]);
    expect(permissions({ stack, template }, construct.statusFunction?.role)).toMatchObject({
      's3tables:GetTableMaintenanceJobStatus': expect.not.stringContaining('*'),
    });
  });

  test('with a key Amazon S3 may compact with it, in this table bucket only', () => {
    const keyed = made((scope) =>
      CompactedTable.s3Table({ namespace: 'lake', tableName: 'events', encryptionKey: new Key(scope, 'Key') }),
    );
    expect(of('AWS::KMS::Key')).toEqual([]);
    const [{ KeyPolicy }] = keyed.of('AWS::KMS::Key');
    const allowed = KeyPolicy.Statement.filter(
      ({ Principal }: Untyped) => Principal.Service === 'maintenance.s3tables.amazonaws.com',
    );
    expect(allowed).toEqual([
      expect.objectContaining({
        Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
        Condition: { StringLike: { 'kms:EncryptionContext:aws:s3:arn': expect.anything() } },
      }),
    ]);
    const name = keyed.of('AWS::S3Tables::TableBucket')[0].TableBucketName;
    expect(JSON.stringify(allowed)).toContain(`bucket/${name}/*`);
  });

  test('a table of this app gets its maintenance, and a warning says what its bucket has to be set to', () => {
    const given = made((scope) => {
      const tableBucketArn = 'arn:aws:s3tables:eu-west-1:123456789012:bucket/lake';
      return CompactedTable.s3Table({
        table: new CfnTable(scope, 'Own', {
          tableBucketArn,
          namespace: 'lake',
          tableName: 'own',
          openTableFormat: 'ICEBERG',
          withoutMetadata: 'Yes',
        }),
      });
    });
    expect(given.of('AWS::S3Tables::Table')).toEqual([
      expect.objectContaining({ TableName: 'own', Compaction: { Status: 'enabled', TargetFileSizeMB: 512 } }),
    ]);
    expect(given.of('AWS::S3Tables::TableBucket')).toEqual([]);
    const said = Annotations.fromStack(given.stack).findWarning('*', Match.stringLikeRegexp('unreferencedDays 3'));
    expect(said).toHaveLength(1);
  });

  test('what is made can be deleted when asked', () => {
    const { template: removed } = s3Table({ removalPolicy: RemovalPolicy.DESTROY });
    for (const one of Object.values<Untyped>(removed.findResources('AWS::S3Tables::Table'))) {
      expect(one.DeletionPolicy).toBe('Delete');
    }
  });
});

describe('a Delta table', () => {
  const { construct, of, template, stack } = delta();
  const [job] = of('AWS::Glue::Job');

  test('has one job with one run at a time, its workers and its time-out', () => {
    const value = (name: string) => construct.plan.value(name);
    expect(job).toMatchObject({
      ExecutionProperty: { MaxConcurrentRuns: 1 },
      ExecutionClass: 'FLEX',
      GlueVersion: '5.1',
      MaxRetries: 0,
      NumberOfWorkers: value('workers') + 1,
      WorkerType: 'G.1X',
      Timeout: value('runDeadlineSeconds') / 60,
    });
  });

  test('the job has the arguments that the script needs, from the plan, and Spark the settings of Delta Lake', () => {
    const { DefaultArguments: args } = job;
    const knobs: Record<string, string> = {
      '--target-bytes': 'targetBytes',
      '--small-bytes': 'smallBytes',
      '--start-files': 'startFiles',
      '--min-input-files': 'minInputFiles',
      '--quiet-seconds': 'quietSeconds',
      '--budget-seconds': 'runBudgetSeconds',
      '--interval-seconds': 'intervalSeconds',
      '--workers': 'workers',
      '--vacuum-hours': 'vacuumHours',
      '--vacuum-interval-seconds': 'vacuumIntervalSeconds',
    };
    for (const [name, knob] of Object.entries(knobs)) {
      expect([name, args[name]]).toEqual([name, String(construct.plan.value(knob))]);
    }
    expect(args['--path']).toEqual({
      'Fn::Join': ['', ['s3://', { Ref: expect.stringMatching(/^Lake/) }, '/tables/e']],
    });
    expect(args['--datalake-formats']).toBe('delta');
    expect(args['--conf']).toBe(
      'spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension --conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog',
    );
    // The modules come as a zip: a file of its own would have its hash for a name.
    expect(JSON.stringify(args['--extra-py-files'])).toMatch(/\.zip/);
  });

  test('starts by the clock, four times a day, at a minute that follows from its place', () => {
    const [schedule] = of('AWS::Scheduler::Schedule');
    const [, minute, hours] = /^cron\((\d+) ([\d,]+) \* \* \? \*\)$/.exec(schedule.ScheduleExpression)!;
    const starts = hours.split(',').map(Number);
    expect(starts.map((hour, index) => hour - starts[0] - 6 * index)).toEqual([0, 0, 0, 0]);
    expect(Number(job.DefaultArguments['--offset-seconds'])).toBe(3600 * starts[0] + 60 * Number(minute));
    expect(schedule).toMatchObject({
      ScheduleExpressionTimezone: 'Etc/UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { RetryPolicy: { MaximumEventAgeInSeconds: construct.plan.value('startingDeadlineSeconds') } },
    });
    expect(JSON.stringify(schedule.Target.Arn)).toContain('aws-sdk:glue:startJobRun');
    const other = delta({ prefix: 'tables/f' }).of('AWS::Scheduler::Schedule')[0];
    expect(other.ScheduleExpression).not.toBe(schedule.ScheduleExpression);
  });

  test('the schedule may start this job and keep what it could not deliver; only its own group may use the role', () => {
    expect(permissions({ stack, template }, construct.scheduleRole)).toEqual({
      'glue:StartJobRun': expect.stringContaining('job/'),
      'sqs:SendMessage': 'Events/Undelivered',
    });
  });

  test('the job may read and write the table, read its two scripts, and write metrics of its namespace and its logs', () => {
    const granted = permissions({ stack, template }, construct.role);
    expect(granted[FILES]).toContain('/tables/e/*');
    expect(granted['s3:GetObject']).toMatch(/\.py.*\.zip/);
    expect(Object.keys(granted).filter((action) => /\*/.test(action))).toEqual([]);
    const statement = of('AWS::IAM::Policy')
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .find(({ Action }) => Action === 'cloudwatch:PutMetricData');
    expect(statement.Condition).toEqual({
      StringEquals: { 'cloudwatch:namespace': 'Backpressure/ContinuousCompaction' },
    });
  });

  test('what a run reports is told apart by stack and construct, and alarms read the same', () => {
    const reported = job.DefaultArguments['--job'];
    expect(JSON.stringify(reported)).toContain('AWS::StackName');
    const tables = of('AWS::CloudWatch::Alarm')
      .filter(({ Namespace }) => Namespace === 'Backpressure/ContinuousCompaction')
      .map(({ Dimensions }) => Dimensions);
    expect(tables).toHaveLength(7);
    for (const one of tables) expect(one).toEqual([{ Name: 'Table', Value: reported }]);
  });

  test('without a schedule nothing starts it, and nothing is watched that is not there', () => {
    const { of: ofNone, construct: none } = delta({ createSchedule: false });
    expect(ofNone('AWS::Scheduler::Schedule')).toEqual([]);
    expect([none.schedule, none.undeliveredQueue, none.alarms.undelivered]).toEqual([undefined, undefined, undefined]);
    expect(none.alarms.runsMissing).toBeDefined();
  });

  test('trap: no event of the bucket starts it, because its own output would', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(
      /NotificationConfiguration|Object Created|EventBridgeEnabled/,
    );
  });

  test('trap: a driver of Spark that writes at the same time is refused, with ways out', () => {
    expect(refusalOf(() => delta({ writer: CompactionWriter.SPARK }), [CapacityError])).toContain(
      'compact inside the streaming job',
    );
  });
});

test('the plan is that of the case', () => {
  const planned = planCompaction('Events', COMPACTION_ON_AWS);
  for (const { name, value } of planned.knobs)
    expect([name, delta().construct.plan.value(name)]).toEqual([name, value]);
});

test('all failures together, with the names of the props', () => {
  const refused = refusalOf(
    () =>
      s3Table({ tableBucketArn: 'arn', encryptionKey: 7 }, { targetBytes: 2 ** 26 + 1, interval: Duration.days(2) }),
    [InvalidInputError],
  );
  for (const part of ['table.encryptionKey', 'targetBytes must be whole MiB', 'interval in seconds']) {
    expect(refused).toContain(part);
  }
});

test('a table that is given is not described again, and leaves its maintenance to the plan', () => {
  const refused = refusalOf(
    () =>
      made((scope) =>
        CompactedTable.s3Table({
          tableName: 'other',
          table: new CfnTable(scope, 'Own', {
            tableBucketArn: 'arn',
            namespace: 'lake',
            tableName: 'own',
            openTableFormat: 'ICEBERG',
            compaction: { status: 'disabled' },
          }),
        }),
      ),
    [InvalidInputError],
  );
  expect(refused).toContain('table.table is made already: leave out tableName');
  expect(refused).toContain('must leave compaction and snapshotManagement to the plan');
});

test('names that only a deployment knows are taken', () => {
  const token = Token.asString({ Ref: 'Database' });
  const { of } = iceberg({ database: token, tableName: token });
  expect(of('AWS::Glue::TableOptimizer')[0].DatabaseName).toEqual({ Ref: 'Database' });
});

test.each([
  ['iceberg', () => iceberg()],
  ['S3 Tables', () => s3Table()],
  ['delta', () => delta()],
])('%s: every alarm is one that settings know, and is on the dashboard', (_kind, make) => {
  const { construct, of } = make();
  const { all, node: _, ...members } = construct.alarms as Untyped;
  const named = Object.entries(members).filter(([, one]) => all.includes(one));
  expect(named).toHaveLength(all.length);
  expect(named.map(([name]) => name).filter((name) => !COMPACTION_ALARMS.includes(name))).toEqual([]);
  expect(of('AWS::CloudWatch::Dashboard')).toHaveLength(1);
});

test('S3 Tables: cdk-nag finds nothing', () => {
  expect(nagFindings(s3Table().stack)).toEqual([]);
});
