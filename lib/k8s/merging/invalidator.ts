import type { Check } from '../../flow/errors';
import { FLAG, type Kinds, NUMBER, needed, type Sound, sound, TEXT } from '../../flow/kinds';
import type { InvalidatorName } from '../../flow/merging/invalidators';
import { REDIS_PORT } from '../../flow/redis';
import { SECRET_KEY } from '../kinds';
import { cidr, dnsLabel, foreignName, secretChecks, textCheck } from '../names';
import { placeOf } from '../network-policy';
import type { SecretKey } from '../secret-key';
import type { InvalidatorBinding } from './invalidator-binding';

/**
 * A service that rebuilds what is cached.
 */
export interface HttpInvalidatorProps {
  /**
   * Where keys are posted to, such as `http://rebuild.shop:8080/keys`: `{"keys": [{"key", "value", "id", "events"}]}`, every
   * key once with its last event. An answer of 2xx that is empty, or JSON, says that they are done; it may be
   * `{"failed": ["key"]}`, which names keys that fail by themselves. 429 and 503 say that it takes no more now, anything else
   * that all of them have failed. The port is that of the pods: the network policy is applied behind their Service.
   */
  readonly url: string;

  /**
   * The header `Authorization`, in a Secret.
   *
   * @default - none is sent
   */
  readonly authorization?: SecretKey;

  /**
   * Namespace of the service.
   *
   * @default - it is outside the cluster
   */
  readonly namespace?: string;

  /**
   * Addresses of the service, such as `10.20.0.0/16`, when it is outside the cluster. Instead of `namespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly cidr?: string;
}

/**
 * A Redis or Valkey cache.
 */
export interface CacheInvalidatorProps {
  /**
   * Its address with user and password, such as `rediss://user:password@cache.internal:6379`, in a Secret.
   */
  readonly connection: SecretKey;

  /**
   * Whether its keys are spread over the nodes of a cluster. A client that does not know gets `MOVED` for the keys of other
   * nodes, and they stay stale.
   *
   * @default false
   */
  readonly clusterMode?: boolean;

  /**
   * What stands before every key in the cache, such as `page:`.
   *
   * @default - nothing
   */
  readonly keyPrefix?: string;

  /**
   * Namespace of the cache.
   *
   * @default - it is outside the cluster
   */
  readonly namespace?: string;

  /**
   * Addresses of the cache when it is outside the cluster. Instead of `namespace`.
   *
   * @default - any address outside but link-local ones
   */
  readonly cidr?: string;

  /**
   * Port of the cache. 1 to 65535.
   *
   * @default 6379
   */
  readonly port?: number;
}

/**
 * What is done with the distinct keys of a window. Pick one of the two.
 */
export class Invalidator {
  /** A service gets the keys and rebuilds what is cached. */
  public static http(props: HttpInvalidatorProps): Invalidator {
    const judged = sound(props, HTTP_KINDS, 'invalidator');
    return new Invalidator('rebuild', [...judged.checks, ...httpChecks(judged)], () => bindHttp(props));
  }

  /** Keys of a cache are deleted, by `UNLINK`. */
  public static cache(props: CacheInvalidatorProps): Invalidator {
    const judged = sound(props, CACHE_KINDS, 'invalidator');
    return new Invalidator('cache', [...judged.checks, ...cacheChecks(judged)], () => bindCache(props));
  }

  /** @internal */
  private constructor(
    /** @internal */
    public readonly _name: InvalidatorName,
    /**
     * What is wrong with its props.
     *
     * @internal
     */
    public readonly _checks: readonly Check[],
    /** @internal */
    public readonly _bind: () => InvalidatorBinding,
  ) {}
}

const HTTP_KINDS: Kinds<HttpInvalidatorProps> = {
  url: needed(TEXT),
  authorization: SECRET_KEY,
  namespace: TEXT,
  cidr: TEXT,
};
const CACHE_KINDS: Kinds<CacheInvalidatorProps> = {
  connection: needed(SECRET_KEY),
  clusterMode: FLAG,
  keyPrefix: TEXT,
  namespace: TEXT,
  cidr: TEXT,
  port: NUMBER,
};

function placeChecks(place: { readonly namespace?: string; readonly cidr?: string }): Check[] {
  return [
    dnsLabel('invalidator.namespace', place.namespace),
    cidr('invalidator.cidr', place.cidr),
    {
      refused: place.namespace !== undefined && place.cidr !== undefined,
      message:
        'invalidator.namespace and invalidator.cidr must not be given together: it is inside or outside the cluster',
    },
  ];
}

function httpChecks({ props }: Sound<HttpInvalidatorProps>): Check[] {
  return [
    textCheck(
      'invalidator.url',
      props.url,
      (text) => /^https?:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?(\/[\w./~-]*)?$/.test(text),
      'an address such as http://rebuild.shop:8080/keys, without user, password or query',
    ),
    ...secretChecks('invalidator.authorization', props.authorization),
    ...placeChecks(props),
  ];
}

function cacheChecks({ props }: Sound<CacheInvalidatorProps>): Check[] {
  const { port } = props;
  return [
    ...secretChecks('invalidator.connection', props.connection),
    ...(props.keyPrefix === '' ? [] : [foreignName('invalidator.keyPrefix', props.keyPrefix)]),
    {
      refused: port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535),
      message: `invalidator.port must be a whole number, between 1 and 65535, got ${port}`,
    },
    ...placeChecks(props),
  ];
}

function bindHttp({ url, authorization, namespace, cidr: range }: HttpInvalidatorProps): InvalidatorBinding {
  const { port, protocol } = new URL(url);
  return {
    environment: { REBUILD_URL: url },
    secrets: authorization === undefined ? {} : { REBUILD_AUTHORIZATION: authorization },
    egress: { ports: [Number(port || (protocol === 'https:' ? 443 : 80))], ...placeOf(namespace, range) },
  };
}

function bindCache({
  connection,
  clusterMode = false,
  keyPrefix = '',
  port = REDIS_PORT,
  namespace,
  cidr: range,
}: CacheInvalidatorProps): InvalidatorBinding {
  return {
    environment: {
      ...(keyPrefix !== '' && { CACHE_PREFIX: keyPrefix }),
      ...(clusterMode && { CACHE_CLUSTER: 'true' }),
    },
    secrets: { CACHE_URL: connection },
    egress: { ports: [port], ...placeOf(namespace, range) },
  };
}
