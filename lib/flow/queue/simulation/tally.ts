import { Quantiles } from '../../numerics/quantiles';
import type { SimulationResult } from './options';
import type { DepthPoint } from './timeline';

/** Counters of a simulation, over the items that arrive from the peak's start on. */
export class Tally {
  /** Items that arrived. */
  public arrived = 0;
  /** Items set aside. */
  public poisoned = 0;
  /** Attempts to retry. */
  public retried = 0;
  /** Seconds from arrival to the end of service of the items served. */
  public readonly latency = new Quantiles();
  /** Most items that waited at the same time. */
  public peakBacklog = 0;
  private peakAt = 0;
  private peakInstances = 0;

  /** Notes how many items wait. */
  public noteBacklog(backlog: number, now: number): void {
    if (backlog <= this.peakBacklog) return;
    this.peakBacklog = backlog;
    this.peakAt = now;
  }

  /** Notes how many instances run. */
  public noteInstances(instances: number): void {
    this.peakInstances = Math.max(this.peakInstances, instances);
  }

  /** The count as a result. */
  public result(drainSeconds: number, timeline: DepthPoint[]): SimulationResult {
    const { latency, arrived, poisoned } = this;
    const processed = latency.count;
    return {
      processed,
      poisoned,
      lost: arrived - processed - poisoned,
      retried: this.retried,
      latencyP50Seconds: latency.quantile(0.5),
      latencyP99Seconds: latency.quantile(0.99),
      latency,
      quantile: (quantile) => latency.quantile(quantile),
      peakBacklog: this.peakBacklog,
      peakBacklogAtSeconds: this.peakAt,
      drainSeconds,
      peakInstances: this.peakInstances,
      timeline,
    };
  }
}
