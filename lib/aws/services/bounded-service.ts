import { Duration } from 'aws-cdk-lib';
import type { Alarm, Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { type Connections, type IConnectable, Port } from 'aws-cdk-lib/aws-ec2';
import {
  type CfnService,
  type ContainerDefinition,
  FargateService,
  type ScalableTaskCount,
  type TaskDefinition,
} from 'aws-cdk-lib/aws-ecs';
import type {
  ApplicationLoadBalancer,
  ApplicationTargetGroup,
  IApplicationListener,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import { validate } from '../../flow/errors';
import { sound } from '../../flow/kinds';
import { boundsOf } from '../../flow/services/bounds';
import { clientKnobs } from '../../flow/services/clients';
import { planService } from '../../flow/services/plan';
import { type Resilience4jSettings, resilience4jSettings, resilience4jYaml } from '../../flow/services/resilience4j';
import { ServiceAdmission, type ServicePlan } from '../../flow/services/workload';
import { alarmSettingsChecks } from '../alarm-settings';
import { dashboardOf } from '../dashboard';
import { describeGroups } from '../security-groups';
import { createAlarms } from '../watch';
import { agentCheck, boundedChecks } from './bounded-service-checks';
import { AGENT_CONTROL_PORT, BOUNDED_KINDS, type BoundedServiceProps, serviceQuestion } from './bounded-service-props';
import { createClientLimit } from './client-limit';
import { alarmNames, serviceGraphs, serviceRows } from './service-alarms';
import { createListener, createLoadBalancer, createTargetGroup } from './service-balancer';
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

  /** The task definition, made here or given. */
  public readonly taskDefinition: TaskDefinition;

  /** The container of the program. */
  public readonly container: ContainerDefinition;

  /** The agent of Target Optimizer. Undefined without it. */
  public readonly agent?: ContainerDefinition;

  /** Output of the containers made here. Undefined where none is. */
  public readonly logGroup?: LogGroup;

  /** The service, made here or given. */
  public readonly service: FargateService;

  /** The load balancer. Undefined where `listener` is given. */
  public readonly loadBalancer?: ApplicationLoadBalancer;

  /** The listener, made here or given. */
  public readonly listener: IApplicationListener;

  /** Where the load balancer sends requests. */
  public readonly targetGroup: ApplicationTargetGroup;

  /** The web ACL with the limit of each client. Undefined without `clientLimit`. */
  public readonly clientLimit?: CfnWebACL;

  /** Tasks by requests of each. */
  public readonly scaling: ScalableTaskCount;

  /** Who may call the service: `api.connections.allowDefaultPortFrom(callers)`. */
  public readonly connections: Connections;

  /**
   * The alarms by name: `Refused`, `Slow`, `Unhealthy`, unless `listener` is given `RejectedConnections`, and with Target Optimizer
   * `NoRoom`.
   */
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
    const shared = usable.listener !== undefined;
    const plan = planService(id, serviceQuestion(usable), [
      ...checks,
      ...boundedChecks(usable),
      ...alarmSettingsChecks(usable.alarms, alarmNames({ optimized, shared })),
    ]);
    if (optimized) validate(id, [agentCheck(plan)]);
    const { clientLimit } = usable;
    this.plan = clientLimit === undefined ? plan : plan.withKnobs(clientKnobs(plan, usable.workload, clientLimit));
    const bounds = boundsOf(this.plan, id, usable.limit, usable.healthPath);
    const task = createServiceTask(this, usable, this.plan, bounds, optimized);
    this.taskDefinition = task.taskDefinition;
    this.container = task.container;
    this.agent = task.agent;
    this.logGroup = task.logGroup;
    this.service = this.createService(usable);
    this.targetGroup = createTargetGroup(this, usable, this.plan, { ...task, service: this.service });
    if (usable.listener === undefined) {
      this.loadBalancer = createLoadBalancer(this, usable, this.service.cluster.vpc, this.plan);
    }
    this.listener = usable.listener ?? createListener(this.loadBalancer!, usable);
    this.connections = this.listener.connections;
    this.listener.addTargetGroups(`${this.node.id}Targets`, {
      targetGroups: [this.targetGroup],
      priority: usable.listenerPriority,
      conditions: usable.listenerConditions,
    });
    if (clientLimit !== undefined) {
      this.clientLimit = createClientLimit(this, this.loadBalancer!.loadBalancerArn, clientLimit.header, this.plan);
    }
    if (optimized) this.openToBalancer(usable);
    this.scaling = this.scale();
    const front = { group: this.targetGroup, optimized, shared };
    const rows = serviceRows(front, this.plan);
    this.alarms = createAlarms(this, { rows, plan: this.plan, alarmTopic: usable.alarmTopic, alarms: usable.alarms });
    const graphs = serviceGraphs(front, this.seconds('alarmPeriodSeconds'), this.plan);
    this.dashboard = dashboardOf(this, Object.values(this.alarms), [{ heading: id, graphs }]);
    this.resilience4j = resilience4jSettings(this.plan);
    this.resilience4jYaml = resilience4jYaml(this.plan);
  }

  private seconds(knob: string): Duration {
    return Duration.seconds(this.plan.value(knob));
  }

  private createService({ cluster, securityGroups, vpcSubnets, service: given }: BoundedServiceProps): FargateService {
    if (given !== undefined) {
      // By L1: the L2 takes it only when the service is made.
      (given.node.defaultChild as CfnService).healthCheckGracePeriodSeconds = this.plan.value('healthGraceSeconds');
      return given;
    }
    const service = new FargateService(this, 'Service', {
      cluster: cluster!,
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

  /** The agent's port for the load balancer, and the program's for its health checks. */
  private openToBalancer({ port = 8080 }: BoundedServiceProps): void {
    const { connections } = this.service;
    connections.allowFrom(this.listener, Port.tcp(AGENT_CONTROL_PORT), 'Target Optimizer');
    connections.allowFrom(this.listener, Port.tcp(port), 'Health checks');
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
