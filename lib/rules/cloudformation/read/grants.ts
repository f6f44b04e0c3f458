/**
 * Permissions on resources, as far as role policies decide them.
 */

import { grouped } from '../../../flow/grouped';
import type { Resource, Value } from '../../document';
import { oncePer } from '../../once-per';
import { matchesWildcards } from '../../patterns';
import type { Template } from './template';

/** One statement that allows an action on a resource of the template. */
interface Grant {
  readonly policy: Resource;
  readonly resource: Resource;
}

/** Which statements count: all that allow an action, or only those that do not allow everything of its service. */
export type Breadth = 'all' | 'by name';

/** The policies that certainly allow this action on this resource. */
export function grantsOn(
  template: Template,
  action: string,
  resource: Resource,
  nameProperty: string,
  breadth: Breadth = 'all',
): readonly Resource[] {
  return indexOf(template, action, resource.type, nameProperty, breadth).byResource.get(resource) ?? [];
}

/** The resources of this type to which a role may, for certain, do this. */
export function grantedToRole(
  template: Template,
  action: string,
  role: Resource,
  type: string,
  nameProperty: string,
): readonly Resource[] {
  return indexOf(template, action, type, nameProperty).byRole.get(role) ?? [];
}

/** Permissions for one action on the resources of one type. */
interface Index {
  readonly byResource: ReadonlyMap<Resource, readonly Resource[]>;
  readonly byRole: ReadonlyMap<Resource, readonly Resource[]>;
}

const indices = oncePer((_: Template) => new Map<string, Index>());

function indexOf(
  template: Template,
  action: string,
  type: string,
  nameProperty: string,
  breadth: Breadth = 'all',
): Index {
  const key = `${action} ${type} ${breadth}`;
  let index = indices(template).get(key);
  if (!index) {
    const grants = grantsOf(template, action, type, nameProperty, breadth);
    const byRole = grants.flatMap(({ policy, resource }) =>
      rolesOf(template, policy).map((role) => [role, resource] as const),
    );
    index = {
      byResource: grouped(grants.map(({ policy, resource }) => [resource, policy] as const)),
      byRole: grouped(byRole),
    };
    indices(template).set(key, index);
  }
  return index;
}

/** Grants of every policy for one action, on resources of one type. */
function grantsOf(template: Template, action: string, type: string, nameProperty: string, breadth: Breadth): Grant[] {
  const { policies, patterns } = allowing(template);
  const counted = [...patterns].filter((pattern) => breadth === 'all' || !/^(\*|[^:]*:\*)$/.test(pattern));
  const matching = new Set(counted.filter((pattern) => matchesWildcards(pattern, action)));
  return policies.flatMap(({ policy, allowed }) => {
    const resources = allowed
      .filter((statement) => statement.patterns.some((pattern) => matching.has(pattern)))
      .flatMap((statement) => statement.at.at('Resource').items())
      .flatMap((arn) => template.find(arn, type, nameProperty) ?? []);
    return [...new Set(resources)].map((resource) => ({ policy, resource }));
  });
}

/** The statements that allow something, by policy, and the patterns of all of them, which are few. */
const allowing = oncePer((template: Template) => {
  const policies = template.ofType(...IDENTITY_POLICIES).map((policy) => ({
    policy,
    allowed: statements(policy)
      .filter((statement) => statement.at('Effect').text() === 'Allow')
      .map((at) => ({
        at,
        patterns: at
          .at('Action')
          .items()
          .flatMap((pattern) => pattern.text() ?? []),
      })),
  }));
  const patterns = new Set(policies.flatMap(({ allowed }) => allowed.flatMap((statement) => statement.patterns)));
  return { policies, patterns };
});

/** The statements of a policy or of a role's own policies. */
export function statements(policy: Resource): Value[] {
  const inline = policy
    .at('Properties', 'Policies')
    .items()
    .map((each) => each.at('PolicyDocument'));
  const documents = IDENTITY_POLICIES.includes(policy.type)
    ? [policy.at('Properties', 'PolicyDocument'), ...inline]
    : [];
  return documents.flatMap((document) => document.at('Statement').items());
}

/** Policies of identities; policies of queues and topics are about senders. */
const IDENTITY_POLICIES = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy', 'AWS::IAM::Role'];

/** Whether a policy of which not everything is decided mentions this resource, and may allow anything on it. */
export function mayBeGranted(template: Template, resource: Resource): boolean {
  return undecidedPolicies(template).some((policy) => template.mentions(policy, resource));
}

const undecidedPolicies = oncePer((template: Template) =>
  template
    .ofType(...IDENTITY_POLICIES)
    .filter((policy) =>
      statements(policy).some(
        (statement) =>
          !statement.decided ||
          [statement.at('Effect'), ...statement.at('Action').items()].some((part) => !part.decided),
      ),
    ),
);

/** The role that something runs under, when the template has it. */
export function roleAt(template: Template, value: Value): Resource | undefined {
  return template.find(value, 'AWS::IAM::Role', 'RoleName');
}

/** The roles that may, for certain, do this to this resource. */
export function rolesGranted(
  template: Template,
  action: string,
  resource: Resource,
  nameProperty: string,
): readonly Resource[] {
  const policies = grantsOn(template, action, resource, nameProperty);
  return [...new Set(policies.flatMap((policy) => rolesOf(template, policy)))];
}

/** The roles that a policy is attached to. */
function rolesOf(template: Template, policy: Resource): Resource[] {
  if (policy.type === 'AWS::IAM::Role') return [policy];
  const named = [...policy.at('Properties', 'Roles').items(), policy.at('Properties', 'RoleName')];
  const attached = named.map((role) => roleAt(template, role)).filter((role) => role !== undefined);
  return [...attached, ...(attaching(template).get(policy) ?? [])];
}

/** The roles that name a managed policy among theirs, by policy. */
const attaching = oncePer((template: Template) =>
  grouped(
    template.ofType('AWS::IAM::Role').flatMap((role) =>
      role
        .at('Properties', 'ManagedPolicyArns')
        .items()
        .map((arn) => [template.find(arn, 'AWS::IAM::ManagedPolicy', 'ManagedPolicyName'), role] as const),
    ),
  ),
);

/** Whether a policy of the role names this action, or its service's actions, on anything. */
export function roleMayDo(template: Template, action: string, role: Resource): boolean {
  const service = `${action.split(':')[0]}:`;
  return allowing(template).policies.some(
    ({ policy, allowed }) =>
      allowed.some(({ patterns }) =>
        patterns.some((pattern) => pattern.startsWith(service) && matchesWildcards(pattern, action)),
      ) && rolesOf(template, policy).includes(role),
  );
}

/** What a role may, for certain, do this to: the resources of its statements, as they are written; none with a denial. */
export function allowedTo(template: Template, action: string, role: Resource): readonly Value[] {
  const policies = allowing(template).policies.filter(({ policy }) => rolesOf(template, policy).includes(role));
  const denied = policies.some(({ policy }) =>
    statements(policy).some(
      (statement) =>
        statement.at('Effect').text() === 'Deny' &&
        statement
          .at('Action')
          .items()
          .some((pattern) => matchesWildcards(pattern.text() ?? '*', action)),
    ),
  );
  if (denied) return [];
  return policies.flatMap(({ allowed }) =>
    allowed
      .filter(({ at, patterns }) => at.at('Condition').absent && patterns.some((one) => matchesWildcards(one, action)))
      .flatMap(({ at }) => at.at('Resource').items()),
  );
}
