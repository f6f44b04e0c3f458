/** Amazon CloudFront as an invalidator: keys are paths, or tags that begin with `#`. */
import { createHash } from 'node:crypto';
import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import type { Invalidator, Outcome } from './flush';
import type { MergedKey } from './merge';

/** Amazon CloudFront developer guide, What you need to know when invalidating files and tags. */
const PATH = /^\/[\x21-\x7e]{0,3999}$/;
const TAG = /^#[\x21-\x2b\x2d-\x7e]{1,256}$/;
/** Limits that pass: too many in progress, too many calls. */
const BUSY = ['TooManyInvalidationsInProgress', 'ThrottlingException', 'Throttling', 'TooManyRequestsException'];

/** Invalidates paths and tags of one distribution. */
export class CloudFrontInvalidator implements Invalidator {
  readonly #client: Pick<CloudFrontClient, 'send'>;

  constructor(
    private readonly distributionId: string,
    client?: Pick<CloudFrontClient, 'send'>,
  ) {
    this.#client = client ?? new CloudFrontClient({ maxAttempts: 1 });
  }

  public async invalidate(keys: readonly MergedKey[], batch: string): Promise<Outcome> {
    const refused = keys.map(({ key }) => key).filter((key) => !PATH.test(key) && !TAG.test(key));
    const items = keys.map(({ key }) => key).filter((key) => !refused.includes(key));
    if (items.length === 0) return { refused };
    try {
      await this.#client.send(
        new CreateInvalidationCommand({
          DistributionId: this.distributionId,
          InvalidationBatch: {
            CallerReference: callerReference(batch, items),
            Paths: { Quantity: items.length, Items: items },
          },
        }),
      );
      return { refused };
    } catch (error) {
      if (BUSY.includes((error as { name?: string }).name ?? '')) return { refused, busy: items };
      throw error;
    }
  }
}

/**
 * The same for a retry of the same events, which CloudFront then answers with the invalidation that it has; another for
 * any other events. A reference made of the time would let CloudFront answer a later change with an earlier invalidation.
 */
export function callerReference(batch: string, items: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([batch, items]))
    .digest('hex');
}
