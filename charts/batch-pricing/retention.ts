import type { Construct } from 'constructs';
import { EVENTS } from '../../lib/cases/case-16-collection-swells';
import { TtlCollection } from '../../lib/k8s/retention/ttl-collection';

/** A MongoDB collection of events that are of value for weeks (case 16). */
export function expiringEvents(scope: Construct): TtlCollection {
  return new TtlCollection(scope, 'Events', {
    ...EVENTS,
    collection: 'events',
    connection: { secretName: 'events-mongodb', key: 'uri' },
    pushGateway: 'http://pushgateway.monitoring:9091',
    databaseNamespace: 'mongodb',
  });
}
