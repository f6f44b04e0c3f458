/**
 * The line of one consumer. A partition feeds one member of a group, so members do not share a line: each is a queue of its
 * own with one server, and the busiest decides.
 */
import { serviceQuantile } from '../numerics/gamma';
import { sojournQuantile } from '../numerics/single-server';
import { once } from '../once';
import { type Forecast, forecast } from '../queue/forecast/predict';
import { CONSUMER_DEFAULTS, type ResolvedConsumer, type ResolvedWorkload, resolveWorkload } from '../queue/resolve';
import { batchWorkSeconds, busiestShare, type Load, recordSecondsIn } from './load';
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
    // Only the work of the record varies.
    serviceVariation: (load.recordVariation * load.recordSeconds) / serviceSeconds,
  });
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
  // A record counts until its batch is committed.
  return load.peakPerSecond * stopped + instances * batchSize;
}

/** The forecast of one line. */
export function lineForecast(load: Load, share: number, batchSize: number): Forecast {
  return forecast(lineOf(load, share, batchSize), ALONE);
}

/** Share of its time from which on a line takes longer to settle than a peak lasts, and its law is followed through time. */
const SETTLED = 0.9;

/** A quantile of the time from arrival to the end of service in one line. */
export function lineQuantile(load: Load, share: number, batchSize: number, quantile: number): number {
  const { peakPerSecond: arrivalsPerSecond, serviceSeconds, serviceVariation } = lineOf(load, share, batchSize);
  const law = lineForecast(load, share, batchSize).latency().quantile(quantile);
  if (arrivalsPerSecond * serviceSeconds > SETTLED) return law;
  const settled = sojournQuantile(quantile, { arrivalsPerSecond, serviceSeconds, serviceVariation });
  return settled === undefined ? law : Math.max(serviceQuantile(quantile, serviceSeconds, serviceVariation), settled);
}

/** The forecast of a group whose number follows the lag, as one line: its members start from the same number of partitions. */
export function scaledForecast(load: Load, settings: Settings, consumer: ResolvedConsumer): Forecast {
  const { minInstances, instances } = settings;
  return forecast(lineOf(load, 1, settings.batchSize), { ...consumer, minInstances, maxInstances: instances });
}

/** The most records without a commit: the longest line of the busiest consumer, as if all had theirs at the same time. */
export function peakLagOf(load: Load, settings: Settings, consumer?: ResolvedConsumer): number {
  const own = once(() => lineForecast(load, shareOf(load, settings), settings.batchSize).peakBacklog());
  const lines = settings.instances * own();
  const scaled =
    consumer === undefined || settings.minInstances === settings.instances
      ? 0
      : scaledForecast(load, settings, consumer).peakBacklog();
  return Math.max(lines, scaled) + besideLines(load, settings);
}
