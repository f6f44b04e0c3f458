/** Amazon CloudFront as an invalidator: keys are paths, or tags that begin with `#`. */
import { createHash } from 'node:crypto';
import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { MOST_WILDCARDS } from '../../flow/merging/run-time';
import type { Invalidator, Outcome } from './flush';
import type { MergedKey } from './merge';
import { within } from './time-out';

/** Amazon CloudFront developer guide, What you need to know when invalidating files and tags. */
const PATH = /^\/[\x21-\x7e]{0,3999}$/;
const TAG = /^#[\x21-\x2b\x2d-\x7e]{1,256}$/;
/** The limit of paths in progress, and those of calls. */
const TOO_MANY = 'TooManyInvalidationsInProgress';
const THROTTLED = ['ThrottlingException', 'Throttling', 'TooManyRequestsException'];

/** Invalidates paths and tags of one distribution. */
export class CloudFrontInvalidator implements Invalidator {
  readonly #client: Pick<CloudFrontClient, 'send'>;

  constructor(
    private readonly distributionId: string,
    timeoutSeconds: number,
    client?: Pick<CloudFrontClient, 'send'>,
  ) {
    this.#client = client ?? new CloudFrontClient({ maxAttempts: 1, requestHandler: within(timeoutSeconds) });
  }

  public async invalidate(keys: readonly MergedKey[], batch: string): Promise<Outcome> {
    const refused = keys.map(({ key }) => key).filter((key) => !PATH.test(key) && !TAG.test(key));
    const items = keys.map(({ key }) => key).filter((key) => PATH.test(key) || TAG.test(key));
    const wildcards = items.filter((item) => item.endsWith('*'));
    // Each kind has a limit of its own, so each has a call of its own: one that is full does not hold up the other.
    const calls = [items.filter((item) => !item.endsWith('*')), wildcards.slice(0, MOST_WILDCARDS)];
    const busy = wildcards.slice(MOST_WILDCARDS);
    const failed: string[] = [];
    let smaller = busy.length > 0;
    let error: unknown;
    for (const call of calls.filter(({ length }) => length > 0)) {
      try {
        await this.#send(call, batch);
      } catch (thrown) {
        const name = (thrown as { name?: string }).name ?? '';
        if (name === TOO_MANY || THROTTLED.includes(name)) for (const item of call) busy.push(item);
        else for (const item of call) failed.push(item);
        smaller ||= name === TOO_MANY;
        error ??= name === TOO_MANY || THROTTLED.includes(name) ? undefined : thrown;
      }
    }
    // Nothing was accepted: what is wrong is not a matter of keys.
    if (error !== undefined && failed.length === items.length) throw error;
    return { refused, busy, failed, smaller };
  }

  async #send(items: string[], batch: string): Promise<void> {
    await this.#client.send(
      new CreateInvalidationCommand({
        DistributionId: this.distributionId,
        InvalidationBatch: {
          CallerReference: callerReference(batch, items),
          Paths: { Quantity: items.length, Items: items },
        },
      }),
    );
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
