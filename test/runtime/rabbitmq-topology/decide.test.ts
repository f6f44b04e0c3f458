/** What the function asks of a broker, decided from what it has: once, again after a part of it, and never of others. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { decide, type Request, removal } from '../../../lib/runtime/rabbitmq-topology/decide';
import { bindingKey, type Found } from '../../../lib/runtime/rabbitmq-topology/found';
import { isPassword } from '../../../lib/runtime/rabbitmq-topology/password';
import { InvalidTopologyError, parseTopology, type Topology } from '../../../lib/runtime/rabbitmq-topology/topology';
import { runs } from '../../support/property';

const TOPOLOGY: Topology = {
  vhost: '/',
  users: [{ name: 'orders.worker', secretArn: 'arn', configure: '', write: '', read: '^orders$' }],
  exchanges: [
    { name: 'orders.dead', kind: 'direct' },
    { name: 'orders', kind: 'fanout' },
  ],
  queues: ['orders.dead', 'orders'],
  bindings: [{ source: 'orders.dead', destination: 'orders.dead', routingKey: 'orders' }],
  policies: [{ name: 'orders', pattern: '^orders$', priority: 10, definition: { 'max-length': 5 } }],
};
const PASSWORDS = new Map([['orders.worker', 'right']]);

const hashed = (password: string) => {
  const salt = Buffer.from([1, 2, 3, 4]);
  const digest = createHash('sha256').update(salt).update(password).digest();
  return {
    password_hash: Buffer.concat([salt, digest]).toString('base64'),
    hashing_algorithm: 'rabbit_password_hashing_sha256',
    tags: [] as string[],
  };
};

const NOTHING: Found = {
  vhost: true,
  adminMayDeclare: true,
  users: new Map(),
  permissions: new Map(),
  exchanges: new Map(),
  queues: new Map(),
  bindings: new Map(),
  policies: [],
};

/** The broker once these requests were made. */
function after(found: Found, requests: readonly Request[]): Found {
  const state = {
    ...found,
    users: new Map(found.users),
    permissions: new Map(found.permissions),
    exchanges: new Map(found.exchanges),
    queues: new Map(found.queues),
    bindings: new Map(found.bindings),
    policies: [...found.policies],
  };
  for (const { method, path, body = {} } of requests) {
    const [kind, ...names] = path.split('/').map(decodeURIComponent);
    const name = names.at(-1) as string;
    const made = body as Record<string, unknown>;
    if (method !== 'PUT' && kind !== 'bindings') continue;
    if (kind === 'vhosts') state.vhost = true;
    if (kind === 'users') state.users.set(name, hashed(String(made.password)));
    if (kind === 'permissions' && name === 'admin') state.adminMayDeclare = true;
    else if (kind === 'permissions') state.permissions.set(name, made as never);
    if (kind === 'exchanges') state.exchanges.set(name, { type: String(made.type), durable: true, auto_delete: false });
    if (kind === 'queues') state.queues.set(name, made as never);
    if (kind === 'policies')
      state.policies = [...state.policies.filter((one) => one.name !== name), { name, ...made } as never];
    if (kind === 'bindings') {
      const key = bindingKey({ source: names[2], destination: names[4] });
      const bound = { routing_key: String(made.routing_key), properties_key: String(made.routing_key) };
      state.bindings.set(key, [...(state.bindings.get(key) ?? []), bound]);
    }
  }
  return state;
}

const first = decide({ wanted: TOPOLOGY }, { ...NOTHING, vhost: false, adminMayDeclare: false }, 'admin', PASSWORDS);
const whole = after(NOTHING, first.requests);
const again = (found: Found, previous: Topology | undefined = TOPOLOGY) =>
  decide({ wanted: TOPOLOGY, previous }, found, 'admin', PASSWORDS);
const objects = (requests: readonly Request[]) => requests.map(({ object }) => object);

test('policies come before queues, so that no queue is without its limits, and users come last', () => {
  expect(objects(first.requests)).toEqual([
    'virtual host /',
    'permissions of our user',
    'policy orders',
    'exchange orders.dead',
    'exchange orders',
    'queue orders.dead',
    'queue orders',
    'binding of orders.dead to orders.dead',
    'user orders.worker',
    'permissions of orders.worker',
  ]);
  expect(first.requests.every(({ drift }) => !drift)).toBe(true);
});

test('a broker that has it all is asked for nothing', () => {
  expect(again(whole)).toEqual({ requests: [], foreign: [], blocked: [] });
});

test('after any part of it, in any interrupted run, the rest is asked for, and then nothing', () => {
  fc.assert(
    fc.property(fc.subarray([...first.requests]), (done) => {
      const part = after({ ...NOTHING, vhost: false, adminMayDeclare: false }, done);
      const { requests } = decide({ wanted: TOPOLOGY }, part, 'admin', PASSWORDS);
      expect([...objects(done), ...objects(requests)].sort()).toEqual(objects(first.requests).sort());
      expect(again(after(part, requests)).requests).toEqual([]);
    }),
    { numRuns: runs },
  );
});

test.each<[string, Partial<Found>, string]>([
  ['a policy is gone', { policies: [] }, 'policy orders'],
  [
    'a policy has another limit',
    { policies: [{ ...whole.policies[0], definition: { 'max-length': 6 } }] },
    'policy orders',
  ],
  ['a policy is of other queues', { policies: [{ ...whole.policies[0], pattern: '^x$' }] }, 'policy orders'],
  ['a policy has another priority', { policies: [{ ...whole.policies[0], priority: 9 }] }, 'policy orders'],
  ['a policy applies to exchanges', { policies: [{ ...whole.policies[0], 'apply-to': 'exchanges' }] }, 'policy orders'],
  ['a binding is gone', { bindings: new Map() }, 'binding of orders.dead to orders.dead'],
  ['a password is another', { users: new Map([['orders.worker', hashed('wrong')]]) }, 'user orders.worker'],
  [
    'a user is an administrator',
    { users: new Map([['orders.worker', { ...hashed('right'), tags: ['administrator'] }]]) },
    'user orders.worker',
  ],
  [
    'permissions are wider',
    { permissions: new Map([['orders.worker', { configure: '.*', write: '.*', read: '.*' }]]) },
    'permissions of orders.worker',
  ],
])('drift: %s', (_, change, object) => {
  const { requests } = again({ ...whole, ...change });
  expect(objects(requests)).toEqual([object]);
  expect(requests[0].drift).toBe(true);
});

describe('other owners', () => {
  const other = {
    name: 'orders',
    pattern: '^orders$',
    'apply-to': 'queues',
    priority: 10,
    definition: { 'max-length': 9 },
  };
  test('a policy or a user of the same name is theirs until the stack has named it before', () => {
    const found = { ...whole, policies: [other], users: new Map([['orders.worker', hashed('wrong')]]) };
    expect(again(found, undefined)).toMatchObject({ foreign: [] });
    expect(decide({ wanted: TOPOLOGY }, found, 'admin', PASSWORDS).foreign).toEqual([
      'policy orders',
      'user orders.worker',
    ]);
  });

  test.each([
    ['of a higher priority', 11, 'all', '.*', 1],
    ['of the same priority: either may win', 10, 'queues', '^ord', 1],
    ['of a lower priority', 9, 'all', '.*', 0],
    ['of other queues', 99, 'all', '^invoices$', 0],
    ['of exchanges', 99, 'exchanges', '.*', 0],
    ['whose pattern is of another dialect', 99, 'all', '(?<', 0],
  ])('a policy %s', (_, priority, applyTo, pattern, hidden) => {
    const policy = { name: 'theirs', pattern, 'apply-to': applyTo, priority, definition: {} };
    expect(again({ ...whole, policies: [...whole.policies, policy] }).blocked).toHaveLength(hidden);
  });

  test('a queue of another type, or with an argument that a policy cannot change, blocks', () => {
    const queue = { durable: true, auto_delete: false };
    const classic = again({ ...whole, queues: new Map([['orders', { ...queue, arguments: {} }]]) });
    expect(classic.blocked).toEqual(['queue orders is there already as a classic queue']);
    const fixed = { 'x-queue-type': 'quorum', 'x-max-length': 1, 'x-quorum-initial-group-size': 3 };
    expect(again({ ...whole, queues: new Map([['orders', { ...queue, arguments: fixed }]]) }).blocked).toEqual([
      'queue orders was declared with x-max-length, which its policy cannot change',
    ]);
  });
});

test('what the stack no longer names goes, but never a queue', () => {
  const fewer = { ...TOPOLOGY, users: [], bindings: [], exchanges: [], policies: [], queues: ['orders'] };
  const { requests } = decide({ wanted: fewer, previous: TOPOLOGY }, whole, 'admin', PASSWORDS);
  expect(requests.every(({ method }) => method === 'DELETE')).toBe(true);
  expect(objects(requests)).toEqual([
    'binding of orders.dead to orders.dead',
    'policy orders',
    'exchange orders.dead',
    'exchange orders',
    'user orders.worker',
  ]);
});

test('a removal begins with the users, and leaves the virtual host', () => {
  const paths = removal(TOPOLOGY, whole).map(({ path }) => path.split('/')[0]);
  expect(paths).toEqual(['users', 'queues', 'queues', 'bindings', 'policies', 'exchanges', 'exchanges']);
});

test('a password is compared with the salted hash of the broker', () => {
  // Of "Computing Password Hash" in RabbitMQ's documentation: the salt CA D5 08 9B and the password test12.
  const salt = Buffer.from('cad5089b', 'hex');
  const kept = Buffer.concat([
    salt,
    createHash('sha256')
      .update(Buffer.concat([salt, Buffer.from('test12')]))
      .digest(),
  ]);
  const found = { password_hash: kept.toString('base64'), hashing_algorithm: 'rabbit_password_hashing_sha256' };
  expect(isPassword(found, 'test12')).toBe(true);
  expect(isPassword(found, 'test13')).toBe(false);
  expect(isPassword({ ...found, hashing_algorithm: 'rabbit_password_hashing_md5' }, 'test12')).toBe(false);
  expect(isPassword({}, 'test12')).toBe(false);
});

test.each([
  ['{', 'the topology must be JSON'],
  [[], 'the topology must be an object'],
  [{ ...TOPOLOGY, queues: [] }, 'the topology must have a queue'],
  [{ ...TOPOLOGY, users: 'x' }, 'users must be a list'],
  [{ ...TOPOLOGY, vhost: '' }, 'vhost must be a text that is not empty'],
  [
    { ...TOPOLOGY, policies: [{ ...TOPOLOGY.policies[0], priority: 'high' }] },
    'policies.priority must be a whole number',
  ],
])('%j is no topology', (given, message) => {
  expect(() => parseTopology(given)).toThrow(new InvalidTopologyError(message));
});

test('a topology is the same as data and as JSON text', () => {
  expect(parseTopology(JSON.stringify(TOPOLOGY))).toEqual(TOPOLOGY);
});
