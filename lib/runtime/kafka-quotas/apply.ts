/**
 * One event, worked through: a stack that creates, updates or deletes its quotas, or the hourly look whether they
 * still hold. The cluster is a port, so that this runs against a real Kafka as well as in memory.
 */
import {
  type Alteration,
  alterations,
  entitiesOf,
  entityKey,
  entityText,
  type Limits,
  parseQuotas,
  type Quota,
  type QuotaEntity,
} from './quotas';

/** The few things that are asked of a Kafka cluster. */
export interface QuotaCluster {
  /** The limits set on exactly this entity; none when it has no quota. */
  describe(entity: QuotaEntity): Promise<Limits>;
  /** All of them or none. */
  alter(changes: readonly Alteration[]): Promise<void>;
  close(): Promise<void>;
}

/** What goes out of here. */
export interface Ports {
  /** @param brokers `host:port` of one or more brokers, separated by commas */
  connect(brokers: string): Promise<QuotaCluster>;
  /** Counts one entity that somebody else had altered. */
  count(name: string, details: Record<string, string>): void;
}

/** Where quotas are to hold, and which. */
export interface QuotaProperties {
  readonly ClusterArn: string;
  readonly Brokers: string;
  /** A list of quotas, or its JSON text. */
  readonly Quotas: unknown;
}

/** What the provider framework hands over. */
export interface ResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: QuotaProperties;
  readonly OldResourceProperties?: QuotaProperties;
}

/** What the schedule hands over. */
export interface RepairEvent {
  readonly Repair: QuotaProperties;
}

/** What the provider framework is told; it holds nothing but names and counts. */
export interface ResourceAnswer {
  readonly PhysicalResourceId: string;
  readonly Data: { readonly Entities: number };
}

/** What the schedule's log shows. */
export interface RepairAnswer {
  readonly repaired: readonly string[];
}

/** @throws when an event is neither of the two, and whatever the cluster refuses */
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
  await alterTo(gone ? [] : now, gone ? now : before, ResourceProperties.Brokers, ports);
  return {
    PhysicalResourceId: `${ResourceProperties.ClusterArn}/quotas/${event.LogicalResourceId}`,
    Data: { Entities: gone ? 0 : now.length },
  };
}

/** Sets again what somebody altered or removed by hand. Entities that are not ours are not even looked at. */
async function repair({ Brokers, Quotas }: QuotaProperties, ports: Ports): Promise<RepairAnswer> {
  const repaired = (await alterTo(parseQuotas(Quotas), [], Brokers, ports)).map(entityText);
  for (const entity of repaired) ports.count('QuotasRepaired', { entity });
  return { repaired };
}

async function alterTo(
  wanted: readonly Quota[],
  previous: readonly Quota[],
  brokers: string,
  ports: Ports,
): Promise<Alteration[]> {
  const cluster = await ports.connect(brokers);
  try {
    const entities = entitiesOf(wanted, previous);
    const found = await Promise.all(entities.map((entity) => cluster.describe(entity)));
    const changes = alterations(
      wanted,
      previous,
      new Map(entities.map((entity, index) => [entityKey(entity), found[index]])),
    );
    if (changes.length > 0) await cluster.alter(changes);
    return changes;
  } finally {
    await cluster.close();
  }
}
