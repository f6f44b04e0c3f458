/**
 * Wanted quotas, present quotas, and the changes between them. Pure: no network, no clock.
 */

/** Kafka's name for all users without a quota of their own, as its tools write it. */
export const DEFAULT_ENTITY = '<default>';

/** The limits that can be put on an entity, as Kafka spells them. All of them hold for each broker by itself. */
export const LIMIT_NAMES = ['producer_byte_rate', 'consumer_byte_rate', 'request_percentage'] as const;

export type LimitName = (typeof LIMIT_NAMES)[number];

/** Bytes per second, or percent of a thread's time, by limit. */
export type Limits = Readonly<Partial<Record<LimitName, number>>>;

/** Entity of a quota: a user, a client id, or a client id of one user. */
export interface QuotaEntity {
  readonly user?: string;
  readonly clientId?: string;
}

/** A quota as it shall be. */
export interface Quota extends QuotaEntity {
  readonly limits: Limits;
}

/** The changes of one entity. */
export interface Alteration extends QuotaEntity {
  readonly set: Limits;
  readonly remove: readonly LimitName[];
}

/** CloudFormation takes an answer of 4 KB at most, reasons included. */
const MOST_NAMED = 5;

/** Another owner has set limits of an entity that this stack names. */
export class QuotaConflictError extends Error {
  public override readonly name = 'QuotaConflictError';

  constructor(conflicts: readonly Conflict[]) {
    const found = conflicts
      .slice(0, MOST_NAMED)
      .map(
        ({ limit, found: has, wanted, ...entity }) => `${entityText(entity)} has ${limit} ${has}, wanted is ${wanted}`,
      );
    const more = conflicts.length > MOST_NAMED ? [`${conflicts.length - MOST_NAMED} more`] : [];
    super(
      `quotas of another owner, a stack or a person: ${[...found, ...more].join('; ')}; nothing was altered. Name the entity in one stack only, or remove its quota with kafka-configs.sh, or give KafkaQuotas takeOver; a renamed construct keeps its numbers until it is deployed`,
    );
  }
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

/** A limit that another owner has set to a value that is not ours. */
export interface Conflict extends QuotaEntity {
  readonly limit: LimitName;
  readonly found: number;
  readonly wanted: number;
}

/** The changes, and the conflicts in the cluster. */
export interface Decision {
  /** Alterations that make every wanted limit hold, if there is no conflict. */
  readonly changes: readonly Alteration[];
  /** Limits that are not ours to overwrite. */
  readonly conflicts: readonly Conflict[];
  /** Entities of which one of our limits had been altered; `changes` sets it again. */
  readonly drifted: readonly QuotaEntity[];
  /** Entities that are no longer wanted and stay: their limits are not those that we set. */
  readonly left: readonly QuotaEntity[];
}

/**
 * The changes that make every wanted limit hold and remove all limits that were set before. Kafka does not know who set
 * a limit, so a value says whose it is: one that equals the wanted or the previous one is ours (the same construct
 * under another name, a roll-back), any other is that of another owner. Only entities of `wanted` and `previous` are
 * touched, and of those only the limits that either of them names.
 *
 * @param existing the limits that the cluster has, by entity key
 */
export function decide(
  wanted: readonly Quota[],
  previous: readonly Quota[],
  existing: ReadonlyMap<string, Limits>,
): Decision {
  const before = new Map(previous.map((quota) => [entityKey(quota), quota.limits]));
  const after = new Map(wanted.map((quota) => [entityKey(quota), quota.limits]));
  const parts = entitiesOf(previous, wanted).map((entity): Decision => {
    const key = entityKey(entity);
    const has = existing.get(key) ?? {};
    const had = before.get(key) ?? {};
    const shall = after.get(key);
    return shall === undefined ? released(entity, had, has) : held(entity, shall, had, has);
  });
  return {
    changes: parts.flatMap((part) => part.changes),
    conflicts: parts.flatMap((part) => part.conflicts),
    drifted: parts.flatMap((part) => part.drifted),
    left: parts.flatMap((part) => part.left),
  };
}

/** An entity that is to have these limits. */
function held(entity: QuotaEntity, shall: Limits, had: Limits, has: Limits): Decision {
  const foreign = LIMIT_NAMES.filter((name) => ![undefined, shall[name], had[name]].includes(has[name]));
  const wrong = LIMIT_NAMES.filter((name) => shall[name] !== undefined && shall[name] !== has[name]);
  const set = Object.fromEntries(wrong.map((name) => [name, shall[name]])) as Limits;
  // A limit that is no longer wanted goes only while it has the value that we gave it.
  const remove = LIMIT_NAMES.filter(
    (name) => shall[name] === undefined && has[name] !== undefined && has[name] === had[name],
  );
  const conflicts = wrong
    .filter((name) => had[name] === undefined && foreign.includes(name))
    .map((limit) => ({ ...entity, limit, found: has[limit] as number, wanted: shall[limit] as number }));
  return {
    changes: wrong.length + remove.length > 0 ? [{ ...entity, set, remove }] : [],
    conflicts,
    drifted: wrong.some((name) => had[name] !== undefined && foreign.includes(name)) ? [entity] : [],
    left: LIMIT_NAMES.some((name) => shall[name] === undefined && had[name] !== undefined && foreign.includes(name))
      ? [entity]
      : [],
  };
}

/** An entity that is no longer wanted: ours as a whole, or not at all. */
function released(entity: QuotaEntity, had: Limits, has: Limits): Decision {
  const none: Decision = { changes: [], conflicts: [], drifted: [], left: [] };
  const ours = LIMIT_NAMES.filter((name) => had[name] !== undefined && has[name] !== undefined);
  if (ours.some((name) => has[name] !== had[name])) return { ...none, left: [entity] };
  return ours.length > 0 ? { ...none, changes: [{ ...entity, set: {}, remove: ours }] } : none;
}

/** Every entity that either list names, once. */
export function entitiesOf(...lists: readonly (readonly Quota[])[]): QuotaEntity[] {
  return [...new Map(lists.flat().map((quota) => [entityKey(quota), quota])).values()].map(({ user, clientId }) => ({
    user,
    clientId,
  }));
}
