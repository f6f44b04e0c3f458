import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import type { BatchCapacity, BatchTenant } from '../lib/flow/fair-share-tenants';
import type { Objective } from '../lib/flow/workload';
import { FairShare } from '../lib/k8s/fair-share';
import { restrictedNamespace } from './namespace';

const GIB = 1024 ** 3;

/** What the shares are sized from: the rating jobs of case 20. */
export const RATING: { capacity: BatchCapacity; tenants: BatchTenant[]; objective: Objective } = {
  // Four tenants that fill 9/13 of the cluster: ten times one of them for two hours, in one line, leaves the others
  // 40 % of their jobs in time.
  capacity: { cpu: 208, memoryBytes: 832 * GIB },
  tenants: ['billing', 'fraud', 'pricing', 'risk'].map((name) => ({
    name,
    jobCpu: 2,
    jobMemoryBytes: 4 * GIB,
    workload: { steadyPerSecond: 0.03, serviceSeconds: 600, serviceVariation: 0.5 },
  })),
  objective: { latencySeconds: 4200, latencyQuantile: 0.95 },
};

/**
 * Fair batch: the rating jobs of four tenants on one cluster, none of which can take the others' places (case 20).
 * Expects Kueue 0.15 or later with `fairSharing` and `metrics.enableClusterQueueResources` in its configuration,
 * kube-state-metrics and the Prometheus operator.
 */
export class FairBatchChart extends Chart {
  /** The shares. */
  public readonly shares: FairShare;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'fair-batch', ...props });
    // Alerts and dashboard live here; no pod does.
    restrictedNamespace(this, 'fair-batch');
    this.shares = new FairShare(this, 'Rating', RATING);
  }
}
