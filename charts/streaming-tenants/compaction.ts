import type { Construct } from 'constructs';
import { COMPACTION_ON_K8S } from '../../lib/cases/case-17-continuous-cleanup';
import { ContinuousCompaction } from '../../lib/k8s/compaction/continuous-compaction';

/** Of `lib/runtime/compaction/Dockerfile`, in a registry of yours. */
const IMAGE = 'registry.example.net/delta-rs:1.6.6';

/**
 * The Delta table of the tenants' events, written by delta-rs, whose small files are rewritten four times a day (case 17).
 * Expects the Secret `lake` with credentials of the store as environment variables, and a Pushgateway in the namespace
 * `monitoring`.
 */
export function compactedEvents(scope: Construct): ContinuousCompaction {
  const { workload, objective } = COMPACTION_ON_K8S;
  return new ContinuousCompaction(scope, 'Compaction', {
    workload,
    objective,
    path: 's3://lake/events',
    image: IMAGE,
    storeSecret: 'lake',
    environment: { AWS_REGION: 'eu-central-1' },
    pushGateway: 'http://pushgateway.monitoring:9091',
  });
}
