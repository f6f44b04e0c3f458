/**
 * Micro-batches, one after the other: what a batch takes, how old its records are when they are in the table, and what a killed
 * driver does to them. It knows nothing of the closed forms.
 */
import { DAY_SECONDS } from '../ranges';
import { bisect } from '../search';

/** How records arrive. */
export interface Arriving {
  /** Records that have arrived until then; does not fall, and is 0 at 0. */
  readonly until: (seconds: number) => number;
}

/** Settings of the job. */
export interface MicroBatches {
  readonly triggerSeconds: number;
  readonly maxOffsetsPerTrigger: number;
  readonly cores: number;
  readonly fixedSeconds: number;
  readonly coreSecondsPerRecord: number;
}

/** A driver that is killed, and back after some time. */
export interface Away {
  readonly atSeconds: number;
  readonly seconds: number;
}

/** What was seen. */
export interface StreamRun {
  /** The highest age of the oldest record of a batch. */
  readonly oldestSeconds: number;
  /** The highest age of the newest record of a batch. */
  readonly newestSeconds: number;
  /** Batches that committed. */
  readonly commits: number;
  /** Records that are in the table. */
  readonly records: number;
  /** Seconds from the return of the driver until a batch had taken all that was there; undefined when nothing was killed. */
  readonly caughtUpSeconds?: number;
}

/** A batch: from which to which arrival it reads. */
interface Batch {
  readonly from: number;
  readonly to: number;
  readonly records: number;
  readonly full: boolean;
}

/** Runs the job for so many seconds, from an empty topic. */
export function runStream(arriving: Arriving, job: MicroBatches, seconds: number, away?: Away): StreamRun {
  let [oldestSeconds, newestSeconds, commits, records] = [0, 0, 0, 0];
  let taken = 0;
  let caughtUpSeconds: number | undefined;
  let start = job.triggerSeconds;
  let killed = false;
  let repeated = false;
  let batch = next(arriving, job, taken, start);
  while (start < seconds) {
    const end = start + job.fixedSeconds + (batch.records * job.coreSecondsPerRecord) / job.cores;
    if (away !== undefined && !killed && end > away.atSeconds) {
      killed = true;
      repeated = start < away.atSeconds;
      start = away.atSeconds + away.seconds;
      // The offsets of a batch are written before it begins, so that the same batch is repeated.
      if (!repeated) batch = next(arriving, job, taken, start);
      continue;
    }
    if (batch.records > 0) {
      oldestSeconds = Math.max(oldestSeconds, end - batch.from);
      newestSeconds = Math.max(newestSeconds, end - batch.to);
      commits += 1;
      records += batch.records;
    }
    taken = batch.to;
    if (killed && !repeated && !batch.full && caughtUpSeconds === undefined && away !== undefined) {
      caughtUpSeconds = end - away.atSeconds - away.seconds;
    }
    repeated = false;
    // A trigger is at a multiple of the interval, or at once when that has passed.
    const due = job.triggerSeconds * (Math.floor(start / job.triggerSeconds + 1e-9) + 1);
    start = Math.max(end, due);
    batch = next(arriving, job, taken, start);
  }
  return { oldestSeconds, newestSeconds, commits, records, ...(caughtUpSeconds !== undefined && { caughtUpSeconds }) };
}

function next({ until }: Arriving, { maxOffsetsPerTrigger }: MicroBatches, from: number, start: number): Batch {
  const before = until(from);
  const records = until(start) - before;
  if (records <= maxOffsetsPerTrigger) return { from, to: start, records, full: false };
  const { holding } = bisect(
    { holding: from, failing: start },
    { steps: 60, within: 1e-6 },
    (seconds) => until(seconds) - before <= maxOffsetsPerTrigger,
  );
  return { from, to: holding, records: maxOffsetsPerTrigger, full: true };
}

/** A rate that does not change. */
export function steadily(perSecond: number): Arriving {
  return { until: (seconds) => perSecond * seconds };
}

/** A day: least at midnight, most at noon, `peak` at most and `mean` on average; `peak` is twice `mean` at most. */
export function daily(mean: number, peak: number): Arriving {
  const swing = Math.min(mean, peak - mean);
  const turn = (2 * Math.PI) / DAY_SECONDS;
  return { until: (seconds) => mean * seconds - (swing * Math.sin(turn * seconds)) / turn };
}

/** One batch a night: how old the newest and the oldest record of the day are when it ends. */
export function runNightly(recordsADay: number, perSecond: number): { newestSeconds: number; oldestSeconds: number } {
  const newestSeconds = recordsADay / perSecond;
  return { newestSeconds, oldestSeconds: newestSeconds + DAY_SECONDS };
}

/** What was seen of windows that are appended once they are closed. */
export interface WindowRun {
  /** The highest age of the first record of a window when it is in the table. */
  readonly oldestSeconds: number;
  /** The highest age of the newest record that a batch writes. */
  readonly newestSeconds: number;
  /** The most windows that were open in a batch, with those that it closed. */
  readonly openWindows: number;
}

/**
 * Windows of a steady rate that are appended once the watermark has passed them. A batch works with the watermark that the
 * batch before has seen.
 */
export function runWindows(
  perSecond: number,
  job: MicroBatches,
  windowSeconds: number,
  lateSeconds: number,
  seconds: number,
): WindowRun {
  const { triggerSeconds, fixedSeconds, coreSecondsPerRecord, cores } = job;
  const length = fixedSeconds + (perSecond * triggerSeconds * coreSecondsPerRecord) / cores;
  let [oldestSeconds, newestSeconds, openWindows] = [0, 0, 0];
  let [watermark, written] = [Number.NEGATIVE_INFINITY, 0];
  for (let start = triggerSeconds; start < seconds; start += triggerSeconds) {
    // What a batch writes is in its state as well.
    openWindows = Math.max(openWindows, Math.ceil(start / windowSeconds - 1e-9) - written);
    const closed = Math.max(written, Math.floor(watermark / windowSeconds + 1e-9));
    if (closed > written && Number.isFinite(watermark)) {
      oldestSeconds = Math.max(oldestSeconds, start + length - written * windowSeconds);
      newestSeconds = Math.max(newestSeconds, start + length - closed * windowSeconds);
      written = closed;
    }
    watermark = start - lateSeconds;
  }
  return { oldestSeconds, newestSeconds, openWindows };
}
