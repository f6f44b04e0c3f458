/** A table with small files, a minute at a time, and runs that are started by the clock. */
import { Random } from '../numerics/random';
import { DAY_SECONDS, WEEK_SECONDS } from '../ranges';
import { type Load, loadOf, secondsOfFile } from './sizing';
import type { CompactionQuestion } from './workload';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { PI, cos, floor, max, round, sqrt } = Math;

const STEP_SECONDS = 60;

/** When runs begin, and from how many small files on. */
export interface Started {
  readonly intervalSeconds: number;
  readonly startFiles: number;
  readonly minInputFiles: number;
  readonly runBudgetSeconds: number;
}

/** How files come over the day: evenly, or as a sine: twice as many at noon and none at midnight. */
export type DayShape = 'even' | 'sine';

/** Result of a simulation of a compaction. */
export interface CompactionResult {
  readonly runsPerWeek: number;
  readonly longestRunSeconds: number;
  readonly mostSmallFiles: number;
  readonly writeAmplification: number;
  readonly weeklyWorkSeconds: number;
  /** The most that one run rewrote. */
  readonly rewrittenBytesAtMost: number;
}

interface Partition {
  readonly opened: number;
  files: number;
  bytes: number;
  /** Bytes of part-filled files that a later run may join: the newest of them. */
  tail: number;
  newest: number;
}

/** Runs of compaction over some weeks. */
export function simulateCompaction(
  question: CompactionQuestion,
  started: Started,
  { weeks, shape, seed }: { readonly weeks: number; readonly shape: DayShape; readonly seed: number },
): CompactionResult {
  const table = new Table(loadOf(question), started, shape, seed);
  const steps = (weeks * WEEK_SECONDS) / STEP_SECONDS;
  // A first week settles it, unless a run is a week apart.
  const settle = started.intervalSeconds >= WEEK_SECONDS ? 0 : WEEK_SECONDS / STEP_SECONDS;
  for (let step = 0; step < settle; step += 1) table.step(step);
  table.watch();
  for (let step = settle; step < settle + steps; step += 1) table.step(step);
  // The run of the last instant belongs to the weeks that it cleans up after.
  if (settle === 0) table.step(steps);
  return table.result(weeks);
}

/** One partition of a run: until it is committed its files are small. */
interface Rewrite {
  readonly partition: Partition;
  readonly files: number;
  readonly bytes: number;
  readonly tail: number;
  readonly endsAt: number;
}

class Table {
  private readonly random: Random;
  private readonly partitions: Partition[] = [];
  private readonly pending: Rewrite[] = [];
  private runs = 0;
  private work = 0;
  private longest = 0;
  private most = 0;
  private added = 0;
  private heaviest = 0;
  private rewritten = 0;

  constructor(
    private readonly load: Load,
    private readonly started: Started,
    private readonly shape: DayShape,
    seed: number,
  ) {
    this.random = new Random(seed);
  }

  /** From now on it counts. */
  public watch(): void {
    [this.runs, this.work, this.longest, this.most, this.added, this.rewritten] = [0, 0, 0, 0, 0, 0];
  }

  public step(step: number): void {
    const now = step * STEP_SECONDS;
    this.commit(now);
    if (step > 0 && now % this.started.intervalSeconds === 0) this.run(now);
    this.add(now);
    this.most = max(this.most, this.small());
  }

  public result(weeks: number): CompactionResult {
    return {
      runsPerWeek: this.runs / weeks,
      longestRunSeconds: this.longest,
      mostSmallFiles: this.most,
      writeAmplification: this.rewritten / this.added,
      weeklyWorkSeconds: this.work / weeks,
      rewrittenBytesAtMost: this.heaviest,
    };
  }

  private add(now: number): void {
    const { openPartitions, partitionSeconds, filesPerSecond, fileBytes } = this.load;
    const opened = floor(now / partitionSeconds);
    if (this.partitions.length === 0 || this.partitions[this.partitions.length - 1].opened !== opened) {
      for (let i = 0; i < openPartitions; i += 1) {
        this.partitions.push({ opened, files: 0, bytes: 0, tail: 0, newest: now });
      }
    }
    const mean = (filesPerSecond * STEP_SECONDS * this.shapeAt(now)) / openPartitions;
    for (const partition of this.partitions.slice(-openPartitions)) {
      // A normal law approximates the Poisson law: only sums over hours matter.
      const files = max(0, mean >= 10 ? round(mean + sqrt(mean) * this.random.normal()) : this.few(mean));
      partition.files += files;
      partition.bytes += files * fileBytes;
      if (files > 0) partition.newest = now;
      this.added += files * fileBytes;
    }
  }

  /** Poisson, by counting gaps. */
  private few(mean: number): number {
    let files = 0;
    for (let left = mean - this.random.exponential(); left > 0; left -= this.random.exponential()) files += 1;
    return files;
  }

  private shapeAt(now: number): number {
    return this.shape === 'even' ? 1 : 1 - cos((2 * PI * now) / DAY_SECONDS);
  }

  /** Part-filled files that no run joins any more are not counted, as no run counts them. */
  private small(): number {
    const { smallBytes } = this.load;
    return this.partitions.reduce((sum, { files, tail }) => sum + files + (tail > 0 && tail < smallBytes ? 1 : 0), 0);
  }

  private commit(now: number): void {
    while (this.pending.length > 0 && this.pending[0].endsAt <= now) {
      const { partition, files, bytes, tail } = this.pending.shift()!;
      partition.files -= files;
      partition.bytes -= bytes;
      this.leaveTail(partition, bytes + tail);
    }
    // Closed and compacted: nothing comes any more.
    if (this.partitions.length > 4 * this.load.openPartitions) {
      const open = this.partitions[this.partitions.length - 1].opened;
      for (let i = this.partitions.length - 1; i >= 0; i -= 1) {
        if (this.partitions[i].opened < open - 1 && this.partitions[i].files === 0) this.partitions.splice(i, 1);
      }
    }
  }

  /** What is left beside full files, as far as a later run may join it with new ones. */
  private leaveTail(partition: Partition, bytes: number): void {
    const { engine, targetBytes, smallBytes } = this.load;
    const rest = bytes % targetBytes;
    if (engine.rewritesTails) partition.tail = rest < smallBytes ? rest : 0;
    // Behind a full file it is never joined.
    else partition.tail = bytes < targetBytes ? bytes : 0;
  }

  private run(now: number): void {
    const { fixedSeconds, bytesPerSecond, quietSeconds } = this.load;
    const { startFiles, minInputFiles, runBudgetSeconds } = this.started;
    // Runs never overlap.
    if (this.pending.length > 0) return;
    const due = this.partitions
      .filter(({ files, newest }) => files >= minInputFiles && now - newest >= quietSeconds)
      .sort((a, b) => b.files - a.files);
    const found = due.reduce((sum, { files }) => sum + files, 0);
    if (found < startFiles) return;
    let at = now + fixedSeconds;
    const before = this.rewritten;
    for (const partition of due) {
      if (at - now - fixedSeconds > runBudgetSeconds) break;
      const { files, bytes } = partition;
      const tail = this.joined(partition);
      at += files * secondsOfFile(this.load, bytes) + tail / bytesPerSecond;
      this.rewritten += bytes + tail;
      this.pending.push({ partition, files, bytes, tail, endsAt: at });
    }
    this.runs += 1;
    this.heaviest = max(this.heaviest, this.rewritten - before);
    this.work += at - now;
    this.longest = max(this.longest, at - now);
  }

  /** Bytes of the part-filled file that is rewritten with the new ones. */
  private joined({ bytes, tail }: Partition): number {
    const { engine, targetBytes, quietSeconds } = this.load;
    if (quietSeconds > 0) return 0;
    return engine.rewritesTails || bytes + tail <= targetBytes ? tail : 0;
  }
}
