/** How long runs take, how many small files there are meanwhile, and which intervals keep every promise. */
import { DEFAULT_HEADROOM } from '../headroom';
import { DAY_SECONDS, WEEK_SECONDS } from '../ranges';
import { type CompactionEngine, ENGINES, SMALL_SHARE } from './engines';
import type { CompactionQuestion } from './workload';

const MINUTE = 60;
const HOUR = 3600;

/** Seconds between two starts, longest first: each divides a day, so that cron can say it. */
export const INTERVALS: readonly number[] = [
  ...[24, 12, 8, 6, 4, 3, 2, 1].map((hours) => hours * HOUR),
  ...[30, 20, 15, 10, 5].map((minutes) => minutes * MINUTE),
];

/** A worker that is busy half of the time has no time left for a busy day. */
export const MOST_UTILISATION = 0.5;
/** Standard deviations of the noise that a promise bears. */
const DEVIATIONS = 4;
/** Seconds of a run whatever it rewrites, unless said. */
const FIXED_SECONDS = 180;
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
  /** Seconds that a file takes one worker. */
  readonly secondsPerFile: number;
  /** Bytes a second of one worker, which rewrites what is part-filled. */
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
  const filesPerSecond = filesPerDay / DAY_SECONDS;
  return {
    engine,
    filesPerSecond,
    busiestPerSecond: filesPerSecond * peakRatio,
    plannedPerSecond: filesPerSecond * peakRatio * headroom,
    fileBytes,
    openPartitions: workload.openPartitions ?? 1,
    partitionSeconds: workload.partitionSeconds ?? DAY_SECONDS,
    // A streaming job has started already.
    fixedSeconds: engine.runsInWriter ? 0 : fixedSecondsOf(workload),
    secondsPerFile: fileSeconds + fileBytes / workload.bytesPerSecond,
    bytesPerSecond: workload.bytesPerSecond,
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

/** Seconds of a run of its own, whatever it rewrites. */
export function fixedSecondsOf({ runFixedSeconds }: CompactionQuestion['workload']): number {
  return runFixedSeconds ?? FIXED_SECONDS;
}

/** Seconds for which what was replaced is kept. */
export function retentionOf({ objective }: CompactionQuestion): number {
  return objective.retentionSeconds ?? WEEK_SECONDS;
}

/** Seconds of arrivals that one run rewrites: with `quietSeconds` a partition waits until it is closed. */
export function spanOf({ quietSeconds, partitionSeconds }: Load, interval: number): number {
  return quietSeconds > 0 ? Math.max(interval, partitionSeconds) : interval;
}

/** Whether each run finds as many closed partitions as any other; without `quietSeconds` it takes what there is. */
function isEven({ quietSeconds, partitionSeconds }: Load, interval: number): boolean {
  return quietSeconds === 0 || interval % partitionSeconds === 0 || partitionSeconds % interval === 0;
}

/** Partitions that one run rewrites. */
export function touchedBy({ openPartitions, partitionSeconds }: Load, interval: number): number {
  return openPartitions * Math.max(1, Math.ceil(interval / partitionSeconds));
}

/** Files that a run finds in one partition. */
export function filesOfEach(load: Load, interval: number, filesPerSecond: number): number {
  return (filesPerSecond * spanOf(load, interval)) / touchedBy(load, interval);
}

/** Bytes of part-filled files that a run rewrites again in one partition of so many new bytes: on average, at most. */
export function tailOf(
  load: Load,
  interval: number,
  newBytes: number,
): { readonly mean: number; readonly most: number } {
  const { engine, targetBytes, smallBytes, quietSeconds, partitionSeconds } = load;
  // A closed partition is rewritten once.
  if (quietSeconds > 0 || newBytes <= 0) return { mean: 0, most: 0 };
  // The first run of a partition finds none.
  const later = Math.max(0, 1 - interval / partitionSeconds);
  if (engine.rewritesTails && newBytes >= targetBytes) {
    // The tail of many new bytes is anything from nothing to a full file; from smallBytes on it is left as it is.
    return { mean: (later * smallBytes ** 2) / (2 * targetBytes), most: smallBytes };
  }
  // It grows by the new bytes of a run until it is no longer small, or until the next ones do not fit: 0, 1, …, k − 1
  // times as many were there before.
  // A partition is in no more runs than that: runs do not begin when partitions do.
  const its = Math.floor(partitionSeconds / interval) + 1;
  const runs = Math.min(
    its,
    engine.rewritesTails ? Math.ceil(smallBytes / newBytes) : Math.floor(targetBytes / newBytes),
  );
  const most = Math.max(0, runs - 1) * newBytes;
  return { mean: most / 2, most };
}

/** Seconds that a file takes: those of one target are rewritten by one worker, one after the other. */
export function secondsOfFile({ engine, secondsPerFile, workers, targetBytes }: Load, newBytes: number): number {
  const share = engine.parallelByTarget ? Math.min(1, targetBytes / newBytes) : 0;
  return secondsPerFile * Math.max(share, 1 / workers);
}

/** Seconds of a run at so many files a second; the longest, or the mean. */
export function runSeconds(load: Load, interval: number, filesPerSecond: number, longest: boolean): number {
  return load.fixedSeconds + workSeconds(load, interval, filesPerSecond, longest);
}

/** The same without its fixed part. */
export function workSeconds(load: Load, interval: number, filesPerSecond: number, longest: boolean): number {
  const each = filesOfEach(load, interval, filesPerSecond);
  const bytes = each * load.fileBytes;
  const tail = tailOf(load, interval, bytes)[longest ? 'most' : 'mean'];
  return touchedBy(load, interval) * (each * secondsOfFile(load, bytes) + tail / load.bytesPerSecond);
}

/** Part-filled files that a later run joins with new ones: one a partition. Others stay, and are not counted. */
export function tailFiles(load: Load, interval: number): number {
  return load.quietSeconds > 0 ? 0 : touchedBy(load, interval);
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
  const each = filesOfEach(load, interval, filesPerSecond) * load.fileBytes;
  return 1 + tailOf(load, interval, each).mean / each;
}

/** Files that are left small by a run: those that came meanwhile, and the tails. */
export function stopFiles(load: Load, interval: number): number {
  const meanwhile = load.filesPerSecond * runSeconds(load, interval, load.filesPerSecond, false);
  return Math.ceil(meanwhile) + tailFiles(load, interval);
}

/** New bytes of a partition above which rewriting it keeps the write amplification. */
export function startBytes({ engine, targetBytes, smallBytes, writeAmplification, quietSeconds }: Load): number {
  if (quietSeconds > 0) return 0;
  // An amplification of (k + 1) ÷ 2 is k runs that fill a file together.
  const runs = Math.floor(2 * writeAmplification - 1);
  if (!engine.rewritesTails) return targetBytes / (runs + 1);
  return runs >= 2 ? smallBytes / runs : smallBytes ** 2 / (2 * targetBytes) / (writeAmplification - 1);
}

/** Small files from which a run begins. */
export function startFiles(load: Load, interval: number): number {
  const worth = (touchedBy(load, interval) * startBytes(load)) / load.fileBytes;
  return Math.max(HYSTERESIS * stopFiles(load, interval), Math.floor(Number(worth.toPrecision(12))) + 1);
}

/** Small files that every run finds, but for one in 30,000: what comes, less the head-room and its noise. */
export function surelyFound(load: Load, interval: number): number {
  return surely(load.filesPerSecond * spanOf(load, interval), load.headroom);
}

/** A Poisson number of this mean is seldom lower. */
function surely(mean: number, headroom: number): number {
  return Math.floor(Math.min(mean / headroom, mean - DEVIATIONS * Math.sqrt(mean)));
}

/** Share of the time in which runs are busy at the planned load, their fixed part left out. */
export function utilisation(load: Load): number {
  return (load.plannedPerSecond * load.secondsPerFile) / load.workers;
}

/** The promises of an interval, each kept or not. */
export interface Kept {
  /** The longest run. */
  readonly run: boolean;
  /** The most small files. */
  readonly files: boolean;
  /** Write amplification and hysteresis. */
  readonly worth: boolean;
  /** Every partition has files enough for a run to take it. */
  readonly each: boolean;
  /** Runs and partitions end together. */
  readonly even: boolean;
}

/**
 * Files a second that a promise has to bear: the planned load, or the fullest of 30,000 intervals in the busiest hours.
 * With few files noise is more than the head-room.
 */
export function mostPerSecond(load: Load, interval: number): number {
  const files = load.busiestPerSecond * spanOf(load, interval);
  return Math.max(load.plannedPerSecond, load.busiestPerSecond * (1 + DEVIATIONS / Math.sqrt(files)));
}

/** Which promises an interval keeps. */
export function keptAt(load: Load, interval: number): Kept {
  const rate = mostPerSecond(load, interval);
  const run = runSeconds(load, interval, rate, true);
  return {
    // Two runs never overlap: the next one would be skipped.
    run: run <= Math.min(load.longestRunSeconds, interval),
    files: mostSmallFiles(load, interval, rate) <= load.smallFiles,
    worth:
      startFiles(load, interval) <= surelyFound(load, interval) &&
      amplification(load, interval) <= load.writeAmplification + 1e-9,
    each: surely(filesOfEach(load, interval, load.filesPerSecond), 1) >= load.engine.minInputFiles,
    even: isEven(load, interval),
  };
}

/** The longest interval that keeps every promise; undefined when none does. */
export function longestInterval(load: Load, among: readonly number[] = INTERVALS): number | undefined {
  if (utilisation(load) >= MOST_UTILISATION) return undefined;
  return among.find((interval) => Object.values(keptAt(load, interval)).every(Boolean));
}
