/** A cache of Amazon ElastiCache as an invalidator: TLS, and a password from AWS Secrets Manager. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Redis } from 'ioredis';
import { CacheInvalidator } from './cache';
import type { Invalidator, Outcome } from './flush';
import type { MergedKey } from './merge';

/** Where the cache is. */
export interface CacheSetting {
  readonly host: string;
  readonly port: number;
  /** What stands before every key. */
  readonly prefix: string;
  /** The secret: the password, or JSON with `username` and `password`. */
  readonly secretArn?: string;
}

const COMMAND_MILLIS = 5000;

/** Connects with the first flush; a connection that fails is made anew with the next one, with the password of then. */
export class LambdaCache implements Invalidator {
  #connected?: Promise<Redis>;

  constructor(
    private readonly cache: CacheSetting,
    private readonly secrets: Pick<SecretsManagerClient, 'send'>,
  ) {}

  public async invalidate(keys: readonly MergedKey[]): Promise<Outcome> {
    this.#connected ??= this.#connect();
    try {
      return await new CacheInvalidator(await this.#connected, this.cache.prefix).invalidate(keys);
    } catch (error) {
      const broken = this.#connected;
      this.#connected = undefined;
      void broken.then(
        (redis) => redis.disconnect(),
        () => {},
      );
      throw error;
    }
  }

  async #connect(): Promise<Redis> {
    const { host, port, secretArn } = this.cache;
    const redis = new Redis({
      host,
      port,
      tls: {},
      lazyConnect: true,
      maxRetriesPerRequest: 1,
      commandTimeout: COMMAND_MILLIS,
      ...(secretArn === undefined ? {} : await this.#credentials(secretArn)),
    });
    redis.on('error', () => {});
    await redis.connect();
    return redis;
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
