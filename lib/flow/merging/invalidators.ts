/** What is done with the keys of a flush: limits and price once, for plan, constructs and rules. */
import data from '../prices.json';

/** What can be done with keys. */
export type InvalidatorName = 'rebuild' | 'cache' | 'cloudfront';

/** One of them. */
export interface InvalidatorFacts {
  /** Its name in sentences. */
  readonly title: string;
  /** Calls that one reader may have in flight. */
  readonly mostWorkers: number;
  /** Keys of one call at most. */
  readonly keysPerCall: number;
  /** Keys that may be in progress at once, and how long one is. */
  readonly inProgress?: { readonly keys: number; readonly seconds: number };
  /** Seconds from the end of a call until what was cached is gone. */
  readonly settleSeconds: number;
  /** US dollars a key. */
  readonly keyCost?: number;
  /** Where these limits stand. */
  readonly source: string;
}

/** How long an invalidation of Amazon CloudFront is in progress: an assumption. */
const PROGRESS_SECONDS = 60;

/** Every invalidator. */
export const INVALIDATORS: Readonly<Record<InvalidatorName, InvalidatorFacts>> = {
  rebuild: {
    title: 'a function or a service that rebuilds what is cached',
    mostWorkers: 64,
    keysPerCall: 100,
    settleSeconds: 0,
    source: 'this library: calls of 100 keys, so that one that fails repeats little',
  },
  cache: {
    title: 'a cache whose keys are deleted',
    // A pipeline on one connection; Redis has one thread.
    mostWorkers: 1,
    keysPerCall: 1000,
    settleSeconds: 0,
    source: 'Redis documentation, Pipelining: batches of a reasonable number of commands',
  },
  cloudfront: {
    title: 'Amazon CloudFront',
    mostWorkers: 1,
    keysPerCall: 3000,
    inProgress: { keys: 3000, seconds: PROGRESS_SECONDS },
    // It accepts an invalidation at once; its edges have what was cached until then.
    settleSeconds: PROGRESS_SECONDS,
    keyCost: data.cloudfront.invalidationPath.value,
    source:
      'Amazon CloudFront developer guide, Quotas: 3,000 paths in progress for a distribution; that one takes a minute is an assumption',
  },
};
