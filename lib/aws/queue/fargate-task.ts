/** The task and the service of a Fargate worker: made here, or given. */
import { Token } from 'aws-cdk-lib';
import { CfnService, type ContainerDefinition, FargateService, type FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type Check, validate } from '../../flow/errors';
import type { QueuePlan } from '../../flow/queue/workload';
import { createTask, stopSeconds, TASK_LOGS } from '../fargate-task';
import { describeGroups } from '../security-groups';
import { type FargateWorkerProps, givenTask } from './fargate-props';
import type { SourceContext } from './task-source';

/** What runs the worker. */
export interface FargateParts {
  readonly service: FargateService;
  readonly taskDefinition: FargateTaskDefinition;
  readonly container: ContainerDefinition;
  /** Of the container, where it was made here. */
  readonly logGroup?: LogGroup;
}

/** Makes what was not given, and tells the container its queue. */
export function createFargateParts(context: SourceContext, props: FargateWorkerProps, plan: QueuePlan): FargateParts {
  const { scope, subject, source } = context;
  const variables = { ...source.variables(plan), SLOTS: String(plan.value('slotsPerInstance')) };
  validate(
    subject,
    // Of a name that is both a variable and a secret ECS takes neither.
    Object.keys(props.secrets ?? {}).map((name) => ({
      refused: name in variables,
      message: `secrets must not have ${name}, which is set here from the queue and the plan`,
    })),
  );
  const given = givenTask(props);
  if (given !== undefined) validate(subject, givenPartsChecks(given, props.service, plan));
  const taskDefinition =
    given ??
    createTask(
      scope,
      // Checked before: without a task definition there is an image.
      { ...props, image: props.image! },
      {
        container: 'Worker',
        stopTimeoutSeconds: plan.value('stopTimeoutSeconds'),
        variables: 'The variables are addresses and names of the queue, and numbers; secrets come through `secrets`.',
      },
    );
  // A given one was checked to have it, and ours gets it.
  const container = taskDefinition.defaultContainer!;
  for (const [name, value] of Object.entries(variables)) container.addEnvironment(name, value);
  for (const [name, secret] of Object.entries(source.secrets)) container.addSecret(name, secret);
  source.grantTake(taskDefinition);
  const service = props.service ?? createService(scope, props, taskDefinition);
  source.connect(service);
  const logGroup = scope.node.tryFindChild(TASK_LOGS) as LogGroup | undefined;
  return { service, taskDefinition, container, logGroup };
}

/** What a given task and service must have, so that the plan is true of them. */
function givenPartsChecks(task: FargateTaskDefinition, service: FargateService | undefined, plan: QueuePlan): Check[] {
  const container = task.defaultContainer;
  const needed = plan.value('stopTimeoutSeconds');
  const stop = stopSeconds(container);
  const resource = service?.node.defaultChild;
  const desired = resource instanceof CfnService ? resource.desiredCount : undefined;
  return [
    {
      refused: container === undefined,
      message: `the task definition ${task.node.path} has no container; add the worker's container before it is given`,
    },
    {
      refused: !Token.isUnresolved(stop) && stop < needed,
      message: `stopTimeout of the container ${container?.containerName} must be at least ${needed} s, so that a stopped task finishes what it has, got ${stop} s`,
    },
    {
      refused: desired !== undefined,
      message: `desiredCount of the service ${service?.node.path} must be left out, got ${desired}: every deployment would set it, whatever the scaling has found`,
    },
  ];
}

function createService(
  scope: Construct,
  props: FargateWorkerProps,
  taskDefinition: FargateTaskDefinition,
): FargateService {
  const service = new FargateService(scope, 'Service', {
    // Checked before: without a service there is a cluster.
    cluster: props.cluster!,
    taskDefinition,
    securityGroups: props.securityGroups,
    vpcSubnets: props.vpcSubnets,
    assignPublicIp: props.assignPublicIp,
    capacityProviderStrategies: props.capacityProviderStrategies,
    enableExecuteCommand: props.enableExecuteCommand,
    minHealthyPercent: 100,
    circuitBreaker: { rollback: true },
  });
  if (props.securityGroups === undefined) describeGroups(service);
  return service;
}
