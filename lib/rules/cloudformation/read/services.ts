/**
 * ECS services: their queues and streams, and their scaling.
 */

import { grouped } from '../../../flow/grouped';
import type { Resource, Value } from '../../document';
import { oncePer } from '../../once-per';
import { Composite, Reference } from '../../resolved';
import { grantedToRole, roleAt } from './grants';
import type { Template } from './template';

const SERVICE = 'AWS::ECS::Service';

/** A scaling policy, with the scalable target that it moves. */
export interface ScaledService {
  readonly service: Resource;
  readonly scalable: Resource;
  readonly policies: readonly Resource[];
}

/** The ECS services that Application Auto Scaling moves. */
export const scaledServices = oncePer((template: Template): readonly ScaledService[] =>
  template.ofType('AWS::ApplicationAutoScaling::ScalableTarget').flatMap((scalable) => {
    const service = serviceAt(template, scalable.at('Properties', 'ResourceId'));
    if (!service) return [];
    const { byTarget, byService } = policiesOf(template);
    const policies = new Set([...(byTarget.get(scalable) ?? []), ...(byService.get(service) ?? [])]);
    return [{ service, scalable, policies: [...policies] }];
  }),
);

/** The scaling policies, by the scalable target that they name and by the service. */
const policiesOf = oncePer((template: Template) => {
  const policies = template.ofType('AWS::ApplicationAutoScaling::ScalingPolicy');
  const target = (policy: Resource) => template.target(policy.at('Properties', 'ScalingTargetId'));
  const service = (policy: Resource) => serviceAt(template, policy.at('Properties', 'ResourceId'));
  return {
    byTarget: grouped(policies.map((policy) => [target(policy), policy] as const)),
    byService: grouped(policies.map((policy) => [service(policy), policy] as const)),
  };
});

/** The service in `service/<cluster>/<name>`. */
function serviceAt(template: Template, resourceId: Value): Resource | undefined {
  const { resolved } = resourceId;
  if (resolved instanceof Composite) {
    const last = resolved.parts[resolved.parts.length - 1];
    const named = last instanceof Reference ? template.resource(last.name) : undefined;
    if (named) return named.type === SERVICE ? named : undefined;
    return typeof last === 'string' ? serviceNamed(template, last) : undefined;
  }
  return typeof resolved === 'string' ? serviceNamed(template, resolved) : undefined;
}

function serviceNamed(template: Template, text: string): Resource | undefined {
  return template.called(text.slice(text.lastIndexOf('/') + 1), SERVICE, 'ServiceName')[0];
}

/** The role that the tasks of a service run under. */
export function taskRoleOf(template: Template, service: Resource): Resource | undefined {
  const definition = template.target(service.at('Properties', 'TaskDefinition'));
  return definition && roleAt(template, definition.at('Properties', 'TaskRoleArn'));
}

/** The resources of this type to which the tasks of a service may, for certain, do this. */
export function grantedTo(
  template: Template,
  service: Resource,
  action: string,
  type: string,
  nameProperty: string,
): readonly Resource[] {
  const role = taskRoleOf(template, service);
  return role ? grantedToRole(template, action, role, type, nameProperty) : [];
}

/** Whether a service gets work only from what it reads, not from a load balancer or a mesh. */
export function onlyReads(service: Resource): boolean {
  return ['LoadBalancers', 'ServiceRegistries', 'ServiceConnectConfiguration', 'VpcLatticeConfigurations'].every(
    (property) => service.at('Properties', property).items().length === 0,
  );
}
