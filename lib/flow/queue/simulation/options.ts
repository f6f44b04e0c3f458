import type { Quantiles } from '../../numerics/quantiles';
import type { Backoff } from '../backoff';
import type { ResolvedConsumer } from '../resolve';
import type { Workload } from '../workload';
import type { DepthPoint } from './timeline';

/** The death of one instance. */
export interface Fault {
  /** Seconds since the peak began. */
  readonly seconds: number;
}

/** Options of a simulation. */
export interface SimulationOptions {
  /** The arrivals. */
  readonly workload: Workload;
  /** The consumer. */
  readonly consumer: ResolvedConsumer;
  /** Same seed, same run. A whole number. */
  readonly seed: number;
  /**
   * Instances that die: their items are delivered again after `visibilityTimeoutSeconds`, and they are replaced after
   * `startSeconds`.
   *
   * @default - none
   */
  readonly faults?: readonly Fault[];
  /**
   * Seconds after which an item taken by an instance that died is given to another.
   *
   * @default - 6 × the mean service time
   */
  readonly visibilityTimeoutSeconds?: number;
  /**
   * Delays between attempts (full jitter), in place of those of the consumer.
   *
   * @default - `retryDelay` of the consumer
   */
  readonly backoff?: Backoff;
  /**
   * Seconds observed of a workload without a peak.
   *
   * @default STEADY_HORIZON_SECONDS, 600
   */
  readonly horizonSeconds?: number;
  /**
   * Seconds of steady load before the observation starts.
   *
   * @default - five relaxation times of the steady load
   */
  readonly warmUpSeconds?: number;
  /**
   * Points kept of the depth timeline, at most.
   *
   * @default 500
   */
  readonly timelinePoints?: number;
}

/**
 * Result of a simulation. Latency and backlog cover the items that arrived from the peak's start until it was drained.
 */
export interface SimulationResult {
  /** Items served. */
  readonly processed: number;
  /** Items set aside after their last attempt. */
  readonly poisoned: number;
  /** Items that arrived and were lost, neither processed nor set aside: always 0. */
  readonly lost: number;
  /** Attempts that were retried. */
  readonly retried: number;
  /** Median of the time from arrival to the end of service in seconds. */
  readonly latencyP50Seconds: number;
  /** 99th percentile of the time from arrival to the end of service in seconds. */
  readonly latencyP99Seconds: number;
  /** All latencies; mergeable over runs. */
  readonly latency: Quantiles;
  /** Any quantile of the latency in seconds. */
  quantile(quantile: number): number;
  /** Most items that waited at the same time. */
  readonly peakBacklog: number;
  /** Seconds since the peak's start at which that was. */
  readonly peakBacklogAtSeconds: number;
  /** Seconds from the peak's end to the first moment without a waiting item; `Infinity` if there was none. */
  readonly drainSeconds: number;
  /** Most instances that ran. */
  readonly peakInstances: number;
  /** Waiting items and instances over time. */
  readonly timeline: DepthPoint[];
}

export type { DepthPoint };
