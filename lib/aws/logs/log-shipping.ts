import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { AwsLogDriverMode, ContainerImage, type LogDriver, type TaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { ICluster as IEksCluster } from 'aws-cdk-lib/aws-eks';
import type { Grant, IGrantable, Role } from 'aws-cdk-lib/aws-iam';
import type { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { sound } from '../../flow/kinds';
import { planLogDelivery } from '../../flow/logs/delivery/plan';
import type { LogDeliveryPlan } from '../../flow/logs/delivery/workload';
import { alarmSettingsChecks, settingsOfPart } from '../alarm-settings';
import { warnWithoutInsights } from '../container-insights';
import { dashboardOf } from '../dashboard';
import type { ArchiveBucket } from '../storage/archive-bucket';
import { ARCHIVE_ALARMS, createArchive, createDeliveryStream } from './delivery';
import { ShippedLogs } from './log-driver';
import type { ClusterLogRouter, ClusterLogRouterOptions, LogRouter } from './log-router';
import { DISK_ALARM, shippingGraphs } from './log-shipping-alarm-rows';
import { LogShippingAlarms, SHIPPING_ALARMS } from './log-shipping-alarms';
import { deliveryQuestion, LOG_SHIPPING_KINDS, logShippingChecks, streamRegion } from './log-shipping-checks';
import type { LogShippingProps } from './log-shipping-props';
import { addNodeRouter } from './node-router';
import { type RouterTarget, routerConfig } from './router-config';
import { ROUTER_IMAGE } from './router-image';
import { addRouter, grantSend, type RouterSettings } from './router-task';

/**
 * Logs of tasks on Amazon ECS, delivered to an archive: a router in each task buffers on the disk, so that lines survive an outage
 * of their destination, and one stream of Amazon Data Firehose writes objects that are worth keeping. Delivery is at least once:
 * some lines arrive twice.
 *
 * Cures a disk, or a memory, that is the only buffer between writers and readers of logs (case 1): left at their defaults, log
 * driver, router and stream each lose lines in silence.
 */
export class LogShipping extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: LogDeliveryPlan;

  /**
   * The `logging` of a container: adds the router to its task definition, and makes the container wait for it.
   */
  public readonly logDriver: LogDriver;

  /** The stream, unless one was given. */
  public readonly deliveryStream?: CfnDeliveryStream;

  /** The role by which the stream writes to the bucket, unless a stream was given. */
  public readonly writerRole?: Role;

  /** Name of the stream, made here or given. */
  public readonly deliveryStreamName: string;

  /** ARN of the stream, made here or given. */
  public readonly deliveryStreamArn: string;

  /** The archive, unless a bucket or a stream was given. */
  public readonly archive?: ArchiveBucket;

  /** The bucket, made here or given; none where a stream was given. */
  public readonly bucket?: IBucket;

  /** Where routers and stream log what happens to them. */
  public readonly logGroup: ILogGroup;

  /** `fluent-bit.conf` of the routers. */
  public readonly routerConfig: string;

  /** The alarms. */
  public readonly alarms: LogShippingAlarms;

  /** The dashboard. */
  public readonly dashboard: Dashboard;

  private readonly target: RouterTarget;
  private readonly settings: RouterSettings;
  private readonly routers = new Map<TaskDefinition, LogRouter>();

  /**
   * @throws CapacityError when the outage does not fit the disk, Firehose keeps less, or the stream takes fewer bytes or requests
   *   than are sent; the message names the ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: LogShippingProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, LOG_SHIPPING_KINDS);
    this.plan = planLogDelivery(id, deliveryQuestion(this, usable), [
      ...checks,
      ...logShippingChecks(usable),
      ...alarmSettingsChecks(usable.alarms, [...SHIPPING_ALARMS, ...ARCHIVE_ALARMS, DISK_ALARM]),
    ]);
    const { plan } = this;
    const { alarmTopic, alarms, cluster, hostFolder } = usable;
    this.logGroup = usable.logGroup ?? this.createLogGroup();
    const { deliveryStream: given } = usable;
    if (given === undefined) {
      if (usable.bucket === undefined) this.archive = createArchive(this, usable, plan);
      this.bucket = usable.bucket ?? this.archive!.bucket;
      const made = createDeliveryStream(this, usable, plan, this.bucket, this.logGroup);
      this.deliveryStream = made.stream;
      this.writerRole = made.role;
    }
    this.deliveryStreamName = given?.deliveryStreamName ?? this.deliveryStream!.ref;
    this.deliveryStreamArn = given?.deliveryStreamArn ?? this.deliveryStream!.attrArn;
    this.target = {
      region: streamRegion(this, given),
      streamName: this.deliveryStreamName,
      lineOnly: usable.lineOnly ?? false,
    };
    this.routerConfig = routerConfig(plan, this.target);
    this.settings = {
      scope: this,
      plan,
      image: usable.image ?? ContainerImage.fromRegistry(ROUTER_IMAGE),
      config: this.routerConfig,
      streamArn: this.deliveryStreamArn,
      logGroup: this.logGroup,
      hostFolder,
      cluster,
      alarmTopic,
      alarms,
    };
    if (cluster !== undefined && hostFolder === undefined) warnWithoutInsights(this, cluster, 'the disk of the tasks');
    this.logDriver = new ShippedLogs(plan, usable.mode ?? AwsLogDriverMode.BLOCKING, (task) => this.addTo(task));
    const watched = { deliveryStreamName: this.deliveryStreamName, logGroup: this.logGroup };
    const ofShipping = settingsOfPart(alarms, SHIPPING_ALARMS);
    this.alarms = new LogShippingAlarms(this, 'Alarms', { ...watched, plan, alarmTopic, alarms: ofShipping });
    const { droppedFilter: dropped, retriedFilter: retried } = this.alarms;
    const period = Duration.seconds(plan.value('alarmPeriodSeconds'));
    const graphs = shippingGraphs(this.deliveryStreamName, { dropped, retried }, period);
    this.dashboard = dashboardOf(this, this.alarms.all, [{ heading: id, graphs }]);
  }

  /**
   * Adds the router to a task definition; once, however often it is asked. `logDriver` does so by itself.
   *
   * @param taskDefinition of Fargate, or of EC2 with `hostFolder`
   * @throws InvalidInputError when it has a router of its own, or too little memory or disk
   */
  public addTo(taskDefinition: TaskDefinition): LogRouter {
    const known = this.routers.get(taskDefinition);
    if (known !== undefined) return known;
    const router = addRouter(taskDefinition, this.settings);
    this.routers.set(taskDefinition, router);
    return router;
  }

  /**
   * Adds a router to each node of an EKS cluster, which reads what its containers print. The workload is then that of one node,
   * and `tasks` are the nodes.
   *
   * @param id of the routers, in this construct
   * @param cluster with a provider of OpenID Connect, and a layer with kubectl
   * @param options namespace and image
   * @throws InvalidInputError without `hostFolder`, or when an option is out of range
   */
  public addToCluster(id: string, cluster: IEksCluster, options: ClusterLogRouterOptions = {}): ClusterLogRouter {
    const { scope, plan, streamArn, logGroup, hostFolder } = this.settings;
    const { target } = this;
    return addNodeRouter(id, cluster, { scope, plan, target, streamArn, logGroup, hostFolder }, options);
  }

  /**
   * Lets `grantee` send lines to the stream, and nothing else: for a router of its own.
   *
   * @param grantee who sends
   */
  public grantSend(grantee: IGrantable): Grant {
    return grantSend(this.deliveryStreamArn, grantee);
  }

  private createLogGroup(): LogGroup {
    return new LogGroup(this, 'Logs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
  }
}
