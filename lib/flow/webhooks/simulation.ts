import { MomentHeap } from '../numerics/heap';
import { Quantiles } from '../numerics/quantiles';
import { Random, ServiceTime } from '../numerics/random';
import { resolveWorkload } from '../queue/resolve';
import type { Workload } from '../queue/workload';

/** Result for the callers of one peak. */
export interface CallResult {
  /** Calls that were answered. */
  readonly processed: number;
  /** Calls whose caller hung up and did not retry. */
  readonly lost: number;
  /** Time from call to answer in seconds, of those that were answered. */
  readonly latency: Quantiles;
  /** The most callers that waited, estimated as longest wait × rate of service. */
  readonly peakBacklog: number;
}

/**
 * One peak of calls that are handled while the caller waits: first come first served by a fixed number of slots, and a
 * caller whose turn is not within its patience hangs up. No broker keeps unanswered calls: they are lost.
 *
 * In a first-come line the wait is known on arrival (the earliest moment at which a slot is free), so hanging up at the
 * end of the patience is the same as not joining the line.
 *
 * Source: Kiefer & Wolfowitz, "On the theory of queues with many servers", Trans. AMS 78 (1955); Barrer, "Queuing with
 * impatient customers", Operations Research 5 (1957).
 */
export function simulateCallers(workload: Workload, slots: number, patienceSeconds: number, seed: number): CallResult {
  const { peakPerSecond, peakSeconds, serviceSeconds, serviceVariation } = resolveWorkload(workload);
  const random = new Random(seed);
  const service = new ServiceTime(serviceSeconds, serviceVariation);
  const latency = new Quantiles();
  const free = new MomentHeap(slots);
  for (let slot = 0; slot < slots; slot += 1) free.push(0, slot);
  let lost = 0;
  let longestWait = 0;
  for (let now = random.exponential() / peakPerSecond; now < peakSeconds; now += random.exponential() / peakPerSecond) {
    const wait = free.next > now ? free.next - now : 0;
    if (wait > patienceSeconds) {
      lost += 1;
      continue;
    }
    if (wait > longestWait) longestWait = wait;
    const end = now + wait + service.draw(random);
    free.replaceNext(end, free.nextValue);
    latency.record(end - now);
  }
  const peakBacklog = Math.round((longestWait * slots) / serviceSeconds);
  return { processed: latency.count, lost, latency, peakBacklog };
}
