/**
 * The live set by the log of a collector that does not tell it: what was left when a collection had reclaimed all that it can.
 * After any other collection there is garbage in the old generation too, and a reading of it would grow until the next one.
 */

/** What one line says of the heap. */
export interface HeapLine {
  readonly seconds: number;
  readonly id: string;
  /** The line without its tags. */
  readonly text: string;
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

/** All of the heap was marked while the program stood still. */
const WHOLE = /^Pause (?:Full|Degenerated GC \(Outside of Cycle\))/;

/** One log after the other; ZGC has a line with its live set, and is not read here. */
export class LiveSet {
  /** Undefined until a collection has told it. */
  public bytes?: number;
  /** Whether the last collection of G1 was one of several that reclaim old regions. */
  private mixed = false;
  /** What was in use when the heap was last read, and when. */
  private used?: { readonly seconds: number; readonly bytes: number };
  private cycle?: ShenandoahCycle;

  public restart(): void {
    Object.assign(this, { bytes: undefined, mixed: false, used: undefined, cycle: undefined });
  }

  /** The beginning of a phase that has no sizes in its line. */
  public phase(seconds: number, id: string, text: string): void {
    if (/^Pause Init Mark/.test(text) && this.cycle?.id !== id) this.cycle = { id, markedAt: seconds, allocated: 0 };
    if (/^Pause Final Update Refs/.test(text) && this.cycle?.id === id) this.cycle.updated = true;
  }

  /** A line with what was in use before and after. */
  public heap(collector: string | undefined, line: HeapLine): void {
    if (WHOLE.test(line.text)) this.bytes = line.afterBytes;
    else if (collector === 'G1') this.afterG1(line);
    else if (collector === 'Shenandoah') this.afterShenandoah(line);
    this.used = { seconds: line.seconds, bytes: line.afterBytes };
  }

  /** Old regions are reclaimed in several collections, and the last of them leaves least. */
  private afterG1({ text, afterBytes }: HeapLine): void {
    if (!/^Pause Young/.test(text)) return;
    const mixed = /\(Mixed\)/.test(text);
    if (mixed) this.bytes = this.mixed && this.bytes !== undefined ? Math.min(this.bytes, afterBytes) : afterBytes;
    this.mixed = mixed;
  }

  /** What is allocated while it marks and moves is kept, alive or not: it is taken off. A young collection leaves the old as it is. */
  private afterShenandoah({ seconds, id, text, beforeBytes, afterBytes }: HeapLine): void {
    const { cycle, used } = this;
    if (!/^Concurrent cleanup/.test(text) || /\((?:Young|Old)\)/.test(text) || cycle?.id !== id || !used) return;
    const sinceRead = Math.max(0, beforeBytes - used.bytes);
    const whole = seconds - used.seconds;
    // Marking began somewhere between two lines with sizes: the program allocates evenly.
    const share = used.seconds >= cycle.markedAt || whole <= 0 ? 1 : (seconds - cycle.markedAt) / whole;
    cycle.allocated += share * sinceRead;
    if (cycle.updated) this.bytes = Math.max(0, afterBytes - cycle.allocated);
  }
}

interface ShenandoahCycle {
  readonly id: string;
  readonly markedAt: number;
  /** Bytes since then. */
  allocated: number;
  /** Whether references were updated: what comes now reclaims the regions that were moved. */
  updated?: boolean;
}
