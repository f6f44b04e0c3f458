import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { RATING } from '../lib/cases/case-20-tenant-starvation';
import { FairShare } from '../lib/k8s/shares/fair-share';
import { restrictedNamespace } from './namespace';

/** Differences between installations on the same cluster. */
export interface FairBatchProps extends ChartProps {
  /**
   * Name of the cohort. Queues, priority classes and the tenants' namespaces belong to the cluster and are named after
   * it.
   *
   * @default 'batch'
   */
  readonly cohort?: string;
}

/**
 * Fair batch: the rating jobs of four tenants on one cluster, of which none can take the others' share (case 20).
 * Expects Kueue 0.16 or later with `fairSharing` and `metrics.enableClusterQueueResources` in its configuration,
 * kube-state-metrics and the Prometheus operator.
 */
export class FairBatchChart extends Chart {
  /** The shares. */
  public readonly shares: FairShare;

  constructor(scope: Construct, id: string, { cohort, ...props }: FairBatchProps = {}) {
    super(scope, id, { namespace: 'fair-batch', ...props });
    // This namespace holds alerts and dashboard, no pods.
    restrictedNamespace(this);
    this.shares = new FairShare(this, 'Rating', { ...RATING, cohort });
  }
}
