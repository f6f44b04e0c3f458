/** A micro-batch: how long it takes, how often it runs, how much it may read. */
import { DEFAULT_HEADROOM } from '../headroom';
import { WEEK_SECONDS } from '../ranges';
import { lastWhole } from '../search';
import { ETL_PLATFORMS, type EtlPlatformFacts } from './platforms';
import type { EtlQuestion } from './workload';

const DEFAULT_BATCH_SECONDS = 15;
const DEFAULT_OUTAGE_SECONDS = 600;
const DEFAULT_EXECUTOR_CORES = 4;
/** Share of the time between two batches that may be spent on records: the rest is for the fixed part and the catch-up. */
export const COMPUTE_SHARE = 0.5;

/** What a question says of the stream, with every default. */
export interface Stream {
  readonly platform: EtlPlatformFacts;
  /** Mean records a second. */
  readonly mean: number;
  /** Records a second at the peak. */
  readonly peak: number;
  readonly recordBytes: number;
  readonly coreSeconds: number;
  readonly fixedSeconds: number;
  readonly windowSeconds: number;
  readonly lateSeconds: number;
  readonly keysPerWindow: number;
  readonly freshness: number;
  readonly headroom: number;
  readonly outage: number;
  readonly executorCores: number;
  readonly restart: number;
}

/** The question with its defaults. */
export function streamOf({ workload, objective, ...choices }: EtlQuestion): Stream {
  const platform = ETL_PLATFORMS[choices.platform ?? 'emr-serverless'];
  return {
    platform,
    mean: workload.steadyPerSecond,
    peak: workload.peakPerSecond ?? workload.steadyPerSecond,
    recordBytes: workload.recordBytes,
    coreSeconds: workload.coreSecondsPerRecord,
    fixedSeconds: workload.batchSeconds ?? DEFAULT_BATCH_SECONDS,
    windowSeconds: workload.windowSeconds ?? 0,
    lateSeconds: workload.lateSeconds ?? 0,
    keysPerWindow: workload.keysPerWindow ?? 1,
    freshness: objective.freshnessSeconds,
    headroom: objective.headroom ?? DEFAULT_HEADROOM,
    outage: objective.outageSeconds ?? DEFAULT_OUTAGE_SECONDS,
    executorCores: choices.executorCores ?? DEFAULT_EXECUTOR_CORES,
    restart: choices.restartSeconds ?? platform.restartSeconds,
  };
}

/** How a window gets into the table. */
export type OutputMode = 'append' | 'update';

/** The sizes of a job. */
export interface Sizing {
  readonly executors: number;
  readonly cores: number;
  readonly trigger: number;
  readonly maxOffsets: number;
  readonly mode: OutputMode;
}

/** Why executors are too few, or why none are enough. */
export type Obstacle = 'fixed' | 'window' | 'freshness' | 'trigger' | 'offsets' | 'batch' | 'catch-up' | 'executors';

/** Seconds of a batch of so many records. */
export function batchOf({ fixedSeconds, coreSeconds }: Stream, cores: number, records: number): number {
  return fixedSeconds + (records * coreSeconds) / cores;
}

/**
 * Seconds that the oldest record is old when its batch is in the table, at a multiple of the peak.
 *
 * Source: a record waits a trigger interval and its batch. In append mode it is written when its window is closed, which the
 * batch after the one that moves the watermark finds out (Spark, Structured Streaming, Output modes).
 */
export function oldestOf(stream: Stream, { cores, trigger, mode }: Omit<Sizing, 'maxOffsets'>, times = 1): number {
  const batch = batchOf(stream, cores, times * stream.peak * trigger);
  return waitsForWindow(stream, mode)
    ? stream.windowSeconds + stream.lateSeconds + 2 * trigger + batch
    : trigger + batch;
}

/**
 * Seconds that the newest record of a batch is old when it is in the table, at the peak. In append mode a window ends at any
 * moment of a trigger interval; of several in one interval only the last counts.
 */
export function newestOf(stream: Stream, { cores, trigger, mode }: Sizing): number {
  const batch = batchOf(stream, cores, stream.peak * trigger);
  if (!waitsForWindow(stream, mode)) return batch;
  return stream.lateSeconds + Math.min(stream.windowSeconds, trigger) + trigger + batch;
}

/** Whether a row is written once, when the watermark has passed its window. */
export function waitsForWindow({ windowSeconds }: Stream, mode: OutputMode): boolean {
  return mode === 'append' && windowSeconds > 0;
}

/**
 * Seconds from the return of the driver until a batch has taken all that is there, at the peak, at most. The batch that was
 * killed is repeated first. Each further one takes as much as it may, and the backlog shrinks by what does not arrive
 * meanwhile.
 */
export function catchUpOf(stream: Stream, { cores, trigger, maxOffsets }: Sizing, outage = stream.outage): number {
  const killed = batchOf(stream, cores, stream.peak * trigger);
  const backlog = stream.peak * (killed + outage + trigger);
  const gain = maxOffsets - stream.peak * trigger;
  const excess = backlog - maxOffsets;
  if (excess > 0 && gain <= 0) return Number.POSITIVE_INFINITY;
  const full = excess <= 0 ? 0 : Math.ceil(excess / gain - 1e-9);
  // The last batch takes what is left, no more.
  return (1 + full) * trigger + batchOf(stream, cores, backlog - full * gain);
}

/**
 * Seconds that the oldest record is old at worst after an outage at the peak: it arrived when the killed batch began, waits
 * for the outage, for the repeated batch or the next trigger, and for the longest batch. In append mode it is the first record
 * of a window, whose watermark a record moves that arrived then; the batch after that writes it.
 */
export function oldestAfter(stream: Stream, sizing: Sizing, outage: number): number {
  const { cores, trigger, maxOffsets, mode } = sizing;
  const longest = batchOf(stream, cores, maxOffsets);
  const seen = outage + batchOf(stream, cores, stream.peak * trigger) + trigger + longest;
  if (!waitsForWindow(stream, mode)) return seen;
  // A batch ends before the next trigger, so that the writing one begins with it.
  return stream.windowSeconds + stream.lateSeconds + seen + trigger;
}

/** The multiple of the peak, for as long as it lasts, above which the freshness breaks or the backlog grows. */
export function breaksAt(stream: Stream, sizing: Sizing): number {
  const idle = oldestOf({ ...stream, coreSeconds: 0 }, sizing);
  const perTime = oldestOf(stream, sizing) - idle;
  return Math.min((stream.freshness - idle) / perTime, sizing.maxOffsets / (stream.peak * sizing.trigger));
}

/** The sizes with so many executors, or what is in the way: appended where that is fresh enough, else merged. */
export function sizeWith(question: EtlQuestion, stream: Stream, executors: number): Sizing | Obstacle {
  if (question.outputMode !== undefined) return sizeInMode(question, stream, executors, question.outputMode);
  const appended = sizeInMode(question, stream, executors, 'append');
  // Without a window there is nothing to merge.
  if (typeof appended !== 'string' || stream.windowSeconds === 0) return appended;
  return sizeInMode(question, stream, executors, 'update');
}

/** Shares of the longest trigger that are tried where it catches up too slowly. */
const SHORTER = [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

function sizeInMode(question: EtlQuestion, stream: Stream, executors: number, mode: OutputMode): Sizing | Obstacle {
  const { peak, headroom, fixedSeconds, freshness, coreSeconds } = stream;
  const cores = executors * stream.executorCores;
  if (question.triggerSeconds !== undefined) return sizeAt(question, stream, executors, mode, question.triggerSeconds);
  const waits = waitsForWindow(stream, mode);
  // Window and lateness do not grow with the load.
  const left = freshness - (waits ? stream.windowSeconds + stream.lateSeconds : 0);
  const [triggers, busy] = [waits ? 2 : 1, (peak * coreSeconds) / cores];
  if (left <= fixedSeconds) return waits ? 'window' : 'fixed';
  const roomy = Math.floor((left / headroom - fixedSeconds) / (triggers + busy) + 1e-9);
  const longest = Math.floor((left - fixedSeconds) / (triggers + headroom * busy) + 1e-9);
  // The roomy one keeps a share of the whole freshness; where it leaves no time for a batch, the longest may.
  const tried = [...new Set([...SHORTER.map((share) => Math.floor(share * roomy)), longest])].filter((one) => one >= 1);
  let first: Obstacle | undefined;
  for (const trigger of tried) {
    const sized = sizeAt(question, stream, executors, mode, trigger);
    if (typeof sized !== 'string') return sized;
    first ??= sized;
    // A shorter trigger catches up sooner; nothing else gets better by it.
    if (sized !== 'catch-up' && trigger !== longest) {
      const last = sizeAt(question, stream, executors, mode, Math.max(1, longest));
      return typeof last === 'string' ? first : last;
    }
  }
  return first ?? (waits ? 'window' : 'fixed');
}

/** The same at a trigger. */
function sizeAt(
  question: EtlQuestion,
  stream: Stream,
  executors: number,
  mode: OutputMode,
  trigger: number,
): Sizing | Obstacle {
  const { peak, headroom, fixedSeconds, freshness, coreSeconds } = stream;
  const cores = executors * stream.executorCores;
  if (oldestOf(stream, { executors, cores, trigger, mode }, headroom) > freshness * (1 + 1e-9)) return 'freshness';
  const least = Math.ceil(headroom * peak * trigger - 1e-6);
  const most = Math.floor(((trigger - fixedSeconds) * cores) / coreSeconds + 1e-6);
  const sized = (maxOffsets: number): Sizing => ({ executors, cores, trigger, maxOffsets, mode });
  if (question.maxOffsetsPerTrigger !== undefined && question.maxOffsetsPerTrigger < least) return 'offsets';
  if ((question.maxOffsetsPerTrigger ?? least) > most) return trigger <= fixedSeconds ? 'trigger' : 'batch';
  // Without head-room a job that has only just enough would never catch up.
  const allowed = question.objective.catchUpSeconds ?? WEEK_SECONDS;
  const catchesUp = (maxOffsets: number) => catchUpOf(stream, sized(maxOffsets)) <= allowed;
  if (question.maxOffsetsPerTrigger !== undefined) {
    return catchesUp(question.maxOffsetsPerTrigger) ? sized(question.maxOffsetsPerTrigger) : 'catch-up';
  }
  if (catchesUp(least)) return sized(least);
  return catchesUp(most) ? sized(lastWhole(most, least, catchesUp)) : 'catch-up';
}

/** The sizes with the fewest executors that keep the promise; else what is in the way of the most. */
export function sizingOf(question: EtlQuestion): Sizing | Obstacle {
  const stream = streamOf(question);
  const { executors } = question;
  if (executors !== undefined) return sizeWith(question, stream, executors);
  const most = mostExecutors(stream);
  const wanted = Math.ceil((stream.peak * stream.coreSeconds) / COMPUTE_SHARE / stream.executorCores - 1e-9);
  const from = Math.min(most, Math.max(1, wanted));
  const fits = (count: number) => typeof sizeWith(question, stream, count) !== 'string';
  if (fits(from)) return sizeWith(question, stream, from);
  // Upwards by doubling: more executors make the longest trigger longer, which a catch-up may not bear.
  for (let [failing, count] = [from, from]; failing < most; failing = count) {
    count = Math.min(most, 2 * count);
    if (fits(count)) return sizeWith(question, stream, lastWhole(count, failing, fits));
  }
  return wanted > most ? 'executors' : sizeWith(question, stream, most);
}

/** The most executors of these cores. */
export function mostExecutors({ platform, executorCores }: Pick<Stream, 'platform' | 'executorCores'>): number {
  return platform.mostExecutors(executorCores);
}
