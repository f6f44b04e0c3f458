/** A Redis or Valkey cache whose keys are deleted. */
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Invalidator, Outcome } from './flush';
import type { MergedKey } from './merge';

/**
 * Errors that say something of the server, and nothing of a key: a cluster that is not connected to as one, a failover, a
 * start, a password that has changed, a memory that is full.
 */
const OF_SERVER =
  /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|READONLY|LOADING|MASTERDOWN|BUSY|NOAUTH|WRONGPASS|NOPERM|OOM|MISCONF|NOREPLICAS)\b/;

/** What is used of a client, of one server or of a cluster. */
export type CacheClient = Pick<Redis, 'unlink'>;

/** Deletes keys, each by itself, because keys of a cluster are in several slots; the client sends them all at once. */
export class CacheInvalidator implements Invalidator {
  constructor(
    private readonly client: CacheClient,
    private readonly prefix: string,
  ) {}

  public async invalidate(keys: readonly MergedKey[]): Promise<Outcome> {
    const answers = await Promise.allSettled(keys.map(({ key }) => this.client.unlink(`${this.prefix}${key}`)));
    const errors = answers.map((answer) => (answer.status === 'rejected' ? answer.reason : undefined));
    const those = (isOne: (error: unknown) => boolean) =>
      keys.filter((_, index) => errors[index] !== undefined && isOne(errors[index])).map(({ key }) => key);
    return { failed: those(isOfKey), busy: those((error) => !isOfKey(error)) };
  }
}

/** Everything but an answer of the server, such as a time-out or a closed connection, is not a matter of a key either. */
function isOfKey(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError' && !OF_SERVER.test(error.message);
}

/** A client of one server, or of a cluster. A command, or a connection, that takes longer than a call may has failed. */
export function cacheClient(
  address: { readonly host: string; readonly port: number },
  isCluster: boolean,
  options: RedisOptions,
  timeoutSeconds: number,
): Redis | Cluster {
  const millis = 1000 * timeoutSeconds;
  const redisOptions = { ...options, maxRetriesPerRequest: 1, commandTimeout: millis, connectTimeout: millis };
  if (!isCluster) return new Redis({ ...address, ...redisOptions, lazyConnect: true });
  return new Cluster([address], {
    lazyConnect: true,
    // Names, not addresses: a certificate is for a name.
    dnsLookup: (name, callback) => callback(null, name),
    slotsRefreshTimeout: millis,
    redisOptions,
  });
}
