/** The objects of a RabbitMQ broker that a stack wants, as data; and how they are checked when they arrive as such. */

/** A user and what it may do in the virtual host, as regular expressions over names. */
export interface WantedUser {
  readonly name: string;
  /** Where its password is. */
  readonly secretArn: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/** A durable exchange. */
export interface WantedExchange {
  readonly name: string;
  readonly kind: string;
}

/** A way from an exchange to a queue. */
export interface WantedBinding {
  readonly source: string;
  readonly destination: string;
  readonly routingKey: string;
}

/** Settings of the queues whose names match a pattern. */
export interface WantedPolicy {
  readonly name: string;
  readonly pattern: string;
  readonly priority: number;
  readonly definition: Readonly<Record<string, string | number>>;
}

/** All that one stack declares in a virtual host. */
export interface Topology {
  readonly vhost: string;
  readonly users: readonly WantedUser[];
  readonly exchanges: readonly WantedExchange[];
  /** Names of durable quorum queues; dead-letter queues before the queues that use them. */
  readonly queues: readonly string[];
  readonly bindings: readonly WantedBinding[];
  readonly policies: readonly WantedPolicy[];
}

/** Input that is no topology. */
export class InvalidTopologyError extends Error {
  public override readonly name = 'InvalidTopologyError';
}

/** Checks a topology that came as data, or as its JSON text. */
export function parseTopology(given: unknown): Topology {
  const value = typeof given === 'string' ? parsed(given) : given;
  const { vhost, users, exchanges, queues, bindings, policies } = recordOf(value, 'the topology');
  const topology = {
    vhost: text('vhost', vhost),
    users: list('users', users).map((user) => ({
      name: text('users.name', user.name),
      secretArn: text('users.secretArn', user.secretArn),
      configure: text('users.configure', user.configure, true),
      write: text('users.write', user.write, true),
      read: text('users.read', user.read, true),
    })),
    exchanges: list('exchanges', exchanges).map(({ name, kind }) => ({
      name: text('exchanges.name', name),
      kind: text('exchanges.kind', kind),
    })),
    queues: (Array.isArray(queues) ? queues : []).map((name) => text('queues', name)),
    bindings: list('bindings', bindings).map(({ source, destination, routingKey }) => ({
      source: text('bindings.source', source),
      destination: text('bindings.destination', destination),
      routingKey: text('bindings.routingKey', routingKey, true),
    })),
    policies: list('policies', policies).map(({ name, pattern, priority, definition }) => ({
      name: text('policies.name', name),
      pattern: text('policies.pattern', pattern),
      // The framework of the CDK passes numbers inside JSON text, and CloudFormation all others as text.
      priority: Number(priority),
      definition: recordOf(definition, 'policies.definition') as Record<string, string | number>,
    })),
  };
  if (topology.queues.length === 0) throw new InvalidTopologyError('the topology must have a queue');
  if (topology.policies.some(({ priority }) => !Number.isInteger(priority))) {
    throw new InvalidTopologyError('policies.priority must be a whole number');
  }
  return topology;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new InvalidTopologyError('the topology must be JSON');
  }
}

function recordOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidTopologyError(`${name} must be an object`);
  }
  return value as Record<string, unknown>;
}

function list(name: string, value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new InvalidTopologyError(`${name} must be a list`);
  return value.map((one) => recordOf(one, name));
}

function text(name: string, value: unknown, mayBeEmpty = false): string {
  if (typeof value !== 'string' || (value === '' && !mayBeEmpty)) {
    throw new InvalidTopologyError(`${name} must be a text${mayBeEmpty ? '' : ' that is not empty'}`);
  }
  return value;
}
