/**
 * What quotas are wanted, what the cluster has, and what has to be altered. Pure: no network, no clock.
 */

/** Kafka's own word for "whoever has no quota by name", as its tools write it. */
export const DEFAULT_ENTITY = '<default>';

/** The limits that can be put on an entity, as Kafka spells them. All of them hold for each broker by itself. */
export const LIMIT_NAMES = ['producer_byte_rate', 'consumer_byte_rate', 'request_percentage'] as const;

export type LimitName = (typeof LIMIT_NAMES)[number];

/** Bytes per second, or percent of a thread's time, by limit. */
export type Limits = Readonly<Partial<Record<LimitName, number>>>;

/** Whom a quota binds: a user, a client id, or a client id of one user. */
export interface QuotaEntity {
  readonly user?: string;
  readonly clientId?: string;
}

/** A quota as it shall be. */
export interface Quota extends QuotaEntity {
  readonly limits: Limits;
}

/** What has to be done about one entity. */
export interface Alteration extends QuotaEntity {
  readonly set: Limits;
  readonly remove: readonly LimitName[];
}

/** A quota that cannot be read: names the entity and the limit, nothing else. */
export class InvalidQuotaError extends Error {
  public override readonly name = 'InvalidQuotaError';
}

/** One entity in words, for errors and metrics. */
export function entityText({ user, clientId }: QuotaEntity): string {
  const named = (kind: string, name: string) => (name === DEFAULT_ENTITY ? `any other ${kind}` : `${kind} '${name}'`);
  const words: string[] = [];
  if (user !== undefined) words.push(named('user', user));
  if (clientId !== undefined) words.push(named('client-id', clientId));
  return words.join(' with ');
}

/** A key that tells entities apart. */
export function entityKey({ user, clientId }: QuotaEntity): string {
  return JSON.stringify([user ?? null, clientId ?? null]);
}

/** Reads quotas: as JSON text from CloudFormation, which would turn numbers into strings, or as they are. */
export function parseQuotas(given: unknown): Quota[] {
  const parsed = typeof given === 'string' ? parseText(given) : given;
  if (!Array.isArray(parsed)) throw new InvalidQuotaError('Quotas must be a list');
  const quotas = parsed.map(parseQuota);
  const keys = quotas.map(entityKey);
  const twice = quotas.find((quota, index) => keys.indexOf(entityKey(quota)) !== index);
  if (twice) throw new InvalidQuotaError(`${entityText(twice)} has two quotas; there can be one`);
  return quotas;
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidQuotaError('Quotas must be JSON text');
  }
}

function parseQuota(value: unknown): Quota {
  const { user, clientId, limits } = (value ?? {}) as Record<string, unknown>;
  for (const name of [user, clientId]) {
    if (name !== undefined && (typeof name !== 'string' || name === '')) {
      throw new InvalidQuotaError('a quota must name its user or client-id by a text that is not empty');
    }
  }
  if (user === undefined && clientId === undefined) {
    throw new InvalidQuotaError('a quota must name a user, a client-id, or both');
  }
  const entity = { user, clientId } as QuotaEntity;
  for (const [name, limit] of Object.entries((limits ?? {}) as object)) {
    if (!LIMIT_NAMES.includes(name as LimitName)) {
      throw new InvalidQuotaError(`${entityText(entity)}: no limit '${name}'; there are ${LIMIT_NAMES.join(', ')}`);
    }
    if (typeof limit !== 'number' || !Number.isFinite(limit) || limit <= 0) {
      throw new InvalidQuotaError(`${entityText(entity)}: ${name} must be a number above 0, got ${limit}`);
    }
  }
  return { ...entity, limits: { ...(limits as Limits) } };
}

/**
 * What has to be altered so that every wanted limit holds and nothing is left of what was set before. Only entities
 * of `wanted` and `previous` are touched, and of those only the limits that either of them names: the rest is
 * somebody else's.
 *
 * @param existing the limits that the cluster has, by entity key
 */
export function alterations(
  wanted: readonly Quota[],
  previous: readonly Quota[],
  existing: ReadonlyMap<string, Limits>,
): Alteration[] {
  const before = new Map(previous.map((quota) => [entityKey(quota), quota]));
  const after = new Map(wanted.map((quota) => [entityKey(quota), quota]));
  return [...new Map([...before, ...after]).values()]
    .map((quota) => {
      const key = entityKey(quota);
      const has = existing.get(key) ?? {};
      const shall = after.get(key)?.limits ?? {};
      const had = before.get(key)?.limits ?? {};
      const set = Object.fromEntries(
        LIMIT_NAMES.filter((name) => shall[name] !== undefined && shall[name] !== has[name]).map((name) => [
          name,
          shall[name],
        ]),
      ) as Limits;
      const remove = LIMIT_NAMES.filter(
        (name) => had[name] !== undefined && shall[name] === undefined && has[name] !== undefined,
      );
      const { user, clientId } = quota;
      return { user, clientId, set, remove };
    })
    .filter(({ set, remove }) => Object.keys(set).length + remove.length > 0);
}

/** Every entity that either list names, once. */
export function entitiesOf(...lists: readonly (readonly Quota[])[]): QuotaEntity[] {
  return [...new Map(lists.flat().map((quota) => [entityKey(quota), quota])).values()].map(({ user, clientId }) => ({
    user,
    clientId,
  }));
}
