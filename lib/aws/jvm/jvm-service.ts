import { Aws, Duration, Lazy, Names, RemovalPolicy } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type CfnService,
  Cluster,
  type ContainerDefinition,
  ContainerInsights,
  FargateService,
  type FargateTaskDefinition,
  type ICluster,
} from 'aws-cdk-lib/aws-ecs';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { planJvm } from '../../flow/jvm/plan';
import { jvmServiceKnobs } from '../../flow/jvm/pod';
import type { JvmPlan } from '../../flow/jvm/workload';
import { sound } from '../../flow/kinds';
import { alarmSettingsChecks } from '../alarm-settings';
import { warnWithoutInsights } from '../container-insights';
import { dashboardOf } from '../dashboard';
import { describeGroups } from '../security-groups';
import { JVM_ALARMS, JvmAlarms, jvmGraphs } from './jvm-alarms';
import { containerChecks, givenTask, JVM_KINDS, jvmQuestion, jvmServiceChecks } from './jvm-checks';
import type { JvmServiceProps } from './jvm-service-props';
import { addJvmContainers, createJvmTask, type JvmOutput } from './jvm-task';

/**
 * A JVM on Fargate whose heap, collector and task follow from what the program allocates and keeps, with an exporter that
 * reads the collector's log.
 *
 * Cures a service that makes objects faster than the collector reclaims them, so that requests wait for it (case 10). Heap and
 * task are sized together, so the kernel does not kill the JVM at the planned live set; stalls are alarmed, not only pauses.
 */
export class JvmService extends Construct {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: JvmPlan;

  /** The cluster, made here or given. */
  public readonly cluster: ICluster;

  /** The task definition, made here or given. */
  public readonly taskDefinition: FargateTaskDefinition;

  /** The container of the JVM. */
  public readonly container: ContainerDefinition;

  /** The container that lets any user write to the folders, and ends before the JVM starts. */
  public readonly folders: ContainerDefinition;

  /** The container that reads the log. */
  public readonly exporter: ContainerDefinition;

  /** The service, made here or given. */
  public readonly service: FargateService;

  /** Output of the containers; the exporter's metrics are read from it. */
  public readonly logGroup: ILogGroup;

  /** The value of `Service`, the dimension of the metrics in `Backpressure/Jvm`. */
  public readonly metricService: string;

  /** The alarms. */
  public readonly alarms: JvmAlarms;

  /** The dashboard. */
  public readonly dashboard: Dashboard;

  /**
   * @throws CapacityError when no heap, no collector and no size of a task keep the promise, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: JvmServiceProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, JVM_KINDS);
    const plan = planJvm(id, jvmQuestion(usable), [
      ...checks,
      ...jvmServiceChecks(usable),
      ...alarmSettingsChecks(usable.alarms, JVM_ALARMS),
    ]);
    const given = givenTask(usable);
    if (given !== undefined) {
      validate(id, containerChecks(given, plan.value('memoryBytes'), plan.value('exporterMemoryBytes')));
    }
    this.plan =
      usable.service === undefined ? plan.withKnobs(jvmServiceKnobs(usable.replicas, given === undefined)) : plan;
    // Names of constructs repeat in other stacks.
    this.metricService = `${Aws.STACK_NAME}-${Names.uniqueResourceName(this, { maxLength: 100, separator: '-' })}`;
    this.logGroup = usable.logGroup ?? this.createLogGroup();
    const output: JvmOutput = { logGroup: this.logGroup, service: this.metricService };
    this.taskDefinition = given ?? createJvmTask(this, usable, this.plan, output);
    const { container, folders, exporter } = addJvmContainers(this.taskDefinition, usable, this.plan, output);
    this.container = container;
    this.folders = folders;
    this.exporter = exporter;
    this.cluster = usable.service?.cluster ?? usable.cluster ?? this.createCluster(usable);
    this.service = usable.service ?? this.createService(usable);
    warnWithoutInsights(this, this.cluster, 'the memory of the tasks');
    const { alarmTopic, alarms } = usable;
    const watched = { metricService: this.metricService, service: this.service };
    this.alarms = new JvmAlarms(this, 'Alarms', { ...watched, plan: this.plan, alarmTopic, alarms });
    const period = Duration.seconds(this.plan.value('metricSeconds'));
    const graphs = jvmGraphs(this.metricService, this.service, period);
    this.dashboard = dashboardOf(this, this.alarms.all, [{ heading: id, graphs }]);
  }

  private createLogGroup(): LogGroup {
    return new LogGroup(this, 'Logs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
  }

  private createCluster({ vpc }: JvmServiceProps): Cluster {
    return new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
  }

  private createService({ replicas, securityGroups, vpcSubnets }: JvmServiceProps): FargateService {
    const service = new FargateService(this, 'Service', {
      cluster: this.cluster,
      taskDefinition: this.taskDefinition,
      securityGroups,
      vpcSubnets,
      minHealthyPercent: 100,
      circuitBreaker: { rollback: true },
    });
    if (securityGroups === undefined) describeGroups(service);
    // A number in the template would set back what scaling has found, with each deployment.
    const scaled = () => replicas === undefined && service.node.tryFindChild('TaskCount') !== undefined;
    (service.node.defaultChild as CfnService).desiredCount = Lazy.number({
      produce: () => (scaled() ? undefined : this.plan.value('replicas')),
    });
    return service;
  }
}
