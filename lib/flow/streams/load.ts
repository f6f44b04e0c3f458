/** A question with every default, and the laws that sizing, knobs and predictions share. */
import { resolveArrivals } from '../arrivals';
import {
  KAFKA_PARTITION_BYTES_PER_SECOND,
  POD_START_SECONDS,
  STREAM_PLATFORMS,
  type StreamPlatformFacts,
  type StreamPlatformName,
} from './platforms';
import type { StreamQuestion } from './workload';

/** Promised of 99 % of the records. */
export const QUANTILE = 0.99;
/** A batch may make a record no more than a quarter cheaper than it could be. */
const BATCH_SHARE = 0.25;
/** A batch is no more than a quarter of what a partition gets within the latency: one that fails is repeated whole. */
const LATENCY_SHARE = 4;
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
    latencySeconds: objective.latencySeconds,
    maxLag: objective.maxLag ?? Number.POSITIVE_INFINITY,
    partitionBytesPerSecond: own
      ? platform.partition.bytesPerSecond
      : (question.partitionBytesPerSecond ?? KAFKA_PARTITION_BYTES_PER_SECOND),
    partitionRecordsPerSecond: platform.partition.recordsPerSecond,
    startSeconds: question.startSeconds ?? POD_START_SECONDS,
  };
}

/** Seconds of one record in a full batch of that size. */
export function recordSecondsIn({ batchSeconds, recordSeconds }: Load, batchSize: number): number {
  return batchSeconds / batchSize + recordSeconds;
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

/** The largest batch of so many partitions: a quarter of their records within the latency, and what is handed over at once. */
export function largestBatch(
  { latencySeconds, peakPerSecond, recordBytes, platform }: Load,
  partitions: number,
): number {
  const { payload, mostBatch } = platform;
  const patient = Math.floor((latencySeconds * peakPerSecond) / (LATENCY_SHARE * partitions));
  const handed =
    payload === undefined ? mostBatch : Math.floor(payload.bytes / (recordBytes * payload.growth + payload.addedBytes));
  return Math.max(1, Math.min(mostBatch, patient, handed));
}

/**
 * By how much the fullest of `bins` exceeds the mean when keys are dealt out at random.
 *
 * Source: Raab and Steger, "Balls into Bins" (1998), for many more balls than bins.
 */
export function keySkew(keys: number, bins: number): number {
  if (bins <= 1 || keys === Number.POSITIVE_INFINITY) return 1;
  return Math.min(bins, 1 + Math.sqrt((2 * Math.log(bins)) / (keys / bins)));
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
