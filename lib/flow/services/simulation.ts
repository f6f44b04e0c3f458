/**
 * A service with slots and a queue, request by request: first come, first served. What finds the queue full is refused at
 * once; what has waited for as long as it may leaves without having been worked on, and what is not answered by its deadline is told so.
 */
import { MomentHeap } from '../numerics/heap';
import { Quantiles } from '../numerics/quantiles';
import { Random, ServiceTime } from '../numerics/random';

/** One instance and its requests. */
export interface BoundedServer {
  readonly requestsPerSecond: number;
  readonly serviceSeconds: number;
  readonly serviceVariation: number;
  readonly slots: number;
  /** Requests that wait at most; infinite where there is no bound. */
  readonly queueBound: number;
  /** Seconds that a request waits at most; infinite where nobody gives up. */
  readonly patienceSeconds: number;
  /**
   * Seconds from its arrival after which a request is told that it takes too long. Its slot stays taken.
   *
   * @default - it is answered at any time
   */
  readonly deadlineSeconds?: number;
}

/** What its requests saw. */
export interface BoundedRun {
  readonly requests: number;
  readonly refused: number;
  /** Left the queue after `patienceSeconds`. */
  readonly expired: number;
  /** Begun, and not answered by the deadline. */
  readonly overdue: number;
  /** Time from arrival to answer, of those that were answered. */
  readonly latencies: Quantiles;
}

/**
 * So many seconds of an instance.
 *
 * @param skippedSeconds seconds at the beginning that are not counted
 */
export function runBoundedServer(server: BoundedServer, seconds: number, seed: number, skippedSeconds = 0): BoundedRun {
  const { requestsPerSecond, serviceSeconds, serviceVariation, slots, queueBound, patienceSeconds } = server;
  const { deadlineSeconds = Number.POSITIVE_INFINITY } = server;
  const random = new Random(seed);
  const service = new ServiceTime(serviceSeconds, serviceVariation);
  const latencies = new Quantiles();
  const free = new MomentHeap(slots + 1);
  for (let slot = 0; slot < slots; slot += 1) free.push(0, slot);
  // When each request in the queue leaves it. They leave in the order in which they came, whether they begin or give up.
  const leaving: number[] = [];
  let oldest = 0;
  let [requests, refused, expired, overdue] = [0, 0, 0, 0];
  for (
    let now = random.exponential() / requestsPerSecond;
    now < seconds;
    now += random.exponential() / requestsPerSecond
  ) {
    const isCounted = now >= skippedSeconds;
    if (isCounted) requests += 1;
    while (oldest < leaving.length && leaving[oldest] <= now) oldest += 1;
    const begins = Math.max(now, free.next);
    if (begins > now) {
      if (leaving.length - oldest >= queueBound) {
        if (isCounted) refused += 1;
        continue;
      }
      leaving.push(Math.min(begins, now + patienceSeconds));
      if (begins - now > patienceSeconds) {
        if (isCounted) expired += 1;
        continue;
      }
    }
    const done = begins + service.draw(random);
    free.replaceNext(done, 0);
    if (isCounted && done - now > deadlineSeconds) overdue += 1;
    else if (isCounted) latencies.record(done - now);
    if (oldest > 10_000) {
      leaving.splice(0, oldest);
      oldest = 0;
    }
  }
  return { requests, refused, expired, overdue, latencies };
}
