/** What is wrong with the props of a bounded service, beside what its plan refuses. */
import type { Check } from '../../flow/errors';
import { FARGATE_MEMORY } from '../../flow/fargate';
import { boundsChecks } from '../../flow/services/bounds';
import { clientChecks } from '../../flow/services/clients';
import { ServiceAdmission, type ServicePlan } from '../../flow/services/workload';
import { knownNumber } from '../tokens';
import {
  AGENT_CONTROL_PORT,
  AGENT_DATA_PORT,
  type BoundedServiceProps,
  DEFAULT_CPU,
  DEFAULT_MEMORY_MIB,
} from './bounded-service-props';

const ADMISSIONS: readonly unknown[] = [ServiceAdmission.APPLICATION, ServiceAdmission.TARGET_OPTIMIZER];
/** What a load balancer is made from. */
const OF_MADE = ['certificate', 'internetFacing', 'loadBalancerSubnets', 'clientLimit'] as const;
/** What a rule of a listener is made from. */
const OF_RULE = ['listenerPriority', 'listenerConditions'] as const;
/** What a task definition is made from. */
const OF_TASK = ['image', 'command', 'environment', 'secrets', 'cpu', 'memoryLimitMiB', 'architecture'] as const;
/** What a service is made from. */
const OF_SERVICE = ['cluster', 'taskDefinition', 'securityGroups', 'vpcSubnets'] as const;

/** What is wrong with the props, beside what the plan refuses. */
export function boundedChecks(props: BoundedServiceProps): Check[] {
  const { port = 8080, healthPath = '/healthz', admission, environment = {}, secrets = {} } = props;
  const { cpu = DEFAULT_CPU, memoryLimitMiB = DEFAULT_MEMORY_MIB } = props;
  const optimized = admission === ServiceAdmission.TARGET_OPTIMIZER;
  const sizes = FARGATE_MEMORY[cpu];
  return [
    ...givenChecks(props, port),
    ...listenerChecks(props),
    knownNumber('port', port, 1, 65_535),
    {
      refused: optimized && [AGENT_DATA_PORT, AGENT_CONTROL_PORT].includes(port),
      message: `port must not be ${port}, which is the agent's`,
    },
    {
      refused: !/^\/[\w./~-]{0,200}$/.test(healthPath),
      message: `healthPath must be a path such as /healthz, got '${healthPath}'`,
    },
    {
      refused: admission !== undefined && !ADMISSIONS.includes(admission),
      message: `admission must be one of ${ADMISSIONS.join(', ')} on AWS, got ${admission}`,
    },
    {
      refused: props.agentImage !== undefined && !optimized,
      message: 'agentImage must not be given without admission by Target Optimizer',
    },
    {
      refused: sizes === undefined,
      message: `cpu must be one of ${Object.keys(FARGATE_MEMORY).join(', ')}, got ${cpu}`,
    },
    {
      refused:
        sizes !== undefined &&
        !(
          memoryLimitMiB === sizes.also ||
          (memoryLimitMiB >= sizes.from &&
            memoryLimitMiB <= sizes.to &&
            (memoryLimitMiB - sizes.from) % sizes.step === 0)
        ),
      message: `memoryLimitMiB must be ${sizes?.from} to ${sizes?.to} in steps of ${sizes?.step} with cpu ${cpu}, got ${memoryLimitMiB}`,
    },
    ...boundsChecks('environment', environment, props.downstreams),
    // Of a name that is both a variable and a secret ECS takes neither.
    ...boundsChecks('secrets', secrets, props.downstreams),
  ];
}

/** What there is already, and what is left out for it. */
function givenChecks(props: BoundedServiceProps, port: number): Check[] {
  const { cluster, image, service } = props;
  const taskDefinition = props.taskDefinition ?? service?.taskDefinition;
  const program = taskDefinition?.defaultContainer;
  const ports = program?.portMappings.map(({ containerPort }) => containerPort) ?? [];
  return [
    { refused: cluster === undefined && service === undefined, message: 'cluster is missing' },
    { refused: image === undefined && taskDefinition === undefined, message: 'image is missing' },
    ...OF_SERVICE.map((name) => ({
      refused: service !== undefined && props[name] !== undefined,
      message: `${name} must not be given with service, which has its own`,
    })),
    ...OF_TASK.map((name) => ({
      refused: taskDefinition !== undefined && props[name] !== undefined,
      message: `${name} must not be given with ${service === undefined ? 'taskDefinition' : 'service'}, which has its own`,
    })),
    {
      refused: taskDefinition !== undefined && !taskDefinition.isFargateCompatible,
      message: 'taskDefinition must be compatible with Fargate: new FargateTaskDefinition()',
    },
    {
      refused: taskDefinition !== undefined && program === undefined,
      message: 'taskDefinition must have the container of the program already, got none',
    },
    {
      refused: program !== undefined && !ports.includes(port),
      message: `the default container of taskDefinition must have a mapping of port ${port}, got ${ports.join(', ') || 'none'}; give port, or portMappings to the container`,
    },
  ];
}

function listenerChecks(props: BoundedServiceProps): Check[] {
  const { listener, listenerPriority, listenerConditions, clientLimit, certificate, internetFacing } = props;
  const isRule = listenerPriority !== undefined && (listenerConditions ?? []).length > 0;
  const isPart = !isRule && OF_RULE.some((name) => props[name] !== undefined);
  return [
    ...OF_MADE.map((name) => ({
      refused: listener !== undefined && props[name] !== undefined,
      message: `${name} belongs to the load balancer of the listener that is given; leave it out here`,
    })),
    ...OF_RULE.map((name) => ({
      refused: listener === undefined && props[name] !== undefined,
      message: `${name} must not be given without listener: the one made here leads to the service`,
    })),
    knownNumber('listenerPriority', listenerPriority, 1, 50_000),
    {
      refused: listener !== undefined && isPart,
      message: 'listenerPriority and listenerConditions must be given together: they are one rule',
    },
    {
      // One that was imported does not know its load balancer, and its default action is not ours to set.
      refused: listener !== undefined && !('loadBalancer' in listener) && !isRule && !isPart,
      message:
        "listener was imported and has its default action already; give listenerPriority and listenerConditions, such as ListenerCondition.pathPatterns(['/orders/*'])",
    },
    ...(clientLimit === undefined ? [] : clientChecks('clientLimit', clientLimit.clients, clientLimit.shareTimes)),
    {
      refused: clientLimit?.header !== undefined && !/^[A-Za-z0-9-]{1,64}$/.test(clientLimit.header),
      message: `clientLimit.header must be the name of a header, at most 64 characters, got '${clientLimit?.header}'`,
    },
    {
      refused: internetFacing === true && certificate === undefined,
      message: 'certificate is missing: a load balancer with addresses of the internet takes HTTPS',
    },
  ];
}

/** Elastic Load Balancing, Target Optimizer: TARGET_CONTROL_MAX_CONCURRENCY. */
const MOST_OPTIMIZED = 1000;

/** That the agent passes on as many requests as the plan says. */
export function agentCheck(plan: ServicePlan): Check {
  const limit = plan.value('concurrencyLimit');
  return {
    refused: limit > MOST_OPTIMIZED,
    message: `slots and queue of a task must be at most ${MOST_OPTIMIZED} together with Target Optimizer, got ${limit}; give fewer slotsPerInstance`,
  };
}
