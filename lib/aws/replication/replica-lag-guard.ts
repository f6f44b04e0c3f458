import { Annotations, Aws, type CfnResource, Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { AttributeType, Billing, type ITable, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type Connections, type IConnectable, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { sound } from '../../flow/kinds';
import { cloudAlarmKnobs } from '../../flow/replication/cloud-alarms';
import { planReplication, RELAXED_REMARK } from '../../flow/replication/plan';
import { guardTaskKnobs } from '../../flow/replication/pod';
import type { ReplicationPlan } from '../../flow/replication/workload';
import { EXPIRY, GUARD_KEY, ITEM_KEY, writersOf } from '../../runtime/replica-guard/items';
import { alarmSettingsChecks } from '../alarm-settings';
import { dashboardOf } from '../dashboard';
import { groupDescription } from '../descriptions';
import { subjectOf } from '../subject';
import { guardChecks } from './guard-checks';
import { createGuardService, PORT } from './guard-service';
import { grantItems } from './item-grants';
import { createParameters } from './parameter-groups';
import { guardMetric, REPLICA_ALARMS, ReplicaAlarms } from './replica-alarms';
import { GUARD_KINDS, guardQuestion, type ReplicaLagGuardProps } from './replica-lag-guard-props';
import { connect } from './server-binding';

/**
 * A replica of Amazon RDS or Aurora that keeps up: parameter groups of source and replica by the names of their version, and a
 * guard on Fargate that tells bulk writers how fast they may go.
 *
 * Cures a replica that falls minutes behind in a peak of writes, so that its readers decide on old data (case 8). Workers follow
 * from the write rate; where they are not enough the guard slows bulk writers down, at a lag that is computed from the delay
 * of its own signal. CloudWatch's `ReplicaLag` has a value a minute, too late for a promise of seconds, so the guard writes and
 * reads a heartbeat of its own.
 */
export class ReplicaLagGuard extends Construct implements IConnectable {
  /** Every knob with its reason, the parameters, and what to expect. */
  public readonly plan: ReplicationPlan;
  /** Name of the parameter group of the source. */
  public readonly sourceParameterGroupName: string;
  /** Name of the parameter group of replicas. */
  public readonly replicaParameterGroupName: string;
  /** The table of the signal, made here or given. */
  public readonly table: ITable;
  /** Name of the guard: in the table, and the dimension `Guard` of its metrics. */
  public readonly guardName: string;
  /** The group of the guard: out to the servers, in from writers that ask by HTTP. */
  public readonly securityGroup: SecurityGroup;
  /** The network of the guard. */
  public readonly connections: Connections;
  /** The task of the guard. */
  public readonly taskDefinition: FargateTaskDefinition;
  /** The guard: one task. */
  public readonly service: FargateService;
  /** The alarms, each with a text that says what to do. */
  public readonly alarms: ReplicaAlarms;
  /**
   * The dashboard.
   *
   * @default - `dashboard` is false
   */
  public readonly dashboard?: Dashboard;

  /** What the guard logs, for a month. */
  public readonly logGroup: LogGroup;

  /**
   * The parameter group of the source: a `CfnDBParameterGroup`, or a `CfnDBClusterParameterGroup` for Aurora. It is in the stack
   * of a source that takes it.
   */
  public readonly sourceParameters: CfnResource;

  /** The parameter group of the replicas, of the same type. It is in the stack of the first replica that takes it. */
  public readonly replicaParameters: CfnResource;

  /**
   * @throws CapacityError when neither workers nor throttle keep the promise, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: ReplicaLagGuardProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, GUARD_KINDS);
    const plan = planReplication(subjectOf(this), guardQuestion(usable), [
      ...checks,
      ...guardChecks(usable),
      ...alarmSettingsChecks(usable.alarms, REPLICA_ALARMS),
    ]);
    this.plan = plan.withKnobs([...guardTaskKnobs(plan), ...cloudAlarmKnobs(plan)]);
    if (usable.relaxedDurability) Annotations.of(this).addWarningV2('Backpressure::relaxed-durability', RELAXED_REMARK);
    const { source, replicas, engine } = usable;
    const { sourceParameters, replicaParameters } = this.plan;
    const bound = replicas.map(({ _binding }) => _binding);
    this.sourceParameters = createParameters(this, 'Source', engine, sourceParameters, [source._binding]);
    this.replicaParameters = createParameters(this, 'Replica', engine, replicaParameters, bound);
    this.sourceParameterGroupName = this.sourceParameters.ref;
    this.replicaParameterGroupName = this.replicaParameters.ref;
    this.table = usable.table ?? this.createTable(usable.removalPolicy);
    this.guardName = `${Aws.STACK_NAME}-${Names.uniqueResourceName(this, { maxLength: 100, separator: '-' })}`;
    this.securityGroup = new SecurityGroup(this, 'SecurityGroup', {
      vpc: usable.cluster.vpc,
      description: groupDescription(`Watches replicas for ${Names.nodeUniqueId(this.node)}`),
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'Registry, secret, log and table');
    this.connections = this.securityGroup.connections;
    for (const server of [source, ...replicas]) connect(this, server._binding);
    const made = createGuardService(this, usable, {
      plan: this.plan,
      table: this.table,
      guardName: this.guardName,
      securityGroup: this.securityGroup,
    });
    this.taskDefinition = made.taskDefinition;
    this.service = made.service;
    this.logGroup = made.logGroup;
    this.alarms = new ReplicaAlarms(this, 'Alarms', {
      guardName: this.guardName,
      plan: this.plan,
      alarmTopic: usable.alarmTopic,
      alarms: usable.alarms,
    });
    if (usable.dashboard ?? true) this.dashboard = this.createDashboard();
  }

  /**
   * Lets a bulk writer read the signal, and say that it is there: `dynamoSignal` and `permit()` of
   * `backpressure-constructs/replica-guard`. It cannot write the signal.
   */
  public grantThrottle(writer: IGrantable): Grant {
    const saysItself = grantItems(this.table, writer, ['dynamodb:PutItem'], writersOf(this.guardName));
    this.table.encryptionKey?.grantEncrypt(writer);
    return this.grantRead(writer).combine(saysItself);
  }

  /**
   * Lets a reader read the signal, to ask which replicas are fresh: `dynamoSignal` and `freshReplicas()` of
   * `backpressure-constructs/replica-guard`. It takes no share from the writers.
   */
  public grantRead(reader: IGrantable): Grant {
    // A table that is given may have a key of its own; the one made here has none that needs a grant.
    this.table.encryptionKey?.grantDecrypt(reader);
    return grantItems(this.table, reader, ['dynamodb:GetItem'], this.guardName);
  }

  /** Lets a program of the same network ask by HTTP, `/throttle` at port 8080 of the task. */
  public allowFrom(writer: IConnectable): void {
    this.connections.allowFrom(writer, Port.tcp(PORT), 'How fast bulk writers may go');
  }

  private createTable(removalPolicy: RemovalPolicy = RemovalPolicy.RETAIN): TableV2 {
    return new TableV2(this, 'Table', {
      partitionKey: { name: GUARD_KEY, type: AttributeType.STRING },
      sortKey: { name: ITEM_KEY, type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      timeToLiveAttribute: EXPIRY,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
    });
  }

  private createDashboard(): Dashboard {
    const period = Duration.seconds(this.plan.value('alarmSampleSeconds'));
    const of = (name: string, statistic = Stats.MAXIMUM) => guardMetric(this.guardName, name, statistic)(period);
    return dashboardOf(this, this.alarms.all, [
      {
        heading: `Replicas of ${Stack.of(this).stackName}`,
        graphs: [
          { title: 'Lag', unit: 'seconds', metrics: [of('ReplicaLag'), of('HeartbeatAge')] },
          { title: 'Bulk writers', unit: 'commits a second', metrics: [of('BulkRate', Stats.MINIMUM)] },
          { title: 'Throttled', unit: 'share of the time', metrics: [of('Throttled', Stats.AVERAGE)] },
          { title: 'Who asks', unit: 'writers', metrics: [of('Writers')] },
        ],
      },
    ]);
  }
}
