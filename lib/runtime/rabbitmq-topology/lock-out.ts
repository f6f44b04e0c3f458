/** Keeping the users of a stack away from its queues while these are counted, before they are deleted. */
import type { Request } from './decide';
import { at, type Found } from './found';
import type { Topology, WantedUser } from './topology';

/**
 * Takes the rights of the users that the stack declared, and closes their connections: a channel that is open may keep what
 * it was allowed. They are asked for by name, so that the broker decides by what it has, and not by its statistics.
 *
 * Source: RabbitMQ documentation, Access control, "cached"; Management HTTP API, `/api/connections/username/<name>`.
 */
export function lockOut(topology: Topology, found: Found): Request[] {
  const users = usersThere(topology, found);
  const remove = (path: string, object: string): Request => ({ method: 'DELETE', path, object, drift: false });
  return [
    ...users.map(({ name }) => remove(`permissions/${at(topology.vhost, name)}`, `permissions of ${name}`)),
    ...users.map(({ name }) => remove(`connections/username/${at(name)}`, `connections of ${name}`)),
  ];
}

/** Gives the rights back. */
export function letIn(topology: Topology, found: Found): Request[] {
  return usersThere(topology, found).map(({ name, configure, write, read }) => ({
    method: 'PUT',
    path: `permissions/${at(topology.vhost, name)}`,
    object: `permissions of ${name}`,
    body: { configure, write, read },
    drift: false,
  }));
}

function usersThere({ users }: Topology, found: Found): WantedUser[] {
  return users.filter(({ name }) => found.users.get(name) !== undefined);
}
