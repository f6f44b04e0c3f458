/** Metrics of a guard as one line of its log, in CloudWatch's embedded metric format. */
import type { GuardView } from '../replica-guard/guard';

const NAMESPACE = 'Backpressure';

/** The line. A lag that is unknown is left out: 0 would look well. */
export function metricLine(guard: string, { signal, heartbeatAgeSeconds, stopped }: GuardView): string {
  const values: Record<string, number> = {
    ...(signal.lagSeconds !== null && { ReplicaLag: signal.lagSeconds }),
    BulkRate: signal.bulkPerSecond,
    Throttled: signal.mode === 'throttled' ? 1 : 0,
    LagUnknown: signal.mode === 'unknown' ? 1 : 0,
    HeartbeatAge: heartbeatAgeSeconds,
    ReplicasStopped: stopped.length,
    Writers: signal.writers,
  };
  const seconds = ['ReplicaLag', 'HeartbeatAge'];
  const Metrics = Object.keys(values).map((Name) => ({ Name, Unit: seconds.includes(Name) ? 'Seconds' : 'None' }));
  return JSON.stringify({
    _aws: {
      Timestamp: signal.atMillis,
      CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [['Guard']], Metrics }],
    },
    Guard: guard,
    ...values,
  });
}
