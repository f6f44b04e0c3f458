/**
 * A Kafka cluster as far as quotas need it, over the admin client. Errors that leave here name the entity and the
 * limits; they never carry what the client was given to sign in with.
 */
import type { QuotaCluster } from './apply';
import { type Alteration, DEFAULT_ENTITY, entityText, LIMIT_NAMES, type Limits, type QuotaEntity } from './quotas';
import { QuotaClusterError, refusal } from './refusal';
import type { SignIn } from './sign-in';

// An ES module, which CommonJS takes in only when it is needed; the bundle has it inside.
const loadClient = () => import('@platformatic/kafka');

type Admin = InstanceType<Awaited<ReturnType<typeof loadClient>>['Admin']>;
type Component = Parameters<Admin['describeClientQuotas']>[0]['components'][number];
type Entry = Parameters<Admin['alterClientQuotas']>[0]['entries'][number];

/** Matching a component of an entity, as the protocol numbers it. */
const EXACT = 0;
const DEFAULT = 1;

/** How the cluster is reached. */
export interface ClusterOptions {
  /** `host:port` of one or more brokers, separated by commas. */
  readonly brokers: string;
  readonly sasl: SignIn;
  /** False only against a broker on the same machine. */
  readonly tls: boolean;
}

/** Opens no connection yet; the first question does. */
export async function quotaCluster({ brokers, sasl, tls }: ClusterOptions): Promise<QuotaCluster> {
  const { Admin } = await loadClient();
  const admin = new Admin({
    clientId: 'backpressure-quotas',
    bootstrapBrokers: brokers.split(','),
    sasl,
    tls: tls ? {} : undefined,
    tlsServerName: tls,
    connectTimeout: 5000,
    timeout: 10_000,
    // A failed sign-in is final; a broker that restarts is back within these retries.
    retries: 3,
    retryDelay: 1000,
  });
  return {
    async describe(entity) {
      const doing = `the quota of ${entityText(entity)} cannot be read`;
      const entries = await orSay(
        doing,
        brokers,
        admin.describeClientQuotas({ components: match(entity), strict: true }),
      );
      const [only] = entries;
      const known = (only?.values ?? []).filter(({ key }) => LIMIT_NAMES.includes(key));
      return Object.fromEntries(known.map(({ key, value }) => [key, value])) as Limits;
    },
    async alter(changes) {
      const doing = `the broker refused a quota of ${changes.map(changeText).join('; ')}`;
      const entries = changes.map(entry);
      // All or none: a broker takes each entity by itself, and CloudFormation undoes nothing of a failed creation.
      await orSay(doing, brokers, admin.alterClientQuotas({ entries, validateOnly: true }));
      await orSay(doing, brokers, admin.alterClientQuotas({ entries, validateOnly: false }));
    },
    async close() {
      await admin.close();
    },
  };
}

function match({ user, clientId }: QuotaEntity): Component[] {
  const component = (entityType: Component['entityType'], name: string | undefined): Component[] => {
    if (name === undefined) return [];
    if (name === DEFAULT_ENTITY) return [{ entityType, matchType: DEFAULT }];
    return [{ entityType, matchType: EXACT, match: name }];
  };
  return [...component('user', user), ...component('client-id', clientId)];
}

function entry({ user, clientId, set, remove }: Alteration): Entry {
  const entity = (entityType: Component['entityType'], name: string | undefined) =>
    name === undefined ? [] : [{ entityType, entityName: name === DEFAULT_ENTITY ? null : name }];
  const additions = LIMIT_NAMES.flatMap((key): Entry['ops'] => {
    const value = set[key];
    return value === undefined ? [] : [{ key, value, remove: false }];
  });
  const removals = remove.map((key): Entry['ops'][number] => ({ key, remove: true }));
  return { entities: [...entity('user', user), ...entity('client-id', clientId)], ops: [...additions, ...removals] };
}

function changeText(change: Alteration): string {
  const limits = [...Object.entries(change.set).map(([name, value]) => `${name} ${value}`), ...change.remove];
  return `${entityText(change)} (${limits.join(', ')})`;
}

async function orSay<T>(doing: string, brokers: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new QuotaClusterError(`${doing}: ${refusal(error, brokers)}`);
  }
}
