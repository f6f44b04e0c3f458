// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than a step of the heap.
const NEVER = Number.POSITIVE_INFINITY;

/**
 * A binary heap of moments, each with a whole number attached, on typed arrays: nothing is allocated per item.
 *
 * Source: Williams, "Algorithm 232: Heapsort", CACM 7 (1964).
 */
export class MomentHeap {
  /** Number of entries. */
  public size = 0;
  /** The earliest moment; `Infinity` when there is none. A field, since the event loop reads it at every turn. */
  public next = NEVER;
  private times: Float64Array;
  private values: Int32Array;

  constructor(capacity = 64) {
    this.times = new Float64Array(capacity);
    this.values = new Int32Array(capacity);
  }

  /** The number attached to the earliest moment. */
  public get nextValue(): number {
    return this.values[0];
  }

  /** Adds a moment. */
  public push(time: number, value: number): void {
    if (this.size === this.times.length) this.grow();
    const { times, values } = this;
    let hole = this.size;
    this.size += 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (times[parent] <= time) break;
      times[hole] = times[parent];
      values[hole] = values[parent];
      hole = parent;
    }
    times[hole] = time;
    values[hole] = value;
    this.next = times[0];
  }

  /** Removes the earliest moment. */
  public pop(): void {
    this.size -= 1;
    if (this.size > 0) this.sink(0, this.times[this.size], this.values[this.size]);
    this.next = this.size > 0 ? this.times[0] : NEVER;
  }

  /** Puts a moment in the place of the earliest: a pop and a push for the price of one. */
  public replaceNext(time: number, value: number): void {
    this.sink(0, time, value);
    this.next = this.times[0];
  }

  /** Removes every entry whose number is refused, in O(size). */
  public keep(wanted: (value: number) => boolean): void {
    const { times, values } = this;
    let kept = 0;
    for (let i = 0; i < this.size; i += 1) {
      if (!wanted(values[i])) continue;
      times[kept] = times[i];
      values[kept] = values[i];
      kept += 1;
    }
    this.size = kept;
    for (let i = (kept >> 1) - 1; i >= 0; i -= 1) this.sink(i, times[i], values[i]);
    this.next = kept > 0 ? times[0] : NEVER;
  }

  private sink(from: number, time: number, value: number): void {
    const { times, values, size } = this;
    let hole = from;
    let child = 2 * hole + 1;
    while (child < size) {
      if (child + 1 < size && times[child + 1] < times[child]) child += 1;
      if (times[child] >= time) break;
      times[hole] = times[child];
      values[hole] = values[child];
      hole = child;
      child = 2 * hole + 1;
    }
    times[hole] = time;
    values[hole] = value;
  }

  private grow(): void {
    const times = new Float64Array(this.times.length * 2);
    const values = new Int32Array(this.values.length * 2);
    times.set(this.times);
    values.set(this.values);
    this.times = times;
    this.values = values;
  }
}
