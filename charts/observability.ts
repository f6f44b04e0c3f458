import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { TOO_MANY_METRICS } from '../lib/cases/case-19-too-many-metrics';
import { MetricsSampling } from '../lib/k8s/metrics/metrics-sampling';
import { restrictedNamespace } from './namespace';

/**
 * Observability: a budget of series for the pods of a platform (case 19). Expects the Prometheus operator with a Prometheus
 * 3.9 or later that selects monitors of this namespace. The pods stand for your own.
 */
export class ObservabilityChart extends Chart {
  /** The budget. */
  public readonly metrics: MetricsSampling;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'observability', ...props });
    restrictedNamespace(this);
    this.metrics = new MetricsSampling(this, 'Metrics', {
      ...TOO_MANY_METRICS,
      scrapes: { pods: { podLabels: { 'app.kubernetes.io/part-of': 'platform' } } },
    });
  }
}
