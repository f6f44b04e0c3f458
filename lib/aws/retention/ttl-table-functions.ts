/** The functions of a table with a time to live: workers of the backfill, a segment each, and the report. */
import { createHash } from 'node:crypto';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type ITable, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { PROGRESS_KEY, reportSettings, workerSettings } from '../../flow/retention/table-settings';
import type { TtlTablePlan } from '../../flow/retention/table-workload';
import { cut } from '../descriptions';
import { RuntimeFunction } from '../runtime-function';
import { singleStart } from '../single-start';

/** Amazon EventBridge quotas: targets of a rule. */
const MOST_TARGETS = 5;

/** The table and its attributes. */
export interface TableParts {
  readonly plan: TtlTablePlan;
  readonly table: ITable;
  readonly attribute: string;
  readonly createdAttribute: string;
}

/** What gives items their dates, and what reports. */
export interface TableFunctions {
  readonly progress: Table;
  readonly worker: RuntimeFunction;
  readonly workerRules: Rule[];
  readonly report: RuntimeFunction;
  readonly reportRule: Rule;
}

/** Makes the functions, and what starts them. */
export function createFunctions(scope: Construct, parts: TableParts): TableFunctions {
  const { plan, table, attribute, createdAttribute } = parts;
  const seconds = (knob: string) => Duration.seconds(plan.value(knob));
  const progress = createProgress(scope);
  const names = {
    TABLE: table.tableName,
    ATTRIBUTE: attribute,
    CREATED_ATTRIBUTE: createdAttribute,
    PROGRESS_TABLE: progress.tableName,
    RUN: runName(parts),
  };
  const worker = new RuntimeFunction(scope, 'Backfill', {
    bundle: 'ttl-table',
    description: `Gives the items of ${scope.node.path} their expiry`,
    timeout: seconds('workerTimeoutSeconds'),
    environment: { ...names, ...workerSettings(plan) },
  });
  const report = new RuntimeFunction(scope, 'Report', {
    bundle: 'ttl-table',
    description: `Reports how late the items of ${scope.node.path} are deleted`,
    timeout: seconds('reportTimeoutSeconds'),
    environment: { ...names, ...reportSettings(plan) },
  });
  allow(worker, table, ['dynamodb:DescribeTable', 'dynamodb:Scan', 'dynamodb:UpdateItem']);
  allow(worker, progress, ['dynamodb:GetItem', 'dynamodb:UpdateItem']);
  allow(report, table, ['dynamodb:DescribeTable', 'dynamodb:DescribeTimeToLive', 'dynamodb:Scan']);
  allow(report, progress, ['dynamodb:GetItem']);
  table.encryptionKey?.grantEncryptDecrypt(worker);
  table.encryptionKey?.grantDecrypt(report);
  return {
    progress,
    worker,
    workerRules: createWorkerRules(scope, plan, worker),
    report,
    reportRule: new Rule(scope, 'ReportRule', {
      description: cut(`Reports on ${scope.node.path}`, 512),
      schedule: Schedule.rate(seconds('reportSeconds')),
      targets: [new LambdaTarget(report, { event: RuleTargetInput.fromObject({}), retryAttempts: 2 })],
    }),
  };
}

/** On the table alone: what the CDK grants includes its indexes. */
function allow(handler: RuntimeFunction, table: ITable, actions: string[]): void {
  handler.addToRolePolicy(new PolicyStatement({ actions, resources: [table.tableArn] }));
}

/** Where each segment stands. When it is lost, the backfill begins anew and finds less to do. */
function createProgress(scope: Construct): Table {
  return new Table(scope, 'Progress', {
    partitionKey: { name: PROGRESS_KEY, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.AWS_MANAGED,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

/**
 * With other segments or attributes, or with items of unknown age, it is another backfill, which begins at the first item. Another
 * table is another one as well: the function puts its name before this one.
 */
function runName({ plan, attribute, createdAttribute }: TableParts): string {
  const knobs = ['retentionSeconds', 'workers', 'expireUnknownAge'].map((knob) => plan.value(knob));
  const settings = [attribute, createdAttribute, ...knobs];
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
}

/** Starts of each segment, of which no two overlap. One that is lost, or whose worker died, is made good by the next. */
function createWorkerRules(scope: Construct, plan: TtlTablePlan, worker: RuntimeFunction): Rule[] {
  const start = Duration.seconds(plan.value('startSeconds'));
  const segments = Array.from({ length: plan.value('workers') }, (_, segment) => segment);
  const groups = Array.from({ length: Math.ceil(segments.length / MOST_TARGETS) }, (_, group) =>
    segments.slice(group * MOST_TARGETS, (group + 1) * MOST_TARGETS),
  );
  return groups.map(
    (group, index) =>
      new Rule(scope, `BackfillRule${index}`, {
        description: cut(`Starts segments ${group[0]} to ${group[group.length - 1]} of ${scope.node.path}`, 512),
        schedule: Schedule.rate(start),
        targets: group.map((segment) =>
          singleStart(worker, {
            event: RuleTargetInput.fromObject({ segment }),
            maxEventAge: Duration.seconds(plan.value('leaseSeconds')),
          }),
        ),
      }),
  );
}
