/** Calls of DynamoDB: each waits for its capacity units, and one that was throttled or not answered is made again. */
import type { UnitBucket } from './unit-bucket';

/** Before another call after one that went wrong. */
const RETRY_MILLIS = 500;
/** Tries of one call that are not answered, one after the other. Beyond it waiting does not help: the next start goes on. */
export const MOST_UNANSWERED = 10;

/** DynamoDB throttled the call. */
export class Throttled extends Error {
  public readonly name = 'Throttled';
}

/** No answer came, or an error of the server. The call may have had its effect. */
export class Unanswered extends Error {
  public readonly name = 'Unanswered';
}

/** There is no time left to wait for a call. */
export class TimeIsUp extends Error {
  public readonly name = 'TimeIsUp';
}

/** The time that there is. */
export interface Time {
  readonly nowMillis: () => number;
  readonly untilMillis: number;
  readonly sleep: (millis: number) => Promise<void>;
}

/** Makes calls at the pace of buckets, until the time is up. */
export class Pacer {
  /** Calls that were throttled, and those that were not answered. */
  public throttled = 0;
  public unanswered = 0;

  /**
   * @param longestMillis no wait is longer than this without `betweenWaits`
   * @param betweenWaits what has to be done while a call waits; what it throws ends the call
   */
  constructor(
    private readonly time: Time,
    private readonly longestMillis = Number.POSITIVE_INFINITY,
    private readonly betweenWaits: () => Promise<void> = async () => {},
  ) {}

  /**
   * Makes a call until it is answered. A retry waits for its units, and takes them once more.
   *
   * @param units what the call was given already; 0 when it has to wait, and what it consumed is taken afterwards
   * @throws TimeIsUp, and the error of the call when it says that another try is of no use
   */
  public async call<T>(bucket: UnitBucket, call: () => Promise<T>, units = 0): Promise<T> {
    if (units === 0) await this.wait(bucket);
    for (let unanswered = 0; ; ) {
      try {
        return await call();
      } catch (error) {
        if (error instanceof Throttled) {
          this.throttled += 1;
          unanswered = 0;
        } else if (error instanceof Unanswered) {
          this.unanswered += 1;
          unanswered += 1;
          if (unanswered >= MOST_UNANSWERED) throw error.cause;
        } else throw error;
        bucket.slowDown();
        await this.pause(RETRY_MILLIS);
        await this.wait(bucket);
        bucket.take(units);
      }
    }
  }

  /**
   * Waits until the bucket has units.
   *
   * @throws TimeIsUp
   */
  public async wait(bucket: UnitBucket): Promise<void> {
    const { nowMillis } = this.time;
    for (let millis = bucket.waitMillis(nowMillis()); millis > 0; millis = bucket.waitMillis(nowMillis()))
      await this.pause(millis);
  }

  private async pause(millis: number): Promise<void> {
    const { nowMillis, untilMillis, sleep } = this.time;
    const left = untilMillis - nowMillis();
    if (left <= 0) throw new TimeIsUp();
    await sleep(Math.min(millis, left, this.longestMillis));
    await this.betweenWaits();
  }
}
