import { MomentHeap } from '../../numerics/heap';

/** Items to retry later: after a backoff, or when the visibility time-out of a dead instance's items ends. */
export class Returns {
  /** When they are retried; the value is a place in the lists below. */
  public readonly moments = new MomentHeap();
  private readonly arrivals: number[] = [];
  private readonly marks: number[] = [];
  private readonly free: number[] = [];

  /** Arrival time in seconds of the next item to retry. */
  public get arrival(): number {
    return this.arrivals[this.moments.nextValue];
  }

  /** Mark of the next item to retry. */
  public get mark(): number {
    return this.marks[this.moments.nextValue];
  }

  /** Delays an item until `time`. */
  public push(time: number, arrival: number, mark: number): void {
    const place = this.free.pop() ?? this.arrivals.length;
    this.arrivals[place] = arrival;
    this.marks[place] = mark;
    this.moments.push(time, place);
  }

  /** Takes the next item to retry. */
  public pop(): void {
    this.free.push(this.moments.nextValue);
    this.moments.pop();
  }
}
