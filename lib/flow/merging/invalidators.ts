/** What is done with the keys of a flush: limits and price once, for plan, constructs and rules. */
import data from '../prices.json';
import { MOST_WILDCARDS } from './run-time';

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
  /** Keys that may be in progress at once, those with a wildcard beside them, and how long one is. */
  readonly inProgress?: { readonly keys: number; readonly wildcards: number; readonly seconds: number };
  /** Whether a call has what the last event of each key says. */
  readonly sendsValues: boolean;
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
    sendsValues: true,
    settleSeconds: 0,
    source: 'this library: calls of 100 keys, so that one that fails repeats little',
  },
  cache: {
    title: 'a cache whose keys are deleted',
    // A pipeline on one connection; Redis has one thread.
    mostWorkers: 1,
    keysPerCall: 1000,
    sendsValues: false,
    settleSeconds: 0,
    source: 'Redis documentation, Pipelining: batches of a reasonable number of commands',
  },
  cloudfront: {
    title: 'Amazon CloudFront',
    mostWorkers: 1,
    keysPerCall: 3000,
    sendsValues: false,
    inProgress: { keys: 3000, wildcards: MOST_WILDCARDS, seconds: PROGRESS_SECONDS },
    // It accepts an invalidation at once; its edges have what was cached until then.
    settleSeconds: PROGRESS_SECONDS,
    keyCost: data.cloudfront.invalidationPath.value,
    source:
      'Amazon CloudFront developer guide, Quotas: 3,000 paths in progress for a distribution, and 15 with a wildcard; that one takes a minute is an assumption',
  },
};
