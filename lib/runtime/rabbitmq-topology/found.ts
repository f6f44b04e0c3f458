/** What a broker has of the objects that a stack names, as its management API says it. */
import type { KeptPassword } from './password';
import type { Topology } from './topology';

export interface FoundUser extends KeptPassword {
  readonly tags?: unknown;
}
export interface FoundPermissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}
export interface FoundExchange {
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
}
export interface FoundQueue {
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Absent for some seconds after the queue was made, or a node was started. */
  readonly messages?: number;
  readonly consumers?: number;
}
export interface FoundBinding {
  readonly routing_key: string;
  readonly properties_key: string;
}
export interface FoundPolicy {
  readonly name: string;
  readonly pattern: string;
  readonly 'apply-to': string;
  readonly priority: number;
  readonly definition: Readonly<Record<string, unknown>>;
}

/** The objects by name; those that are not there are undefined. */
export interface Found {
  readonly vhost: boolean;
  /** Whether the user that signs in may declare in the virtual host. */
  readonly adminMayDeclare: boolean;
  readonly users: ReadonlyMap<string, FoundUser | undefined>;
  readonly permissions: ReadonlyMap<string, FoundPermissions | undefined>;
  readonly exchanges: ReadonlyMap<string, FoundExchange | undefined>;
  readonly queues: ReadonlyMap<string, FoundQueue | undefined>;
  /** The bindings from an exchange to a queue, by `bindingKey`. */
  readonly bindings: ReadonlyMap<string, readonly FoundBinding[]>;
  /** Every policy of the virtual host: one of them may hide ours. */
  readonly policies: readonly FoundPolicy[];
}

/** Reads one path of the management API below `/api/`; undefined where there is nothing. */
export type Read = (path: string, object: string) => Promise<unknown>;

/** Names in a path. */
export const at = (...names: readonly string[]): string => names.map(encodeURIComponent).join('/');

/** An exchange and a queue as one key. */
export const bindingKey = ({ source, destination }: { readonly source: string; readonly destination: string }) =>
  JSON.stringify([source, destination]);

/** Reads what the broker has of both topologies. */
export async function readFound(admin: string, topologies: readonly Topology[], read: Read): Promise<Found> {
  const [{ vhost }] = topologies;
  const names = (of: (topology: Topology) => readonly string[]) => [...new Set(topologies.flatMap(of))];
  const users = names((one) => one.users.map(({ name }) => name));
  const exchanges = names((one) => one.exchanges.map(({ name }) => name));
  const queues = names((one) => one.queues);
  const ways = new Map(topologies.flatMap((one) => one.bindings.map((binding) => [bindingKey(binding), binding])));
  const hasVhost = (await read(`vhosts/${at(vhost)}`, `virtual host ${vhost}`)) !== undefined;
  const inside: Read = async (path, object) => (hasVhost ? read(path, object) : undefined);
  const each = async <T>(keys: readonly string[], one: (name: string) => Promise<unknown>) =>
    new Map(await Promise.all(keys.map(async (key) => [key, (await one(key)) as T | undefined] as const)));
  return {
    vhost: hasVhost,
    adminMayDeclare: (await inside(`permissions/${at(vhost, admin)}`, 'permissions of our user')) !== undefined,
    users: await each<FoundUser>(users, (name) => read(`users/${at(name)}`, `user ${name}`)),
    permissions: await each<FoundPermissions>(users, (name) =>
      inside(`permissions/${at(vhost, name)}`, `permissions of ${name}`),
    ),
    exchanges: await each<FoundExchange>(exchanges, (name) =>
      inside(`exchanges/${at(vhost, name)}`, `exchange ${name}`),
    ),
    queues: await each<FoundQueue>(queues, (name) => inside(`queues/${at(vhost, name)}`, `queue ${name}`)),
    bindings: new Map(
      await Promise.all(
        [...ways].map(async ([key, { source, destination }]) => {
          const path = `bindings/${at(vhost)}/e/${at(source)}/q/${at(destination)}`;
          const there = await inside(path, `bindings of ${destination} to ${source}`);
          return [key, (there ?? []) as readonly FoundBinding[]] as const;
        }),
      ),
    ),
    policies: ((await inside(`policies/${at(vhost)}`, 'policies')) ?? []) as readonly FoundPolicy[],
  };
}
