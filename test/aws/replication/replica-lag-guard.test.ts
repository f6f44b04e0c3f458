import { type App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { AttributeType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { InstanceClass, InstanceSize, InstanceType, type IVpc, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  DatabaseCluster,
  DatabaseInstance,
  DatabaseInstanceEngine,
  DatabaseInstanceReadReplica,
  MysqlEngineVersion,
} from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { DatabaseServer } from '../../../lib/aws/replication/database-server';
import { ReplicaLagGuard } from '../../../lib/aws/replication/replica-lag-guard';
import type { ReplicaLagGuardProps } from '../../../lib/aws/replication/replica-lag-guard-props';
import { WRITE_PEAK } from '../../../lib/cases/case-08-replica-lag';
import { ReplicaEngine } from '../../../lib/flow/replication/workload';
import { shop, warningsOf } from '../../support/stack';

const image = ContainerImage.fromRegistry('guard:1');

function imported(stack: Stack, name: string) {
  const group = SecurityGroup.fromSecurityGroupId(stack, `${name}Group`, `sg-${name}`);
  return DatabaseServer.instance(
    DatabaseInstance.fromDatabaseInstanceAttributes(stack, name, {
      instanceIdentifier: name,
      instanceEndpointAddress: `${name}.example.eu-west-1.rds.amazonaws.com`,
      port: 3306,
      securityGroups: [group],
    }),
  );
}

function make(given?: (stack: Stack, vpc: IVpc) => Partial<ReplicaLagGuardProps>) {
  const stack = shop();
  const guard = guardIn(stack, given);
  return { stack, guard, template: Template.fromStack(stack) };
}

function guardIn(stack: Stack, given: (stack: Stack, vpc: IVpc) => Partial<ReplicaLagGuardProps> = () => ({})) {
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    availabilityZones: ['a', 'b'],
    privateSubnetIds: ['subnet-a', 'subnet-b'],
  });
  const changed = given(stack, vpc);
  return new ReplicaLagGuard(stack, 'Orders', {
    ...WRITE_PEAK,
    source: changed.source ?? imported(stack, 'source'),
    replicas: changed.replicas ?? [imported(stack, 'replica')],
    secret: Secret.fromSecretNameV2(stack, 'User', 'user'),
    cluster: Cluster.fromClusterAttributes(stack, 'Cluster', { clusterName: 'shop', vpc }),
    image,
    ...changed,
  });
}

/** A text that names its stack, as one line. */
function lineOf(resolved: { 'Fn::Join': [string, (string | object)[]] } | string): string {
  return typeof resolved === 'string'
    ? resolved
    : resolved['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : '<stack>')).join('');
}
const name = (guardName: string) => lineOf(made.stack.resolve(guardName));

/** The partition of the table on which a role may do each thing. */
function partitions(stack: Stack, role: string): Record<string, string> {
  const policies = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  const statements = policies
    .filter(([id]) => id.startsWith(role))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  return Object.fromEntries(
    statements.map(({ Action, Condition }) => {
      const keys = [Condition['ForAllValues:StringEquals']['dynamodb:LeadingKeys']].flat();
      return [Action, keys.map(lineOf).join()];
    }),
  );
}

const made = make();
const value = (name: string) => made.guard.plan.value(name);

describe('the traps of case 8 are absent', () => {
  test('trap: commit order is preserved, and no name is one that 8.4 has removed', () => {
    made.template.hasResourceProperties('AWS::RDS::DBParameterGroup', {
      Family: 'mysql8.4',
      Parameters: {
        binlog_format: 'ROW',
        binlog_row_image: 'MINIMAL',
        replica_preserve_commit_order: 'ON',
        replica_parallel_workers: String(value('workers')),
      },
    });
    expect(JSON.stringify(made.template.findResources('AWS::RDS::DBParameterGroup'))).not.toMatch(
      /dependency_tracking|write_set_extraction|slave_/,
    );
  });

  test('trap: a throttle that only halves never recovers: the task gets a rate at which it rises again', () => {
    const [task] = Object.values(made.template.findResources('AWS::ECS::TaskDefinition'));
    const { Environment } = task.Properties.ContainerDefinitions[0];
    const settings = JSON.parse(Environment.find(({ Name }: { Name: string }) => Name === 'SETTINGS').Value);
    expect(settings.increasePerSecond).toBe(value('increasePerSecond'));
  });
});

describe('the guard', () => {
  test('is one task, and the old one ends before the new one begins', () => {
    made.template.hasResourceProperties('AWS::ECS::Service', {
      DesiredCount: 1,
      DeploymentConfiguration: { MinimumHealthyPercent: 0, MaximumPercent: 100 },
    });
  });

  test('has user and password from the secret, and no secret in its variables', () => {
    made.template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        {
          Secrets: [Match.objectLike({ Name: 'DB_USER' }), Match.objectLike({ Name: 'DB_PASSWORD' })],
          ReadonlyRootFilesystem: true,
        },
      ],
    });
  });

  test('may reach each server, write its signal and count writers, and nothing else of the table', () => {
    for (const group of ['sg-source', 'sg-replica'])
      made.template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { GroupId: group, FromPort: 3306 });
    expect(partitions(made.stack, 'OrdersTaskTaskRole')).toEqual({
      'dynamodb:PutItem': name(made.guard.guardName),
      'dynamodb:Query': `${name(made.guard.guardName)}#writers`,
    });
  });

  test('a writer may read the signal and say that it is there, and cannot write a signal', () => {
    const stack = shop();
    const writer = new Role(stack, 'Import', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const guard = guardIn(stack);
    guard.grantThrottle(writer);
    expect(partitions(stack, 'Import')).toEqual({
      'dynamodb:GetItem': name(guard.guardName),
      'dynamodb:PutItem': `${name(guard.guardName)}#writers`,
    });
  });

  test('a reader of fresh replicas may read the signal, and nothing else', () => {
    const stack = shop();
    const reader = new Role(stack, 'Pages', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const guard = guardIn(stack);
    guard.grantRead(reader);
    expect(partitions(stack, 'Pages')).toEqual({ 'dynamodb:GetItem': name(guard.guardName) });
  });

  test('of a given table with a key of its own a writer may use the key', () => {
    const stack = shop();
    const encryptionKey = new Key(stack, 'Key');
    const table = new Table(stack, 'Signals', {
      partitionKey: { name: 'guard', type: AttributeType.STRING },
      sortKey: { name: 'item', type: AttributeType.STRING },
      encryption: TableEncryption.CUSTOMER_MANAGED,
      encryptionKey,
    });
    const writer = new Role(stack, 'Import', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    guardIn(stack, () => ({ table })).grantThrottle(writer);
    const policies = Object.entries(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    const [, own] = policies.find(([name]) => name.startsWith('Import'))!;
    const actions = own.Properties.PolicyDocument.Statement.flatMap(({ Action }: { Action: string[] }) => Action);
    expect(actions).toEqual(expect.arrayContaining(['kms:Decrypt', 'dynamodb:GetItem', 'dynamodb:PutItem']));
  });

  test('a guard that says nothing is an alarm, and so is a value that is missing', () => {
    made.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'LagUnknown',
      Statistic: 'SampleCount',
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
    });
    expect(made.guard.alarms.all).toHaveLength(6);
  });
});

describe('TLS', () => {
  const variables = (of: ReturnType<typeof make>) =>
    JSON.stringify(Object.values(of.template.findResources('AWS::ECS::TaskDefinition'))[0].Properties);

  test('checks the host of a server, unless that is switched off for names of your own', () => {
    expect(variables(made)).not.toContain('DB_VERIFY_IDENTITY');
    expect(variables(make(() => ({ verifyIdentity: false })))).toContain(
      '{"Name":"DB_VERIFY_IDENTITY","Value":"false"}',
    );
  });

  test('a name that no certificate of RDS has is refused, with the way out', () => {
    const alias = (stack: Stack) => ({
      replicas: [
        DatabaseServer.instance(
          DatabaseInstance.fromDatabaseInstanceAttributes(stack, 'Alias', {
            instanceIdentifier: 'alias',
            instanceEndpointAddress: 'orders.databases.internal',
            port: 3306,
            securityGroups: [],
          }),
        ),
      ],
    });
    expect(() => make(alias)).toThrow(
      /Shop\/Alias must have the endpoint.*orders.databases.internal.*verifyIdentity false/,
    );
    expect(() => make((stack) => ({ ...alias(stack), verifyIdentity: false }))).not.toThrow();
  });
});

describe('servers of another stack than the guard', () => {
  /** Source and replica in a stack of databases, and the guard in another one with its own cluster. */
  function apart() {
    const app = shop().node.root as App;
    const [databases, services] = ['Databases', 'Services'].map((id) => new Stack(app, id));
    const vpc = new Vpc(databases, 'Vpc');
    const engine = DatabaseInstanceEngine.mysql({ version: MysqlEngineVersion.of('8.4.6', '8.4') });
    const instance = new DatabaseInstance(databases, 'Source', { engine, vpc });
    const replica = new DatabaseInstanceReadReplica(databases, 'ReadReplica', {
      sourceDatabaseInstance: instance,
      instanceType: InstanceType.of(InstanceClass.R8G, InstanceSize.LARGE),
      vpc,
    });
    const guard = new ReplicaLagGuard(services, 'Orders', {
      ...WRITE_PEAK,
      source: DatabaseServer.instance(instance),
      replicas: [DatabaseServer.instance(replica)],
      secret: Secret.fromSecretNameV2(services, 'User', 'user'),
      cluster: new Cluster(services, 'Cluster', { vpc }),
      image,
    });
    return { app, databases, services, guard };
  }

  test('get their parameters in their own stack, on which that of the guard depends, and not the other way round', () => {
    const { app, databases, services, guard } = apart();
    expect(() => app.synth()).not.toThrow();
    expect(services.dependencies).toContain(databases);
    expect(databases.dependencies).toEqual([]);
    const template = Template.fromStack(databases);
    template.resourceCountIs('AWS::RDS::DBParameterGroup', 2);
    Template.fromStack(services).resourceCountIs('AWS::RDS::DBParameterGroup', 0);
    for (const [group, of] of [
      [guard.sourceParameters, 'Source'],
      [guard.replicaParameters, 'ReadReplica'],
    ] as const)
      expect(
        Object.keys(
          template.findResources('AWS::RDS::DBInstance', {
            Properties: { DBParameterGroupName: databases.resolve(group.ref) },
          }),
        ),
      ).toEqual([expect.stringMatching(`^${of}`)]);
  });

  test('a replica in a third stack gets none, and a warning that can be acknowledged says so', () => {
    const app = shop().node.root as App;
    const [one, other, services] = ['One', 'Other', 'Services'].map((id) => new Stack(app, id));
    const vpcIn = (stack: Stack) =>
      Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-1',
        availabilityZones: ['a', 'b'],
        privateSubnetIds: ['subnet-a', 'subnet-b'],
      });
    const engine = DatabaseInstanceEngine.mysql({ version: MysqlEngineVersion.of('8.4.6', '8.4') });
    const replicas = [one, other].map((stack) =>
      DatabaseServer.instance(new DatabaseInstance(stack, 'Replica', { engine, vpc: vpcIn(stack) })),
    );
    new ReplicaLagGuard(services, 'Orders', {
      ...WRITE_PEAK,
      source: imported(services, 'source'),
      replicas,
      secret: Secret.fromSecretNameV2(services, 'User', 'user'),
      cluster: Cluster.fromClusterAttributes(services, 'Cluster', { clusterName: 'shop', vpc: vpcIn(services) }),
      image,
    });
    expect(warningsOf(other).join()).toMatch(/Other\/Replica is in another stack.*replica-parameters-elsewhere/);
    expect(warningsOf(one).join()).not.toContain('replica-parameters');
    expect(() => app.synth()).not.toThrow();
  });
});

describe('what is there already', () => {
  test('an instance of the app without a parameter group gets that of the guard', () => {
    const { template } = make((stack, vpc) => {
      const engine = DatabaseInstanceEngine.mysql({ version: MysqlEngineVersion.of('8.4.6', '8.4') });
      return { source: DatabaseServer.instance(new DatabaseInstance(stack, 'Source', { engine, vpc })) };
    });
    template.hasResourceProperties('AWS::RDS::DBInstance', {
      DBParameterGroupName: { Ref: Match.stringLikeRegexp('^OrdersSourceParameters') },
    });
  });

  test('an imported one is told which parameters it needs', () => {
    Annotations.fromStack(make().stack).hasInfo(
      '*',
      Match.stringLikeRegexp('parameter group of its own, or is imported'),
    );
  });

  test('a table that is given is used, and none is made', () => {
    const { template } = make((stack) => ({
      table: new Table(stack, 'Signals', {
        partitionKey: { name: 'guard', type: AttributeType.STRING },
        sortKey: { name: 'item', type: AttributeType.STRING },
      }),
    }));
    template.resourceCountIs('AWS::DynamoDB::GlobalTable', 0);
  });

  test('clusters of Aurora have a parameter group of clusters', () => {
    const { template } = make((stack) => {
      const cluster = (name: string) =>
        DatabaseServer.cluster(
          DatabaseCluster.fromDatabaseClusterAttributes(stack, name, {
            clusterIdentifier: name,
            clusterEndpointAddress: `${name}.example.eu-west-1.rds.amazonaws.com`,
            port: 3306,
          }),
        );
      return { engine: ReplicaEngine.AURORA_MYSQL_8_0, source: cluster('a'), replicas: [cluster('b')] };
    });
    template.hasResourceProperties('AWS::RDS::DBClusterParameterGroup', {
      Family: 'aurora-mysql8.0',
      Parameters: Match.objectLike({ binlog_format: 'ROW' }),
    });
    template.resourceCountIs('AWS::RDS::DBParameterGroup', 0);
  });
});

test('relaxed durability is a warning: after a crash a replica with a binary log has to be made anew', () => {
  expect(warningsOf(make(() => ({ relaxedDurability: true })).stack).join()).toMatch(/relaxedDurability.*made anew/);
  expect(warningsOf(made.stack).join()).not.toContain('relaxed');
});

describe('what it refuses', () => {
  test('all at once: an instance under the family of Aurora, a schema, a tick that is too long', () => {
    const refused = () =>
      make(() => ({ engine: ReplicaEngine.AURORA_MYSQL_8_0, schema: 'a-b', tick: Duration.minutes(2) }));
    expect(refused).toThrow(
      /tickSeconds.*engine aurora-mysql8.0 is that of clusters.*schema must be|engine aurora-mysql8.0.*schema.*tickSeconds/,
    );
  });
});
