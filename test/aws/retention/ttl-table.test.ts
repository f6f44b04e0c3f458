import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import type { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, CfnTable, Table, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { TtlTable } from '../../../lib/aws/retention/ttl-table';
import type { TtlTableProps } from '../../../lib/aws/retention/ttl-table-props';
import { TTL_TABLE_ALARMS } from '../../../lib/aws/retention/ttl-table-rows';
import { EVENTS_TABLE } from '../../../lib/cases/case-16-collection-swells';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planTtlTable } from '../../../lib/flow/retention/table-plan';
import { nagFindings } from '../../support/nag';
import { ROOT } from '../../support/reference';
import { refusalOf } from '../../support/refused';
import { permissions, shop, type Untyped } from '../../support/stack';

const KEYS = {
  partitionKey: { name: 'job', type: AttributeType.STRING },
  sortKey: { name: 'createdAt', type: AttributeType.NUMBER },
};
const props: TtlTableProps = { ...EVENTS_TABLE, createdAttribute: 'createdAt' };

function made(more: Partial<TtlTableProps> | ((stack: Stack) => Partial<TtlTableProps>) = KEYS, stack = shop()) {
  const given = typeof more === 'function' ? more(stack) : more;
  const construct = new TtlTable(stack, 'Events', { ...props, ...given });
  const template = Template.fromStack(stack);
  const of = (type: string) => Object.values<Untyped>(template.findResources(type)).map(({ Properties }) => Properties);
  const variables = (part: string) =>
    of('AWS::Lambda::Function').find(({ Description }) => Description.startsWith(part))?.Environment.Variables;
  return { stack, construct, template, of, variables };
}

const { construct, template, of, variables, stack } = made();
const value = (name: string) => construct.plan.value(name);
const given = (make: (stack: Stack) => TtlTableProps['table']) => made((scope) => ({ table: make(scope) }));
const keyed = { partitionKey: { name: 'job', type: AttributeType.STRING } };

describe('the traps of case 16 are absent', () => {
  test('trap: DynamoDB deletes late, so 87 days of items do not fit below 120 GB: 85 are kept', () => {
    expect(variables('Gives').RETENTION_SECONDS).toBe(String(85 * 86_400));
    expect(() => made({ ...KEYS, objective: { retentionSeconds: 87 * 86_400, tableBytes: 120e9 } })).toThrow(
      /keep 85 days/,
    );
  });

  test('trap: what is too old is spread over what deletions have to spare', () => {
    expect(variables('Gives').DRAIN_SECONDS).toBe(String(value('drainSeconds')));
    const { tooOld } = construct.plan.knob('drainSeconds').inputs;
    expect(tooOld / value('drainSeconds')).toBeLessThanOrEqual(500 - EVENTS_TABLE.workload.insertsPerSecond);
  });

  test('trap: an expiry in milliseconds, or more than five years ago, is never acted on: an alarm counts such items', () => {
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'UnexpiringItems', Threshold: 0 });
  });
});

describe('the table', () => {
  test('that is made expires by the attribute, is encrypted, can be restored, and stays', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      Properties: {
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      },
    });
    made({ ...KEYS, removalPolicy: RemovalPolicy.DESTROY }).template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Delete',
    });
  });

  test.each<[string, (scope: Stack) => TtlTableProps['table'], string]>([
    ['an older L2', (scope) => new Table(scope, 'Mine', keyed), 'AWS::DynamoDB::Table'],
    ['a newer one', (scope) => new TableV2(scope, 'Mine', keyed), 'AWS::DynamoDB::GlobalTable'],
  ])('that is given, %s, gets its time to live here, and is not made again', (_, make, type) => {
    const taken = given(make);
    taken.template.hasResourceProperties(type, {
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
    // Beside it only the one with the progress.
    expect(taken.of('AWS::DynamoDB::GlobalTable').length + taken.of('AWS::DynamoDB::Table').length).toBe(2);
    Annotations.fromStack(taken.stack).hasNoInfo('*', Match.stringLikeRegexp('time to live'));
  });

  test('that expires by the same attribute already stays as it is; by another one it is refused', () => {
    const mine = (timeToLiveAttribute: string) => (scope: Stack) =>
      new Table(scope, 'Mine', { ...keyed, timeToLiveAttribute });
    given(mine('expiresAt')).template.hasResourceProperties('AWS::DynamoDB::Table', {
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
    expect(() => given(mine('ttl'))).toThrow(
      "Events: attribute must be that by which the table expires, 'ttl', and enabled; got 'expiresAt'",
    );
    const off = (scope: Stack) => {
      const table = new Table(scope, 'Mine', keyed);
      (table.node.defaultChild as CfnTable).timeToLiveSpecification = { attributeName: 'expiresAt', enabled: false };
      return table;
    };
    expect(() => given(off)).toThrow(/and enabled/);
  });

  test('that is imported: a note says what has to be set, and an alarm fires while it is not', () => {
    const taken = given((scope) => Table.fromTableName(scope, 'Mine', 'events'));
    Annotations.fromStack(taken.stack).hasInfo(
      '*',
      Match.stringLikeRegexp('Mine is imported: its time to live has to be on, by expiresAt'),
    );
    taken.template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'TtlDisabled', Threshold: 0 });
  });
});

describe('the backfill', () => {
  test('is told the knobs of the plan', () => {
    expect(variables('Gives')).toMatchObject({
      ATTRIBUTE: 'expiresAt',
      CREATED_ATTRIBUTE: 'createdAt',
      WORKERS: '5',
      PASSES: '1',
      PAGE_ITEMS: '200',
      UNITS_PER_ITEM: '1',
      WRITE_UNITS_PER_SECOND: '200',
      BACKFILL_SECONDS: String(value('backfillSeconds')),
      WORKER_SECONDS: '870',
      LEASE_SECONDS: '60',
    });
  });

  test('leaves items that do not say when they were created, unless they are to expire; the report knows it too', () => {
    expect([variables('Gives'), variables('Reports')].map(({ EXPIRE_UNKNOWN_AGE }) => EXPIRE_UNKNOWN_AGE)).toEqual([
      '0',
      '0',
    ]);
    expect(variables('Reports').CREATED_ATTRIBUTE).toBe('createdAt');
    const all = made({ ...KEYS, objective: { ...EVENTS_TABLE.objective, expireUnknownAge: true } });
    expect([all.variables('Gives').EXPIRE_UNKNOWN_AGE, all.variables('Reports').EXPIRE_UNKNOWN_AGE]).toEqual([
      '1',
      '1',
    ]);
    // What is done without them is done again with them.
    expect(all.variables('Gives').RUN).not.toBe(variables('Gives').RUN);
  });

  test('each segment is started when its last worker must have ended, and a failed start is not repeated: the next one comes', () => {
    const rules = of('AWS::Events::Rule').filter(({ ScheduleExpression }) => ScheduleExpression === 'rate(15 minutes)');
    const targets = rules.flatMap(({ Targets }) => Targets);
    expect(targets.map(({ Input }) => Input)).toEqual([0, 1, 2, 3, 4].map((segment) => `{"segment":${segment}}`));
    for (const { RetryPolicy } of targets)
      expect(RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
    // What EventBridge delivered lies in a queue of Lambda, which would repeat it twice, up to six hours later.
    expect(of('AWS::Lambda::EventInvokeConfig')).toEqual([
      {
        FunctionName: stack.resolve(construct.backfill.functionName),
        Qualifier: '$LATEST',
        MaximumEventAgeInSeconds: 60,
        MaximumRetryAttempts: 0,
      },
    ]);
  });

  test('more than five segments are several rules, each with five targets at most', () => {
    const many = made({ ...KEYS, workload: { ...EVENTS_TABLE.workload, spareWriteUnitsPerSecond: 2400 } });
    const counts = many
      .of('AWS::Events::Rule')
      .map(({ Targets }) => Targets.length)
      .sort();
    expect(counts).toEqual([1, 2, 5, 5]);
    expect(many.construct.backfillRules).toHaveLength(3);
  });

  test('is another one with other settings, the same with the same', () => {
    const run = (more: Partial<TtlTableProps>) => made({ ...KEYS, ...more }).variables('Gives').RUN;
    const same = variables('Gives').RUN;
    expect(run({})).toBe(same);
    expect(run({ attribute: 'ttl' })).not.toBe(same);
    expect(run({ workload: { ...EVENTS_TABLE.workload, spareWriteUnitsPerSecond: 1200 } })).not.toBe(same);
    expect(variables('Reports').RUN).toBe(same);
  });

  test('ends before its time-out', () => {
    const worker = of('AWS::Lambda::Function').find(({ Description }) => Description.startsWith('Gives'));
    expect(worker?.Timeout).toBe(900);
    expect(value('startSeconds')).toBeGreaterThanOrEqual(900);
    expect(Number(variables('Gives').WORKER_SECONDS)).toBeLessThan(900);
  });
});

describe('rights', () => {
  test('the worker reads and changes items of this table, the report only reads', () => {
    const allowed = (role: LambdaFunction['role']) => {
      const { 'logs:CreateLogStream logs:PutLogEvents': _, ...rest } = permissions({ stack, template }, role);
      return rest;
    };
    expect(allowed(construct.backfill.role)).toEqual({
      'dynamodb:DescribeTable dynamodb:Scan dynamodb:UpdateItem': 'Events/Table',
      'dynamodb:GetItem dynamodb:UpdateItem': 'Events/Progress',
    });
    expect(allowed(construct.report.role)).toEqual({
      'dynamodb:DescribeTable dynamodb:DescribeTimeToLive dynamodb:Scan': 'Events/Table',
      'dynamodb:GetItem': 'Events/Progress',
    });
    const text = JSON.stringify(of('AWS::IAM::Policy'));
    expect(text).not.toMatch(/DeleteItem|PutItem|BatchWrite|"\*"|\/index/);
  });

  test('a key of yours is granted: both ways to the worker, one way to the report', () => {
    const keyedTable = made((scope) => ({ ...KEYS, encryptionKey: new Key(scope, 'Key') }));
    const all = keyedTable.of('AWS::IAM::Policy').map((policy) => JSON.stringify(policy));
    expect(all.filter((one) => one.includes('kms:GenerateDataKey*'))).toHaveLength(1);
    expect(all.filter((one) => one.includes('kms:Decrypt'))).toHaveLength(2);
  });

  test('cdk-nag finds nothing', () => {
    expect(nagFindings(stack)).toEqual([]);
  });
});

test('its alarms are those that the settings know, each with a text that says what to do', () => {
  const names = construct.alarms.all.map(({ node }) => node.id[0].toLowerCase() + node.id.slice(1));
  expect(names).toEqual([...TTL_TABLE_ALARMS]);
  for (const { AlarmDescription } of of('AWS::CloudWatch::Alarm')) expect(AlarmDescription.length).toBeGreaterThan(120);
});

describe('alarms', () => {
  const alarm = (name: 'backfillFailing' | 'backfillMissing' | 'reportMissing'): Untyped =>
    template.toJSON().Resources[stack.getLogicalId(construct.alarms[name].node.defaultChild as CfnAlarm)].Properties;
  const byMath = (part: string) =>
    of('AWS::CloudWatch::Alarm').find(({ Metrics }) => Metrics?.[0].Expression.includes(part));

  test('deletions are compared with inserts only while items wait longer than planned: growth and quiet days are silent', () => {
    const stopped = byMath('deleted');
    expect(stopped.Metrics[0].Expression).toBe(
      `IF(FILL(lag, REPEAT) > ${value('alarmLagSeconds')} AND FILL(deleted, 0) < ${value('alarmDeletedItems')}, 1, 0)`,
    );
    const names = stopped.Metrics.slice(1).map(({ MetricStat }: Untyped) => MetricStat.Metric.MetricName);
    expect(names).toEqual(['TtlLagSeconds', 'TimeToLiveDeletedItemCount']);
    expect([stopped.EvaluationPeriods, stopped.Metrics[1].MetricStat.Period]).toEqual([2, 43_200]);
  });

  test('throttled reads count as well as writes: backfill and report take of both', () => {
    const { Metrics } = byMath('reads');
    const names = Metrics.slice(1).map(({ MetricStat }: Untyped) => MetricStat.Metric.MetricName);
    expect([Metrics[0].Expression, names]).toEqual([
      'FILL(writes, 0) + FILL(reads, 0)',
      ['WriteThrottleEvents', 'ReadThrottleEvents'],
    ]);
  });

  test('three starts that fail within a day are enough: they are seldom in a row', () => {
    expect(alarm('backfillFailing')).toMatchObject({
      ...{ MetricName: 'Errors', Threshold: 0, Period: 900, EvaluationPeriods: 96, DatapointsToAlarm: 3 },
    });
  });

  test('a backfill that is never started, as when all of its starts are throttled, is missed', () => {
    expect(alarm('backfillMissing')).toMatchObject({
      ...{ MetricName: 'Invocations', Namespace: 'AWS/Lambda', Threshold: 1, Period: 1800, EvaluationPeriods: 1 },
      ...{ ComparisonOperator: 'LessThanThreshold', TreatMissingData: 'breaching' },
    });
  });

  test('a report that could read nothing is a missing one: the lag is counted, not the size', () => {
    expect(alarm('reportMissing')).toMatchObject({ MetricName: 'TtlLagSeconds', Statistic: 'SampleCount' });
  });
});

test('each metric that the functions write is paid for, so an alarm or a graph reads it', () => {
  const script = readFileSync(join(ROOT, 'lib/runtime/ttl-table/handler.ts'), 'utf8');
  const units = /^const UNITS[\s\S]*?^};/m.exec(script)?.[0] ?? '';
  const written = [...units.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name);
  const ofAlarms = of('AWS::CloudWatch::Alarm')
    .flatMap(({ Namespace, MetricName, Metrics = [] }) => [
      { Namespace, MetricName },
      ...Metrics.flatMap(({ MetricStat }: Untyped) => (MetricStat ? [MetricStat.Metric] : [])),
    ])
    .filter(({ Namespace }) => Namespace === 'Backpressure')
    .map(({ MetricName }) => MetricName);
  const [{ DashboardBody }] = of('AWS::CloudWatch::Dashboard');
  const ofGraphs = [...JSON.stringify(DashboardBody).matchAll(/Backpressure[\\",]+(\w+)/g)].map(([, name]) => name);
  const sorted = (names: string[]) => [...new Set(names)].sort();
  expect(sorted(written)).toEqual(sorted([...ofAlarms, ...ofGraphs]));
  // The bill of the page names these beside those of the alarms, DatedItems of both functions: docs/costs/usage.ts.
  expect(sorted(ofGraphs.filter((name) => !ofAlarms.includes(name)))).toEqual([
    'DatedItems',
    'OverdueItems',
    'TableBytes',
    'UnknownAgeItems',
  ]);
});

test('its plan is that of the question, and it has a dashboard unless that is not wanted', () => {
  expect(construct.plan.knobs).toEqual(planTtlTable('Events', EVENTS_TABLE).knobs);
  expect(construct.dashboard).toBeDefined();
  expect(made({ ...KEYS, dashboard: false }).of('AWS::CloudWatch::Dashboard')).toEqual([]);
});

test('two tables of one stack share no name', () => {
  const both = shop();
  for (const id of ['Events', 'Clicks']) new TtlTable(both, id, { ...props, ...KEYS });
  const names = Object.values<Untyped>(Template.fromStack(both).findResources('AWS::CloudWatch::Dashboard')).map(
    ({ Properties }) => JSON.stringify(Properties.DashboardName),
  );
  expect(new Set(names).size).toBe(2);
});

describe('what is refused', () => {
  test.each<[string, Partial<TtlTableProps>]>([
    ['table or partitionKey is missing', {}],
    ['attribute must be neither a key nor createdAttribute', { ...KEYS, attribute: 'job' }],
    ['attribute must be neither a key nor createdAttribute', { ...KEYS, attribute: 'createdAt' }],
    ['attribute must have 1 to 255 bytes, got 0', { ...KEYS, attribute: '' }],
    ['createdAttribute must have 1 to 255 bytes, got 256', { ...KEYS, createdAttribute: 'x'.repeat(256) }],
    ['removalPolicy must be', { ...KEYS, removalPolicy: RemovalPolicy.SNAPSHOT }],
  ])('%s', (message, more) => {
    expect(() => made(more)).toThrow(InvalidInputError);
    expect(() => made(more)).toThrow(message);
  });

  test('settings of the table that is made, beside one that is given; all failures together', () => {
    const failures = refusalOf(() =>
      made((scope) => ({ ...KEYS, table: new Table(scope, 'Mine', keyed), attribute: '', workload: {} as never })),
    );
    expect(String(failures)).toMatch(/partitionKey, sortKey must not be given together with table/);
    expect(String(failures)).toMatch(/attribute must have 1 to 255 bytes/);
    expect(String(failures)).toMatch(/insertsPerSecond is missing/);
  });

  test('a deadline that DynamoDB does not promise', () => {
    expect(() => made({ ...KEYS, objective: { ...EVENTS_TABLE.objective, deletionLagSeconds: 86_400 } })).toThrow(
      CapacityError,
    );
  });

  test('an attribute that only the deployment knows is not judged', () => {
    expect(() => made({ ...KEYS, attribute: Token.asString({ Ref: 'Attribute' }) })).not.toThrow();
  });
});
