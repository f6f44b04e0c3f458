/** One wildcard in place of the paths of a flush that has too many of them. */
import type { MergedKey } from './merge';

/** When paths are too many, and what takes their place. */
export interface WildcardFallback {
  /** Such as `/products/*`. It covers every path that begins with what stands before the `*`. */
  readonly wildcard: string;
  /** Paths of a flush that it covers, above which it takes their place. */
  readonly aboveKeys: number;
}

/** The keys to work on. */
export interface Widened {
  readonly keys: readonly MergedKey[];
  /** The keys that the wildcard stands for; undefined when it is not used. */
  readonly covers?: readonly string[];
}

/**
 * The same keys for the same events, so that a retry is the same invalidation. What the wildcard does not cover, such as a
 * tag or a path elsewhere, stays as it is.
 */
export function widen(keys: readonly MergedKey[], fallback: WildcardFallback | undefined): Widened {
  if (fallback === undefined) return { keys };
  const { wildcard, aboveKeys } = fallback;
  const before = wildcard.slice(0, -1);
  const covered = keys.filter(({ key }) => key.startsWith(before));
  if (covered.length <= aboveKeys) return { keys };
  const [{ id }] = covered;
  return {
    keys: [
      {
        key: wildcard,
        id,
        events: covered.reduce((sum, one) => sum + one.events, 0),
        // A shard that has to go back goes back to the first event of any of them.
        first: covered.reduce((least, one) => Math.min(least, one.first), Number.POSITIVE_INFINITY),
        since: covered.reduce((least, one) => Math.min(least, one.since), Number.POSITIVE_INFINITY),
      },
      ...keys.filter(({ key }) => !key.startsWith(before)),
    ],
    covers: covered.map(({ key }) => key),
  };
}
