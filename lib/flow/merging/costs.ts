/** What the keys of a peak, and of a month, cost, and what carries the events and merges them. */
import { resolveArrivals } from '../arrivals';
import { EMPTY_RECEIVES_PER_SECOND } from '../compute-cost';
import { recordCost, shardCost } from '../kinesis-cost';
import data from '../prices.json';
import { DAY_SECONDS } from '../ranges';
import { keysPerSecond, meanCycle } from './cycles';
import { type Load, loadOf, readersOf, type Settings } from './load';
import { retentionSeconds } from './outage';
import type { TransportName } from './transports';
import type { MergingQuestion } from './workload';

/** US dollars for so many keys a second over the peak; undefined when they cost nothing. */
export function costOf(load: Load, perSecond: number): number | undefined {
  const { keyCost } = load.invalidator;
  return keyCost === undefined || load.peakSeconds === 0 ? undefined : load.peakSeconds * perSecond * keyCost;
}

const MONTH_DAYS = 30;
const MONTH_SECONDS = MONTH_DAYS * DAY_SECONDS;

/** US dollars for the keys of 30 days at the steady rate; undefined when they cost nothing. */
export function steadyCostOf(question: MergingQuestion, settings: Settings): number | undefined {
  const load = loadOf(question);
  const { keyCost } = load.invalidator;
  const { steadyPerSecond } = resolveArrivals(question.workload);
  if (keyCost === undefined) return undefined;
  return steadyPerSecond === 0
    ? 0
    : MONTH_SECONDS * keysPerSecond({ ...load, perSecond: steadyPerSecond }, settings) * keyCost;
}

/** Memory of the function that merges: a batch of 6 MB as text, and its keys. */
export const MERGER_MIB = 1024;
const MIB_PER_GB = 1024;
const HOUR_SECONDS = 3600;
/** Messages of a request of Lambda to Amazon SQS. */
const PER_RECEIVE = 10;

/** What readers do in a second. */
export interface Work {
  readonly events: number;
  readonly keys: number;
  readonly flushes: number;
  /** Seconds of flushes, without their windows. */
  readonly flushSeconds: number;
}

/** What the readers do in a second under a load. The window of a reader begins with an event, which it waits for. */
function workOf(load: Load, settings: Settings): Work {
  const readers = readersOf(load, settings.shards);
  const mean = meanCycle(load, settings);
  return {
    events: load.perSecond,
    keys: keysPerSecond(load, settings, mean),
    flushes: readers / (mean.seconds + readers / load.perSecond),
    flushSeconds: (readers * (mean.seconds - settings.windowSeconds)) / mean.seconds,
  };
}

/** US dollars for what is done in some time: requests, seconds of the merger and keys. */
function workCost({ eventBytes, invalidator }: Load, transport: TransportName, work: Work): number {
  const { gbSecondArm, perMillionRequests } = data.lambda;
  const merger =
    (work.flushes * perMillionRequests.value) / 1e6 + work.flushSeconds * (MERGER_MIB / MIB_PER_GB) * gbSecondArm.value;
  const { sqs } = data;
  const carried =
    transport === 'kinesis'
      ? recordCost(eventBytes)
      : ((1 + 2 / PER_RECEIVE) * Math.ceil(eventBytes / sqs.requestBytes.value) * sqs.perMillionRequests.value) / 1e6;
  return merger + work.events * carried + work.keys * (invalidator.keyCost ?? 0);
}

/** US dollars of 30 days beside what is done: shards and what they keep, or receives that find nothing. */
function standingCost(question: MergingQuestion, { shards }: Settings): number {
  const { transport = 'kinesis', outageSeconds } = question;
  if (transport !== 'kinesis') {
    return (MONTH_SECONDS * EMPTY_RECEIVES_PER_SECOND * data.sqs.perMillionRequests.value) / 1e6;
  }
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveArrivals(question.workload);
  const perDay = steadyPerSecond * (DAY_SECONDS - peakSeconds) + peakPerSecond * peakSeconds;
  const bytesPerDay = perDay * loadOf(question).eventBytes;
  return shardCost(MONTH_SECONDS / HOUR_SECONDS, shards, retentionSeconds(outageSeconds), bytesPerDay);
}

/**
 * US dollars of 30 days with one peak a day, at list price and without what is free: the stream or the requests to the queue,
 * the merger, and invalidations. Undefined where events are in a cluster, whose machines have no price here. What a function
 * costs that rebuilds keys is not in it.
 */
export function monthlyCostOf(question: MergingQuestion, settings: Settings): number | undefined {
  const { transport = 'kinesis' } = question;
  if (transport === 'redis-stream') return undefined;
  const load = loadOf(question);
  const { steadyPerSecond, peakSeconds } = resolveArrivals(question.workload);
  const peak = peakSeconds === 0 ? 0 : peakSeconds * workCost(load, transport, workOf(load, settings));
  const steady = { ...load, perSecond: steadyPerSecond };
  const rest =
    steadyPerSecond === 0 ? 0 : (DAY_SECONDS - peakSeconds) * workCost(load, transport, workOf(steady, settings));
  return standingCost(question, settings) + MONTH_DAYS * (peak + rest);
}

/** The same from work that was measured: over a peak, and over so many seconds of the steady rate. */
export function monthlyCostOfRuns(
  question: MergingQuestion,
  settings: Settings,
  peak: Work,
  steady: Work & { readonly seconds: number },
): number {
  const { transport = 'kinesis', workload } = question;
  const load = loadOf(question);
  const rest =
    (workCost(load, transport, steady) * (DAY_SECONDS - resolveArrivals(workload).peakSeconds)) / steady.seconds;
  return standingCost(question, settings) + MONTH_DAYS * (workCost(load, transport, peak) + rest);
}
