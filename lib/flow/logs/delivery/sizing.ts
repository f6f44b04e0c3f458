/** From what a task logs to the sizes of its buffer, of the stream and of the objects. */
import { DAY_SECONDS } from '../../ranges';
import { planStorage } from '../../storage/plan';
import { MIB, queued, type ResolvedLogs, resolve as resolveLogs } from '../sizing';
import { outageFiles } from './buffer';
import { BUFFERING, KEPT_SECONDS, requestsOf, STREAM_BYTES_PER_SECOND } from './firehose';
import type { LogDeliveryQuestion } from './workload';

const GIB = 1024 ** 3;
/**
 * What the fluentd log driver and Fluent Bit add to a line: time stamp, names and ids of container and task. With short
 * names it is 130 bytes by count; names may have 255 letters each.
 */
const ENVELOPE_BYTES = 300;
const ROUTER_MEMORY_BYTES = 256 * MIB;
/** Service logs are text that repeats itself; a compression that turns out better makes smaller objects. */
const COMPRESSION_RATIO = 10;
const RETENTION_DAYS = 365;
/** A tenth more than the lines need: their length and what is added to them are means. */
export const BUFFER_MARGIN = 1.1;
export const LEAST_BUFFER_BYTES = 64 * MIB;
/** Fargate developer guide, Task ephemeral storage: 200 GiB at most, of which 20 are for images and programs. */
export const EPHEMERAL = { programsGib: 20, mostGib: 200 };
/** Bytes that a chunk has in memory at most; no setting changes it. Source: Fluent Bit, Buffering and storage. */
export const CHUNK_BYTES = 2 * MIB;
/** Seconds between two flushes, unless the stream takes fewer requests; shorter ones make more chunks with less in them. */
const USUAL_FLUSH_SECONDS = 5;
const LONGEST_RETRY_SECONDS = 60;
/** The first wait of Fluent Bit's scheduler (`scheduler.base`); the longest has to be twice as long at least. */
export const RETRY_BASE_SECONDS = 5;
/** S3 moves nothing smaller to colder classes (ALL_STORAGE_CLASSES_128_K). */
const SMALLEST_OBJECT_BYTES = 128 * 1024;
/** An object is so many times the smallest that is worth moving: quiet hours make smaller ones. */
export const OBJECT_MARGIN = 4;
const STEP_SECONDS = 60;

/** The question with every number set. */
export interface ResolvedDelivery extends ResolvedLogs {
  readonly tasks: number;
  readonly onHost: boolean;
  /** Whether the stream is there already. */
  readonly existingStream: boolean;
  readonly lineOnly: boolean;
  readonly quota: number;
  readonly routerMemory: number;
  readonly ratio: number;
  readonly retentionDays: number;
  /** Bytes of the smallest object that is worth moving to a colder class. */
  readonly smallestObject: number;
  readonly givenLimit?: number;
  /** Seconds between two flushes of a router that is deployed. */
  readonly givenFlush?: number;
  readonly givenSeconds?: number;
  readonly givenMebibytes?: number;
}

/** The sizes for a question. */
export interface DeliverySizes {
  /** Bytes in the buffer for a byte of a line, and bytes sent for it. */
  readonly storedPerByte: number;
  readonly sentPerByte: number;
  /** Bytes a second that one task sends outside and at the peak. */
  readonly steadySent: number;
  readonly peakSent: number;
  /** Bytes a second that the stream takes of one task, and bytes of lines among them. */
  readonly share: number;
  readonly taken: number;
  /** Requests a second that all tasks make at most. */
  readonly requests: number;
  /** Bytes of a buffer's files at the end of the longest outage, and the limit that it gets. */
  readonly needed: number;
  readonly limit: number;
  readonly flush: number;
  readonly retry: number;
  /** Seconds that a line waits for its place in Firehose at most. */
  readonly lag: number;
  readonly drain: number;
  /** What is collected for an object, and its size outside the peak, after gzip. */
  readonly bufferingSeconds: number;
  readonly bufferingMebibytes: number;
  readonly objectBytes: number;
  readonly storedPerDay: number;
}

/** The question with its defaults. */
export function resolve(question: LogDeliveryQuestion): ResolvedDelivery {
  const { workload, objective, envelopeBytes = ENVELOPE_BYTES, retentionDays = RETENTION_DAYS } = question;
  return {
    ...resolveLogs(workload, objective, { envelopeBytes }),
    tasks: question.tasks,
    onHost: question.platform === 'ec2',
    existingStream: question.existingStream ?? false,
    lineOnly: question.lineOnly ?? false,
    quota: question.streamBytesPerSecond ?? STREAM_BYTES_PER_SECOND.small,
    routerMemory: question.routerMemoryBytes ?? ROUTER_MEMORY_BYTES,
    ratio: question.compressionRatio ?? COMPRESSION_RATIO,
    retentionDays,
    smallestObject: smallestWorthMoving(retentionDays),
    givenLimit: question.storageTotalLimitBytes,
    givenSeconds: question.bufferingSeconds,
    givenMebibytes: question.bufferingMebibytes,
  };
}

/** Sizes for a question, whether or not they keep its promise. */
export function size(question: ResolvedDelivery): DeliverySizes {
  const { steady, peak, peakSeconds, lineBytes, envelope, lineOnly, quota, tasks, outage, ratio } = question;
  const storedPerByte = (lineBytes + envelope) / lineBytes;
  // A line that is sent by itself ends in a new line.
  const sentPerByte = lineOnly ? (lineBytes + 1) / lineBytes : storedPerByte;
  const [steadySent, peakSent] = [steady * sentPerByte, peak * sentPerByte];
  const share = quota / tasks;
  const behind = (Math.max(0, peakSent - share) * peakSeconds) / share;
  const flush = question.givenFlush ?? flushFor(question, behind);
  const taken = share / sentPerByte;
  const needed = outageFiles(question, outage, flush, taken);
  const limit = question.givenLimit ?? Math.max(LEAST_BUFFER_BYTES, Math.ceil((needed * BUFFER_MARGIN) / MIB) * MIB);
  const retry = Math.max(2 * RETRY_BASE_SECONDS, Math.min(LONGEST_RETRY_SECONDS, Math.floor(question.lag)));
  const collected = collectedFor(question, steadySent * tasks);
  return {
    storedPerByte,
    sentPerByte,
    steadySent,
    peakSent,
    share,
    taken,
    requests: Math.min(tasks / flush, (tasks * peak) / lineBytes),
    needed,
    limit,
    flush,
    retry,
    lag: flush + behind,
    drain: retry + drainFor(question, taken),
    ...collected,
    storedPerDay:
      (tasks * (steadySent * DAY_SECONDS + (peakSent - steadySent) * Math.min(peakSeconds, DAY_SECONDS))) / ratio,
  };
}

/**
 * Seconds between two flushes: a quarter of the allowed lag, 1 to 5. More where so many tasks would make more requests than the
 * stream takes, up to what the lag leaves when a line has waited for the peak to pass.
 *
 * @param behind seconds that a line waits for the stream at the peak
 */
function flushFor({ lag, tasks, quota, peak, lineBytes }: ResolvedDelivery, behind: number): number {
  const usual = Math.max(1, Math.min(USUAL_FLUSH_SECONDS, Math.floor(lag / 4)));
  const requests = requestsOf(quota);
  // A request has a line at least.
  if ((tasks * peak) / lineBytes <= requests) return usual;
  return Math.max(usual, Math.min(Math.ceil(tasks / requests), Math.floor(lag - behind)));
}

/**
 * Seconds from the end of the outage until the lines that waited are sent, without the wait of the last try. Infinite when the
 * stream takes no more than comes.
 */
function drainFor(question: ResolvedDelivery, taken: number): number {
  const { steady, peak, peakSeconds, lineBytes, envelope, outage } = question;
  if (steady >= taken) return Number.POSITIVE_INFINITY;
  const held = (queued(question, outage) * lineBytes) / (lineBytes + envelope);
  // The peak goes on after a short outage.
  const rest = Math.max(0, peakSeconds - outage);
  const after = held + (peak - taken) * rest;
  return after > 0 ? rest + after / (taken - steady) : held / (taken - peak);
}

/** What Firehose collects for an object: as few bytes as make one that is worth moving, and as long as they take. */
function collectedFor(question: ResolvedDelivery, bytesPerSecond: number) {
  const { ratio, smallestObject, existingStream, givenSeconds, givenMebibytes } = question;
  const { leastMebibytes, mostMebibytes, mostSeconds, defaultMebibytes, defaultSeconds } = BUFFERING;
  const enough = Math.ceil((OBJECT_MARGIN * smallestObject * ratio) / MIB);
  const derived = Math.max(leastMebibytes, Math.min(mostMebibytes, enough));
  const bufferingMebibytes = givenMebibytes ?? (existingStream ? defaultMebibytes : derived);
  const filled = (bufferingMebibytes * MIB) / bytesPerSecond;
  const wholeMinutes = Math.min(mostSeconds, STEP_SECONDS * Math.max(1, Math.ceil(filled / STEP_SECONDS)));
  const bufferingSeconds = givenSeconds ?? (existingStream ? defaultSeconds : wholeMinutes);
  // Nothing is collected in 0 s: what is there becomes an object, and a second of it is a guess at that.
  const collected = Math.min(bufferingMebibytes * MIB, Math.max(1, bufferingSeconds) * bytesPerSecond);
  return { bufferingMebibytes, bufferingSeconds, objectBytes: collected / ratio };
}

/** The smallest object that is worth moving to a colder class: S3's floor, or where a move pays back. */
function smallestWorthMoving(retentionDays: number): number {
  const archive = { bytesPerDay: 1e9, objectBytes: MIB, retentionDays };
  const { breakEvenObjectBytes } = planStorage('archive', { workload: archive }).predictions;
  return Math.max(SMALLEST_OBJECT_BYTES, Number.isFinite(breakEvenObjectBytes) ? breakEvenObjectBytes : 0);
}

/** Bytes of a task's disk that the buffer may have. */
export function mostBuffer({ budget, onHost }: ResolvedDelivery): number {
  return onHost ? budget : Math.min(budget, (EPHEMERAL.mostGib - EPHEMERAL.programsGib) * GIB);
}

/** Why a promise is not kept. */
export type Broken = 'outage' | 'rate' | 'lag' | 'requests' | 'limit' | 'disk';

/** The first reason why the sizes do not keep the promise. */
export function brokenBy(question: ResolvedDelivery, sizes = size(question)): Broken | undefined {
  const { outage, lag, givenLimit, quota } = question;
  if (outage > KEPT_SECONDS) return 'outage';
  if (sizes.steadySent >= sizes.share) return 'rate';
  if (sizes.lag > lag) return 'lag';
  if (sizes.requests > requestsOf(quota)) return 'requests';
  if (givenLimit !== undefined && givenLimit < sizes.needed) return 'limit';
  if (sizes.limit > mostBuffer(question)) return 'disk';
  return undefined;
}

/** The same question with so many times the lines. */
export function times(question: ResolvedDelivery, factor: number): ResolvedDelivery {
  return { ...question, steady: factor * question.steady, peak: factor * question.peak };
}

/** GiB of a task's disk for programs and buffer. */
export function ephemeralGib(limit: number): number {
  return EPHEMERAL.programsGib + Math.ceil(limit / GIB);
}
