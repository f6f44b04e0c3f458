/** One batch of Lambda: merged, worked on, and what failed is handed over again. */
import { type FlushConfig, type FlushPorts, flush } from './flush';
import { type MergedKey, merge } from './merge';
import type { Batch } from './records';
import { type WildcardFallback, widen } from './widen';

/** The records that Lambda hands over again. */
export interface BatchFailures {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/** What a batch needs of the world. */
export interface BatchPorts extends FlushPorts {
  /** Sets keys aside for a person. */
  aside(keys: readonly MergedKey[]): Promise<void>;
  /** Sets records without a key aside. */
  malformed(records: Batch['malformed']): Promise<void>;
  /** Where more keys than these are too many for paths. Default: never. */
  readonly fallback?: WildcardFallback;
  /** Records seconds from the oldest event to the end of its flush. */
  delay(seconds: number): void;
}

/**
 * Works on a batch. A failure of a stream is the first event of the first key that was not worked on: from there on the
 * shard hands everything over again. Keys that were worked on are worked on twice then, which does no harm.
 */
export async function flushBatch(
  batch: Batch,
  deadline: number,
  config: FlushConfig,
  ports: BatchPorts,
): Promise<BatchFailures> {
  const { events, malformed, ordered, name, fromFailure } = batch;
  const { keys, covers } = widen(merge(events, ordered), ports.fallback);
  if (covers !== undefined) {
    ports.count('WildcardFallback', 1);
    ports.log('one wildcard for many paths', { paths: String(covers.length) });
  }
  const { done, aside, undone } = await flush(keys, name, deadline, config, ports);
  if (aside.length > 0) await ports.aside(aside);
  if (malformed.length > 0) await ports.malformed(malformed);
  if (aside.length + malformed.length > 0) ports.count('SetAside', aside.length + malformed.length);
  const first = undone.reduce((least, one) => Math.min(least, one.first), events.length);
  // Of a stream, what is handed over again counts when it is worked on for good.
  const again = undone.reduce((sum, one) => sum + one.events, 0);
  ports.count('Events', fromFailure ? first : events.length - again);
  ports.count('Keys', done.length + aside.length);
  const oldest = events.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
  if (events.length > 0) ports.delay(Math.max(0, (ports.now() - oldest) / 1000));
  if (undone.length === 0) return { batchItemFailures: [] };
  if (fromFailure) return { batchItemFailures: [{ itemIdentifier: events[first].id }] };
  const keysAgain = new Set(undone.flatMap(({ key }) => (key === ports.fallback?.wildcard && covers) || [key]));
  return {
    batchItemFailures: events.filter(({ key }) => keysAgain.has(key)).map(({ id }) => ({ itemIdentifier: id })),
  };
}
