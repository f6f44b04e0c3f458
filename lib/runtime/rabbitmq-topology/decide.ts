/**
 * The requests that make the wanted objects of a broker hold, decided without asking it anything.
 *
 * The broker does not know who made an object. What equals the wanted one, or was named by the previous version of the
 * stack, is ours; a user or a policy of the same name with other settings is that of another owner. Queues are never
 * deleted here, and nothing that neither version names is touched.
 */
import { at, bindingKey, type Found, type FoundPolicy } from './found';
import { isPassword } from './password';
import type { Topology, WantedPolicy, WantedUser } from './topology';

/** One request to the management API. */
export interface Request {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  /** Below `/api/`. */
  readonly path: string;
  /** May hold a password: it is sent, and never logged. */
  readonly body?: object;
  /** What it is about, for people. */
  readonly object: string;
  /** Whether the object was there before and had been changed or removed by somebody else. */
  readonly drift: boolean;
}

/** What has to be done, and what stands in the way. */
export interface Decision {
  readonly requests: readonly Request[];
  /** Objects of other owners, which `takeOver` overwrites. */
  readonly foreign: readonly string[];
  /** What no request can change: somebody has to. */
  readonly blocked: readonly string[];
}

/** Both versions of what a stack declares: the previous one has nothing when the stack is created. */
export interface Versions {
  readonly wanted: Topology;
  readonly previous?: Topology;
}

/**
 * The requests from what the broker has to what is wanted.
 *
 * @param passwords of the wanted users, by name
 */
export function decide(
  { wanted, previous }: Versions,
  found: Found,
  admin: string,
  passwords: ReadonlyMap<string, string>,
): Decision {
  const { vhost } = wanted;
  const before = namesOf(previous);
  const put = (path: string, object: string, body: object, drift: boolean): Request => ({
    method: 'PUT',
    path,
    object,
    body,
    drift,
  });
  const requests = [
    ...(found.vhost ? [] : [put(`vhosts/${at(vhost)}`, `virtual host ${vhost}`, {}, previous !== undefined)]),
    ...(found.adminMayDeclare ? [] : [put(`permissions/${at(vhost, admin)}`, 'permissions of our user', ALL, false)]),
    // Before the queues, so that no queue is ever without its limits.
    ...wanted.policies
      .filter((policy) => !samePolicy(policy, policyNamed(found, policy.name)))
      .map((policy) =>
        put(
          `policies/${at(vhost, policy.name)}`,
          `policy ${policy.name}`,
          policyBody(policy),
          before.has(`policy ${policy.name}`),
        ),
      ),
    // Before the queues as well: a queue whose dead-letter exchange is missing drops its dead letters.
    ...wanted.exchanges
      .filter(({ name }) => found.exchanges.get(name) === undefined)
      .map(({ name, kind }) =>
        put(
          `exchanges/${at(vhost, name)}`,
          `exchange ${name}`,
          { type: kind, durable: true },
          before.has(`exchange ${name}`),
        ),
      ),
    ...wanted.queues
      .filter((name) => found.queues.get(name) === undefined)
      .map((name) => put(`queues/${at(vhost, name)}`, `queue ${name}`, QUORUM, before.has(`queue ${name}`))),
    ...wanted.bindings
      .filter((binding) => !isBound(found, binding))
      .map(
        (binding): Request => ({
          method: 'POST',
          path: bindingPath(vhost, binding),
          object: `binding of ${binding.destination} to ${binding.source}`,
          body: { routing_key: binding.routingKey },
          drift: before.has(`binding ${bindingKey(binding)}`),
        }),
      ),
    // Last: nobody works with what is not there yet.
    ...wanted.users.flatMap((user) => userRequests(user, found, vhost, passwords, before.has(`user ${user.name}`))),
    ...removals(wanted, previous, found),
  ];
  return { requests, foreign: foreignObjects(wanted, found, passwords, before), blocked: blockedBy(wanted, found) };
}

/**
 * The requests that remove everything that the stack declared, when its queues are empty; a virtual host stays, because it
 * may hold queues of others.
 */
export function removal(topology: Topology, found: Found): Request[] {
  const empty: Topology = { ...topology, users: [], exchanges: [], queues: [], bindings: [], policies: [] };
  const queues = topology.queues
    .filter((name) => found.queues.get(name) !== undefined)
    .map((name) => remove(`queues/${at(topology.vhost, name)}`, `queue ${name}`));
  // Users first: nobody publishes or consumes any more.
  const rest = removals(empty, topology, found);
  const users = rest.filter(({ path }) => path.startsWith('users/'));
  return [...users, ...queues, ...rest.filter((request) => !users.includes(request))];
}

const ALL = { configure: '.*', write: '.*', read: '.*' };
const QUORUM = { durable: true, auto_delete: false, arguments: { 'x-queue-type': 'quorum' } };
/** A policy of these applies to a queue of ours. */
const APPLIES_TO_QUEUES = ['queues', 'all', 'quorum_queues'];

function userRequests(
  user: WantedUser,
  found: Found,
  vhost: string,
  passwords: ReadonlyMap<string, string>,
  wasOurs: boolean,
): Request[] {
  const { name, configure, write, read } = user;
  const there = found.users.get(name);
  const permissions = found.permissions.get(name);
  const password = passwords.get(name) ?? '';
  const right = there !== undefined && isPassword(there, password) && !hasTags(there.tags);
  const may = permissions?.configure === configure && permissions.write === write && permissions.read === read;
  return [
    ...(right
      ? []
      : [
          {
            method: 'PUT' as const,
            path: `users/${at(name)}`,
            object: `user ${name}`,
            body: { password, tags: '' },
            drift: wasOurs,
          },
        ]),
    ...(may
      ? []
      : [
          {
            method: 'PUT' as const,
            path: `permissions/${at(vhost, name)}`,
            object: `permissions of ${name}`,
            body: { configure, write, read },
            drift: wasOurs,
          },
        ]),
  ];
}

/** What the previous version had and this one has not, except queues, which may hold messages. */
function removals(wanted: Topology, previous: Topology | undefined, found: Found): Request[] {
  if (previous === undefined) return [];
  const { vhost } = previous;
  const now = namesOf(wanted);
  const isFormer = (kind: string, name: string) => !now.has(`${kind} ${name}`);
  return [
    ...previous.bindings
      .filter((binding) => isFormer('binding', bindingKey(binding)))
      .flatMap((binding) =>
        (found.bindings.get(bindingKey(binding)) ?? [])
          .filter(({ routing_key }) => routing_key === binding.routingKey)
          .map(({ properties_key }) =>
            remove(
              `${bindingPath(vhost, binding)}/${at(properties_key)}`,
              `binding of ${binding.destination} to ${binding.source}`,
            ),
          ),
      ),
    ...previous.policies
      .filter((policy) => isFormer('policy', policy.name) && samePolicy(policy, policyNamed(found, policy.name)))
      .map(({ name }) => remove(`policies/${at(vhost, name)}`, `policy ${name}`)),
    ...previous.exchanges
      .filter(({ name }) => isFormer('exchange', name) && found.exchanges.get(name) !== undefined)
      .map(({ name }) => remove(`exchanges/${at(vhost, name)}`, `exchange ${name}`)),
    ...previous.users
      .filter(({ name }) => isFormer('user', name) && found.users.get(name) !== undefined)
      .map(({ name }) => remove(`users/${at(name)}`, `user ${name}`)),
  ];
}

function remove(path: string, object: string): Request {
  return { method: 'DELETE', path, object, drift: false };
}

/** Users and policies of the same name that another owner has set up in another way. */
function foreignObjects(
  wanted: Topology,
  found: Found,
  passwords: ReadonlyMap<string, string>,
  before: ReadonlySet<string>,
): string[] {
  const policies = wanted.policies
    .filter(({ name }) => !before.has(`policy ${name}`))
    .filter((policy) => {
      const there = policyNamed(found, policy.name);
      return there !== undefined && !samePolicy(policy, there);
    })
    .map(({ name }) => `policy ${name}`);
  const users = wanted.users
    .filter(({ name }) => !before.has(`user ${name}`))
    .filter(({ name }) => {
      const there = found.users.get(name);
      return there !== undefined && !isPassword(there, passwords.get(name) ?? '');
    })
    .map(({ name }) => `user ${name}`);
  return [...policies, ...users];
}

/** What only a person can solve: it would have to be deleted, with what is in it. */
function blockedBy(wanted: Topology, found: Found): string[] {
  const exchanges = wanted.exchanges.flatMap(({ name, kind }) => {
    const there = found.exchanges.get(name);
    if (there === undefined || (there.type === kind && there.durable && !there.auto_delete)) return [];
    return [`exchange ${name} is there already as a ${there.durable ? '' : 'transient '}${there.type} exchange`];
  });
  const keys = new Set(wanted.policies.flatMap(({ definition }) => Object.keys(definition)));
  const queues = wanted.queues.flatMap((name) => {
    const there = found.queues.get(name);
    if (there === undefined) return [];
    const kind = there.arguments['x-queue-type'] ?? 'classic';
    if (kind !== 'quorum' || !there.durable) return [`queue ${name} is there already as a ${String(kind)} queue`];
    const own = Object.keys(there.arguments).filter((argument) => keys.has(argument.replace(/^x-/, '')));
    return own.length === 0
      ? []
      : [`queue ${name} was declared with ${own.join(', ')}, which its policy cannot change`];
  });
  const hidden = wanted.policies.flatMap((policy) => hiding(policy, wanted, found));
  return [...exchanges, ...queues, ...hidden];
}

/** A queue has one policy: the one of highest priority. */
function hiding(policy: WantedPolicy, wanted: Topology, found: Found): string[] {
  const own = new Set(wanted.policies.map(({ name }) => name));
  const queues = wanted.queues.filter((queue) => matches(policy.pattern, queue));
  return found.policies
    .filter((other) => !own.has(other.name) && APPLIES_TO_QUEUES.includes(other['apply-to']))
    .filter(({ priority, pattern }) => priority >= policy.priority && queues.some((queue) => matches(pattern, queue)))
    .map(
      ({ name, priority }) =>
        `policy ${name} has priority ${priority} and takes the place of ${policy.name}, which has ${policy.priority}`,
    );
}

function matches(pattern: string, name: string): boolean {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    // A pattern of another dialect: not known to match.
    return false;
  }
}

function policyBody({ pattern, priority, definition }: WantedPolicy): object {
  return { pattern, priority, 'apply-to': 'queues', definition };
}

function policyNamed(found: Found, name: string): FoundPolicy | undefined {
  return found.policies.find((policy) => policy.name === name);
}

function samePolicy(wanted: WantedPolicy, found: FoundPolicy | undefined): boolean {
  if (found === undefined) return false;
  const { pattern, priority, definition } = found;
  const keys = new Set([...Object.keys(wanted.definition), ...Object.keys(definition)]);
  return (
    pattern === wanted.pattern &&
    priority === wanted.priority &&
    found['apply-to'] === 'queues' &&
    [...keys].every((key) => wanted.definition[key] === definition[key])
  );
}

function isBound(found: Found, binding: Topology['bindings'][number]): boolean {
  return (found.bindings.get(bindingKey(binding)) ?? []).some(({ routing_key }) => routing_key === binding.routingKey);
}

function bindingPath(vhost: string, { source, destination }: Topology['bindings'][number]): string {
  return `bindings/${at(vhost)}/e/${at(source)}/q/${at(destination)}`;
}

/** Brokers give tags as a text or as a list. */
function hasTags(tags: unknown): boolean {
  return Array.isArray(tags) ? tags.length > 0 : tags !== undefined && tags !== '';
}

/** Kind and name of everything that a topology declares. */
function namesOf(topology: Topology | undefined): ReadonlySet<string> {
  if (topology === undefined) return new Set();
  const { users, exchanges, queues, bindings, policies } = topology;
  return new Set([
    ...users.map(({ name }) => `user ${name}`),
    ...exchanges.map(({ name }) => `exchange ${name}`),
    ...queues.map((name) => `queue ${name}`),
    ...bindings.map((binding) => `binding ${bindingKey(binding)}`),
    ...policies.map(({ name }) => `policy ${name}`),
  ]);
}
