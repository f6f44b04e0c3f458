/**
 * Online requests on one core that jobs slow down: requests arrive at random, wait in first-come order, and are served at
 * the speed that the jobs of the minute leave. Every core of a host is alike, so one is enough.
 */
import type { Random } from '../numerics/random';
import { cpuRatioOf } from './spread';
import type { ScheduleHost } from './workload';

const MINUTE_SECONDS = 60;
/** Minutes before those that are measured, for the line to settle. */
const WARM_UP_MINUTES = 10;

/** What a core went through. */
export interface SharedCoreRun {
  /** Latency in seconds of each request that arrived in one of the fullest minutes, ascending. */
  readonly latencies: readonly number[];
  /** CPU of the host in the fullest minute, as a share: what was served and what the jobs took. */
  readonly cpuRatio: number;
}

/**
 * Runs a core through its cycle again and again until there are enough requests in the fullest minutes.
 *
 * @param load cores that jobs take in each minute of the cycle
 * @param requests requests in the fullest minutes that are measured
 */
export function runSharedCore(
  host: Required<ScheduleHost>,
  load: Float64Array,
  requests: number,
  random: Random,
): SharedCoreRun {
  const fullest = Math.max(...load);
  const { onlineServiceSeconds: service, onlineUtilisation, cores } = host;
  const perSecond = onlineUtilisation / service;
  const latencies: number[] = [];
  let work = 0;
  let served = 0;
  let measuredSeconds = 0;
  const speedAt = (minute: number) => Math.max(0, 1 - load[minute % load.length] / cores);
  let next = random.exponential() / perSecond;
  for (let minute = 0; latencies.length < requests; minute += 1) {
    const measured = minute >= WARM_UP_MINUTES && load[minute % load.length] === fullest;
    const speed = speedAt(minute);
    if (measured) measuredSeconds += MINUTE_SECONDS;
    let at = 0;
    for (; at + next < MINUTE_SECONDS; next = random.exponential() / perSecond) {
      work = Math.max(0, work - next * speed);
      at += next;
      const own = random.exponential() * service;
      work += own;
      if (!measured) continue;
      served += own;
      latencies.push(timeToServe(work, at, minute, speedAt));
    }
    work = Math.max(0, work - (MINUTE_SECONDS - at) * speed);
    next -= MINUTE_SECONDS - at;
  }
  latencies.sort((a, b) => a - b);
  return { latencies, cpuRatio: cpuRatioOf({ ...host, onlineUtilisation: served / measuredSeconds }, fullest) };
}

/** Seconds until so much work is done that begins `at` seconds into a minute. */
function timeToServe(work: number, at: number, minute: number, speedAt: (minute: number) => number): number {
  let [left, seconds, from] = [work, 0, at];
  for (let now = minute; ; now += 1) {
    const room = (MINUTE_SECONDS - from) * speedAt(now);
    if (left <= room) return seconds + left / speedAt(now);
    left -= room;
    seconds += MINUTE_SECONDS - from;
    from = 0;
  }
}
