import { Construct } from 'constructs';
import { PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { StreamingEtl } from '../../lib/k8s/etl/streaming-etl';

/** The Kafka cluster that the stream reads. */
export interface StreamingTenantsEtlProps {
  readonly clusterName: string;
  readonly clusterNamespace: string;
}

/** Page views in windows of five minutes, from a topic into a Delta table (case 3). */
export class StreamingTenantsEtl extends Construct {
  /** The stream. */
  public readonly pageViews: StreamingEtl;

  constructor(scope: Construct, id: string, cluster: StreamingTenantsEtlProps) {
    super(scope, id);
    this.pageViews = new StreamingEtl(this, 'PageViews', {
      ...PAGE_VIEWS,
      ...cluster,
      queryName: 'page-views',
      topicName: 'page.views',
      schema: 'page STRING, at TIMESTAMP',
      eventTime: 'at',
      keys: ['page'],
      // Buckets of the platform; no other job writes to these paths.
      table: 's3a://lake/page_views',
      checkpoint: 's3a://lake-checkpoints/page_views',
      image:
        'registry.example.net/spark-delta:3.5.7@sha256:0000000000000000000000000000000000000000000000000000000000000000',
    });
  }
}
