/** What piles up while nobody takes anything away: queues, disks and buffers are bounded by it. */
import { resolveWorkload } from './resolve';
import type { Workload } from './workload';

/**
 * Items that arrive during an outage that begins with the peak: peak rate × min(peak length, outage) + steady rate ×
 * the rest. Without a peak, steady rate × outage.
 *
 * @param outageSeconds length of the outage in seconds, 0 or more
 */
export function itemsDuringOutage(workload: Workload, outageSeconds: number): number {
  const { steadyPerSecond, peakPerSecond, peakSeconds } = resolveWorkload(workload);
  const atPeak = Math.min(peakSeconds, outageSeconds);
  return peakPerSecond * atPeak + steadyPerSecond * (outageSeconds - atPeak);
}
