/** The state at one moment. */
export interface DepthPoint {
  /** Seconds since the peak began; below 0 while the steady load settles. */
  readonly seconds: number;
  /** Items that waited. */
  readonly backlog: number;
  /** Instances that served. */
  readonly instances: number;
}

/** A timeline of bounded length: when it is full, every other point goes and the step doubles. */
export class Timeline {
  /** When the next point is due. */
  public due: number;
  private readonly kept: DepthPoint[] = [];

  /**
   * @param from first moment in seconds
   * @param step seconds between points, above 0
   * @param most points kept at most; below 2 keeps none
   */
  constructor(
    from: number,
    private step: number,
    private readonly most: number,
  ) {
    this.due = most < 2 ? Number.POSITIVE_INFINITY : from;
  }

  /** The points, in order of time. */
  public get points(): DepthPoint[] {
    return this.kept.slice();
  }

  /** Adds the point that is due. */
  public record(backlog: number, instances: number): void {
    if (this.kept.length >= this.most) {
      for (let i = 1; 2 * i < this.kept.length; i += 1) this.kept[i] = this.kept[2 * i];
      this.kept.length = Math.ceil(this.kept.length / 2);
      this.step *= 2;
      this.due = this.kept[this.kept.length - 1].seconds + this.step;
      return;
    }
    this.kept.push({ seconds: this.due, backlog, instances });
    this.due += this.step;
  }
}
