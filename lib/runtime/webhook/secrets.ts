/**
 * Signing secrets from Secrets Manager. During a rotation two are in use: the sender may still sign with the old one.
 */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** How long a fetched secret is trusted, in milliseconds. Short enough that a revoked secret dies within minutes. */
const CACHE_MILLIS = 5 * 60 * 1000;

/** Reads a secret's current version and, where there is one, the previous one. */
export class SigningSecrets {
  readonly #cache = new Map<string, { readonly until: number; readonly values: Promise<readonly string[]> }>();

  constructor(
    private readonly client: Pick<SecretsManagerClient, 'send'>,
    private readonly now: () => number = Date.now,
  ) {}

  /** The secrets that a signature may be made with, the current one first. Never logs them. */
  public async of(secretArn: string): Promise<readonly string[]> {
    const cached = this.#cache.get(secretArn);
    if (cached && cached.until > this.now()) return cached.values;
    const values = this.#read(secretArn);
    this.#cache.set(secretArn, { until: this.now() + CACHE_MILLIS, values });
    // A failed read must not be remembered for five minutes.
    values.catch(() => this.#cache.delete(secretArn));
    return values;
  }

  async #read(secretArn: string): Promise<readonly string[]> {
    const current = await this.#version(secretArn, 'AWSCURRENT');
    if (current === undefined) throw new Error(`secret ${secretArn} has no value; put one before sending deliveries`);
    const previous = await this.#version(secretArn, 'AWSPREVIOUS');
    return previous === undefined ? [current] : [current, previous];
  }

  async #version(secretArn: string, stage: string): Promise<string | undefined> {
    try {
      const answer = await this.client.send(new GetSecretValueCommand({ SecretId: secretArn, VersionStage: stage }));
      return answer.SecretString;
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }
}
