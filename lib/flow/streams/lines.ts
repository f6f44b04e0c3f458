/**
 * The line of one consumer. A partition feeds one member of a group, so members do not share a line: each is a queue of its
 * own with one server, and the busiest decides.
 */
import { lineLength, quantileOf, type SingleServer, type SojournTail, sojournTail } from '../numerics/single-server';
import { type Forecast, forecast } from '../queue/forecast/predict';
import {
  CONSUMER_DEFAULTS,
  type ResolvedConsumer,
  type ResolvedWorkload,
  resolveWorkload,
  SETTLES,
  settlingSeconds,
} from '../queue/resolve';
import { keepsPromise } from '../queue/sizing';
import { DAY_SECONDS } from '../ranges';
import { batchWorkSeconds, busiestShare, type Load, QUANTILE, recordSecondsIn, usualBatch } from './load';
import { KAFKA_POLLER, REBALANCE_SECONDS } from './platforms';

/** Settings of a stream. */
export interface Settings {
  /** Partitions, or shards. */
  readonly partitions: number;
  /** Batches of one shard that are worked on at once; 1 but for AWS Lambda on Amazon Kinesis. */
  readonly parallelizationFactor: number;
  /** Consumers at the peak. */
  readonly instances: number;
  /** Consumers that always run. */
  readonly minInstances: number;
  readonly batchSize: number;
  /** Whether pollers follow the lag, within minutes. */
  readonly onDemandPollers: boolean;
}

/** What of a workload comes to one consumer, each record at its cost in a full batch. */
export function lineOf(load: Load, share: number, batchSize: number): ResolvedWorkload {
  const serviceSeconds = recordSecondsIn(load, batchSize);
  return resolveWorkload({
    steadyPerSecond: load.steadyPerSecond * share,
    peakPerSecond: load.peakPerSecond * share,
    peakSeconds: load.peakSeconds,
    serviceSeconds,
    serviceVariation: variationIn(load, serviceSeconds),
  });
}

/** Of what one record costs, only its own work varies. */
function variationIn({ recordVariation, recordSeconds }: Load, serviceSeconds: number): number {
  return (recordVariation * recordSeconds) / serviceSeconds;
}

/** One consumer that always runs. */
export const ALONE: ResolvedConsumer = {
  ...CONSUMER_DEFAULTS,
  slotsPerInstance: 1,
  minInstances: 1,
  maxInstances: 1,
  // Never reached: there is nothing to ask for.
  backlogPerInstance: Number.MAX_SAFE_INTEGER,
  maxAttempts: 1,
};

/** The share of the busiest consumer. */
export function shareOf(load: Load, { partitions, parallelizationFactor, instances }: Settings): number {
  return busiestShare(load, partitions * parallelizationFactor, instances);
}

/** Share of its time that the busiest consumer works at the peak. */
export function utilisationOf(load: Load, settings: Settings): number {
  return load.peakPerSecond * shareOf(load, settings) * recordSecondsIn(load, settings.batchSize);
}

/** Times that partitions are dealt out anew while a group grows: pods that were asked for at once do not start at once. */
const REBALANCES = 2;

/** Seconds that nobody works while a group grows. */
function stoppedSeconds({ instances, minInstances }: Settings): number {
  return minInstances < instances ? REBALANCES * REBALANCE_SECONDS : 0;
}

/** Standard deviations that a normal number exceeds once in a hundred times. */
const ONE_IN_A_HUNDRED = 2.33;

/** Seconds of the batch that a record may have to wait for, and of its own, as they come to the busiest consumer. */
function twoBatches(load: Load, settings: Settings): number {
  if (settings.batchSize === 1) return 0;
  const records = usualBatch(load, load.peakPerSecond * shareOf(load, settings), settings.batchSize);
  // The work of so many records varies: of a hundred pairs one takes so much longer.
  const longer = ONE_IN_A_HUNDRED * load.recordVariation * load.recordSeconds * Math.sqrt(2 * records);
  return 2 * batchWorkSeconds(load, records) + longer;
}

/** Seconds of the latency that are no wait in a line: the poll, two batches, pollers that follow the lag, rebalances. */
export function besideLine(load: Load, settings: Settings): number {
  return (
    load.platform.pollSeconds +
    twoBatches(load, settings) +
    (settings.onDemandPollers ? KAFKA_POLLER.reactionSeconds : 0) +
    stoppedSeconds(settings)
  );
}

/** Records that arrive while nobody works on them, and those in work: one counts until its batch is committed. */
export function besideLines(load: Load, settings: Settings): number {
  const { batchSize, instances, onDemandPollers } = settings;
  const stopped =
    load.platform.pollSeconds + (onDemandPollers ? KAFKA_POLLER.reactionSeconds : 0) + stoppedSeconds(settings);
  const perSecond = load.peakPerSecond * shareOf(load, settings);
  const batch = usualBatch(load, perSecond, batchSize);
  const records = load.peakPerSecond * (stopped + (batchSize > 1 ? batchWorkSeconds(load, batch) : 0));
  // Records come at random: of many such moments one has three standard deviations more.
  return records + 3 * Math.sqrt(records) + instances * batch;
}

/** The forecast of one line. */
export function lineForecast(load: Load, share: number, batchSize: number): Forecast {
  return forecast(lineOf(load, share, batchSize), ALONE);
}

/** The line as one of a single server whose law has settled: not where a peak is over before that. */
function settledLine(load: Load, share: number, batchSize: number): SingleServer | undefined {
  const arrivalsPerSecond = load.peakPerSecond * share;
  const serviceSeconds = recordSecondsIn(load, batchSize);
  const serviceVariation = variationIn(load, serviceSeconds);
  const settling = SETTLES * settlingSeconds(arrivalsPerSecond, 1 / serviceSeconds, serviceVariation);
  if (settling > (load.peakSeconds > 0 ? load.peakSeconds : DAY_SECONDS)) return undefined;
  return { arrivalsPerSecond, serviceSeconds, serviceVariation };
}

/** P(time from arrival to the end of service > seconds) of the records of one line. */
export function lineTail(load: Load, share: number, batchSize: number): SojournTail {
  const settled = settledLine(load, share, batchSize);
  const law = settled && sojournTail(settled);
  if (law !== undefined) return law;
  const latency = lineForecast(load, share, batchSize).latency();
  return (seconds) => latency.tail(seconds);
}

/** Whether one line keeps a latency for 99 % of its records. */
export function lineKeeps(load: Load, share: number, batchSize: number, latencySeconds: number): boolean {
  if (settledLine(load, share, batchSize) !== undefined) {
    return lineTail(load, share, batchSize)(latencySeconds) <= (1 - QUANTILE) * (1 + 1e-9);
  }
  const promised = { latencySeconds, latencyQuantile: QUANTILE, maxBacklog: Number.POSITIVE_INFINITY };
  return keepsPromise(lineOf(load, share, batchSize), ALONE, promised);
}

/** Seconds of a line that 99 % of the records of all consumers do not exceed: those of the busiest, and of the rest. */
export function allLinesQuantile(load: Load, settings: Settings): number {
  const { instances, batchSize } = settings;
  const share = shareOf(load, settings);
  const busiest = lineTail(load, share, batchSize);
  const other = (1 - share) / Math.max(1, instances - 1);
  const rest = instances > 1 && other > 0 ? lineTail(load, other, batchSize) : busiest;
  const tail: SojournTail = (seconds) => share * busiest(seconds) + (1 - share) * rest(seconds);
  return quantileOf(tail, QUANTILE, recordSecondsIn(load, batchSize));
}

/**
 * The most records that wait in all lines: the longest line of one, and what the others have by chance. Close to the
 * capacity, where lines grow together, as if all had theirs at the same time.
 */
function linesBacklog(load: Load, settings: Settings): number {
  const { instances, batchSize } = settings;
  const share = shareOf(load, settings);
  const settled = settledLine(load, share, batchSize);
  const seconds = load.peakSeconds > 0 ? load.peakSeconds : DAY_SECONDS;
  const length = settled && lineLength(seconds, settled);
  if (length === undefined) return instances * lineForecast(load, share, batchSize).peakBacklog();
  const others = instances - 1;
  return length.most + others * length.mean + Math.sqrt(2 * Math.log(1 + length.periods) * others * length.variance);
}

/** The forecast of a group whose number follows the lag, as one line: its members start from the same number of partitions. */
export function scaledForecast(load: Load, settings: Settings, consumer: ResolvedConsumer): Forecast {
  const { minInstances, instances } = settings;
  return forecast(lineOf(load, 1, settings.batchSize), { ...consumer, minInstances, maxInstances: instances });
}

/** What piles up until the others work: of the busiest of those that always run, and of all of them. */
export function untilOthers(load: Load, settings: Settings, reactionSeconds: number) {
  const { minInstances, batchSize } = settings;
  const each = recordSecondsIn(load, batchSize);
  const seconds = Math.min(reactionSeconds, load.peakSeconds > 0 ? load.peakSeconds : reactionSeconds);
  const stopped = stoppedSeconds(settings);
  const share = busiestShare(load, settings.partitions, minInstances);
  const grown = (part: number) => Math.max(0, load.peakPerSecond * part - 1 / each) * seconds;
  const other = minInstances > 1 ? (1 - share) / (minInstances - 1) : 0;
  const busiest = grown(share) + load.peakPerSecond * share * stopped;
  return {
    waitSeconds: busiest * each,
    lag: busiest + (minInstances - 1) * grown(other) + load.peakPerSecond * (1 - share) * stopped,
  };
}

/** The most records without a commit at the same time; one run of a hundred has more. */
export function peakLagOf(load: Load, settings: Settings, consumer?: ResolvedConsumer): number {
  const fixed = linesBacklog(load, settings) + besideLines(load, settings);
  if (consumer === undefined || settings.minInstances === settings.instances) return fixed;
  const scaled = scaledForecast(load, settings, consumer).peakBacklog() + besideLines(load, settings);
  const lag = untilOthers(load, settings, reactionOf(consumer)).lag;
  return Math.max(fixed, scaled, lag + 3 * Math.sqrt(lag) + settings.instances * settings.batchSize);
}

/** Seconds from the growth of the lag until the others work. */
export function reactionOf({ pollSeconds, decideSeconds, startSeconds }: ResolvedConsumer): number {
  return pollSeconds + decideSeconds + startSeconds;
}
