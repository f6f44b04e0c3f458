import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { RATING } from '../lib/cases/case-20-tenant-starvation';
import type { QueueWorker } from '../lib/k8s/queue/queue-worker';
import type { TtlCollection } from '../lib/k8s/retention/ttl-collection';
import { FairShare } from '../lib/k8s/shares/fair-share';
import { imageJobs } from './batch-pricing/images';
import { expiringEvents } from './batch-pricing/retention';
import { restrictedNamespace } from './namespace';

/** Differences between installations on the same cluster. */
export interface BatchPricingProps extends ChartProps {
  /**
   * Name of the cohort. Queues, priority classes and the tenants' namespaces belong to the cluster and are named after
   * it.
   *
   * @default 'batch'
   */
  readonly cohort?: string;
}

/**
 * Batch pricing: the rating jobs of four tenants on one cluster, of which none can take the others' share (case 20), images of
 * what was priced (case 6), and the events of the jobs, which expire in a collection that keeps below its size (case 16).
 * Expects Kueue 0.16 or later with `fairSharing` and `metrics.enableClusterQueueResources` in its configuration, KEDA,
 * kube-state-metrics and the Prometheus operator, and what `ImageProcessingChart` and `DataRetentionChart` expect.
 */
export class BatchPricingChart extends Chart {
  /** The shares. */
  public readonly shares: FairShare;

  /** The pods that make the thumbnails. */
  public readonly images: QueueWorker;

  /** The collection. */
  public readonly events: TtlCollection;

  constructor(scope: Construct, id: string, { cohort, ...props }: BatchPricingProps = {}) {
    // The tenants' jobs have namespaces of their own: batch-pricing is that of the tenant `pricing`.
    super(scope, id, { namespace: 'pricing', ...props });
    restrictedNamespace(this);
    this.shares = new FairShare(this, 'Rating', { ...RATING, cohort });
    this.images = imageJobs(this);
    this.events = expiringEvents(this);
  }
}
