import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { EVENTS } from '../lib/cases/case-16-collection-swells';
import { TtlCollection } from '../lib/k8s/retention/ttl-collection';
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
    this.events = new TtlCollection(this, 'Events', {
      ...EVENTS,
      collection: 'events',
      connection: { secretName: 'events-mongodb', key: 'uri' },
      pushGateway: 'http://pushgateway.monitoring:9091',
      databaseNamespace: 'mongodb',
    });
  }
}
