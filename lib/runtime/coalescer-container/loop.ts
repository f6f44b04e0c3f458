/**
 * Reads one stream as its only reader: collects for the window, merges, works on the keys, and only then acknowledges.
 */
import { type FlushConfig, type FlushPorts, flush } from '../coalescer/flush';
import { type KeyEvent, type MergedKey, merge } from '../coalescer/merge';

/** An entry of a stream; `fields` is null when the stream has dropped it. */
export interface Entry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>> | null;
}

/** The stream of a loop, with this reader as a member of its group. */
export interface Source {
  /** Makes the group, from the beginning of the stream, unless it is there. */
  prepare(): Promise<void>;
  /** Entries that were handed over and not acknowledged, oldest first. */
  pending(count: number): Promise<Entry[]>;
  /** New entries. Waits for the first one. */
  next(count: number, blockMillis: number): Promise<Entry[]>;
  /**
   * Acknowledges and deletes entries, and keeps what is set aside, all or nothing.
   *
   * @param dropped entries that the stream has dropped: they are acknowledged, and do not count as settled
   */
  settle(
    ids: readonly string[],
    aside: readonly MergedKey[],
    malformed: readonly string[],
    dropped: readonly string[],
  ): Promise<void>;
  /** Milliseconds of the clock that entries are stamped with. */
  clock(): Promise<number>;
}

/** The numbers of a loop. */
export interface LoopConfig extends FlushConfig {
  readonly windowSeconds: number;
  readonly maxBatch: number;
  /** Seconds that the attempts of one flush may take. */
  readonly flushSeconds: number;
}

/** What a loop needs of the world. */
export interface LoopPorts extends FlushPorts {
  delay(seconds: number): void;
}

const BLOCK_MILLIS = 1000;
const ERROR_MILLIS = 500;
/** The field of an entry that names the key, and the one with what it says. */
const KEY = 'key';
const VALUE = 'value';

/** One reader. */
export class Loop {
  #isStopped = false;
  #wake: () => void = () => {};
  #lastTurn: number;
  /** Whether there may be entries that this reader has, and has not acknowledged: after a start, and after any failure. */
  #isRecovering = true;

  constructor(
    private readonly source: Source,
    private readonly config: LoopConfig,
    private readonly ports: LoopPorts,
  ) {
    this.#lastTurn = ports.now();
  }

  /** Ends once it was stopped and its flush is over. */
  public async run(): Promise<void> {
    let isPrepared = false;
    while (!this.#isStopped) {
      this.#lastTurn = this.ports.now();
      try {
        if (!isPrepared) await this.source.prepare();
        isPrepared = true;
        await this.#cycle();
      } catch (error) {
        // An answer that was lost may have handed entries over. A group may be gone with a server that lost its memory.
        this.#isRecovering = true;
        isPrepared = false;
        this.ports.log('the stream did not answer', { error: error instanceof Error ? error.name : 'unknown' });
        await this.#sleep(ERROR_MILLIS);
      }
    }
  }

  public stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /** Milliseconds since it last ended a cycle. */
  public get stalledMillis(): number {
    return this.ports.now() - this.#lastTurn;
  }

  async #cycle(): Promise<void> {
    const { maxBatch, windowSeconds } = this.config;
    const held = this.#isRecovering ? await this.source.pending(maxBatch) : [];
    if (held.length === 0) this.#isRecovering = false;
    const room = maxBatch - held.length;
    // What is held has waited for long enough, and takes along what is there.
    const first = room > 0 ? await this.source.next(room, held.length > 0 ? 1 : BLOCK_MILLIS) : [];
    // Not by arguments of a function, of which there may not be a hundred thousand.
    let entries = held.concat(first);
    if (entries.length === 0) return;
    let began = this.ports.now();
    if (entries.length < maxBatch && held.length === 0 && !this.#isStopped) {
      await this.#sleep(1000 * windowSeconds);
      began = this.ports.now();
      // Told to end, it takes nothing new.
      if (!this.#isStopped) entries = entries.concat(await this.source.next(maxBatch - entries.length, 1));
    }
    await this.#flush(entries);
    this.ports.count('Flushes', 1);
    this.ports.count('FlushSeconds', (this.ports.now() - began) / 1000);
  }

  async #flush(entries: readonly Entry[]): Promise<void> {
    const { ports, config, source } = this;
    const dropped = entries.filter(({ fields }) => fields === null);
    if (dropped.length > 0) ports.count('Dropped', dropped.length);
    const malformed = entries.filter(({ fields }) => fields !== null && !fields[KEY]).map(({ id }) => id);
    const events: KeyEvent[] = entries.flatMap(({ id, fields }) =>
      fields?.[KEY] ? [{ key: fields[KEY], id, at: stampOf(id), value: fields[VALUE] }] : [],
    );
    const keys = merge(events, true);
    const batch = `${entries[0].id} ${entries[entries.length - 1].id}`;
    const { done, aside, undone } = await flush(keys, batch, ports.now() + 1000 * config.flushSeconds, config, ports);
    const again = new Set(undone.map(({ key }) => key));
    const settled = events.filter(({ key }) => !again.has(key));
    await source.settle(
      malformed.concat(settled.map(({ id }) => id)),
      aside,
      malformed,
      dropped.map(({ id }) => id),
    );
    ports.count('Events', settled.length);
    ports.count('Keys', done.length + aside.length);
    if (aside.length + malformed.length > 0) ports.count('SetAside', aside.length + malformed.length);
    if (events.length > 0) ports.delay(Math.max(0, ((await source.clock()) - events[0].at) / 1000));
    if (undone.length === 0) return;
    this.#isRecovering = true;
    ports.count('Away', 1);
    await this.#sleep(1000 * config.backoffCapSeconds * ports.random());
  }

  /** Ends early when the loop is stopped. */
  async #sleep(millis: number): Promise<void> {
    if (this.#isStopped) return;
    await Promise.race([
      this.ports.wait(millis),
      new Promise<void>((resolve) => {
        this.#wake = resolve;
      }),
    ]);
  }
}

/** Milliseconds in the id of an entry. */
export function stampOf(id: string): number {
  return Number(id.split('-')[0]);
}
