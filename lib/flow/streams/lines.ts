/**
 * The line of one consumer. A partition feeds one member of a group, so members do not share a line: each is a queue of its
 * own with one server, and the busiest decides.
 */
import { serviceQuantile } from '../numerics/gamma';
import { longestLine, type SingleServer, sojournQuantile } from '../numerics/single-server';
import { type Forecast, forecast } from '../queue/forecast/predict';
import { CONSUMER_DEFAULTS, type ResolvedConsumer, type ResolvedWorkload, resolveWorkload } from '../queue/resolve';
import { keepsPromise } from '../queue/sizing';
import { DAY_SECONDS } from '../ranges';
import { batchWorkSeconds, busiestShare, type Load, QUANTILE, recordSecondsIn } from './load';
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

/** Seconds of the latency that are no wait in a line: the poll, a full batch, and pollers that follow the lag. */
export function besideLine(load: Load, { batchSize, onDemandPollers, instances, minInstances }: Settings): number {
  return (
    load.platform.pollSeconds +
    (batchSize > 1 ? batchWorkSeconds(load, batchSize) : 0) +
    (onDemandPollers ? KAFKA_POLLER.reactionSeconds : 0) +
    (minInstances < instances ? REBALANCE_SECONDS : 0)
  );
}

/** Records that arrive while nobody works on them: until they are polled, while pollers follow, while partitions move. */
export function besideLines(load: Load, settings: Settings): number {
  const { batchSize, instances, minInstances, onDemandPollers } = settings;
  const stopped =
    load.platform.pollSeconds +
    (onDemandPollers ? KAFKA_POLLER.reactionSeconds : 0) +
    (minInstances < instances ? REBALANCE_SECONDS : 0);
  const records = load.peakPerSecond * stopped;
  // Records come at random: of many such moments one has three standard deviations more. One counts until its commit.
  return records + 3 * Math.sqrt(records) + instances * batchSize;
}

/** The forecast of one line. */
export function lineForecast(load: Load, share: number, batchSize: number): Forecast {
  return forecast(lineOf(load, share, batchSize), ALONE);
}

/** Share of its time from which on a line takes longer to settle than a peak lasts, and its law is followed through time. */
const SETTLED = 0.9;

/** The line as one of a single server whose law has settled; undefined close to its capacity and above. */
function settledLine(load: Load, share: number, batchSize: number): SingleServer | undefined {
  const arrivalsPerSecond = load.peakPerSecond * share;
  const serviceSeconds = recordSecondsIn(load, batchSize);
  if (arrivalsPerSecond * serviceSeconds > SETTLED) return undefined;
  return { arrivalsPerSecond, serviceSeconds, serviceVariation: variationIn(load, serviceSeconds) };
}

/** A quantile of the time from arrival to the end of service in one line. */
export function lineQuantile(load: Load, share: number, batchSize: number, quantile: number): number {
  const settled = settledLine(load, share, batchSize);
  if (settled === undefined) return lineForecast(load, share, batchSize).latency().quantile(quantile);
  const { serviceSeconds, serviceVariation } = settled;
  return Math.max(serviceQuantile(quantile, serviceSeconds, serviceVariation), sojournQuantile(quantile, settled) ?? 0);
}

/** Whether one line keeps a latency for 99 % of its records. */
export function lineKeeps(load: Load, share: number, batchSize: number, latencySeconds: number): boolean {
  if (settledLine(load, share, batchSize) !== undefined) {
    return lineQuantile(load, share, batchSize, QUANTILE) <= latencySeconds;
  }
  const promised = { latencySeconds, latencyQuantile: QUANTILE, maxBacklog: Number.POSITIVE_INFINITY };
  return keepsPromise(lineOf(load, share, batchSize), ALONE, promised);
}

/** The most records that wait in one line. */
function lineBacklog(load: Load, share: number, batchSize: number): number {
  const settled = settledLine(load, share, batchSize);
  const seconds = load.peakSeconds > 0 ? load.peakSeconds : DAY_SECONDS;
  return (settled && longestLine(seconds, settled)) ?? lineForecast(load, share, batchSize).peakBacklog();
}

/** The forecast of a group whose number follows the lag, as one line: its members start from the same number of partitions. */
export function scaledForecast(load: Load, settings: Settings, consumer: ResolvedConsumer): Forecast {
  const { minInstances, instances } = settings;
  return forecast(lineOf(load, 1, settings.batchSize), { ...consumer, minInstances, maxInstances: instances });
}

/** The most records without a commit: the longest line of the busiest consumer, as if all had theirs at the same time. */
export function peakLagOf(load: Load, settings: Settings, consumer?: ResolvedConsumer): number {
  const lines = settings.instances * lineBacklog(load, shareOf(load, settings), settings.batchSize);
  const scaled =
    consumer === undefined || settings.minInstances === settings.instances
      ? 0
      : scaledForecast(load, settings, consumer).peakBacklog();
  return Math.max(lines, scaled) + besideLines(load, settings);
}
