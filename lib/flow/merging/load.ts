/** The load of a queue that merges, and the parts of it that its readers see. */
import { resolveArrivals } from '../arrivals';
import { INVALIDATORS, type InvalidatorFacts } from './invalidators';
import { type KeyGroup, keyGroups, type ReaderLoad } from './occupancy';
import { TRANSPORTS, type TransportFacts } from './transports';
import type { MergingQuestion } from './workload';

/** Standard deviations by which the fullest shard is fuller than the mean: one in 700 is fuller. */
const FULLEST_DEVIATIONS = 3;
const DEFAULT_EVENT_BYTES = 256;

/** A question with its defaults, at a multiple of its load. */
export interface Load {
  readonly perSecond: number;
  readonly keys: number;
  readonly groups: readonly KeyGroup[];
  readonly peakSeconds: number;
  /** Keys with a wildcard. */
  readonly wildcards: number;
  readonly keySeconds: number;
  /** Of a flush, beside its calls. */
  readonly fixedSeconds: number;
  /** Of a call, beside its keys. */
  readonly callSeconds: number;
  readonly eventBytes: number;
  readonly transport: TransportFacts;
  readonly invalidator: InvalidatorFacts;
}

/** What is set. */
export interface Settings {
  readonly windowSeconds: number;
  readonly shards: number;
  readonly workers: number;
}

/** The load of a question, so many times as high: as many times the events, of as many times the keys. */
export function loadOf({ workload, transport = 'kinesis', invalidator = 'rebuild' }: MergingQuestion, times = 1): Load {
  const { peakPerSecond, peakSeconds } = resolveArrivals(workload);
  const { distinctKeys: keys, keySkew = 0, keySeconds, flushSeconds = 0, callSeconds = 0 } = workload;
  const { wildcardKeys = 0, eventBytes = DEFAULT_EVENT_BYTES } = workload;
  return {
    perSecond: times * peakPerSecond,
    keys: times * keys,
    groups: keyGroups(Math.max(1, Math.round(times * keys)), keySkew),
    peakSeconds,
    wildcards: times * wildcardKeys,
    keySeconds,
    fixedSeconds: flushSeconds,
    callSeconds,
    eventBytes,
    transport: TRANSPORTS[transport],
    invalidator: INVALIDATORS[invalidator],
  };
}

/** Readers in all. */
export function readersOf({ transport }: Load, shards: number): number {
  return shards * transport.readers;
}

/**
 * The share of the events that the fullest of so many shards has. Keys are spread by a hash, so the share of a shard is
 * a sum of random terms; three standard deviations above the mean, and never less than the most popular key.
 */
export function fullestShare(groups: readonly KeyGroup[], shards: number): number {
  if (shards === 1) return 1;
  const squares = groups.reduce((sum, { count, share }) => sum + count * share * share, 0);
  const deviation = Math.sqrt((squares * (shards - 1)) / shards ** 2);
  return Math.min(1, Math.max(groups[0].share, 1 / shards + FULLEST_DEVIATIONS * deviation));
}

/** What the mean reader sees. */
export function meanLoad(load: Load, shards: number): ReaderLoad {
  const { perSecond, groups, transport } = load;
  const readers = readersOf(load, shards);
  return { perSecond: perSecond / readers, groups, keyRatio: transport.byKey ? 1 / readers : 1 };
}

/** What the reader of the fullest shard sees. */
export function fullestLoad(load: Load, shards: number): ReaderLoad {
  const { perSecond, groups, keys, transport } = load;
  if (!transport.byKey || shards === 1) return meanLoad(load, shards);
  const even = [{ count: Math.max(1, keys), share: 1 / Math.max(1, keys) }];
  return { perSecond: perSecond * fullestShare(groups, shards), groups, keyRatio: fullestShare(even, shards) };
}

/** Whether a shard takes what the fullest one gets. */
export function shardsTake(load: Load, shards: number): boolean {
  const { perSecond, bytesPerSecond, most } = load.transport.shard;
  const events = load.perSecond * fullestShare(load.groups, shards);
  return shards <= most && events <= perSecond && events * load.eventBytes <= bytesPerSecond;
}
