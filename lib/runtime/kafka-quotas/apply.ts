/**
 * Handling of one event: a stack that creates, updates or deletes its quotas, or the hourly check whether they still
 * hold. The cluster is a port, so that this runs against a real Kafka as well as in memory.
 */
import {
  type Alteration,
  type Decision,
  decide,
  entitiesOf,
  entityKey,
  entityText,
  type Limits,
  parseQuotas,
  type Quota,
  QuotaConflictError,
  type QuotaEntity,
} from './quotas';

/** The operations on a Kafka cluster. */
export interface QuotaCluster {
  /** The limits set on exactly this entity; none when it has no quota. */
  describe(entity: QuotaEntity): Promise<Limits>;
  /** All of them or none. */
  alter(changes: readonly Alteration[]): Promise<void>;
  close(): Promise<void>;
}

/** The ports to the outside. */
export interface Ports {
  /** @param brokers `host:port` of one or more brokers, separated by commas */
  connect(brokers: string): Promise<QuotaCluster>;
  /** Counts one entity that another owner had altered, or that was left to it. */
  count(name: string, details: Record<string, string>): void;
}

/** The cluster and its quotas. */
export interface QuotaProperties {
  readonly ClusterArn: string;
  readonly Brokers: string;
  /** A list of quotas, or its JSON text. */
  readonly Quotas: unknown;
  /** `true`, as a text, when quotas of another owner are to be overwritten. */
  readonly TakeOver?: unknown;
}

/** Event of the provider framework. */
export interface ResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: QuotaProperties;
  readonly OldResourceProperties?: QuotaProperties;
}

/** Event of the schedule. */
export interface RepairEvent {
  readonly Repair: QuotaProperties;
}

/** Answer to the provider framework; it holds only names and counts. */
export interface ResourceAnswer {
  readonly PhysicalResourceId: string;
  readonly Data: { readonly Entities: number };
}

/** Answer in the schedule's log. */
export interface RepairAnswer {
  readonly repaired: readonly string[];
}

/**
 * @throws QuotaConflictError when an entity that the stack did not name before has a quota of another value, and the
 * stack does not take over
 * @throws when an event is neither of the two, and when the cluster refuses
 */
export async function handleEvent(
  event: ResourceEvent | RepairEvent,
  ports: Ports,
): Promise<ResourceAnswer | RepairAnswer> {
  if ('Repair' in event) return repair(event.Repair, ports);
  const { RequestType, ResourceProperties, OldResourceProperties: old } = event;
  const now = parseQuotas(ResourceProperties.Quotas);
  // On another cluster nothing of ours has been set; on the old one CloudFormation deletes the old resource.
  const moved = old !== undefined && old.ClusterArn !== ResourceProperties.ClusterArn;
  const before = old !== undefined && !moved ? parseQuotas(old.Quotas) : [];
  const gone = RequestType === 'Delete';
  const { drifted, left } = await alterTo(gone ? [] : now, gone ? now : before, ResourceProperties, ports);
  count('QuotasRepaired', drifted, ports);
  count('QuotasLeft', left, ports);
  return {
    PhysicalResourceId: `${ResourceProperties.ClusterArn}/quotas/${event.LogicalResourceId}`,
    Data: { Entities: gone ? 0 : now.length },
  };
}

/** Repairs limits that were altered or removed by hand. Entities that are not ours are not read. */
async function repair(properties: QuotaProperties, ports: Ports): Promise<RepairAnswer> {
  const quotas = parseQuotas(properties.Quotas);
  const { changes } = await alterTo(quotas, quotas, properties, ports);
  count('QuotasRepaired', changes, ports);
  return { repaired: changes.map(entityText) };
}

function count(name: string, entities: readonly QuotaEntity[], ports: Ports): void {
  for (const entity of entities) ports.count(name, { entity: entityText(entity) });
}

async function alterTo(
  wanted: readonly Quota[],
  previous: readonly Quota[],
  { Brokers, TakeOver }: QuotaProperties,
  ports: Ports,
): Promise<Decision> {
  const cluster = await ports.connect(Brokers);
  try {
    const entities = entitiesOf(wanted, previous);
    const found = await Promise.all(entities.map((entity) => cluster.describe(entity)));
    const existing = new Map(entities.map((entity, index) => [entityKey(entity), found[index]]));
    const decision = decide(wanted, previous, existing);
    if (decision.conflicts.length > 0 && String(TakeOver) !== 'true') throw new QuotaConflictError(decision.conflicts);
    if (decision.changes.length > 0) await cluster.alter(decision.changes);
    return decision;
  } finally {
    await cluster.close();
  }
}
