/**
 * Requests of a server that stands still now and then: first come, first served, each slot one request. The time in which it
 * runs is an axis of its own and stops are points on it, so that a request that is being worked on when a stop comes ends
 * later by the whole stop.
 *
 * Source: Avi-Itzhak and Naor, Some queuing problems with the service station subject to breakdown, Operations Research 11
 * (1963).
 */
import { MomentHeap } from '../numerics/heap';
import { Quantiles } from '../numerics/quantiles';
import { Random, ServiceTime } from '../numerics/random';

/** A server with several slots, all of which stop at once. */
export interface StoppedServer {
  readonly requestsPerSecond: number;
  /** Mean seconds of work on a request, while the server runs. */
  readonly serviceSeconds: number;
  readonly serviceVariation: number;
  readonly slots: number;
  /** Seconds that it runs from the end of one stop to the next. */
  readonly runSeconds: number;
  /** Seconds of a stop. */
  readonly stopSeconds: number;
}

/** What its requests saw. */
export interface StoppedRun {
  readonly requests: number;
  readonly latencyP99Seconds: number;
  readonly meanLatencySeconds: number;
}

/** So many seconds of a server, from empty; the first tenth is not counted. */
export function runStoppedServer(server: StoppedServer, seconds: number, seed: number): StoppedRun {
  const { requestsPerSecond, serviceSeconds, serviceVariation, slots, runSeconds, stopSeconds } = server;
  const random = new Random(seed);
  const service = new ServiceTime(serviceSeconds, serviceVariation);
  const latencies = new Quantiles();
  const free = new MomentHeap(slots + 1);
  for (let slot = 0; slot < slots; slot += 1) free.push(0, slot);
  const period = runSeconds + stopSeconds;
  for (let now = 0; now < seconds; ) {
    now += random.exponential() / requestsPerSecond;
    const turns = Math.floor(now / period);
    // During a stop it is as if the request came at its beginning.
    const arrived = turns * runSeconds + Math.min(runSeconds, now - turns * period);
    const done = Math.max(arrived, free.next) + service.draw(random);
    free.replaceNext(done, 0);
    if (now < seconds / 10) continue;
    latencies.record(done + Math.floor(done / runSeconds) * stopSeconds - now);
  }
  return {
    requests: latencies.count,
    latencyP99Seconds: latencies.quantile(0.99),
    meanLatencySeconds: latencies.mean,
  };
}
