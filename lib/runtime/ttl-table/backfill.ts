/**
 * A worker that gives the items of one segment their expiry, within its budget of capacity units, until its time is up. What
 * it did is saved after each page; another worker continues there.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { createdSeconds, type ExpirySettings, expirySeconds } from './expiry';
import type { UnitBucket } from './unit-bucket';

/** Writes under way at the same time. */
const CONCURRENCY = 16;
/** Before another call after a throttled one. */
const THROTTLED_MILLIS = 500;

/** Key of an item, or the place of a scan. */
export type Key = Record<string, AttributeValue>;

/** An item without an expiry. */
export interface Undated {
  readonly key: Key;
  readonly created: AttributeValue | undefined;
}

/** A page of a scan: what is left of it after the filter, and where the next one begins. */
export interface Page {
  readonly items: readonly Undated[];
  readonly next: Key | undefined;
  readonly units: number;
}

/** What became of an item. */
export interface Dated {
  /** False: it has an expiry meanwhile, was changed, or is gone. */
  readonly written: boolean;
  readonly units: number;
}

/** DynamoDB throttled the call. */
export class Throttled extends Error {
  public readonly name = 'Throttled';
}

/** The table with the items. */
export interface ItemTable {
  /** @throws Throttled */
  page(segment: number, from: Key | undefined): Promise<Page>;
  /** @throws Throttled */
  date(item: Undated, expiry: number): Promise<Dated>;
}

/** Where a segment stands. */
export interface Progress {
  /** Where the scan continues; undefined at the beginning of a pass. */
  readonly place: Key | undefined;
  /** Passes that are finished. */
  readonly passes: number;
  /** Items that this pass has dated, and the one before. */
  readonly changed: number;
  readonly changedBefore: number;
  /** Items dated by all passes. */
  readonly dated: number;
  readonly done: boolean;
}

/** Where progress is kept, and who works on a segment. */
export interface ProgressTable {
  /** The second at which the first worker began. */
  begin(now: number): Promise<number>;
  /** Takes the lease of a segment; undefined when another worker holds it or the segment is done. */
  acquire(segment: number, nowMillis: number): Promise<Progress | undefined>;
  /** Saves the progress and renews the lease; false when another worker has it. */
  save(segment: number, progress: Progress, nowMillis: number): Promise<boolean>;
  /** Gives the lease back. */
  release(segment: number): Promise<void>;
}

/** What a worker works with. */
export interface Work {
  readonly segment: number;
  readonly items: ItemTable;
  readonly progress: ProgressTable;
  readonly writes: UnitBucket;
  readonly reads: UnitBucket;
  /** Write units of one date, as planned: taken before the call, and corrected after it. */
  readonly unitsPerItem: number;
  readonly expiry: ExpirySettings;
  readonly backfillSeconds: number;
  readonly passes: number;
  readonly nowMillis: () => number;
  readonly untilMillis: number;
  readonly dice: () => number;
  readonly sleep: (millis: number) => Promise<void>;
}

/** What a worker did. */
export interface Worked {
  readonly dated: number;
  /** Items whose expiry was spread, because they are too old. */
  readonly spread: number;
  /** Items that do not say when they were created. */
  readonly madeNow: number;
  /** Calls that were throttled. */
  readonly throttled: number;
  /** Why it ended. */
  readonly ended: 'not mine' | 'time is up' | 'done' | 'lease lost';
}

/** Works on a segment. */
export async function backfill(work: Work): Promise<Worked> {
  const { segment, progress, nowMillis } = work;
  const worker = new Worker(work);
  // Not before the lease: most starts find the segment done.
  const leased = await progress.acquire(segment, nowMillis());
  if (leased === undefined) return worker.result('not mine');
  const drainFrom = (await progress.begin(nowMillis() / 1000)) + work.backfillSeconds;
  let state = leased;
  while (!state.done) {
    if (nowMillis() >= work.untilMillis) {
      await progress.release(segment);
      return worker.result('time is up');
    }
    const { changed, next } = await worker.page(state.place, drainFrom);
    state = afterPage(state, changed, next, work.passes);
    if (!(await progress.save(segment, state, nowMillis()))) return worker.result('lease lost');
  }
  return worker.result('done');
}

/**
 * The progress after a page. Passes end when one finds nothing to do, or no less than half of the one before: then writers
 * that set no expiry keep the number up, and more passes would not help.
 */
export function afterPage(state: Progress, changed: number, next: Key | undefined, most: number): Progress {
  const all = { ...state, changed: state.changed + changed, dated: state.dated + changed };
  if (next !== undefined) return { ...all, place: next };
  const passes = state.passes + 1;
  const isUseless = all.changed === 0 || (passes > 1 && all.changed > state.changedBefore / 2);
  return {
    place: undefined,
    passes,
    changed: 0,
    changedBefore: all.changed,
    dated: all.dated,
    done: isUseless || passes >= most,
  };
}

/** The calls of one run, counted and paced. */
class Worker {
  private dated = 0;
  private spread = 0;
  private madeNow = 0;
  private throttled = 0;

  constructor(private readonly work: Work) {}

  public result(ended: Worked['ended']): Worked {
    const { dated, spread, madeNow, throttled } = this;
    return { dated, spread, madeNow, throttled, ended };
  }

  /** Reads a page and dates its items. */
  public async page(from: Key | undefined, drainFrom: number): Promise<{ changed: number; next: Key | undefined }> {
    const { items, segment, reads, writes } = this.work;
    const before = this.dated;
    const page = await this.paced(reads, () => items.page(segment, from));
    reads.take(page.units);
    const underWay = new Set<Promise<void>>();
    let failure: unknown;
    for (const item of page.items) {
      if (underWay.size >= CONCURRENCY) await Promise.race(underWay);
      if (failure !== undefined) break;
      await this.wait(writes);
      // Before the call, so that those that are under way are counted.
      writes.take(this.work.unitsPerItem);
      const one = this.date(item, drainFrom)
        .catch((error) => {
          failure = error;
        })
        .finally(() => underWay.delete(one));
      underWay.add(one);
    }
    await Promise.all(underWay);
    if (failure !== undefined) throw failure;
    writes.recover();
    reads.recover();
    return { changed: this.dated - before, next: page.next };
  }

  private async date(item: Undated, drainFrom: number): Promise<void> {
    const { items, writes, expiry, unitsPerItem, nowMillis, dice } = this.work;
    const now = nowMillis() / 1000;
    const created = createdSeconds(item.created);
    const due = expirySeconds(created, now, drainFrom, expiry, dice());
    const { written, units } = await this.paced(writes, () => items.date(item, due), unitsPerItem);
    writes.take(units - unitsPerItem);
    if (!written) return;
    this.dated += 1;
    if (created === undefined) this.madeNow += 1;
    else if (due > created + expiry.retentionSeconds + 1) this.spread += 1;
  }

  /** Until DynamoDB takes the call. A retry waits for its units, and takes them once more. */
  private async paced<T>(bucket: UnitBucket, call: () => Promise<T>, units = 0): Promise<T> {
    if (units === 0) await this.wait(bucket);
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof Throttled)) throw error;
        this.throttled += 1;
        bucket.slowDown();
        await this.work.sleep(THROTTLED_MILLIS);
        await this.wait(bucket);
        bucket.take(units);
      }
    }
  }

  private async wait(bucket: UnitBucket): Promise<void> {
    const { nowMillis, sleep } = this.work;
    for (let millis = bucket.waitMillis(nowMillis()); millis > 0; millis = bucket.waitMillis(nowMillis()))
      await sleep(millis);
  }
}
