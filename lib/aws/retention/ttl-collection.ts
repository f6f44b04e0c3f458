import { Aws, Names } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type Connections,
  type IConnectable,
  type ISecurityGroup,
  Peer,
  Port,
  SecurityGroup,
} from 'aws-cdk-lib/aws-ec2';
import type { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { Role } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IScheduleGroup, Schedule } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { planRetention } from '../../flow/retention/plan';
import type { RetentionPlan } from '../../flow/retention/workload';
import { dashboardOf } from '../dashboard';
import { groupDescription } from '../descriptions';
import { TtlCollectionAlarms } from './ttl-collection-alarms';
import { type TtlCollectionProps, usableCollectionProps } from './ttl-collection-props';
import { ttlCollectionSections } from './ttl-collection-rows';
import { createTasks } from './ttl-collection-tasks';

/**
 * A collection of Amazon DocumentDB with a time to live: a throttled backfill gives every document that says when it was created
 * its date of expiry, then makes the TTL index, and a report measures the size of the collection and the lag of deletion.
 * Documents without a usable creation time stay, unless the objective says `expireUnknownAge`.
 *
 * Cures a collection that grows because deletion is a manual chore (case 16). The index comes last, and documents that are already
 * too old are spread over the time that the database needs to delete them, so that there is no flood. Both run on Fargate; a lease
 * in the database keeps a second backfill from running beside the first.
 */
export class TtlCollection extends Construct implements IConnectable {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: RetentionPlan;
  /** Name of the collection in its metrics: the dimension `TtlCollection` of the namespace `Backpressure`. */
  public readonly metricsName: string;
  /** The group of the tasks, made or given. */
  public readonly securityGroup: ISecurityGroup;
  /** The network of the tasks. */
  public readonly connections: Connections;
  /** The task of the backfill. */
  public readonly backfillTask: FargateTaskDefinition;
  /** The task of the report. */
  public readonly reportTask: FargateTaskDefinition;
  /** What the backfill logs, for a month. */
  public readonly backfillLogGroup: LogGroup;
  /** What the report logs, for a month. */
  public readonly reportLogGroup: LogGroup;
  /** The group of the schedules, made or given. */
  public readonly scheduleGroup: IScheduleGroup;
  /** The role with which the scheduler starts the tasks. It may do nothing else. */
  public readonly schedulerRole: Role;
  /** Starts that the scheduler could not deliver, for 14 days, each with the reason in its attributes. */
  public readonly undeliveredQueue: Queue;
  /** What starts the backfill: a run that died goes on, and one that is done reads a document and ends. */
  public readonly backfillSchedule: Schedule;
  /** What starts the report. */
  public readonly reportSchedule: Schedule;
  /** The alarms. */
  public readonly alarms: TtlCollectionAlarms;
  /**
   * The dashboard.
   *
   * @default - `dashboard` is false
   */
  public readonly dashboard?: Dashboard;

  /**
   * @throws CapacityError when backfill or deletion cannot keep ahead of inserts, or size or time are above the objective; the
   *   message names the ways out
   * @throws InvalidInputError when props are out of range, or the database has no endpoint or no security group; the
   *   message names each
   */
  constructor(scope: Construct, id: string, props: TtlCollectionProps) {
    super(scope, id);
    const { props: usable, checks } = usableCollectionProps(props);
    const { workload, objective, databaseCluster, alarmTopic, alarms, dashboard = true } = usable;
    this.plan = planRetention(id, { workload, objective, platform: 'fargate' }, checks);
    this.metricsName = `${Aws.STACK_NAME}-${Names.uniqueResourceName(this, { maxLength: 100, separator: '-' })}`;
    this.securityGroup = usable.securityGroup ?? this.createSecurityGroup(usable);
    this.connections = this.securityGroup.connections;
    this.connections.allowTo(
      databaseCluster,
      Port.tcp(databaseCluster.clusterEndpoint.port),
      'Backfill and report of a collection',
    );
    const { plan, metricsName, securityGroup } = this;
    const made = createTasks(this, usable, { plan, metricsName, securityGroup });
    this.backfillTask = made.backfillTask;
    this.reportTask = made.reportTask;
    this.backfillLogGroup = made.backfillLogGroup;
    this.reportLogGroup = made.reportLogGroup;
    this.scheduleGroup = made.scheduleGroup;
    this.schedulerRole = made.schedulerRole;
    this.undeliveredQueue = made.undeliveredQueue;
    this.backfillSchedule = made.backfillSchedule;
    this.reportSchedule = made.reportSchedule;
    const watched = { plan, metricsName, undeliveredQueue: made.undeliveredQueue };
    this.alarms = new TtlCollectionAlarms(this, 'Alarms', { ...watched, alarmTopic, alarms });
    this.dashboard = dashboard
      ? dashboardOf(this, this.alarms.all, ttlCollectionSections(watched, databaseCluster.clusterIdentifier))
      : undefined;
  }

  private createSecurityGroup({ cluster }: TtlCollectionProps): SecurityGroup {
    const group = new SecurityGroup(this, 'SecurityGroup', {
      vpc: cluster.vpc,
      description: groupDescription(`Dates and reports on documents for ${Names.nodeUniqueId(this.node)}`),
      allowAllOutbound: false,
    });
    group.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'Registry, secret and log');
    return group;
  }
}
