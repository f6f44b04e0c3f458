/** A question with every default, and the laws that sizing, knobs and predictions share. */
import { resolveArrivals } from '../arrivals';
import {
  KAFKA_PARTITION_BYTES_PER_SECOND,
  POD_START_SECONDS,
  STREAM_PLATFORMS,
  type StreamPlatformFacts,
  type StreamPlatformName,
} from './platforms';
import { retryAttempts, retryWaitSeconds } from './run-time';
import type { StreamQuestion } from './workload';

/** Promised of 99 % of the records. */
export const QUANTILE = 0.99;
/** A batch may make a record no more than a quarter cheaper than it could be. */
const BATCH_SHARE = 0.25;
/** A batch is no more than a quarter of what a partition gets within the latency: one that fails is repeated whole. */
const LATENCY_SHARE = 4;
/** Of the latency that two batches may take. */
const TWO_BATCHES = 0.75;
/** Keys a bin, in units of ln(bins), from which on the formula for many of them holds. */
const MANY = 4;
/** A hash is drawn once and stays: one in a hundred is fuller than what is planned for. */
const FULLER = 0.01;
export const DEFAULT_GROWTH = 2;
export const DEFAULT_OUTAGE_SECONDS = 14_400;
const DEFAULT_RECORD_BYTES = 1024;

/** A question with every number set, at a multiple of its load. */
export interface Load {
  readonly platformName: StreamPlatformName;
  readonly platform: StreamPlatformFacts;
  readonly steadyPerSecond: number;
  readonly peakPerSecond: number;
  readonly peakSeconds: number;
  readonly recordBytes: number;
  readonly recordSeconds: number;
  readonly recordVariation: number;
  /** With what the platform adds. */
  readonly batchSeconds: number;
  /** `Infinity` for records without a key. */
  readonly keys: number;
  readonly hottestKeyRatio: number;
  readonly poisonRatio: number;
  readonly latencySeconds: number;
  readonly maxLag: number;
  readonly partitionBytesPerSecond: number;
  readonly partitionRecordsPerSecond: number;
  readonly startSeconds: number;
}

/** The load at so many times the records, or the work of one. */
export function loadOf(question: StreamQuestion, times = 1, slower = 1): Load {
  const { workload, objective } = question;
  const platformName = question.platform ?? 'kafka-keda';
  const platform = STREAM_PLATFORMS[platformName];
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveArrivals(workload);
  const own = platform.transport === 'kinesis';
  return {
    platformName,
    platform,
    steadyPerSecond: times * steadyPerSecond,
    peakPerSecond: times * peakPerSecond,
    peakSeconds,
    recordBytes: workload.recordBytes ?? DEFAULT_RECORD_BYTES,
    recordSeconds: slower * workload.recordSeconds,
    recordVariation: workload.recordVariation ?? 1,
    batchSeconds: (workload.batchSeconds ?? 0) + platform.batchOverheadSeconds,
    keys: workload.keys ?? Number.POSITIVE_INFINITY,
    hottestKeyRatio: workload.hottestKeyRatio ?? 0,
    poisonRatio: workload.poisonRatio ?? 0,
    latencySeconds: objective.latencySeconds,
    maxLag: objective.maxLag ?? Number.POSITIVE_INFINITY,
    partitionBytesPerSecond: own
      ? platform.partition.bytesPerSecond
      : (question.partitionBytesPerSecond ?? KAFKA_PARTITION_BYTES_PER_SECOND),
    partitionRecordsPerSecond: platform.partition.recordsPerSecond,
    startSeconds: question.startSeconds ?? POD_START_SECONDS,
  };
}

/** Seconds of one record in a full batch of that size; what no attempt can handle costs all of its attempts. */
export function recordSecondsIn(load: Load, batchSize: number): number {
  const { batchSeconds, recordSeconds, poisonRatio } = load;
  const poison = poisonRatio === 0 ? 0 : poisonRatio * poisonSeconds(load, batchSize);
  return batchSeconds / batchSize + recordSeconds + poison;
}

/** Seconds beside its first attempt that a record blocks its consumer until it is set aside. */
function poisonSeconds({ platform, recordSeconds, batchSeconds }: Load, batchSize: number): number {
  const isHalved = platform.consumer === 'lambda';
  const attempts = retryAttempts(batchSize, isHalved);
  // A container waits between two of them.
  return isHalved
    ? (attempts - 1) * batchSeconds + (batchSize + attempts) * recordSeconds
    : (attempts - 1) * recordSeconds + retryWaitSeconds(attempts);
}

/** Records of a batch as it comes: those that arrived while the batch before it was in work. */
export function usualBatch({ batchSeconds, recordSeconds }: Load, perSecond: number, batchSize: number): number {
  const free = 1 - perSecond * recordSeconds;
  return free > 0 ? Math.max(1, Math.min(batchSize, (perSecond * batchSeconds) / free)) : batchSize;
}

/** Seconds of a full batch. */
export function batchWorkSeconds({ batchSeconds, recordSeconds }: Load, batchSize: number): number {
  return batchSeconds + batchSize * recordSeconds;
}

/** The smallest batch in which a record costs no more than a quarter above its own work. */
export function cheapBatch({ batchSeconds, recordSeconds, platform }: Load): number {
  const wanted = Math.max(1, Math.ceil(batchSeconds / (BATCH_SHARE * recordSeconds) - 1e-9));
  return Math.min(wanted, platform.mostBatch);
}

/** Records that are handed over at once. */
export function handedOver({ recordBytes, platform }: Load): number {
  const { payload, mostBatch } = platform;
  if (payload === undefined) return mostBatch;
  return Math.max(
    1,
    Math.min(mostBatch, Math.floor(payload.bytes / (recordBytes * payload.growth + payload.addedBytes))),
  );
}

/**
 * The largest batch of so many partitions: a quarter of their records within the latency, what is handed over at once, and
 * two of them, the one in work and a record's own, in three quarters of the latency.
 */
export function largestBatch(load: Load, partitions: number): number {
  const { latencySeconds, peakPerSecond, batchSeconds, recordSeconds } = load;
  const patient = Math.floor((latencySeconds * peakPerSecond) / (LATENCY_SHARE * partitions));
  const quick = Math.floor(((TWO_BATCHES * latencySeconds) / 2 - batchSeconds) / recordSeconds);
  return Math.max(1, Math.min(handedOver(load), patient, quick));
}

/**
 * By how much the fullest of `bins` exceeds the mean when keys are dealt out at random. Of few keys it is the number that the
 * fullest exceeds in one hash of a hundred, by the binomial law.
 *
 * Source: Raab and Steger, "Balls into Bins" (1998), for many more balls than bins.
 */
export function keySkew(keys: number, bins: number): number {
  if (bins <= 1 || keys === Number.POSITIVE_INFINITY) return 1;
  const skew = 1 + Math.sqrt((2 * Math.log(bins)) / (keys / bins));
  if (keys >= MANY * bins * Math.log(bins)) return Math.min(bins, skew);
  return Math.min(bins, Math.max(skew, (fewKeys(keys, bins) * bins) / keys));
}

/** The fewest keys that a bin has with a probability of no more than one in a hundred over all bins, less one. */
function fewKeys(keys: number, bins: number): number {
  const odds = 1 / (bins - 1);
  // P(a bin has k keys), from none on.
  let one = Math.exp(keys * Math.log1p(-1 / bins));
  let tail = 1 - one;
  let number = 1;
  while (bins * tail > FULLER && number < keys) {
    one *= ((keys - number + 1) / number) * odds;
    tail -= one;
    number += 1;
  }
  return Math.min(keys, Math.max(1, number - 1));
}

/** Share of the partitions that the busiest of so many consumers reads. */
export function partitionShare(partitions: number, instances: number): number {
  return Math.ceil(partitions / instances) / partitions;
}

/** Share of all records that come to the busiest of so many consumers. */
export function busiestShare({ keys, hottestKeyRatio }: Load, partitions: number, instances: number): number {
  const share = partitionShare(partitions, instances);
  // No consumer has less than one key, and one has the most frequent.
  const dealt = Math.max(share * keySkew(keys, 1 / share), Number.isFinite(keys) ? 1 / keys : 0);
  return Math.min(1, hottestKeyRatio + (1 - hottestKeyRatio) * dealt);
}

/** Share of all records that the fullest partition takes. */
export function fullestPartition({ keys, hottestKeyRatio }: Load, partitions: number): number {
  const dealt = Math.max(keySkew(keys, partitions) / partitions, Number.isFinite(keys) ? 1 / keys : 0);
  return Math.min(1, hottestKeyRatio + (1 - hottestKeyRatio) * dealt);
}
