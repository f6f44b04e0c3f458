/** First come, first served: waiting items in a ring of typed arrays that doubles when full. */
export class WaitingLine {
  /** Items that wait. */
  public length = 0;
  private arrivals = new Float64Array(1024);
  private marks = new Uint16Array(1024);
  private head = 0;

  /** Arrival time in seconds of the next item. */
  public get arrival(): number {
    return this.arrivals[this.head];
  }

  /** Mark of the next item. */
  public get mark(): number {
    return this.marks[this.head];
  }

  /** Puts an item at the end. */
  public push(arrival: number, mark: number): void {
    if (this.length === this.arrivals.length) this.grow();
    const at = (this.head + this.length) & (this.arrivals.length - 1);
    this.arrivals[at] = arrival;
    this.marks[at] = mark;
    this.length += 1;
  }

  /** Removes the next item. */
  public shift(): void {
    this.head = (this.head + 1) & (this.arrivals.length - 1);
    this.length -= 1;
  }

  private grow(): void {
    const size = this.arrivals.length;
    const arrivals = new Float64Array(size * 2);
    const marks = new Uint16Array(size * 2);
    for (let i = 0; i < this.length; i += 1) {
      const at = (this.head + i) & (size - 1);
      arrivals[i] = this.arrivals[at];
      marks[i] = this.marks[at];
    }
    this.arrivals = arrivals;
    this.marks = marks;
    this.head = 0;
  }
}
