/** A cache of Amazon ElastiCache as an invalidator: TLS, and a password from AWS Secrets Manager. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Cluster, Redis } from 'ioredis';
import { CacheInvalidator, cacheClient } from './cache';
import type { Invalidator, Outcome } from './flush';
import type { MergedKey } from './merge';

/** Where the cache is. */
export interface CacheSetting {
  readonly host: string;
  readonly port: number;
  /** What stands before every key. */
  readonly prefix: string;
  /** Whether it is a cluster, and the host its configuration endpoint. */
  readonly isCluster?: boolean;
  /** The secret: the password, or JSON with `username` and `password`. */
  readonly secretArn?: string;
}

/** Connects with the first flush; a connection that fails is made anew with the next one, with the password of then. */
export class LambdaCache implements Invalidator {
  #connected?: Promise<Redis | Cluster>;

  constructor(
    private readonly cache: CacheSetting,
    private readonly timeoutSeconds: number,
    private readonly secrets: Pick<SecretsManagerClient, 'send'>,
  ) {}

  public async invalidate(keys: readonly MergedKey[]): Promise<Outcome> {
    this.#connected ??= this.#connect();
    const connected = this.#connected;
    try {
      const outcome = await new CacheInvalidator(await connected, this.cache.prefix).invalidate(keys);
      if (outcome.busy?.length) this.#forget(connected);
      return outcome;
    } catch {
      // No connection, or no password: a matter of no key.
      this.#forget(connected);
      return { busy: keys.map(({ key }) => key) };
    }
  }

  #forget(broken: Promise<Redis | Cluster>): void {
    if (this.#connected === broken) this.#connected = undefined;
    void broken.then(
      (redis) => redis.disconnect(),
      () => {},
    );
  }

  async #connect(): Promise<Redis | Cluster> {
    const { host, port, secretArn, isCluster } = this.cache;
    const client = cacheClient(
      { host, port },
      isCluster === true,
      { tls: {}, ...(secretArn === undefined ? {} : await this.#credentials(secretArn)) },
      this.timeoutSeconds,
    );
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      // It would go on trying, with the password of now, beside the next one.
      client.disconnect();
      throw error;
    }
  }

  async #credentials(SecretId: string): Promise<{ username?: string; password: string }> {
    const { SecretString = '' } = await this.secrets.send(new GetSecretValueCommand({ SecretId }));
    try {
      const { username, password } = JSON.parse(SecretString) as { username?: string; password?: string };
      if (password !== undefined) return { password, ...(username !== undefined && { username }) };
    } catch {
      // The whole secret is the password.
    }
    return { password: SecretString };
  }
}
