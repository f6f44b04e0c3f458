/** A job of AWS Glue that compacts a Delta table, one run at a time. */

import { join } from 'node:path';
import { Aws, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Construct } from 'constructs';
import { planArguments } from '../../flow/compaction/settings';
import type { CompactionPlan } from '../../flow/compaction/workload';
import { DELTA_SESSION } from '../../flow/delta-session';
import { packageRoot } from '../../package-root';
import { roleDescription } from '../descriptions';
import { grantTable } from './table-access';

/** Namespace of what a run reports: `lib/runtime/compaction/compact_spark.py`. */
export const RUN_METRICS = 'Backpressure/ContinuousCompaction';

/** Where the table is, and how the job runs. */
export interface DeltaPlace {
  readonly bucket: IBucket;
  readonly prefix: string;
  readonly role?: IRole;
  readonly glueVersion?: string;
  readonly securityConfiguration?: string;
}

/** The job, and what belongs to it. */
export interface DeltaJob {
  readonly job: CfnJob;
  readonly role: IRole;
  readonly logGroup: LogGroup;
  /** Matches runs that failed or were ended by their time-out: its metric counts them. */
  readonly failedRuns: Rule;
  /** The value of the dimension `Table` of what a run reports. */
  readonly reportedAs: string;
}

/** Makes the job. Its scripts are those of this package; Delta Lake is part of AWS Glue. */
export function createDeltaJob(
  scope: Construct,
  place: DeltaPlace,
  plan: CompactionPlan,
  offsetMinutes: number,
): DeltaJob {
  const folder = join(packageRoot(), 'dist', 'runtime', 'compaction');
  const script = new Asset(scope, 'Script', { path: join(folder, 'compact_spark.py') });
  // A zip: a file of its own gets its hash for a name, by which Python does not find it.
  const modules = new Asset(scope, 'Modules', { path: folder, exclude: ['*', '!compact.py', '!decide.py'] });
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: RetentionDays.ONE_MONTH,
    // Logs are evidence for a month, not data.
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = place.role ?? createRole(scope);
  grantRuns(scope, role, place, logGroup);
  // An asset's own grant is for all assets of the account.
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['s3:GetObject'],
      resources: [script, modules].map(({ bucket, s3ObjectKey }) => bucket.arnForObjects(s3ObjectKey)),
    }),
  );
  const reportedAs = `${Aws.STACK_NAME}-${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}`;
  // Its L2 is younger than the oldest aws-cdk-lib that this library takes, 2.264.
  const job = new CfnJob(scope, 'Job', {
    description: `Rewrites small files of ${place.prefix}, when there are enough of them`,
    role: role.roleArn,
    command: { name: 'glueetl', pythonVersion: '3', scriptLocation: script.s3ObjectUrl },
    glueVersion: place.glueVersion ?? '5.1',
    // A third cheaper; a run may begin some minutes later.
    executionClass: 'FLEX',
    workerType: 'G.1X',
    numberOfWorkers: plan.value('numberOfWorkers'),
    executionProperty: { maxConcurrentRuns: plan.value('maxConcurrentRuns') },
    timeout: plan.value('timeoutMinutes'),
    // The next run does what is left.
    maxRetries: 0,
    securityConfiguration: place.securityConfiguration,
    defaultArguments: {
      ...glueArguments(modules, logGroup),
      ...runArguments(plan, place, offsetMinutes, reportedAs),
    },
  });
  // Glue tries the role when a job is made.
  job.node.addDependency(role);
  return { job, role, logGroup, failedRuns: createFailedRuns(scope, job), reportedAs };
}

/** AWS Glue Developer Guide, Using job parameters in AWS Glue jobs. */
function glueArguments(modules: Asset, logGroup: LogGroup): Record<string, string> {
  const settings = Object.entries(DELTA_SESSION).map(([name, value]) => `${name}=${value}`);
  return {
    '--job-language': 'python',
    '--datalake-formats': 'delta',
    // One argument for all settings: it is passed to Spark as it stands.
    '--conf': settings.join(' --conf '),
    '--extra-py-files': modules.s3ObjectUrl,
    '--enable-continuous-cloudwatch-log': 'true',
    '--continuous-log-logGroup': logGroup.logGroupName,
  };
}

function runArguments(
  plan: CompactionPlan,
  { bucket, prefix }: DeltaPlace,
  offsetMinutes: number,
  reportedAs: string,
): Record<string, string> {
  const knobs = Object.entries(planArguments(plan, offsetMinutes));
  return {
    '--path': `s3://${bucket.bucketName}/${prefix}`,
    ...Object.fromEntries(knobs.map(([name, value]) => [`--${name}`, value])),
    '--job': reportedAs,
  };
}

function createRole(scope: Construct): Role {
  return new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('glue.amazonaws.com'),
    description: roleDescription(`Compacts the Delta table of ${scope.node.path}`),
  });
}

function grantRuns(scope: Construct, role: IRole, { bucket, prefix }: DeltaPlace, logGroup: LogGroup): void {
  const { partition, region, account } = Stack.of(scope);
  grantTable(role, bucket, prefix);
  logGroup.grantWrite(role);
  role.addToPrincipalPolicy(
    new PolicyStatement({
      actions: ['cloudwatch:PutMetricData'],
      resources: ['*'],
      conditions: { StringEquals: { 'cloudwatch:namespace': RUN_METRICS } },
    }),
  );
  role.addToPrincipalPolicy(
    // What driver and executors print goes there, whatever the log group of the job.
    new PolicyStatement({
      actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: ['error', 'output'].map(
        (name) => `arn:${partition}:logs:${region}:${account}:log-group:/aws-glue/jobs/${name}:*`,
      ),
    }),
  );
}

/** Without a target: a run that is killed reports nothing, so that what EventBridge matched is counted. */
function createFailedRuns(scope: Construct, job: CfnJob): Rule {
  return new Rule(scope, 'FailedRuns', {
    description: `Runs of the compaction ${scope.node.path} that failed`.slice(0, 512),
    eventPattern: {
      source: ['aws.glue'],
      detailType: ['Glue Job State Change'],
      detail: { jobName: [job.ref], state: ['FAILED', 'TIMEOUT', 'ERROR'] },
    },
  });
}
