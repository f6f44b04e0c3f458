/** A token bucket of capacity units: filled by the clock, emptied by what DynamoDB says that a call consumed. */

/** A bucket is empty at its start, so that a worker that is started again does not begin with a burst. */
export class UnitBucket {
  private units = 0;
  private filledMillis: number;
  /** Share of the rate: halved when DynamoDB throttles, and slowly back. */
  private share = 1;

  constructor(
    private readonly perSecond: number,
    nowMillis: number,
  ) {
    this.filledMillis = nowMillis;
  }

  /** Takes units, on credit too. */
  public take(units: number): void {
    this.units -= units;
  }

  /** Milliseconds until the credit is paid back; 0 when something is left. */
  public waitMillis(nowMillis: number): number {
    this.fill(nowMillis);
    return this.units > 0 ? 0 : Math.max(1, Math.ceil((1000 * -this.units) / (this.perSecond * this.share)));
  }

  /** DynamoDB throttled a call. */
  public slowDown(): void {
    this.share = Math.max(LEAST_SHARE, this.share / 2);
    this.units = Math.min(0, this.units);
  }

  /** A page went through. */
  public recover(): void {
    this.share = Math.min(1, this.share + RECOVERY);
  }

  /** A second's units at most. */
  private fill(nowMillis: number): void {
    const seconds = Math.max(0, nowMillis - this.filledMillis) / 1000;
    this.filledMillis = Math.max(this.filledMillis, nowMillis);
    this.units = Math.min(Math.max(1, this.perSecond), this.units + seconds * this.perSecond * this.share);
  }
}

/** A bucket must not stand still: it could not see that the throttling has ended. */
const LEAST_SHARE = 1 / 64;
/** Twenty pages from standstill to the whole rate. */
const RECOVERY = 0.05;
