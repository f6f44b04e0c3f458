/**
 * Keys hashed to partitions, partitions dealt out to consumers, and each consumer in a line of its own: it serves only the
 * records of its partitions, in batches, in their order. Consumers come and go; while partitions are dealt out anew none
 * of them works.
 *
 * It shares with the plan only the workload, so that it can judge its closed forms.
 */
import { Quantiles } from '../numerics/quantiles';
import { Random, ServiceTime } from '../numerics/random';
import type { DepthPoint } from '../queue/simulation/timeline';

/** How the number of consumers follows the lag. */
export interface StreamScaling {
  readonly maxInstances: number;
  /** Records for which one consumer is asked. */
  readonly lagPerInstance: number;
  readonly pollSeconds: number;
  /** Seconds from a poll to the first record of a consumer that it asked for. */
  readonly startSeconds: number;
}

/** What is simulated. */
export interface StreamRunOptions {
  readonly steadyPerSecond: number;
  readonly peakPerSecond: number;
  readonly peakSeconds: number;
  readonly recordSeconds: number;
  readonly recordVariation: number;
  readonly batchSeconds: number;
  readonly batchSize: number;
  readonly partitions: number;
  readonly instances: number;
  /** Different keys; `Infinity` for records without one, which are spread evenly at random. */
  readonly keys: number;
  readonly hottestKeyRatio?: number;
  /** Seconds between two looks at a partition. */
  readonly pollSeconds?: number;
  /** Seconds of steady load before the peak. Default: 30. */
  readonly warmUpSeconds?: number;
  readonly scaling?: StreamScaling;
  /** Seconds for which nobody works when consumers come or go. */
  readonly rebalanceSeconds?: number;
  /** A consumer dies so many seconds into the peak, and its group notices after a session. */
  readonly killed?: { readonly seconds: number; readonly sessionSeconds: number; readonly replacedSeconds: number };
  readonly seed: number;
}

/** What came of it. */
export interface StreamRun {
  /** Records that arrived from the beginning of the peak to its end. */
  readonly records: number;
  /** Of all records, those that no consumer handled. */
  readonly missing: number;
  /** Records that were handled twice, because a consumer died before its commit. */
  readonly repeated: number;
  /** Latencies of the records of the peak. */
  readonly latency: Quantiles;
  /** The longest latency of a record of the peak, in seconds. */
  readonly longestSeconds: number;
  /** The most records without a commit at the same time. */
  readonly peakLag: number;
  /** The most of one partition. */
  readonly peakPartitionLag: number;
  /** Seconds from the end of the peak until all of its records are committed. */
  readonly drainSeconds: number;
  /** Share of the peak's records that came to the busiest consumer, of those that began. */
  readonly busiestShare: number;
  readonly peakInstances: number;
  readonly timeline: readonly DepthPoint[];
}

const NEVER = Number.POSITIVE_INFINITY;
const TIMELINE_POINTS = 300;

/** Runs one peak. The same options give the same run. */
export function simulateStream(options: StreamRunOptions): StreamRun {
  return new StreamSimulation(options).run();
}

class StreamSimulation {
  private readonly random: Random;
  private readonly at: number[] = [];
  private readonly partitionOf: number[] = [];
  private readonly doneAt: Float64Array;
  /** Records of a partition, in their order, and how many of them are taken. */
  private readonly waiting: number[][];
  private readonly taken: number[];
  private readonly service: ServiceTime;
  private readonly begin: number;
  private readonly until: number;
  private freeAt: number[] = [];
  private lastBatch: number[][] = [];
  private dead = -1;
  private repeated = 0;
  private readonly crew: { readonly from: number; readonly instances: number }[] = [];

  constructor(private readonly options: StreamRunOptions) {
    this.random = new Random(options.seed);
    this.begin = options.warmUpSeconds ?? 30;
    this.until = this.begin + options.peakSeconds;
    this.service = new ServiceTime(options.recordSeconds, options.recordVariation);
    this.waiting = Array.from({ length: options.partitions }, () => []);
    this.taken = this.waiting.map(() => 0);
    this.arrive();
    this.doneAt = new Float64Array(this.at.length).fill(NEVER);
  }

  public run(): StreamRun {
    const { instances, killed, scaling } = this.options;
    this.freeAt = Array.from({ length: instances }, () => 0);
    this.lastBatch = this.freeAt.map(() => []);
    this.crew.push({ from: 0, instances });
    const changes = killed === undefined ? [] : this.changesOfDeath(killed);
    if (scaling !== undefined) this.runScaled(scaling);
    for (const { at, change } of changes) {
      this.serveUntil(at);
      change();
    }
    this.serveUntil(NEVER);
    return this.result(instances);
  }

  /** The records of a warm-up and a peak, each with its partition. */
  private arrive(): void {
    const { steadyPerSecond, peakPerSecond, keys, hottestKeyRatio = 0, partitions } = this.options;
    const homes = new Map<number, number>();
    const home = (key: number) => {
      const known = homes.get(key);
      if (known !== undefined) return known;
      const partition = Math.floor(this.random.uniform() * partitions);
      homes.set(key, partition);
      return partition;
    };
    for (let now = 0; now < this.until; ) {
      const rate = now < this.begin ? steadyPerSecond : peakPerSecond;
      const next = now + this.random.exponential() / rate;
      // What has not come by then comes at the new rate: arrivals have no memory.
      if (now < this.begin && next >= this.begin) {
        now = this.begin;
        continue;
      }
      now = next;
      if (now >= this.until) break;
      const hot = hottestKeyRatio > 0 && this.random.uniform() < hottestKeyRatio;
      const key = hot ? 0 : Math.floor(this.random.uniform() * keys);
      const partition = keys === NEVER ? Math.floor(this.random.uniform() * partitions) : home(key);
      this.waiting[partition].push(this.at.length);
      this.at.push(now);
      this.partitionOf.push(partition);
    }
  }

  private ownerOf(partition: number): number {
    return partition % this.freeAt.length;
  }

  /** Every consumer works on its own partitions until then; a batch that has begun is finished. */
  private serveUntil(end: number): void {
    const { partitions } = this.options;
    for (let consumer = 0; consumer < this.freeAt.length; consumer += 1) {
      if (consumer === this.dead) continue;
      const own: number[] = [];
      for (let partition = 0; partition < partitions; partition += 1) {
        if (this.ownerOf(partition) === consumer) own.push(partition);
      }
      while (this.serveBatch(consumer, own, end));
    }
  }

  /** When a record is seen: at the next look at its partition. */
  private seenAt(record: number): number {
    const { pollSeconds = 0 } = this.options;
    return pollSeconds === 0 ? this.at[record] : Math.ceil(this.at[record] / pollSeconds) * pollSeconds;
  }

  /** The first record of its partitions that is not taken. */
  private next(own: readonly number[]): number {
    let first = -1;
    for (const partition of own) {
      const record = this.waiting[partition][this.taken[partition]];
      if (record !== undefined && (first < 0 || record < first)) first = record;
    }
    return first;
  }

  private serveBatch(consumer: number, own: readonly number[], end: number): boolean {
    const { batchSize, batchSeconds } = this.options;
    let record = this.next(own);
    if (record < 0) return false;
    const start = Math.max(this.freeAt[consumer], this.seenAt(record));
    if (start >= end) return false;
    const batch: number[] = [];
    let seconds = batchSeconds;
    while (record >= 0 && batch.length < batchSize && this.seenAt(record) <= start) {
      batch.push(record);
      this.taken[this.partitionOf[record]] += 1;
      seconds += this.service.draw(this.random);
      record = this.next(own);
    }
    this.freeAt[consumer] = start + seconds;
    // A batch is committed as a whole.
    for (const one of batch) this.doneAt[one] = start + seconds;
    this.lastBatch[consumer] = batch;
    return true;
  }

  /** Others take over: after a pause, so many consumers. */
  private dealOut(now: number, instances: number): void {
    const { rebalanceSeconds = 0 } = this.options;
    const busiest = Math.max(now, ...this.freeAt.filter((_, consumer) => consumer !== this.dead));
    this.dead = -1;
    this.freeAt = Array.from({ length: instances }, () => busiest + rebalanceSeconds);
    this.lastBatch = this.freeAt.map(() => []);
    this.crew.push({ from: now, instances });
  }

  private changesOfDeath({ seconds, sessionSeconds, replacedSeconds }: NonNullable<StreamRunOptions['killed']>) {
    const died = this.begin + seconds;
    const before = this.freeAt.length;
    return [
      { at: died, change: () => this.kill(0, died) },
      { at: died + sessionSeconds, change: () => this.dealOut(died + sessionSeconds, Math.max(1, before - 1)) },
      { at: died + replacedSeconds, change: () => this.dealOut(died + replacedSeconds, before) },
    ].sort((one, other) => one.at - other.at);
  }

  /** What it has in work is not committed, and comes again. */
  private kill(consumer: number, now: number): void {
    this.dead = consumer;
    if (this.freeAt[consumer] <= now) return;
    for (const record of this.lastBatch[consumer]) {
      this.doneAt[record] = NEVER;
      this.taken[this.partitionOf[record]] -= 1;
      this.repeated += 1;
    }
  }

  /** Polls the lag as KEDA does, from the beginning of the peak on. */
  private runScaled({ maxInstances, lagPerInstance, pollSeconds, startSeconds }: StreamScaling): void {
    const orders: { readonly at: number; readonly instances: number }[] = [];
    let asked = this.freeAt.length;
    for (let now = this.begin; now <= this.until; now += pollSeconds) {
      for (let due = orders.shift(); due !== undefined; due = orders.shift()) {
        if (due.at > now) {
          orders.unshift(due);
          break;
        }
        this.serveUntil(due.at);
        this.dealOut(due.at, due.instances);
      }
      this.serveUntil(now);
      const wanted = Math.min(maxInstances, Math.ceil(this.lagAt(now) / lagPerInstance));
      if (wanted <= asked) continue;
      asked = wanted;
      orders.push({ at: now + startSeconds, instances: wanted });
    }
    for (const { at, instances } of orders) {
      this.serveUntil(at);
      this.dealOut(at, instances);
    }
  }

  private lagAt(now: number): number {
    let lag = 0;
    for (let record = 0; record < this.at.length && this.at[record] <= now; record += 1) {
      if (this.doneAt[record] > now) lag += 1;
    }
    return lag;
  }

  private result(firstInstances: number): StreamRun {
    const { partitions } = this.options;
    const latency = new Quantiles();
    const perConsumer = Array.from({ length: firstInstances }, () => 0);
    let [records, missing, longestSeconds, last] = [0, 0, 0, this.until];
    for (let record = 0; record < this.at.length; record += 1) {
      if (this.doneAt[record] === NEVER) missing += 1;
      if (this.at[record] < this.begin) continue;
      records += 1;
      perConsumer[this.partitionOf[record] % firstInstances] += 1;
      const seconds = this.doneAt[record] - this.at[record];
      latency.record(seconds);
      longestSeconds = Math.max(longestSeconds, seconds);
      last = Math.max(last, this.doneAt[record]);
    }
    const peaks = Array.from({ length: partitions }, (_, partition) =>
      longest(this.waiting[partition], this.at, this.doneAt),
    );
    const all = longest(
      this.at.map((_, record) => record),
      this.at,
      this.doneAt,
    );
    return {
      records,
      missing,
      repeated: this.repeated,
      latency,
      longestSeconds,
      peakLag: all,
      peakPartitionLag: Math.max(0, ...peaks),
      drainSeconds: last - this.until,
      busiestShare: records === 0 ? 0 : Math.max(...perConsumer) / records,
      peakInstances: Math.max(...this.crew.map(({ instances }) => instances)),
      timeline: this.timeline(last),
    };
  }

  private timeline(last: number): DepthPoint[] {
    const done = Float64Array.from(this.doneAt).sort();
    const step = last / TIMELINE_POINTS;
    let [arrived, committed] = [0, 0];
    return Array.from({ length: TIMELINE_POINTS + 1 }, (_, point) => {
      const now = point * step;
      while (arrived < this.at.length && this.at[arrived] <= now) arrived += 1;
      while (committed < done.length && done[committed] <= now) committed += 1;
      const crew = this.crew.filter(({ from }) => from <= now).at(-1)!;
      return { seconds: now - this.begin, backlog: arrived - committed, instances: crew.instances };
    });
  }
}

/** The most of these records that were there without a commit at the same time. */
function longest(records: readonly number[], at: readonly number[], doneAt: Float64Array): number {
  const done = Float64Array.from(records, (record) => doneAt[record]).sort();
  let [committed, most] = [0, 0];
  for (let arrived = 0; arrived < records.length; arrived += 1) {
    while (done[committed] <= at[records[arrived]]) committed += 1;
    most = Math.max(most, arrived + 1 - committed);
  }
  return most;
}
