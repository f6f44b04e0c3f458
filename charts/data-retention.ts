import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import type { TtlObjective, TtlWorkload } from '../lib/flow/ttl';
import { TtlCollection } from '../lib/k8s/ttl-collection';
import { restrictedNamespace } from './namespace';

const DAY_SECONDS = 86_400;

/**
 * Case 16: 500 GB today, below 120 GB with the retention that the ratio gives. A year of documents of 1 KB at the same
 * rate is 500 GB, so 120 GB are 87 days; the rates that the database bears are assumptions.
 */
export const EVENTS: { workload: TtlWorkload; objective: TtlObjective } = {
  workload: {
    insertsPerSecond: 500e9 / 1000 / (365 * DAY_SECONDS),
    documentBytes: 1000,
    existingDocuments: 500e6,
    spareWritesPerSecond: 1000,
    deletesPerSecond: 500,
  },
  objective: { retentionSeconds: 87 * DAY_SECONDS, collectionBytes: 120e9 },
};

/**
 * Data retention: a MongoDB collection that gets a time to live without a flood of deletions (case 16). Expects the
 * Prometheus operator, a Pushgateway in the namespace `monitoring`, and the Secret `events-mongodb` (key `uri`).
 */
export class DataRetentionChart extends Chart {
  /** The collection. */
  public readonly events: TtlCollection;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'data-retention', ...props });
    restrictedNamespace(this, 'data-retention');
    this.events = new TtlCollection(this, 'Events', {
      ...EVENTS,
      collection: 'events',
      connection: { secretName: 'events-mongodb', key: 'uri' },
      pushGateway: 'http://pushgateway.monitoring:9091',
      databaseNamespace: 'mongodb',
    });
  }
}
