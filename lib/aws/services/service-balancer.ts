/** What stands before the tasks of a bounded service: targets, load balancer, listener. */
import { Duration } from 'aws-cdk-lib';
import type { IVpc } from 'aws-cdk-lib/aws-ec2';
import type { ContainerDefinition, FargateService } from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  type CfnTargetGroup,
  type IApplicationListener,
  SslPolicy,
  TargetGroupLoadBalancingAlgorithmType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import type { ServicePlan } from '../../flow/services/workload';
import { describeGroups } from '../security-groups';
import { AGENT_CONTROL_PORT, AGENT_DATA_PORT, type BoundedServiceProps } from './bounded-service-props';

/** What requests are sent to. */
export interface Targets {
  readonly service: FargateService;
  readonly container: ContainerDefinition;
  /** The agent of Target Optimizer. */
  readonly agent?: ContainerDefinition;
}

/** Where the load balancer sends requests. */
export function createTargetGroup(
  scope: Construct,
  { port = 8080, healthPath = '/healthz' }: BoundedServiceProps,
  plan: ServicePlan,
  { service, container, agent }: Targets,
): ApplicationTargetGroup {
  const seconds = (knob: string) => Duration.seconds(plan.value(knob));
  const optimized = agent !== undefined;
  const targetPort = optimized ? AGENT_DATA_PORT : port;
  const group = new ApplicationTargetGroup(scope, 'Targets', {
    vpc: service.cluster.vpc,
    port: targetPort,
    protocol: ApplicationProtocol.HTTP,
    targets: [
      service.loadBalancerTarget({
        containerName: (agent ?? container).containerName,
        containerPort: targetPort,
      }),
    ],
    deregistrationDelay: seconds('deregistrationDelaySeconds'),
    // Target Optimizer chooses by the places that are free.
    ...(!optimized && {
      loadBalancingAlgorithmType: TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS,
    }),
    healthCheck: {
      path: healthPath,
      // The agent counts what comes through it.
      ...(optimized && { port: String(port) }),
      interval: seconds('healthPeriodSeconds'),
      timeout: seconds('healthTimeoutSeconds'),
      healthyThresholdCount: plan.value('healthyChecks'),
      unhealthyThresholdCount: plan.value('unhealthyChecks'),
    },
  });
  // By L1: the L2 does not have it.
  if (optimized) (group.node.defaultChild as CfnTargetGroup).targetControlPort = AGENT_CONTROL_PORT;
  return group;
}

/** The load balancer. */
export function createLoadBalancer(
  scope: Construct,
  { internetFacing, loadBalancerSubnets }: BoundedServiceProps,
  vpc: IVpc,
  plan: ServicePlan,
): ApplicationLoadBalancer {
  const balancer = new ApplicationLoadBalancer(scope, 'LoadBalancer', {
    vpc,
    internetFacing,
    vpcSubnets: loadBalancerSubnets,
    idleTimeout: Duration.seconds(plan.value('idleTimeoutSeconds')),
    dropInvalidHeaderFields: true,
  });
  describeGroups(balancer);
  return balancer;
}

/** Its listener. */
export function createListener(
  balancer: ApplicationLoadBalancer,
  { certificate, internetFacing = false }: BoundedServiceProps,
): IApplicationListener {
  return balancer.addListener('Listener', {
    ...(certificate === undefined
      ? { protocol: ApplicationProtocol.HTTP }
      : { protocol: ApplicationProtocol.HTTPS, certificates: [certificate], sslPolicy: SslPolicy.RECOMMENDED_TLS }),
    // In a VPC callers are named: connections.allowDefaultPortFrom().
    open: internetFacing,
  });
}
