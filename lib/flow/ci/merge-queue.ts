/**
 * A merge queue: each merge is tested on top of those ahead of it. One that fails leaves the queue, and all behind it start
 * again. A merge is on the main branch when it and all ahead of it have passed.
 */

/** What the queue does outside itself. */
export interface QueueWorld {
  /** Whether the next merge that comes will fail. */
  fails(): boolean;
  /** Starts a run that is ended at that moment at the latest; returns when it would be done. */
  start(ends: number): number;
  /** Calls back at that moment. */
  at(moment: number, action: (now: number) => void): void;
  /** A merge is on the main branch. */
  merged(): void;
}

interface Entry {
  readonly order: number;
  readonly fails: boolean;
  /** When its run is done; infinite while a failure ahead will start it again. */
  doneAt: number;
  /** When that failure is known. */
  again: number;
}

/** The queue, in the order in which merges came. */
export class MergeQueue {
  private entries: Entry[] = [];
  private came = 0;
  private starts = 0;

  constructor(private readonly world: QueueWorld) {}

  /** Runs that started for each merge that came; 0 when none came. */
  public get startsPerMerge(): number {
    return this.came === 0 ? 0 : this.starts / this.came;
  }

  /** A merge comes. */
  public add(now: number): void {
    const entry = { order: this.came, fails: this.world.fails(), doneAt: 0, again: 0 };
    this.came += 1;
    this.entries.push(entry);
    this.test(entry, now);
  }

  private test(entry: Entry, now: number): void {
    const failures = this.entries.filter(({ order, fails, doneAt }) => order < entry.order && fails && doneAt > now);
    entry.again = failures.reduce((first, { doneAt }) => Math.min(first, doneAt), Number.POSITIVE_INFINITY);
    const done = this.world.start(entry.again);
    this.starts += 1;
    entry.doneAt = Number.isFinite(entry.again) ? Number.POSITIVE_INFINITY : done;
    if (Number.isFinite(entry.doneAt)) this.world.at(entry.doneAt, (at) => this.tested(entry, at));
  }

  private tested(entry: Entry, now: number): void {
    if (entry.fails) {
      this.entries = this.entries.filter((one) => one !== entry);
      for (const one of this.entries) if (one.again === now) this.test(one, now);
    }
    this.mergePassed(now);
  }

  /** Those at the head of the queue that have passed. */
  private mergePassed(now: number): void {
    while (this.entries.length > 0 && this.entries[0].doneAt <= now && !this.entries[0].fails) {
      this.entries.shift();
      this.world.merged();
    }
  }
}
