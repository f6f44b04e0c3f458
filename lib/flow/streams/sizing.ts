/** Partitions, consumers and batch that keep a promise, and which limit settings break. */
import { DEFAULT_HEADROOM } from '../headroom';
import { KINESIS_LIMITS } from '../kinesis';
import { sizeWithHeadroom } from '../queue/headroom';
import { partsOf } from '../queue/parts';
import type { QueueQuestion } from '../queue/question';
import type { ResolvedConsumer } from '../queue/resolve';
import { size } from '../queue/sizing';
import { firstIndex } from '../search';
import {
  besideLine,
  besideLines,
  lineKeeps,
  lineOf,
  peakLagOf,
  reactionOf,
  type Settings,
  scaledForecast,
  shareOf,
  untilOthers,
  utilisationOf,
} from './lines';
import {
  batchWorkSeconds,
  busiestShare,
  cheapBatch,
  DEFAULT_GROWTH,
  fullestPartition,
  type Load,
  largestBatch,
  loadOf,
  QUANTILE,
  recordSecondsIn,
} from './load';
import { KAFKA_POLLER } from './platforms';
import type { StreamQuestion } from './workload';

/** Share of its time that the busiest consumer may work at the load that is told. */
export const BUSIEST_RATIO = 0.85;
/** Times the mean time of a batch after which it counts as hanging. */
const HANGING = 6;
/** Seconds that a batch has at least. */
const LEAST_BATCH_SECONDS = 30;
/** Numbers of partitions that have many divisors, so that many numbers of consumers share them evenly. */
const DIVISIBLE = [1, 2, 3, 4, 6, 8, 12, 24, 36, 48, 60, 120, 240, 360, 720, 1440, 2880];
const NEVER = Number.POSITIVE_INFINITY;

/** The least settings, and the multiple of the load that they were made for. */
export interface Sizing {
  readonly settings: Settings;
  readonly headroom: number;
  /** Consumers of a group without partitions, by Erlang C. */
  readonly pooledInstances: number;
}

/** The first limit that settings break. */
export type Broken =
  | 'pooled'
  | 'partitions'
  | 'partition'
  | 'busiest'
  | 'latency'
  | 'lag'
  | 'batch'
  | 'pollers'
  | 'few';

/** The question of the queue without partitions whose consumers are counted by Erlang C. */
export function pooledQuestion(question: StreamQuestion, batchSize: number): QueueQuestion {
  const load = loadOf(question);
  const { latencySeconds, maxLag } = question.objective;
  const { steadyPerSecond, peakPerSecond, peakSeconds, serviceSeconds, serviceVariation } = lineOf(load, 1, batchSize);
  return {
    workload: { steadyPerSecond, peakPerSecond, peakSeconds, serviceSeconds, serviceVariation },
    objective: { latencySeconds, ...(maxLag !== undefined && { maxBacklog: maxLag }) },
    platform: load.platform.queuePlatform,
    broker: load.platform.transport === 'kafka' ? 'kafka' : 'other',
    consumer: load.platform.consumer === 'keda' ? { startSeconds: load.startSeconds } : {},
  };
}

/** Sizes the queue without partitions for so many times the load. */
function pooledSizing(question: StreamQuestion, batchSize: number, times: number, asked: Partial<QueueQuestion> = {}) {
  const queue: QueueQuestion = { ...pooledQuestion(question, batchSize), ...asked };
  const parts = partsOf(queue);
  const solve = parts.platform.solve?.(queue) ?? size;
  const objective = { ...queue.objective, headroom: times };
  const { sizing } = sizeWithHeadroom(solve, 'stream', queue.workload, objective, parts.consumer());
  return sizing;
}

/**
 * The least settings that keep the promise with head-room; without it when nothing keeps it and the head-room was not
 * asked for. Undefined when nothing keeps the promise.
 */
export function sizingOf(question: StreamQuestion): Sizing | undefined {
  const found = sizedAs(question);
  const followed = found === undefined && question.provisionedPollers === undefined && !provisioned(question);
  return followed ? sizedAs({ ...question, provisionedPollers: true }) : found;
}

function sizedAs(question: StreamQuestion): Sizing | undefined {
  const { headroom } = question.objective;
  const wanted = headroom ?? DEFAULT_HEADROOM;
  const found = settingsFor(question, wanted);
  if (found !== undefined) return { ...found, headroom: wanted };
  const least = headroom === undefined ? settingsFor(question, 1) : undefined;
  return least && { ...least, headroom: 1 };
}

/** The least settings that keep the promise at so many times the load; the batch shrinks until it fits the partitions. */
export function settingsFor(question: StreamQuestion, times: number): Omit<Sizing, 'headroom'> | undefined {
  const load = loadOf(question);
  if (beyond(question, times)) return undefined;
  if (question.batchSize !== undefined) return withBatch(question, question.batchSize, times);
  let batchSize = Math.min(cheapBatch(load), largestBatch(load, 1));
  let kept: Omit<Sizing, 'headroom'> | undefined;
  for (;;) {
    const found = withBatch(question, batchSize, times);
    // A smaller batch needs more partitions, which ask for a smaller one: where that ends in none, the larger stays.
    if (found === undefined) return kept;
    const { partitions, parallelizationFactor } = found.settings;
    const most = largestBatch(load, partitions * parallelizationFactor);
    if (batchSize <= most) return found;
    kept ??= found;
    batchSize = most;
  }
}

/** The most consumers that the stream can have. */
export function mostConsumers(question: StreamQuestion): number {
  const { platform } = loadOf(question);
  if (question.partitions !== undefined) return platform.perPartition * question.partitions;
  const growth = platform.transport === 'kafka' ? (question.objective.growthFactor ?? DEFAULT_GROWTH) : 1;
  return Math.floor((platform.perPartition * platform.mostPartitions) / growth);
}

/** Whether more work comes than all consumers do, or more to one of them than it does: whatever the settings. */
function beyond(question: StreamQuestion, times: number): boolean {
  const load = loadOf(question);
  const work = load.peakPerSecond * load.recordSeconds;
  const most = question.instances ?? mostConsumers(question);
  const least = load.steadyPerSecond * times * load.recordSeconds;
  return work > BUSIEST_RATIO * most || work * busiestShare(load, 1e9, 1e9) > BUSIEST_RATIO || least >= most;
}

function withBatch(question: StreamQuestion, batchSize: number, times: number): Omit<Sizing, 'headroom'> | undefined {
  const pooled = pooledSizing(question, batchSize, times);
  if (pooled.refusal() !== undefined) return undefined;
  const pooledInstances = pooled.consumer.maxInstances;
  const of = (instances: number) => {
    const settings = withInstances(question, batchSize, instances, times);
    return settings !== undefined && brokenBy(question, times, 1, settings) === undefined ? settings : undefined;
  };
  const fixed = (all: Settings | undefined) => {
    const settings = all && withLeast(question, all, times);
    return settings && { settings, pooledInstances };
  };
  if (question.instances !== undefined) return fixed(of(question.instances));
  // More than these have too many records in work, or no partitions.
  const most = Math.min(mostConsumers(question), Math.floor((question.objective.maxLag ?? NEVER) / batchSize));
  const { peakPerSecond } = loadOf(question);
  const busy = (peakPerSecond * recordSecondsIn(loadOf(question), batchSize)) / BUSIEST_RATIO;
  const first = Math.max(pooledInstances, Math.ceil(busy - 1e-9));
  if (first > most) return undefined;
  const index = firstIndex(most - first, (more) => of(first + more) !== undefined);
  return fixed(of(first + index));
}

/** The settings with so many consumers; undefined where the stream cannot have them. */
export function withInstances(
  question: StreamQuestion,
  batchSize: number,
  instances: number,
  times: number,
): Settings | undefined {
  const load = loadOf(question);
  const high = loadOf(question, times);
  const { platform } = load;
  const onDemandPollers = platform.consumer === 'lambda' && platform.transport === 'kafka' && !provisioned(question);
  const common = { batchSize, onDemandPollers };
  if (platform.perPartition > 1) {
    const least = question.onDemand ? KINESIS_LIMITS.onDemandShards : 1;
    const needed = Math.max(least, fewestPartitions(high), Math.ceil(instances / platform.perPartition));
    const partitions = question.partitions ?? needed;
    const parallelizationFactor = Math.ceil(instances / partitions);
    if (parallelizationFactor > platform.perPartition || partitions > platform.mostPartitions) return undefined;
    const all = partitions * parallelizationFactor;
    return { ...common, partitions, parallelizationFactor, instances: all, minInstances: all };
  }
  const growth = platform.transport === 'kafka' ? (question.objective.growthFactor ?? DEFAULT_GROWTH) : 1;
  const bytes = Math.ceil((load.peakPerSecond * load.recordBytes) / load.partitionBytesPerSecond);
  const needed = Math.max(growth * bytes, growth * instances, fewestPartitions(high), question.currentPartitions ?? 1);
  const partitions = question.partitions ?? divisiblePartitions(Math.ceil(needed - 1e-9), instances);
  if (partitions > platform.mostPartitions || instances > partitions) return undefined;
  return { ...common, partitions, parallelizationFactor: 1, instances, minInstances: instances };
}

/** Whether pollers are provisioned: where nothing was chosen, if on-demand ones come too late, or a record may be poison. */
export function provisioned({ provisionedPollers, objective, workload }: StreamQuestion): boolean {
  if (provisionedPollers !== undefined) return provisionedPollers;
  // On-demand pollers have no limit on attempts: a record that always fails would block its partition until it expires.
  if ((workload.poisonRatio ?? 0) > 0) return true;
  const peak = workload.peakPerSecond ?? workload.steadyPerSecond;
  const { latencySeconds, maxLag = NEVER } = objective;
  return latencySeconds < 2 * KAFKA_POLLER.reactionSeconds || 2 * peak * KAFKA_POLLER.reactionSeconds > maxLag;
}

/** Pollers of a mapping that always run: enough for the bytes, and for the batches in work at once. */
export function minimumPollers(load: Load, settings: Settings): number {
  return Math.min(settings.partitions, neededPollers(load, settings));
}

function neededPollers(load: Load, { instances }: Settings): number {
  const bytes = Math.ceil((load.peakPerSecond * load.recordBytes) / KAFKA_POLLER.bytesPerSecond);
  return Math.max(1, bytes, Math.ceil(instances / KAFKA_POLLER.batches));
}

/** The fewest partitions of which the fullest takes its bytes and records. */
export function fewestPartitions(load: Load): number {
  const takes = (partitions: number) => partitionTakes(load, partitions);
  const most = load.platform.mostPartitions;
  return 1 + firstIndex(most - 1, (index) => takes(1 + index));
}

export function partitionTakes(load: Load, partitions: number): boolean {
  const perSecond = load.peakPerSecond * fullestPartition(load, partitions);
  return (
    perSecond <= load.partitionRecordsPerSecond * (1 + 1e-9) &&
    perSecond * load.recordBytes <= load.partitionBytesPerSecond * (1 + 1e-9)
  );
}

/** At least so many partitions, that so many consumers share evenly: one with many divisors unless that is twice as many. */
export function divisiblePartitions(least: number, instances: number): number {
  const multiple = Math.ceil(least / instances) * instances;
  const divisible = DIVISIBLE.find((number) => number >= least && number % instances === 0);
  return divisible !== undefined && divisible <= 2 * multiple ? divisible : multiple;
}

/** Seconds after which a batch counts as hanging. */
export function batchTimeout(load: Load, batchSize: number): number {
  return Math.max(LEAST_BATCH_SECONDS, Math.ceil(HANGING * batchWorkSeconds(load, batchSize)));
}

/** The limit that settings break at a multiple of the load, or of the work of a record; undefined where they keep it. */
export function brokenBy(
  question: StreamQuestion,
  times: number,
  slower: number,
  settings: Settings,
): Broken | undefined {
  const load = loadOf(question, times, slower);
  const { partitions, batchSize, instances, minInstances } = settings;
  const { platform } = load;
  if (platform.mostBatchSeconds !== undefined && batchTimeout(load, batchSize) > platform.mostBatchSeconds)
    return 'batch';
  if (!partitionTakes(load, partitions)) return 'partition';
  // The bound on the time is for the load that is told; head-room is up to the promise.
  if (utilisationOf(loadOf(question), settings) > BUSIEST_RATIO * (1 + 1e-9)) return 'busiest';
  const latencySeconds = load.latencySeconds - besideLine(load, settings);
  if (latencySeconds <= 0) return 'latency';
  if (!lineKeeps(load, shareOf(load, settings), batchSize, latencySeconds)) return 'latency';
  if (load.maxLag < NEVER && peakLagOf(load, settings) > load.maxLag) return 'lag';
  if (platform.transport === 'kafka' && platform.consumer === 'lambda') {
    const pollers = neededPollers(load, settings);
    if (!settings.onDemandPollers && pollers > Math.min(partitions, KAFKA_POLLER.mostMinimum)) return 'pollers';
  }
  if (minInstances < instances && !scaledKeeps(question, load, settings)) return 'few';
  return undefined;
}

/** Scalers of a question: a plan asks several times for the same one, and each is the size of a queue. */
const SCALERS = new WeakMap<StreamQuestion, Map<string, ResolvedConsumer>>();

/** How the number of pods follows the lag, as the scaler of a queue does. */
export function scalerOf(question: StreamQuestion, { batchSize, instances, minInstances }: Settings): ResolvedConsumer {
  const known = SCALERS.get(question) ?? new Map<string, ResolvedConsumer>();
  SCALERS.set(question, known);
  const key = [batchSize, instances, minInstances].join();
  const scaler = known.get(key) ?? sizedScaler(question, batchSize, instances, minInstances);
  known.set(key, scaler);
  return scaler;
}

function sizedScaler(
  question: StreamQuestion,
  batchSize: number,
  maxInstances: number,
  minInstances: number,
): ResolvedConsumer {
  const queue = pooledQuestion(question, batchSize);
  const asked = { consumer: { ...queue.consumer, minInstances, maxInstances } };
  return pooledSizing(question, batchSize, 1, asked).consumer;
}

/** The lag of the whole group at the peak, while its number follows the lag where it does. */
export function plannedLag(question: StreamQuestion, settings: Settings): number {
  const scaler = settings.minInstances < settings.instances ? scalerOf(question, settings) : undefined;
  return peakLagOf(loadOf(question), settings, scaler);
}

/** Whether a group whose number follows the lag keeps the promise, also the busiest of those that always run. */
function scaledKeeps(question: StreamQuestion, load: Load, settings: Settings): boolean {
  const promised = {
    latencySeconds: load.latencySeconds - besideLine(load, settings),
    maxBacklog: load.maxLag - besideLines(load, settings),
  };
  if (promised.latencySeconds <= 0 || promised.maxBacklog <= 0) return false;
  const consumer = scalerOf(question, settings);
  if (consumer.backlogPerInstance * settings.minInstances < steadyLag(load, settings)) return false;
  const { waitSeconds } = untilOthers(load, settings, reactionOf(consumer));
  const path = scaledForecast(load, settings, consumer);
  return (
    path.drainSeconds() !== NEVER &&
    waitSeconds <= load.latencySeconds &&
    path.latency().tail(promised.latencySeconds) <= (1 - QUANTILE) * (1 + 1e-9) &&
    peakLagOf(load, settings, consumer) <= load.maxLag
  );
}

/** The lag that those that always run have by chance in a day: one that asks for more of them would deal out all day. */
function steadyLag(load: Load, settings: Settings): number {
  const steady = { ...load, peakPerSecond: load.steadyPerSecond, peakSeconds: 0 };
  return peakLagOf(steady, { ...settings, instances: settings.minInstances });
}

/** The fewest consumers that may run outside the peak. Only KEDA adds some, and each must share the partitions evenly. */
function withLeast(question: StreamQuestion, settings: Settings, times: number): Settings | undefined {
  const { platform } = loadOf(question);
  const { instances, partitions } = settings;
  if (platform.consumer !== 'keda') return settings;
  const from = (minInstances: number) => ({ ...settings, minInstances });
  const keeps = (least: Settings) => brokenBy(question, times, 1, least) === undefined;
  if (question.minInstances !== undefined) {
    const least = from(Math.min(question.minInstances, instances));
    return serves(loadOf(question, times), least.minInstances, settings) && keeps(least) ? least : undefined;
  }
  const even = Array.from({ length: instances }, (_, index) => index + 1).filter(
    (number) => partitions % number === 0 && serves(loadOf(question, times), number, settings),
  );
  // All of them keep it: that was tried.
  const counts = even.at(-1) === instances ? even : [...even, instances];
  return from(counts[firstIndex(counts.length - 1, (index) => keeps(from(counts[index])))]);
}

/** Whether so many consumers keep up outside the peak, with the same reserve. */
function serves(load: Load, instances: number, { batchSize, partitions }: Settings): boolean {
  const settings = { partitions, parallelizationFactor: 1, instances, minInstances: instances, batchSize };
  const steady = { ...load, peakPerSecond: load.steadyPerSecond };
  return utilisationOf(steady, { ...settings, onDemandPollers: false }) <= BUSIEST_RATIO;
}

/**
 * The question of the worker of a queue that is the consumer on Kubernetes: consumers, batch and partitions are those of
 * the stream. A record waits no longer than its consumer's share of the lag takes, where that is long enough for a record.
 */
export function workerQuestion(question: StreamQuestion, settings: Settings): QueueQuestion {
  const { instances, minInstances, batchSize, partitions } = settings;
  const load = loadOf(question);
  const queue = pooledQuestion(question, batchSize);
  const asked = (latencySeconds: number): QueueQuestion => ({
    ...queue,
    // What no attempt can handle is in the service time already.
    workload: { ...queue.workload, itemBytes: load.recordBytes },
    objective: { ...queue.objective, latencySeconds },
    partitions,
    peakLag: plannedLag(question, settings),
    consumer: {
      ...queue.consumer,
      minInstances,
      maxInstances: instances,
      itemTimeoutSeconds: batchTimeout(load, batchSize),
    },
  });
  const shareSeconds = (load.maxLag / minInstances) * recordSecondsIn(load, batchSize);
  if (shareSeconds >= load.latencySeconds) return asked(load.latencySeconds);
  const { objective, consumer } = asked(shareSeconds);
  const keeps = pooledSizing(question, batchSize, 1, { objective, consumer }).refusal() === undefined;
  return asked(keeps ? shareSeconds : load.latencySeconds);
}
