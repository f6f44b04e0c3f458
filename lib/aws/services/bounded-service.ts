import { Duration } from 'aws-cdk-lib';
import type { Alarm, Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { type Connections, type IConnectable, Port } from 'aws-cdk-lib/aws-ec2';
import {
  type ContainerDefinition,
  FargateService,
  type FargateTaskDefinition,
  type ScalableTaskCount,
} from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  type CfnTargetGroup,
  type IApplicationListener,
  SslPolicy,
  TargetGroupLoadBalancingAlgorithmType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { boundsOf } from '../../flow/services/bounds';
import { planService } from '../../flow/services/plan';
import { type Resilience4jSettings, resilience4jSettings, resilience4jYaml } from '../../flow/services/resilience4j';
import { ServiceAdmission, type ServicePlan } from '../../flow/services/workload';
import { alarmSettingsChecks } from '../alarm-settings';
import { dashboardOf } from '../dashboard';
import { describeGroups } from '../security-groups';
import { createAlarms } from '../watch';
import {
  AGENT_CONTROL_PORT,
  AGENT_DATA_PORT,
  agentCheck,
  BOUNDED_KINDS,
  type BoundedServiceProps,
  boundedChecks,
  serviceQuestion,
} from './bounded-service-props';
import { BOUNDED_ALARMS, serviceGraphs, serviceRows } from './service-alarms';
import { createServiceTask } from './service-task';

/**
 * A service on Fargate behind a load balancer that accepts what it can answer in time, and refuses the rest at once.
 *
 * Cures a pool with a queue without a bound, in which requests wait until their callers have gone (case 12). Slots, queue,
 * time-outs, retries and tasks follow from one promise; tasks follow the requests of each, and the load balancer never waits less
 * than the service works.
 */
export class BoundedService extends Construct implements IConnectable {
  /** Every knob with its reason, and what to expect. */
  public readonly plan: ServicePlan;

  /** The task definition. */
  public readonly taskDefinition: FargateTaskDefinition;

  /** The container of the program. */
  public readonly container: ContainerDefinition;

  /** The agent of Target Optimizer. Undefined without it. */
  public readonly agent?: ContainerDefinition;

  /** Output of the containers. */
  public readonly logGroup: LogGroup;

  /** The service. */
  public readonly service: FargateService;

  /** The load balancer. Undefined where `listener` is given. */
  public readonly loadBalancer?: ApplicationLoadBalancer;

  /** The listener, made here or given. */
  public readonly listener: IApplicationListener;

  /** Where the load balancer sends requests. */
  public readonly targetGroup: ApplicationTargetGroup;

  /** Tasks by requests of each. */
  public readonly scaling: ScalableTaskCount;

  /** Who may call the service: `api.connections.allowDefaultPortFrom(callers)`. */
  public readonly connections: Connections;

  /** The alarms by name: `Refused`, `Slow`, `Unhealthy`, `RejectedConnections`, and with Target Optimizer `NoRoom`. */
  public readonly alarms: { [name: string]: Alarm };

  /** The dashboard. */
  public readonly dashboard: Dashboard;

  /** Breakers, time limiters and retries of the downstreams, by the names of Resilience4j. */
  public readonly resilience4j: Resilience4jSettings;

  /** The same as the text of Spring Boot's `application.yml`; empty without downstreams. */
  public readonly resilience4jYaml: string;

  /**
   * @throws CapacityError when the promise cannot be kept, with ways out
   * @throws InvalidInputError when props are out of range; the message names each
   */
  constructor(scope: Construct, id: string, props: BoundedServiceProps) {
    super(scope, id);
    const { props: usable, checks } = sound(props, BOUNDED_KINDS);
    const optimized = usable.admission === ServiceAdmission.TARGET_OPTIMIZER;
    const names = optimized ? BOUNDED_ALARMS : BOUNDED_ALARMS.filter((name) => name !== 'noRoom');
    this.plan = planService(id, serviceQuestion(usable), [
      ...checks,
      ...boundedChecks(usable),
      ...alarmSettingsChecks(usable.alarms, names),
    ]);
    if (optimized) validate(id, [agentCheck(this.plan)]);
    const task = createServiceTask(this, usable, this.plan, boundsOf(this.plan, id, usable.limit), optimized);
    this.taskDefinition = task.taskDefinition;
    this.container = task.container;
    this.agent = task.agent;
    this.logGroup = task.logGroup;
    this.service = this.createService(usable);
    this.targetGroup = this.createTargetGroup(usable, optimized);
    this.loadBalancer = usable.listener === undefined ? this.createLoadBalancer(usable) : undefined;
    this.listener = usable.listener ?? this.createListener(usable);
    this.connections = this.listener.connections;
    this.listener.addTargetGroups(`${this.node.id}Targets`, { targetGroups: [this.targetGroup] });
    if (optimized) this.openToBalancer(usable);
    this.scaling = this.scale();
    const rows = serviceRows(this.targetGroup, optimized, this.plan);
    this.alarms = createAlarms(this, { rows, plan: this.plan, alarmTopic: usable.alarmTopic, alarms: usable.alarms });
    const graphs = serviceGraphs(this.targetGroup, this.seconds('alarmPeriodSeconds'), this.plan);
    this.dashboard = dashboardOf(this, Object.values(this.alarms), [{ heading: id, graphs }]);
    this.resilience4j = resilience4jSettings(this.plan);
    this.resilience4jYaml = resilience4jYaml(this.plan);
  }

  private seconds(knob: string): Duration {
    return Duration.seconds(this.plan.value(knob));
  }

  private createService({ cluster, securityGroups, vpcSubnets }: BoundedServiceProps): FargateService {
    const service = new FargateService(this, 'Service', {
      cluster,
      taskDefinition: this.taskDefinition,
      securityGroups,
      vpcSubnets,
      minHealthyPercent: 100,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: this.seconds('healthGraceSeconds'),
    });
    if (securityGroups === undefined) describeGroups(service);
    return service;
  }

  private createTargetGroup(props: BoundedServiceProps, optimized: boolean): ApplicationTargetGroup {
    const { cluster, port = 8080, healthPath = '/healthz' } = props;
    const group = new ApplicationTargetGroup(this, 'Targets', {
      vpc: cluster.vpc,
      port: optimized ? AGENT_DATA_PORT : port,
      protocol: ApplicationProtocol.HTTP,
      targets: [
        this.service.loadBalancerTarget({
          containerName: (this.agent ?? this.container).containerName,
          containerPort: optimized ? AGENT_DATA_PORT : port,
        }),
      ],
      deregistrationDelay: this.seconds('deregistrationDelaySeconds'),
      // Target Optimizer chooses by the places that are free.
      ...(!optimized && {
        loadBalancingAlgorithmType: TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
      }),
      healthCheck: {
        path: healthPath,
        // The agent counts what comes through it.
        ...(optimized && { port: String(port) }),
        interval: this.seconds('healthPeriodSeconds'),
        timeout: this.seconds('healthTimeoutSeconds'),
        healthyThresholdCount: this.plan.value('healthyChecks'),
        unhealthyThresholdCount: this.plan.value('unhealthyChecks'),
      },
    });
    // By L1: the L2 does not have it.
    if (optimized) (group.node.defaultChild as CfnTargetGroup).targetControlPort = AGENT_CONTROL_PORT;
    return group;
  }

  /** The agent's port for the load balancer, and the program's for its health checks. */
  private openToBalancer({ port = 8080 }: BoundedServiceProps): void {
    const { connections } = this.service;
    connections.allowFrom(this.listener, Port.tcp(AGENT_CONTROL_PORT), 'Target Optimizer');
    connections.allowFrom(this.listener, Port.tcp(port), 'Health checks');
  }

  private createLoadBalancer({
    cluster,
    internetFacing,
    loadBalancerSubnets,
  }: BoundedServiceProps): ApplicationLoadBalancer {
    const balancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc: cluster.vpc,
      internetFacing,
      vpcSubnets: loadBalancerSubnets,
      idleTimeout: this.seconds('idleTimeoutSeconds'),
      dropInvalidHeaderFields: true,
    });
    describeGroups(balancer);
    return balancer;
  }

  private createListener({ certificate, internetFacing = false }: BoundedServiceProps): IApplicationListener {
    return this.loadBalancer!.addListener('Listener', {
      ...(certificate === undefined
        ? { protocol: ApplicationProtocol.HTTP }
        : { protocol: ApplicationProtocol.HTTPS, certificates: [certificate], sslPolicy: SslPolicy.RECOMMENDED_TLS }),
      // In a VPC callers are named: connections.allowDefaultPortFrom().
      open: internetFacing,
    });
  }

  private scale(): ScalableTaskCount {
    const scaling = this.service.autoScaleTaskCount({
      minCapacity: this.plan.value('minInstances'),
      maxCapacity: this.plan.value('maxInstances'),
    });
    scaling.scaleOnRequestCount('Requests', {
      targetGroup: this.targetGroup,
      requestsPerTarget: this.plan.value('requestsPerTarget'),
      scaleOutCooldown: this.seconds('scaleOutCooldownSeconds'),
      scaleInCooldown: this.seconds('scaleInCooldownSeconds'),
    });
    return scaling;
  }
}
