/** From a node's logs and its disk to sizes: the numbers of a log plan, before they get names and reasons. */

import { arrivalsChecks, bytesArriving, itemsDuringOutage } from '../arrivals';
import { atLeast, between, type Check, isKnown, positive, required, wholeAtLeast, wholeNumber } from '../errors';
import { type Fields, objectChecks } from '../fields';
import { LEAST_RATE, LEAST_SECONDS, MOST_BYTES_PER_SECOND, MOST_HELD, YEAR_SECONDS } from '../ranges';
import { lastWhole } from '../search';
import type { LogsChoices, LogsObjective, LogsQuestion, LogsWorkload } from './workload';

export const MIB = 1024 ** 2;
/** Mean length of a line unless given: an assumption. */
export const LINE_BYTES = 200;
/**
 * What Filebeat adds to a line in its disk queue: time stamp, agent, host, input, file, offset, fingerprint. With names
 * of a few letters it was 430 bytes (docs/proof.md has a run); it holds the name of the pod twice and that of the
 * node once, so with 45 letters each and a longer path it is 600.
 */
const ENVELOPE_BYTES = 650;
const SHIPPER_AWAY_SECONDS = 300;
const LAG_SECONDS = 60;
const REACTION_SECONDS = 1800;
const ROTATION_SECONDS = 60;
/** Half of what gzip -6 did on one core with log lines (20 MB/s, Debian 12, 2026-11): a node has other things to do. */
const COMPRESS_BYTES_PER_SECOND = 10e6;
/** A segment of the queue is deleted when all of it is acknowledged; Filebeat makes ten of them (`segment_size`). */
export const SEGMENTS = 10;
/** Filebeat refuses a disk queue below 10 MB. */
const SMALLEST_QUEUE = 10 * MIB;
/**
 * One that may still be read and is not compressed, and one that is: fewer would delete lines that were just written.
 */
export const FEWEST_FILES = 2;
/** An assumption: of twenty files one is five per cent, so that deleting the oldest takes little history away. */
export const MOST_FILES = 20;
/** Log files of one node at most: ten for each of the most pods that a node can run. */
const MOST_LOG_FILES = 10_000;
/** A workload, an objective and choices with every number set. */
export interface ResolvedLogs {
  readonly steady: number;
  readonly peak: number;
  readonly peakSeconds: number;
  readonly lineBytes: number;
  readonly logFiles: number;
  readonly budget: number;
  readonly outage: number;
  readonly shipperAway: number;
  readonly lag: number;
  readonly reaction: number;
  readonly rotation: number;
  readonly envelope: number;
  readonly compress: number;
  readonly givenCap?: number;
  readonly givenCount?: number;
}

/** The sizes for a question. */
export interface Sized {
  readonly queue: number;
  /** Bytes above its cap that a file has when it is renamed: the mean, at the peak. */
  readonly growth: number;
  readonly smallestCap: number;
  readonly cap: number;
  readonly count: number;
  /** The most bytes of all log files. */
  readonly files: number;
  /** The fewest bytes that queue and files need together. */
  readonly needed: number;
}

/** The input with its defaults. */
export function resolve(workload: LogsWorkload, objective: LogsObjective, choices: LogsChoices): ResolvedLogs {
  const { steadyPerSecond, peakPerSecond, peakSeconds } = bytesArriving(workload);
  return {
    steady: steadyPerSecond,
    peak: peakPerSecond,
    peakSeconds,
    lineBytes: workload.lineBytes ?? LINE_BYTES,
    logFiles: workload.logFiles ?? 1,
    budget: objective.diskBudgetBytes,
    outage: objective.outageSeconds,
    shipperAway: objective.shipperAwaySeconds ?? SHIPPER_AWAY_SECONDS,
    lag: objective.lagSeconds ?? LAG_SECONDS,
    reaction: objective.reactionSeconds ?? Math.min(REACTION_SECONDS, objective.outageSeconds / 2),
    rotation: choices.rotationSeconds ?? ROTATION_SECONDS,
    envelope: choices.envelopeBytes ?? ENVELOPE_BYTES,
    compress: choices.compressBytesPerSecond ?? COMPRESS_BYTES_PER_SECOND,
    givenCap: choices.fileSizeCapBytes,
    givenCount: choices.fileCount,
  };
}

/** What is written, and what a line grows by in a queue. */
export type Written = Pick<ResolvedLogs, 'steady' | 'peak' | 'peakSeconds' | 'lineBytes' | 'envelope'>;

/** Bytes of the queue for the lines of `seconds`, the peak first. */
export function queued({ steady, peak, peakSeconds, lineBytes, envelope }: Written, seconds: number): number {
  const logged = itemsDuringOutage({ steadyPerSecond: steady, peakPerSecond: peak, peakSeconds }, seconds);
  return (logged * (lineBytes + envelope)) / lineBytes;
}

function queueFor(question: ResolvedLogs): number {
  const bytes = (queued(question, question.outage) * SEGMENTS) / (SEGMENTS - 1);
  return Math.max(SMALLEST_QUEUE, Math.ceil(bytes / MIB) * MIB);
}

/**
 * Bytes above its cap that a file has when it is renamed, on average: the bytes written between the last run that found
 * it below the cap and the next, and while gzip reads the previous file, which logrotate compresses first. When several
 * files are rotated in one run each waits for the others, but they share the bytes written meanwhile: growth = P ×
 * (interval + (cap + growth) ÷ C).
 */
function growthFor({ peak, rotation, compress }: ResolvedLogs, cap: number): number {
  return Math.ceil((peak * (rotation * compress + cap)) / (compress - peak));
}

/** The same for one file that gets all bytes, while gzip reads one of every log file. */
function mostGrowth({ peak, rotation, logFiles, compress }: ResolvedLogs, cap: number, growth: number): number {
  return Math.ceil(peak * (rotation + (logFiles * (cap + growth)) / compress));
}

/** All files at their worst: the open one and the kept ones above their cap, and the largest again for gzip. */
function fileBytes(question: ResolvedLogs, cap: number, count: number): number {
  const growth = growthFor(question, cap);
  return filesOf(question, count) * (cap + growth) + cap + mostGrowth(question, cap, growth);
}

function filesOf({ logFiles }: ResolvedLogs, count: number): number {
  return logFiles * (count + 1);
}

/** The largest cap whose files fit the room, in whole MiB. */
function capFor(question: ResolvedLogs, count: number, room: number): number {
  const over = Math.max(1, Math.ceil(room / MIB));
  return lastWhole(0, over, (cap) => fileBytes(question, cap * MIB, count) <= room) * MIB;
}

/** The most files of each log file that fit the room at a cap. */
function countFor(question: ResolvedLogs, cap: number, room: number): number {
  const growth = growthFor(question, cap);
  const left = room - cap - mostGrowth(question, cap, growth);
  return Math.floor(left / (cap + growth) / question.logFiles) - 1;
}

/** Sizes for a question, whether or not they fit its budget. */
export function size(question: ResolvedLogs): Sized {
  const { peak, shipperAway, budget, givenCap, givenCount } = question;
  const queue = queueFor(question);
  const smallestCap = Math.max(1, Math.ceil((peak * shipperAway) / MIB)) * MIB;
  const room = budget - queue;
  const least = givenCap ?? smallestCap;
  const most = countFor(question, least, room);
  const count = givenCount ?? Math.max(FEWEST_FILES, Math.min(MOST_FILES, most));
  const cap = givenCap ?? Math.max(smallestCap, capFor(question, count, room));
  return {
    queue,
    growth: growthFor(question, cap),
    smallestCap,
    cap,
    count,
    files: fileBytes(question, cap, count),
    needed: queue + fileBytes(question, least, givenCount ?? FEWEST_FILES),
  };
}

/** Whether the sizes fit the budget and gzip keeps up with the writers. */
export function fits(question: ResolvedLogs): boolean {
  if (question.peak >= question.compress) return false;
  const { queue, files } = size(question);
  return queue + files <= question.budget;
}

const WORKLOAD_FIELDS: Fields<LogsWorkload> = {
  steadyBytesPerSecond: true,
  peakBytesPerSecond: true,
  peakSeconds: true,
  lineBytes: true,
  logFiles: true,
};
const OBJECTIVE_FIELDS: Fields<LogsObjective> = {
  diskBudgetBytes: true,
  outageSeconds: true,
  shipperAwaySeconds: true,
  lagSeconds: true,
  reactionSeconds: true,
};
const QUESTION_FIELDS: Fields<LogsQuestion> = {
  workload: true,
  objective: true,
  rotationSeconds: true,
  fileSizeCapBytes: true,
  fileCount: true,
  envelopeBytes: true,
  compressBytesPerSecond: true,
};

/** Checks of the input. */
export function logsChecks(question: LogsQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, (asked) => [
    ...askedChecks(asked),
    wholeNumber('rotationSeconds', asked.rotationSeconds, 1, 3600),
    wholeAtLeast('fileSizeCapBytes', asked.fileSizeCapBytes, MIB, MOST_HELD),
    wholeNumber('fileCount', asked.fileCount, FEWEST_FILES, 100),
    atLeast('envelopeBytes', asked.envelopeBytes, 0, MOST_HELD),
    positive('compressBytesPerSecond', asked.compressBytesPerSecond, LEAST_RATE, MOST_BYTES_PER_SECOND),
  ]);
}

/** Checks of what is logged and promised, wherever it is shipped from. */
export function askedChecks({ workload, objective }: Pick<LogsQuestion, 'workload' | 'objective'>): Check[] {
  return [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, objectiveChecks),
  ];
}

function workloadChecks(workload: LogsWorkload): Check[] {
  const { steadyBytesPerSecond, peakBytesPerSecond, peakSeconds } = workload;
  return [
    ...arrivalsChecks(
      { steadyPerSecond: steadyBytesPerSecond, peakPerSecond: peakBytesPerSecond, peakSeconds },
      { unit: 'Bytes', most: MOST_BYTES_PER_SECOND },
    ),
    atLeast('lineBytes', workload.lineBytes, 1, MOST_HELD),
    wholeAtLeast('logFiles', workload.logFiles, 1, MOST_LOG_FILES),
  ];
}

function objectiveChecks(objective: LogsObjective): Check[] {
  const { outageSeconds, reactionSeconds } = objective;
  return [
    required(positive, 'diskBudgetBytes', objective.diskBudgetBytes, Number.MIN_VALUE, MOST_HELD),
    required(positive, 'outageSeconds', outageSeconds, LEAST_SECONDS, YEAR_SECONDS),
    positive('shipperAwaySeconds', objective.shipperAwaySeconds, LEAST_SECONDS, YEAR_SECONDS),
    positive('lagSeconds', objective.lagSeconds, LEAST_SECONDS, YEAR_SECONDS),
    between('reactionSeconds', reactionSeconds, 0, isKnown(outageSeconds) ? outageSeconds : undefined),
  ];
}
