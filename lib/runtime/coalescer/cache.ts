/** A Redis or Valkey cache whose keys are deleted. */
import type { Redis } from 'ioredis';
import type { Invalidator, Outcome } from './flush';
import type { MergedKey } from './merge';

/** What is used of a client. */
export interface CacheClient {
  pipeline(): Pick<ReturnType<Redis['pipeline']>, 'unlink' | 'exec'>;
}

/** Deletes keys in one pipeline: each by itself, because keys of a cluster are on several nodes. */
export class CacheInvalidator implements Invalidator {
  constructor(
    private readonly client: CacheClient,
    private readonly prefix: string,
  ) {}

  public async invalidate(keys: readonly MergedKey[]): Promise<Outcome> {
    const pipeline = this.client.pipeline();
    for (const { key } of keys) pipeline.unlink(`${this.prefix}${key}`);
    const answers = await pipeline.exec();
    if (answers === null) throw new Error('the pipeline was not run');
    const failed = keys.filter((_, index) => answers[index]?.[0] !== null).map(({ key }) => key);
    // Not the fault of any key: a password that has changed, a node that only reads.
    if (failed.length === keys.length) throw answers[0]?.[0] ?? new Error('no answer');
    return { failed };
  }
}
