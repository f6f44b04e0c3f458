/**
 * A worker that gives the items of one segment their expiry, within its budget of capacity units, until its time is up. What
 * it did is saved after each page; another worker continues there.
 */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { createdSeconds, type ExpirySettings, expirySeconds } from './expiry';
import { Pacer, TimeIsUp } from './pacer';
import type { UnitBucket } from './unit-bucket';

/** Writes under way at the same time. */
const CONCURRENCY = 16;
/** A lease is renewed after this share of it, so that two renewals may fail. */
const RENEWAL = 1 / 3;

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

/** The table with the items. */
export interface ItemTable {
  /** @throws Throttled, Unanswered */
  page(segment: number, from: Key | undefined): Promise<Page>;
  /** @throws Throttled, Unanswered */
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
  /** Renews the lease; false when another worker has it. */
  renew(segment: number, nowMillis: number): Promise<boolean>;
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
  /** Whether items that do not say when they were created get an expiry as well: that of one created now. */
  readonly expireUnknownAge: boolean;
  readonly leaseMillis: number;
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
  /** Items that do not say when they were created: left as they are, or dated as new. */
  readonly unknownAge: number;
  /** Calls that were throttled. */
  readonly throttled: number;
  /** Calls that were not answered, and made again. */
  readonly unanswered: number;
  /** Why it ended. */
  readonly ended: 'not mine' | 'time is up' | 'done' | 'lease lost';
}

/** Another worker has the segment. */
class LeaseLost extends Error {
  public readonly name = 'LeaseLost';
}

/** Works on a segment. */
export async function backfill(work: Work): Promise<Worked> {
  const { segment, progress, nowMillis } = work;
  const worker = new Worker(work);
  // Not before the lease: most starts find the segment done.
  const leased = await progress.acquire(segment, nowMillis());
  if (leased === undefined) return worker.result('not mine');
  // The last worker ended with an item that it had not paid for, on average half of one. Without this each start would write its
  // first item beyond the budget, which of large items at few units is most of them.
  work.writes.take(work.dice() * work.unitsPerItem);
  const drainFrom = (await progress.begin(nowMillis() / 1000)) + work.backfillSeconds;
  let state = leased;
  try {
    while (!state.done) {
      if (nowMillis() >= work.untilMillis) {
        await progress.release(segment);
        return worker.result('time is up');
      }
      const { changed, next, isWhole } = await worker.page(state.place, drainFrom);
      // A page that was cut off is read again by the next worker.
      state = isWhole
        ? afterPage(state, changed, next, work.passes)
        : { ...state, changed: state.changed + changed, dated: state.dated + changed };
      if (!(await progress.save(segment, state, nowMillis()))) throw new LeaseLost();
      worker.renewed();
    }
  } catch (error) {
    if (error instanceof LeaseLost) return worker.result('lease lost');
    throw error;
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

/** What a page came to. */
interface DatedPage {
  readonly changed: number;
  readonly next: Key | undefined;
  /** False when the time was up before all of its items were dated. */
  readonly isWhole: boolean;
}

/** The calls of one run, counted and paced. */
class Worker {
  private dated = 0;
  private spread = 0;
  private unknownAge = 0;
  private readonly pacer: Pacer;
  private renewAtMillis = 0;

  constructor(private readonly work: Work) {
    this.pacer = new Pacer(work, RENEWAL * work.leaseMillis, () => this.keepLease());
    this.renewed();
  }

  public result(ended: Worked['ended']): Worked {
    const { dated, spread, unknownAge } = this;
    const { throttled, unanswered } = this.pacer;
    return { dated, spread, unknownAge, throttled, unanswered, ended };
  }

  /** The lease is renewed. */
  public renewed(): void {
    this.renewAtMillis = this.work.nowMillis() + RENEWAL * this.work.leaseMillis;
  }

  /** Reads a page and dates its items. */
  public async page(from: Key | undefined, drainFrom: number): Promise<DatedPage> {
    const { expireUnknownAge, reads, writes } = this.work;
    const before = this.dated;
    const page = await this.read(from);
    if (page === undefined) return { changed: 0, next: from, isWhole: false };
    // What is left as it is comes up in each pass.
    if (!expireUnknownAge && from === undefined) this.unknownAge = 0;
    const underWay = new Set<Promise<void>>();
    let failure: unknown;
    const failed = (error: unknown) => {
      // What says more than that the time was up.
      if (failure === undefined || failure instanceof TimeIsUp) failure = error;
    };
    for (const item of page.items) {
      const created = createdSeconds(item.created);
      if (created === undefined) this.unknownAge += 1;
      if (created === undefined && !expireUnknownAge) continue;
      if (underWay.size >= CONCURRENCY) await Promise.race(underWay);
      await this.pacer.wait(writes).catch(failed);
      if (failure !== undefined) break;
      // Before the call, so that those that are under way are counted.
      writes.take(this.work.unitsPerItem);
      const one = this.date(item, created, drainFrom)
        .catch(failed)
        .finally(() => underWay.delete(one));
      underWay.add(one);
    }
    await Promise.all(underWay);
    if (failure !== undefined && !(failure instanceof TimeIsUp)) throw failure;
    writes.recover();
    reads.recover();
    return { changed: this.dated - before, next: page.next, isWhole: failure === undefined };
  }

  /** The next page; undefined when the time is up. */
  private async read(from: Key | undefined): Promise<Page | undefined> {
    const { items, segment, reads } = this.work;
    try {
      const page = await this.pacer.call(reads, () => items.page(segment, from));
      reads.take(page.units);
      return page;
    } catch (error) {
      if (error instanceof TimeIsUp) return undefined;
      throw error;
    }
  }

  private async date(item: Undated, created: number | undefined, drainFrom: number): Promise<void> {
    const { items, writes, expiry, unitsPerItem, nowMillis, dice } = this.work;
    const due = expirySeconds(created, nowMillis() / 1000, drainFrom, expiry, dice());
    // A write that had its effect without an answer is refused the second time: it is dated, and not counted.
    const { written, units } = await this.pacer.call(writes, () => items.date(item, due), unitsPerItem);
    writes.take(units - unitsPerItem);
    if (!written) return;
    this.dated += 1;
    if (created !== undefined && due > created + expiry.retentionSeconds + 1) this.spread += 1;
  }

  /** At a slow pace a page takes longer than the lease. */
  private async keepLease(): Promise<void> {
    const { segment, progress, nowMillis } = this.work;
    if (nowMillis() < this.renewAtMillis) return;
    // Before the call, so that calls that wait at the same time do not renew it, too.
    this.renewed();
    if (!(await progress.renew(segment, nowMillis()))) throw new LeaseLost();
  }
}
