import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import type { TtlCollection } from '../lib/k8s/retention/ttl-collection';
import { expiringEvents } from './batch-pricing/retention';
import { restrictedNamespace } from './namespace';

/**
 * Data retention: a MongoDB collection that gets a time to live without a flood of deletions (case 16). Expects the
 * Prometheus operator, a Pushgateway in the namespace `monitoring`, and the Secret `events-mongodb` (key `uri`).
 */
export class DataRetentionChart extends Chart {
  /** The collection. */
  public readonly events: TtlCollection;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'data-retention', ...props });
    restrictedNamespace(this);
    this.events = expiringEvents(this);
  }
}
