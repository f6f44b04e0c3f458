/**
 * Reads the unified log of a collector (`-Xlog:gc*`), line by line: pauses, stalls, collections, and how much was allocated.
 * A line that says nothing of these is passed over; one that is no line of a log is counted. Logs of G1, Parallel, Serial,
 * Shenandoah and ZGC of Java 17, 21 and 25 are in test/runtime/gc-exporter/logs.
 *
 * Source: JEP 271: Unified GC Logging.
 */

import { LiveSet } from './live-set';

/** What a log has told so far. */
export interface GcReadings {
  /** `G1`, `Parallel`, `Serial`, `Shenandoah` or `Z`. */
  collector?: string;
  /** Times that the collector stopped the program, seconds of them together, and how many were longer than promised. */
  pauses: number;
  pauseSeconds: number;
  longPauses: number;
  /** Times that a thread waited for memory, or all of them for a collection that came too late, and the seconds. */
  stalls: number;
  stallSeconds: number;
  /** Collections that ran beside the program, seconds of them together and of the last one. */
  cycles: number;
  cycleSeconds: number;
  lastCycleSeconds?: number;
  /** At least so many bytes were allocated: what was allocated in a collection of an old generation is not told. */
  allocatedBytes: number;
  heapAfterBytes?: number;
  /** Told by ZGC; of the others known after a collection that reclaims old objects too. */
  liveBytes?: number;
  /** Lines that are of no log. */
  unknownLines: number;
}

const LINE = /^\[(\d+)[.,](\d+)s\]\[\w+ *\]\[([\w,]+) *\] ?(?:GC\((\d+)\) )?(.*)$/;
const UNITS: Readonly<Record<string, number>> = { B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
/** `230M(85%)->234M(87%)`, `242M->233M(300M)`. */
const HEAP = /(\d+)([BKMGT])(?:\(\d+%\))?->(\d+)([BKMGT])/;
const PAUSE = /^(?:[yYO]: )?Pause (.+?) (\d+\.\d+)ms$/;
const STALL = /^(?:Allocation|Relocation) Stall \(.*\) (\d+\.\d+)ms$/;
const ROW = /^(?:([yYO]): )? *(Live|Allocated): +- +(.*)$/;
/** A collection that the program, a person or a tool asked for is no sign of a heap that is too small. */
const ASKED_FOR = /System\.gc\(\)|Heap (?:Dump|Inspection)|Diagnostic Command|JvmtiEnv|WhiteBox/;
/** One log of one JVM after the other. */
export class GcLog {
  public readonly readings: GcReadings = {
    pauses: 0,
    pauseSeconds: 0,
    longPauses: 0,
    stalls: 0,
    stallSeconds: 0,
    cycles: 0,
    cycleSeconds: 0,
    allocatedBytes: 0,
    unknownLines: 0,
  };
  /** Seconds at which each collection that is not over began. */
  private readonly begun = new Map<string, number>();
  /** Bytes in use when the last collection ended. */
  private used?: number;
  private live: { young?: number; old?: number } = {};
  private readonly liveSet = new LiveSet();
  private last = 0;

  /**
   * @param promisedSeconds a longer pause is counted as such
   * @param collector as the log names it, where that is known: after a rotation the line that names it is gone
   */
  constructor(
    private readonly promisedSeconds = Number.POSITIVE_INFINITY,
    collector?: string,
  ) {
    if (collector !== undefined) this.readings.collector = collector;
  }

  /** Takes one line, without its end. */
  public read(line: string): void {
    if (line.trim() === '') return;
    const match = LINE.exec(line);
    if (match === null) {
      this.readings.unknownLines += 1;
      return;
    }
    const [, whole, fraction, tags, id, text] = match;
    const seconds = Number(`${whole}.${fraction}`);
    // Another JVM writes to the same file after a restart of its container; threads may swap a few lines.
    if (seconds < this.last - 1) this.restart();
    this.last = seconds;
    this.take(seconds, tags, id, text.trimEnd());
  }

  /** What was counted so far counts no more, as if all of it had been read before: readings of the moment stay. */
  public forgetCounts(): void {
    Object.assign(this.readings, {
      ...{ pauses: 0, pauseSeconds: 0, longPauses: 0, stalls: 0, stallSeconds: 0 },
      ...{ cycles: 0, cycleSeconds: 0, allocatedBytes: 0, unknownLines: 0 },
    });
  }

  private restart(): void {
    this.begun.clear();
    this.live = {};
    this.liveSet.restart();
    this.used = undefined;
  }

  private take(seconds: number, tags: string, id: string | undefined, text: string): void {
    const chosen = /^(?:Using|Initializing The) (G1|Parallel|Serial|Shenandoah|Z)\b/.exec(text)?.[1];
    if (chosen !== undefined && id === undefined) this.readings.collector = chosen;
    const stall = STALL.exec(text)?.[1];
    if (stall !== undefined) this.stalled(Number(stall) / 1000);
    // Sub-phases have tags of their own, such as gc,phases,start; their times are parts of others.
    if (id === undefined || /stats|ergo|start/.test(tags)) {
      if (id !== undefined) this.begin(seconds, id, text);
      return;
    }
    this.begin(seconds, id, text);
    this.liveSet.phase(seconds, id, text);
    const pause = PAUSE.exec(text);
    if (pause !== null) this.paused(pause[1], Number(pause[2]) / 1000);
    this.row(text);
    this.heap(seconds, id, text);
    this.cycle(seconds, id, text);
  }

  private begin(seconds: number, id: string, text: string): void {
    if (this.begun.has(id)) return;
    if (/^(?:Garbage|Minor|Major) Collection|^Concurrent (?:reset|Mark Cycle|Undo Cycle)/.test(text)) {
      this.begun.set(id, seconds);
    }
  }

  private stalled(seconds: number): void {
    this.readings.stalls += 1;
    this.readings.stallSeconds += seconds;
  }

  private paused(name: string, seconds: number): void {
    const { readings } = this;
    readings.pauses += 1;
    readings.pauseSeconds += seconds;
    if (seconds > this.promisedSeconds) readings.longPauses += 1;
    // What a collector beside the program does when it comes too late. Parallel and Serial have nothing else.
    const late = /^(?:Full|Degenerated)/.test(name) && /^(?:G1|Shenandoah|Z)$/.test(readings.collector ?? '');
    if (late && !ASKED_FOR.test(name)) this.stalled(seconds);
  }

  /** ZGC writes a table after each collection, with a column for each moment of it. */
  private row(text: string): void {
    const match = ROW.exec(text);
    if (match === null) return;
    const sizes = [...match[3].matchAll(/(\d+)([BKMGT]) \(/g)].map(([, size, unit]) => Number(size) * UNITS[unit]);
    if (sizes.length === 0) return;
    if (match[2] === 'Allocated') {
      // Those of an old generation are counted by the young collections beside it. With generations the last column has
      // copies of survivors in it too.
      const bytes = match[1] === undefined ? sizes[sizes.length - 1] : sizes[1];
      if (match[1] !== 'O') this.readings.allocatedBytes += bytes ?? 0;
      return;
    }
    if (match[1] === 'O') this.live.old = sizes[0];
    else this.live.young = sizes[0];
    // The old generation is marked first after a while: until then only a part is known.
    if (match[1] === undefined || this.live.old !== undefined) {
      this.readings.liveBytes = (this.live.young ?? 0) + (this.live.old ?? 0);
    }
  }

  /** What was in use before and after a collection. */
  private heap(seconds: number, id: string, text: string): void {
    if (!/^(?:Pause |Concurrent cleanup|Garbage Collection|[yYO]: (?:Young|Old) Generation )/.test(text)) return;
    const match = HEAP.exec(text);
    if (match === null) return;
    const [before, after] = [Number(match[1]) * UNITS[match[2]], Number(match[3]) * UNITS[match[4]]];
    const { readings } = this;
    if (this.used !== undefined && before > this.used) readings.allocatedBytes += before - this.used;
    this.used = after;
    readings.heapAfterBytes = after;
    if (readings.collector === 'Z') return;
    this.liveSet.heap(readings.collector, { seconds, id, text, beforeBytes: before, afterBytes: after });
    readings.liveBytes = this.liveSet.bytes;
  }

  /** The end of a collection that ran beside the program. */
  private cycle(seconds: number, id: string, text: string): void {
    const ended =
      /^(?:Garbage|Minor|Major) Collection .*->/.test(text) ||
      /^Concurrent (?:Mark|Undo) Cycle \d/.test(text) ||
      // The last phase of Shenandoah that has a line in every release.
      /^Pause Final Update Refs .*ms$/.test(text);
    const begun = this.begun.get(id);
    if (!ended || begun === undefined) return;
    this.begun.delete(id);
    // A major collection has a young one in it, and others beside it.
    if (/^Major/.test(text)) return;
    const { readings } = this;
    readings.cycles += 1;
    readings.cycleSeconds += seconds - begun;
    readings.lastCycleSeconds = seconds - begun;
  }
}
