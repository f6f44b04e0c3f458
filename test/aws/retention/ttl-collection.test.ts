import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RemovalPolicy, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { DatabaseCluster } from 'aws-cdk-lib/aws-docdb';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { TtlCollection } from '../../../lib/aws/retention/ttl-collection';
import type { TtlCollectionProps } from '../../../lib/aws/retention/ttl-collection-props';
import { TTL_COLLECTION_ALARMS } from '../../../lib/aws/retention/ttl-collection-rows';
import { EVENTS } from '../../../lib/cases/case-16-collection-swells';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planRetention } from '../../../lib/flow/retention/plan';
import { eventsInDocumentDb } from '../../support/document-db';
import { nagFindings } from '../../support/nag';
import { ROOT } from '../../support/reference';
import { refusalOf } from '../../support/refused';
import { permissions, shop, type Untyped } from '../../support/stack';

type Given = Partial<TtlCollectionProps>;

function made(more: Given | ((stack: ReturnType<typeof shop>) => Given) = {}, stack = shop()) {
  const base = eventsInDocumentDb(stack);
  const construct = new TtlCollection(stack, 'Events', {
    ...EVENTS,
    ...base,
    ...(typeof more === 'function' ? more(stack) : more),
  });
  const template = Template.fromStack(stack);
  const of = (type: string) => Object.values<Untyped>(template.findResources(type)).map(({ Properties }) => Properties);
  const container = (name: string): Untyped =>
    of('AWS::ECS::TaskDefinition')
      .flatMap(({ ContainerDefinitions }) => ContainerDefinitions)
      .find(({ Name }) => Name === name);
  const variables = (name: string): Record<string, Untyped> =>
    Object.fromEntries(container(name).Environment.map(({ Name, Value }: Untyped) => [Name, Value]));
  return { stack, construct, template, of, container, variables };
}

const { construct, template, of, container, variables, stack } = made();
const value = (name: string) => construct.plan.value(name);

describe('the traps of case 16 are absent', () => {
  test('trap: an index made first deletes most of the collection at once; the backfill comes first, at the spare rate', () => {
    expect(variables('Backfill')).toMatchObject({
      BATCH_SIZE: '1000',
      BATCH_SECONDS: '1',
      RETENTION_SECONDS: String(87 * 86_400),
      BACKFILL_SECONDS: String(value('backfillSeconds')),
      DRAIN_SECONDS: String(value('drainSeconds')),
      DRAIN_PER_SECOND: String(value('drainPerSecond')),
    });
  });

  test('trap: two runs have the budget twice; each start takes a lease, which ends before the next start', () => {
    expect(variables('Backfill')).toMatchObject({ LEASE_SECONDS: '120', LEASE_RENEWAL_SECONDS: '30' });
    expect(container('Backfill').Command).toEqual([
      '--nodb',
      '--quiet',
      '--norc',
      ...['documentdb', 'lease', 'backfill'].flatMap((script) => ['--file', `/opt/ttl/${script}.js`]),
    ]);
    expect(value('leaseSeconds')).toBeLessThan(value('startSeconds'));
  });

  test('trap: the secret of a cluster has no connection string; user and password come from it, and are in no variable', () => {
    for (const name of ['Backfill', 'Report']) {
      expect(container(name).Secrets.map(({ Name }: Untyped) => Name)).toEqual(['DB_USER', 'DB_PASSWORD']);
      expect(variables(name)).toMatchObject({
        DB_HOST: 'events.cluster-abc.us-east-1.docdb.amazonaws.com',
        DB_PORT: '27017',
        DB_NAME: 'shop',
        DB_TLS_CA_FILE: '/opt/ttl/rds.pem',
      });
    }
  });
});

describe('the tasks', () => {
  test('are started once an hour on Fargate, without a repetition, in private subnets and their own group', () => {
    const schedules = of('AWS::Scheduler::Schedule');
    expect(schedules).toHaveLength(2);
    for (const { ScheduleExpression, FlexibleTimeWindow, Target } of schedules) {
      expect([ScheduleExpression, FlexibleTimeWindow.Mode]).toEqual(['rate(1 hour)', 'OFF']);
      expect(Target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 0 });
      expect(Target.DeadLetterConfig).toBeDefined();
      expect(Target.EcsParameters.LaunchType).toBe('FARGATE');
      const { AssignPublicIp, SecurityGroups } = Target.EcsParameters.NetworkConfiguration.AwsvpcConfiguration;
      expect([AssignPublicIp, SecurityGroups.length]).toEqual(['DISABLED', 1]);
    }
  });

  test('are first started when their roles have their permissions', () => {
    for (const { DependsOn } of Object.values<Untyped>(template.findResources('AWS::Scheduler::Schedule'))) {
      expect(DependsOn.filter((id: string) => /RoleDefaultPolicy/.test(id)).length).toBeGreaterThanOrEqual(2);
    }
  });

  test('have a file system that is read-only but for /tmp, and 30 s to stop', () => {
    for (const name of ['Backfill', 'Report']) {
      expect(container(name)).toMatchObject({
        ReadonlyRootFilesystem: true,
        StopTimeout: value('stopTimeoutSeconds'),
        MountPoints: [{ ContainerPath: '/tmp', ReadOnly: false, SourceVolume: 'tmp' }],
      });
    }
  });

  test('with other settings the backfill is another one; the report looks for the same one', () => {
    const run = (more: Given) => made(more).variables('Backfill').RUN;
    const same = variables('Backfill').RUN;
    expect(variables('Report').RUN).toBe(same);
    expect(run({})).toBe(same);
    expect(run({ createdField: 'madeAt' })).not.toBe(same);
    expect(run({ collection: 'clicks' })).not.toBe(same);
    expect(run({ objective: { ...EVENTS.objective, retentionSeconds: 80 * 86_400 } })).not.toBe(same);
    expect(run({ workload: { ...EVENTS.workload, spareWritesPerSecond: 2000 } })).toBe(same);
  });

  test('a report has as long as the plan says, a backfill as long as it takes', () => {
    expect(variables('Report').REPORT_DEADLINE_SECONDS).toBe(String(value('reportDeadlineSeconds')));
    expect(value('reportDeadlineSeconds')).toBeLessThan(value('reportSeconds'));
    expect(variables('Backfill')).not.toHaveProperty('REPORT_DEADLINE_SECONDS');
  });

  test('a created field is a variable only when there is one', () => {
    expect(variables('Backfill')).not.toHaveProperty('CREATED_FIELD');
    expect(made({ createdField: 'made.at' }).variables('Backfill').CREATED_FIELD).toBe('made.at');
  });
});

describe('rights', () => {
  test('the tasks have none in AWS, the scheduler may start these two, on this cluster, with their roles', () => {
    expect(permissions({ stack, template }, construct.backfillTask.taskRole)).toEqual({});
    expect(permissions({ stack, template }, construct.reportTask.taskRole)).toEqual({});
    const allowed = permissions({ stack, template }, construct.schedulerRole);
    expect(Object.keys(allowed)).toEqual(['ecs:RunTask', 'iam:PassRole', 'sqs:SendMessage']);
    expect(JSON.stringify(allowed)).not.toContain('*');
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Action: 'ecs:RunTask',
            Condition: { ArnEquals: { 'ecs:cluster': { 'Fn::GetAtt': [Match.stringLikeRegexp('Cluster'), 'Arn'] } } },
          }),
          Match.objectLike({
            Action: 'iam:PassRole',
            Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
          }),
          Match.objectLike({ Action: 'sqs:SendMessage' }),
        ],
      },
    });
  });

  test('only schedules of the group may use the role', () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          Match.objectLike({
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: {
              StringEquals: {
                'aws:SourceAccount': { Ref: 'AWS::AccountId' },
                'aws:SourceArn': { 'Fn::GetAtt': [Match.stringLikeRegexp('ScheduleGroup'), 'Arn'] },
              },
            },
          }),
        ],
      },
    });
  });

  test('the tasks go out to HTTPS and the database, and the database lets them in', () => {
    const [group] = of('AWS::EC2::SecurityGroup').filter(({ GroupDescription }) =>
      GroupDescription.startsWith('Dates'),
    );
    expect(group.SecurityGroupEgress).toEqual([expect.objectContaining({ FromPort: 443, CidrIp: '0.0.0.0/0' })]);
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', { FromPort: 27_017, ToPort: 27_017 });
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { FromPort: 27_017, ToPort: 27_017 });
  });

  test('cdk-nag finds nothing', () => {
    const scoped = nagFindings(stack).filter((finding) => JSON.stringify(finding).includes('Events'));
    expect(scoped).toEqual([]);
  });
});

describe('bring your own', () => {
  test('group, schedule group and image', () => {
    const mine = made((scope) => ({
      securityGroup: SecurityGroup.fromSecurityGroupId(scope, 'Mine', 'sg-1'),
      scheduleGroup: ScheduleGroup.fromScheduleGroupName(scope, 'Group', 'mine'),
      image: ContainerImage.fromRegistry('shop/ttl:1'),
    }));
    expect(mine.of('AWS::Scheduler::ScheduleGroup')).toEqual([]);
    expect(mine.container('Report').Image).toBe('shop/ttl:1');
    const [{ Target }] = mine.of('AWS::Scheduler::Schedule');
    expect(Target.EcsParameters.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups).toEqual(['sg-1']);
    expect(mine.of('AWS::EC2::SecurityGroup').map(({ GroupDescription }) => GroupDescription)).toEqual([
      'The database',
    ]);
  });

  test('the queue of undelivered starts stays, unless it may go', () => {
    const policy = (more: Given) =>
      Object.values<Untyped>(made(more).template.findResources('AWS::SQS::Queue')).map(
        ({ DeletionPolicy }) => DeletionPolicy,
      );
    expect(policy({})).toEqual(['Retain']);
    expect(policy({ removalPolicy: RemovalPolicy.DESTROY })).toEqual(['Delete']);
  });

  test('a cluster of this app, with its secret', () => {
    const mine = made((scope) => {
      const vpc = new Vpc(scope, 'DataVpc');
      const database = new DatabaseCluster(scope, 'Mine', {
        vpc,
        masterUser: { username: 'admin1' },
        instanceType: { toString: () => 'r6g.large' } as never,
      });
      return { databaseCluster: database, secret: database.secret };
    });
    expect(mine.variables('Backfill').DB_HOST).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^Mine/), 'Endpoint'] });
    expect(JSON.stringify(mine.container('Backfill').Secrets)).toContain(':username::');
  });
});

test('its alarms are those that the settings know, each with a text that says what to do', () => {
  const names = construct.alarms.all.map(({ node }) => node.id[0].toLowerCase() + node.id.slice(1));
  expect(names).toEqual([...TTL_COLLECTION_ALARMS]);
  for (const { AlarmDescription } of of('AWS::CloudWatch::Alarm')) {
    expect(AlarmDescription.length).toBeGreaterThan(120);
    expect(AlarmDescription.length).toBeLessThanOrEqual(1024);
  }
});

test('a backfill that works for hours before it fails is noticed: three failures within a day, not in a row', () => {
  const [alarm] = of('AWS::CloudWatch::Alarm').filter(({ MetricName }) => MetricName === 'BackfillErrors');
  expect(alarm).toMatchObject({ Period: 3600, EvaluationPeriods: 24, DatapointsToAlarm: 3, Threshold: 0 });
  expect(alarm.AlarmDescription).toContain('within a day');
});

test('alarms read the metrics that the scripts write, under a name that has the stack in it', () => {
  const metrics = of('AWS::CloudWatch::Alarm')
    .filter(({ Namespace }) => Namespace === 'Backpressure')
    .map(({ MetricName, Dimensions }) => [MetricName, Dimensions[0].Name]);
  expect(metrics).toEqual(
    [
      'DeletionLagSeconds',
      'IndexMissing',
      'SettledBytes',
      'UnexpiringDocuments',
      'BackfillSeconds',
      'BackfillErrors',
      'BackfillStarts',
      'DiskBytes',
    ].map((name) => [name, 'TtlCollection']),
  );
  expect(variables('Report').TTL_COLLECTION).toEqual({
    'Fn::Join': ['', [{ Ref: 'AWS::StackName' }, expect.stringMatching(/^-Shop-Events-/)]],
  });
});

test('each metric that the scripts write is paid for, so an alarm or a graph reads it', () => {
  const script = (name: string) => readFileSync(join(ROOT, 'lib/runtime/ttl-collection', `${name}.js`), 'utf8');
  const progress = /^function progress[\s\S]*?^}/m.exec(script('report'))?.[0] ?? '';
  const written = [...progress.matchAll(/\b([A-Z]\w+):/g), ...script('backfill').matchAll(/\bmeasure\(\{ (\w+):/g)].map(
    ([, name]) => name,
  );
  const ofAlarms = of('AWS::CloudWatch::Alarm')
    .filter(({ Namespace }) => Namespace === 'Backpressure')
    .map(({ MetricName }) => MetricName);
  const [{ DashboardBody }] = of('AWS::CloudWatch::Dashboard');
  const ofGraphs = [...JSON.stringify(DashboardBody).matchAll(/Backpressure[\\",]+(\w+)/g)].map(([, name]) => name);
  const sorted = (names: string[]) => [...new Set(names)].sort();
  expect(sorted(written)).toEqual(sorted([...ofAlarms, ...ofGraphs]));
  expect([written.length, new Set(ofAlarms).size]).toEqual([10, 8]);
  // The bill of the page names these beside those of the alarms: docs/costs/usage.ts.
  expect(sorted(ofGraphs.filter((name) => !ofAlarms.includes(name)))).toEqual(['DataBytes', 'DatedDocuments']);
});

test('its plan is that of the question on tasks, and it has a dashboard unless that is not wanted', () => {
  expect(construct.plan.knobs).toEqual(planRetention('Events', { ...EVENTS, platform: 'fargate' }).knobs);
  expect(construct.dashboard).toBeDefined();
  expect(made({ dashboard: false }).of('AWS::CloudWatch::Dashboard')).toEqual([]);
});

test('two collections of one stack share no name and no metric', () => {
  const both = shop();
  const base = eventsInDocumentDb(both);
  const names = ['Events', 'Clicks'].map((id) => {
    const { metricsName } = new TtlCollection(both, id, { ...EVENTS, ...base, collection: id.toLowerCase() });
    return JSON.stringify(both.resolve(metricsName));
  });
  expect(new Set(names).size).toBe(2);
  expect(() => Template.fromStack(both)).not.toThrow();
});

describe('what is refused', () => {
  test.each<[string, Given]>([
    ['collection must be 1 to 120 letters', { collection: '1x' }],
    ['collection must be 1 to 120 letters', { collection: 'ttl_backfill' }],
    ['databaseName must be 1 to 63 letters', { databaseName: 'a/b' }],
    ['createdField must be 1 to 120 letters', { createdField: '$now' }],
    ['removalPolicy must be', { removalPolicy: RemovalPolicy.SNAPSHOT }],
    ['secret is missing', { secret: undefined as never }],
  ])('%s', (message, more) => {
    expect(() => made(more)).toThrow(InvalidInputError);
    expect(() => made(more)).toThrow(message);
  });

  test('all failures together, with those of workload and objective', () => {
    const failures = refusalOf(() =>
      made((scope) => ({
        databaseCluster: DatabaseCluster.fromDatabaseClusterAttributes(scope, 'Bare', { clusterIdentifier: 'bare' }),
        collection: '',
        workload: {} as never,
      })),
    );
    expect(String(failures)).toMatch(/databaseCluster is imported without clusterEndpointAddress or port: give both/);
    expect(String(failures)).toMatch(/collection must be 1 to 120 letters/);
    expect(String(failures)).toMatch(/insertsPerSecond is missing/);
  });

  test('a size that the retention does not keep', () => {
    expect(() => made({ objective: { ...EVENTS.objective, collectionBytes: 100e9 } })).toThrow(CapacityError);
  });

  test('names that only the deployment knows are not judged', () => {
    expect(() => made({ databaseName: Token.asString({ Ref: 'Database' }) })).not.toThrow();
  });
});
