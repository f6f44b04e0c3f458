/** How long runs take, how many small files there are meanwhile, and which intervals keep every promise. */
import { DEFAULT_HEADROOM } from '../headroom';
import { type CompactionEngine, ENGINES, SMALL_SHARE } from './engines';
import type { CompactionQuestion } from './workload';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Seconds between two starts, longest first: each divides a day, so that cron can say it. */
export const INTERVALS: readonly number[] = [
  ...[24, 12, 8, 6, 4, 3, 2, 1].map((hours) => hours * HOUR),
  ...[30, 20, 15, 10, 5].map((minutes) => minutes * MINUTE),
];

/** A worker that is busy half of the time has no time left for a busy day. */
export const MOST_UTILISATION = 0.5;
/** A run starts from twice what it leaves behind. */
export const HYSTERESIS = 2;

/** A question with every number set. */
export interface Load {
  readonly engine: CompactionEngine;
  readonly filesPerSecond: number;
  /** The same in the busiest hours, and with the head-room. */
  readonly busiestPerSecond: number;
  readonly plannedPerSecond: number;
  readonly fileBytes: number;
  readonly openPartitions: number;
  readonly partitionSeconds: number;
  readonly fixedSeconds: number;
  /** Seconds that a file takes all workers. */
  readonly secondsPerFile: number;
  /** Bytes a second of all workers. */
  readonly bytesPerSecond: number;
  readonly workers: number;
  readonly targetBytes: number;
  readonly smallBytes: number;
  readonly quietSeconds: number;
  readonly longestRunSeconds: number;
  readonly smallFiles: number;
  readonly writeAmplification: number;
  readonly headroom: number;
}

/** The question with its defaults. */
export function loadOf({ workload, objective, ...choices }: CompactionQuestion): Load {
  const engine = ENGINES[choices.table];
  const { workers = 1, targetBytes = engine.targetBytes, quietSeconds = 0 } = choices;
  const { filesPerDay, fileBytes, peakRatio = 1, fileSeconds = 0.02 } = workload;
  const { headroom = DEFAULT_HEADROOM } = objective;
  const filesPerSecond = filesPerDay / DAY;
  return {
    engine,
    filesPerSecond,
    busiestPerSecond: filesPerSecond * peakRatio,
    plannedPerSecond: filesPerSecond * peakRatio * headroom,
    fileBytes,
    openPartitions: workload.openPartitions ?? 1,
    partitionSeconds: workload.partitionSeconds ?? DAY,
    fixedSeconds: workload.runFixedSeconds ?? 180,
    secondsPerFile: (fileSeconds + fileBytes / workload.bytesPerSecond) / workers,
    bytesPerSecond: workload.bytesPerSecond * workers,
    workers,
    targetBytes,
    smallBytes: Math.floor(SMALL_SHARE * targetBytes),
    quietSeconds,
    longestRunSeconds: objective.longestRunSeconds,
    smallFiles: objective.smallFiles,
    writeAmplification: objective.writeAmplification ?? 1.2,
    headroom,
  };
}

/** Seconds of arrivals that one run rewrites: with `quietSeconds` a partition waits until it is closed. */
export function spanOf({ quietSeconds, partitionSeconds }: Load, interval: number): number {
  return quietSeconds > 0 ? Math.max(interval, partitionSeconds) : interval;
}

/** Partitions that one run rewrites. */
export function touchedBy({ openPartitions, partitionSeconds, quietSeconds }: Load, interval: number): number {
  const generations = Math.max(1, Math.ceil(interval / partitionSeconds));
  // Those that were just closed and those that opened since share a run.
  return openPartitions * (quietSeconds > 0 ? Math.max(1, Math.floor(interval / partitionSeconds)) : generations);
}

/** Bytes of part-filled files that a run rewrites again, on average, in one partition of so many new bytes. */
export function tailBytes({ engine, targetBytes, quietSeconds }: Load, newBytes: number): number {
  // A closed partition is rewritten once.
  if (quietSeconds > 0 || newBytes <= 0) return 0;
  return tailOf(engine, targetBytes, newBytes).mean;
}

/** Bytes of a part-filled file that is rewritten with `newBytes` new ones: on average, and at most. */
function tailOf({ rewritesTails }: CompactionEngine, targetBytes: number, newBytes: number) {
  // The tail of many new bytes is anything from nothing to a full file.
  if (rewritesTails && newBytes >= targetBytes) return { mean: targetBytes / 2, most: SMALL_SHARE * targetBytes };
  // It grows by the new bytes of a run until it is full: 0, 1, …, k − 1 times as many were there before. Where it is
  // not joined with what does not fit, k of them have to fit.
  const runs = rewritesTails ? Math.ceil(targetBytes / newBytes) : Math.floor(targetBytes / newBytes);
  const most = Math.max(0, runs - 1) * newBytes;
  return { mean: most / 2, most };
}

/** The most that a run rewrites again in one partition. */
function longestTailBytes({ engine, targetBytes, quietSeconds }: Load, newBytes: number): number {
  return quietSeconds > 0 || newBytes <= 0 ? 0 : tailOf(engine, targetBytes, newBytes).most;
}

/** Seconds of a run at so many files a second; the longest, or the mean. */
export function runSeconds(load: Load, interval: number, filesPerSecond: number, longest: boolean): number {
  const files = filesPerSecond * spanOf(load, interval);
  const touched = touchedBy(load, interval);
  const each = (files * load.fileBytes) / touched;
  const tail = longest ? longestTailBytes(load, each) : tailBytes(load, each);
  return load.fixedSeconds + files * load.secondsPerFile + (touched * tail) / load.bytesPerSecond;
}

/** Part-filled files that stay small in the partitions that take new files. */
export function tailFiles(load: Load, interval: number): number {
  const { engine, openPartitions, partitionSeconds } = load;
  if (load.quietSeconds > 0) return 0;
  return engine.rewritesTails
    ? touchedBy(load, interval)
    : openPartitions * Math.max(1, Math.ceil(partitionSeconds / interval));
}

/** The most small files at a time, at so many files a second. */
export function mostSmallFiles(load: Load, interval: number, filesPerSecond: number): number {
  const { quietSeconds, partitionSeconds } = load;
  const closing = quietSeconds > 0 ? partitionSeconds + quietSeconds : 0;
  const seconds = closing + interval + runSeconds(load, interval, filesPerSecond, true);
  return filesPerSecond * seconds + tailFiles(load, interval);
}

/** Bytes rewritten for each new one when runs are so far apart. */
export function amplification(load: Load, interval: number, filesPerSecond = load.filesPerSecond): number {
  const touched = touchedBy(load, interval);
  const each = (filesPerSecond * spanOf(load, interval) * load.fileBytes) / touched;
  return 1 + tailBytes(load, each) / each;
}

/** Files that are left small by a run: those that came meanwhile, and the tails. */
export function stopFiles(load: Load, interval: number): number {
  const meanwhile = load.filesPerSecond * runSeconds(load, interval, load.filesPerSecond, false);
  return Math.ceil(meanwhile) + tailFiles(load, interval);
}

/** New bytes of a partition from which rewriting it keeps the write amplification. */
export function startBytes({ engine, targetBytes, writeAmplification, quietSeconds }: Load): number {
  if (quietSeconds > 0) return 0;
  // An amplification of (k + 1) ÷ 2 is k runs that fill a file together.
  const runs = Math.floor(2 * writeAmplification - 1);
  if (!engine.rewritesTails) return targetBytes / (runs + 1);
  return runs >= 2 ? targetBytes / runs : targetBytes / (2 * (writeAmplification - 1));
}

/** Small files from which a run begins. */
export function startFiles(load: Load, interval: number): number {
  const worth = (touchedBy(load, interval) * startBytes(load)) / load.fileBytes;
  return Math.max(1, HYSTERESIS * stopFiles(load, interval), Math.ceil(Number(worth.toPrecision(12))));
}

/** Share of the time in which runs are busy at the planned load, their fixed part left out. */
export function utilisation(load: Load): number {
  return load.plannedPerSecond * load.secondsPerFile;
}

/** The promises of an interval, each kept or not. */
export interface Kept {
  readonly run: boolean;
  readonly files: boolean;
  readonly worth: boolean;
}

/** Which promises an interval keeps. */
export function keptAt(load: Load, interval: number): Kept {
  const run = runSeconds(load, interval, load.plannedPerSecond, true);
  return {
    // Two runs never overlap: the next one would be skipped.
    run: run <= Math.min(load.longestRunSeconds, interval),
    files: mostSmallFiles(load, interval, load.plannedPerSecond) <= load.smallFiles,
    worth: startFiles(load, interval) * load.headroom <= load.filesPerSecond * spanOf(load, interval),
  };
}

/** The longest interval that keeps every promise; undefined when none does. */
export function longestInterval(load: Load, among: readonly number[] = INTERVALS): number | undefined {
  if (utilisation(load) >= MOST_UTILISATION) return undefined;
  return among.find((interval) => {
    const { run, files, worth } = keptAt(load, interval);
    return run && files && worth;
  });
}
