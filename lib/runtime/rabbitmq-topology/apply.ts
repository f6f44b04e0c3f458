/**
 * Handling of one event: a stack that creates, updates or deletes what it declares on a broker, or the hourly check
 * whether it still holds. The broker is a port, so that this runs against a real RabbitMQ as well as in memory.
 */
import type { Broker } from './broker';
import { decide, removal, type Versions } from './decide';
import { type Found, type FoundQueue, readFound } from './found';
import { letIn, lockOut } from './lock-out';
import { parseTopology, type Topology } from './topology';

/** The ports to the outside. */
export interface Ports {
  /** Signs in with that secret; tells the name of its user. */
  connect(management: string, adminSecretArn: string): Promise<{ readonly broker: Broker; readonly admin: string }>;
  /** The password in that secret. */
  password(secretArn: string): Promise<string>;
  /** Counts one object that had been changed by somebody else. */
  count(name: string, details: Record<string, string>): void;
  /** Waits until the broker has counted a queue again. */
  pause(): Promise<unknown>;
}

/** The broker and what is declared there. */
export interface TopologyProperties {
  /** `https://host` of the management API. */
  readonly Management: string;
  readonly AdminSecretArn: string;
  /** A topology, or its JSON text. */
  readonly Topology: unknown;
  /** `true`, as a text, when users and policies of another owner are to be overwritten. */
  readonly TakeOver?: unknown;
}

/** Event of the provider framework. */
export interface ResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: TopologyProperties;
  readonly OldResourceProperties?: TopologyProperties;
}

/** Event of the schedule. */
export interface RepairEvent {
  readonly Repair: TopologyProperties;
}

/** Answer to the provider framework; it holds only names and counts. */
export interface ResourceAnswer {
  readonly PhysicalResourceId: string;
  readonly Data: { readonly Changed: number };
}

/** Answer in the schedule's log. */
export interface RepairAnswer {
  readonly repaired: readonly string[];
}

/** Objects of another owner, or objects that no request can change. */
export class TopologyConflictError extends Error {
  public override readonly name = 'TopologyConflictError';
}

/** A queue that is to be deleted holds messages. */
export class QueueInUseError extends Error {
  public override readonly name = 'QueueInUseError';
}

/** Readings of a queue that the broker has not counted yet. */
const COUNTS = 6;
/** Pauses after which the broker has counted what came until then: one may begin just before. */
const RECOUNTS = 2;

/**
 * @throws TopologyConflictError when objects of another owner are in the way, or an object cannot be changed; nothing was
 * changed then
 * @throws QueueInUseError when a queue that is to be deleted holds messages or has consumers; nothing was removed then
 * @throws when an event is neither of the two, and when the broker refuses
 */
export async function handleEvent(
  event: ResourceEvent | RepairEvent,
  ports: Ports,
): Promise<ResourceAnswer | RepairAnswer> {
  if ('Repair' in event) {
    const topology = parseTopology(event.Repair.Topology);
    const repaired = await declare({ wanted: topology, previous: topology }, event.Repair, ports);
    return { repaired };
  }
  const { RequestType, ResourceProperties: now, OldResourceProperties: old } = event;
  const wanted = parseTopology(now.Topology);
  const answer = (changed: number) => ({
    PhysicalResourceId: identity(now, wanted),
    Data: { Changed: changed },
  });
  if (RequestType === 'Delete') return answer((await remove(wanted, now, ports)).length);
  const previous = old === undefined ? undefined : parseTopology(old.Topology);
  // Elsewhere, nothing of ours has been declared yet; CloudFormation deletes the old resource afterwards.
  const isSame = old !== undefined && previous !== undefined && identity(old, previous) === identity(now, wanted);
  return answer((await declare({ wanted, previous: isSame ? previous : undefined }, now, ports)).length);
}

/** Another broker, virtual host or queue is another resource. */
function identity({ Management }: TopologyProperties, { vhost, queues }: Topology): string {
  return `${Management}/${[vhost, queues.at(-1)!].map(encodeURIComponent).join('/')}`;
}

/** Sends what is missing or wrong; tells the objects. */
async function declare(versions: Versions, properties: TopologyProperties, ports: Ports): Promise<string[]> {
  const { wanted, previous } = versions;
  const { broker, admin } = await ports.connect(properties.Management, properties.AdminSecretArn);
  const passwords = new Map(
    await Promise.all(
      wanted.users.map(async ({ name, secretArn }) => [name, await ports.password(secretArn)] as const),
    ),
  );
  const found = await readFound(admin, previous === undefined ? [wanted] : [wanted, previous], broker.read);
  const { requests, foreign, blocked } = decide(versions, found, admin, passwords);
  const inTheWay = String(properties.TakeOver) === 'true' ? blocked : [...blocked, ...foreign.map(isForeign)];
  if (inTheWay.length > 0) throw new TopologyConflictError(inTheWay.join('; '));
  for (const request of requests) {
    await broker.send(request);
    if (request.drift) ports.count('TopologyRepaired', { object: request.object });
  }
  return requests.map(({ object }) => object);
}

function isForeign(object: string): string {
  return `${object} is there already with other settings; remove it, or set takeOver to overwrite it`;
}

async function remove(topology: Topology, properties: TopologyProperties, ports: Ports): Promise<string[]> {
  const { broker, admin } = await ports.connect(properties.Management, properties.AdminSecretArn);
  const first = await counted(await readFound(admin, [topology], broker.read), topology, admin, broker, ports);
  refuseUsed(first);
  const found = await alone(first, topology, admin, broker, ports);
  const requests = removal(topology, found);
  for (const request of requests) await broker.send(request);
  return requests.map(({ object }) => object);
}

/** What the broker has once nobody can publish any more: a message may have come since the queues were counted. */
async function alone(first: Found, topology: Topology, admin: string, broker: Broker, ports: Ports): Promise<Found> {
  if ([...first.queues.values()].every((queue) => queue === undefined)) return first;
  try {
    for (const request of lockOut(topology, first)) await broker.send(request);
    for (let pause = 1; pause <= RECOUNTS; pause += 1) await ports.pause();
    const found = await readFound(admin, [topology], broker.read);
    refuseUsed(found);
    return found;
  } catch (error) {
    // The queues stay, so those who publish and consume may go on.
    for (const request of letIn(topology, first)) await broker.send(request);
    throw error;
  }
}

function refuseUsed(found: Found): void {
  const used = [...found.queues].flatMap(([name, queue]) => inUse(name, queue));
  if (used.length === 0) return;
  throw new QueueInUseError(
    `${used.join('; ')}: nothing was removed. Stop the workers and move or discard the messages, or keep the queues with removalPolicy RETAIN`,
  );
}

/** What the broker has, once it has counted every queue: a new queue has no count for some seconds. */
async function counted(first: Found, topology: Topology, admin: string, broker: Broker, ports: Ports): Promise<Found> {
  let found = first;
  for (let reading = 1; reading < COUNTS && [...found.queues.values()].some(isUncounted); reading += 1) {
    await ports.pause();
    found = await readFound(admin, [topology], broker.read);
  }
  return found;
}

function isUncounted(queue: FoundQueue | undefined): boolean {
  return queue !== undefined && queue.messages === undefined;
}

function inUse(name: string, queue: FoundQueue | undefined): string[] {
  if (queue === undefined) return [];
  const { messages, consumers = 0 } = queue;
  if (messages === undefined) return [`queue ${name} was not counted by the broker, and may hold messages`];
  if (messages > 0) return [`queue ${name} holds ${messages} messages`];
  return consumers > 0 ? [`queue ${name} has ${consumers} consumers`] : [];
}
