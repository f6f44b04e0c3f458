import type { Resource, Value } from '../document';
import type { Rule } from '../rule';
import { alarms, metricsOf } from './read/metrics';
import type { Template } from './read/template';

/** Elastic Load Balancing: `deregistration_delay.timeout_seconds` when it is left out. */
const DEREGISTRATION_SECONDS = 300;
/** Comparisons that a rising value meets. */
const RISING = ['GreaterThanThreshold', 'GreaterThanOrEqualToThreshold'];

/** Rules about load balancers in front of services. */
export const BALANCER_RULES: readonly Rule<Template>[] = [
  {
    id: 'BP-ALB-001',
    title: 'Target Optimizer without an agent that offers places',
    why: 'The load balancer sends a target only as many requests as its agent offers on the control port. Without an agent it sends none; an agent without a maximum offers one place, so a task works on one request at a time and the rest is refused.',
    source: 'Elastic Load Balancing, Target Optimizer: TargetControlPort, TARGET_CONTROL_MAX_CONCURRENCY, 1 by default',
    severity: 'error',
    cases: [12],
    *check(template) {
      for (const { group, containers } of served(template)) {
        const port = group.at('Properties', 'TargetControlPort');
        if (port.number() === undefined || containers.length === 0) continue;
        const listens = containers.some((container) => mayListenOn(container, port.number()!));
        if (!listens) {
          yield {
            at: port,
            message: `TargetControlPort ${port.number()}, and no container of the task has a mapping of it: no place is ever offered`,
            fix: 'add the agent to the task: public.ecr.aws/aws-elb/target-optimizer/target-control-agent, with a mapping of the port',
          };
        }
      }
      for (const task of template.ofType('AWS::ECS::TaskDefinition')) {
        for (const container of task.at('Properties', 'ContainerDefinitions').items()) {
          const variables = container.at('Environment');
          const isAgent = /^TARGET_CONTROL_(CONTROL|DATA|DESTINATION)_ADDRESS$/;
          const names = variables.items().map((one) => one.at('Name'));
          if (!names.some((name) => isAgent.test(name.text() ?? ''))) continue;
          if (names.some((name) => name.mayBe('TARGET_CONTROL_MAX_CONCURRENCY'))) continue;
          yield {
            at: variables,
            message:
              'the agent has no TARGET_CONTROL_MAX_CONCURRENCY: it offers one place, and the task works on one request at a time',
            fix: 'set TARGET_CONTROL_MAX_CONCURRENCY to the slots of the task and the places of its queue',
          };
        }
      }
    },
  },
  {
    id: 'BP-ALB-002',
    title: 'Targets are removed before their requests end',
    why: 'When a task ends, or is replaced, its target is deregistered and its connections are closed after the delay. A request that the task still works on is then answered 502.',
    source: 'Elastic Load Balancing, target group attributes: deregistration_delay.timeout_seconds, 300 by default',
    severity: 'warning',
    cases: [12],
    *check(template) {
      for (const { group, containers } of served(template)) {
        const delay = delayOf(group);
        const seconds = delay.number(DEREGISTRATION_SECONDS);
        const deadlines = containers.flatMap((container) => deadlineOf(container));
        const longest = Math.max(...deadlines);
        if (seconds === undefined || deadlines.length === 0 || seconds >= longest) continue;
        yield {
          at: delay,
          message: `targets are closed ${seconds} s after they are deregistered, and a request may take ${longest} s (SERVER_DEADLINE_SECONDS)`,
          fix: `set deregistration_delay.timeout_seconds to ${Math.ceil(longest)} or more, and StopTimeout of the container above it`,
        };
      }
    },
  },
  {
    id: 'BP-ALB-003',
    title: 'An alarm takes free places for a queue',
    why: 'TargetControlWorkQueueLength is the number of places that the agents offer. It is high when there is nothing to do and zero when requests are refused: an alarm above a threshold fires in quiet times only.',
    source:
      'Elastic Load Balancing, CloudWatch metrics: TargetControlWorkQueueLength, signals of targets that are ready',
    severity: 'error',
    cases: [12],
    *check(template) {
      for (const alarm of alarms(template)) {
        const comparison = alarm.at('Properties', 'ComparisonOperator');
        if (!RISING.includes(comparison.text() ?? '')) continue;
        const [metric, ...others] = metricsOf(alarm);
        // An expression may turn it round.
        if (metric === undefined || others.length > 0 || metric.id !== undefined) continue;
        if (metric.name.text() !== 'TargetControlWorkQueueLength') continue;
        yield {
          at: comparison,
          message: 'it fires when many places are free, and is silent while requests are refused',
          fix: 'fire at 0: LessThanOrEqualToThreshold with Threshold 0, or on TargetControlRequestRejectCount above 0',
        };
      }
    },
  },
];

/** A target group, and the containers of the services behind it. */
interface Served {
  readonly group: Resource;
  readonly containers: readonly Value[];
}

function served(template: Template): Served[] {
  return template.ofType('AWS::ECS::Service').flatMap((service) => {
    const task = template.target(service.at('Properties', 'TaskDefinition'));
    if (task?.type !== 'AWS::ECS::TaskDefinition') return [];
    const containers = task.at('Properties', 'ContainerDefinitions').items();
    return service
      .at('Properties', 'LoadBalancers')
      .items()
      .flatMap((one) => {
        const group = template.target(one.at('TargetGroupArn'));
        return group?.type === 'AWS::ElasticLoadBalancingV2::TargetGroup' ? [{ group, containers }] : [];
      });
  });
}

/** Whether a container may listen there: what is not decided may be anything. */
function mayListenOn(container: Value, port: number): boolean {
  const mappings = container.at('PortMappings');
  if (!mappings.absent && !mappings.decided) return true;
  return mappings.items().some((one) => {
    const own = one.at('ContainerPort');
    return !own.decided || own.number() === port || own.number() === undefined;
  });
}

function delayOf(group: Resource): Value {
  const attributes = group.at('Properties', 'TargetGroupAttributes');
  const own = attributes.items().find((one) => one.at('Key').text() === 'deregistration_delay.timeout_seconds');
  return own?.at('Value') ?? attributes;
}

/** The deadline that a container is told; none when it is not, or not decided. */
function deadlineOf(container: Value): number[] {
  const variables = container.at('Environment').items();
  const seconds = Number(
    variables
      .find((one) => one.at('Name').text() === 'SERVER_DEADLINE_SECONDS')
      ?.at('Value')
      .text(),
  );
  return seconds > 0 ? [seconds] : [];
}
