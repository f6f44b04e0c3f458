import type { Construct } from 'constructs';
import { WRITE_PEAK } from '../../lib/cases/case-08-replica-lag';
import { ReplicaLagGuard } from '../../lib/k8s/replication/replica-lag-guard';

/**
 * The orders of a shop: imports slow down before the replica, from which its pages are read, is old (case 8). Expects source
 * and replica in the namespace `databases`, the Secret `replica-guard` with `user` and `password`, and the Secret
 * `databases` with the authority of their certificates, which have to be for `<name>.databases.svc`.
 */
export function ordersReplica(scope: Construct): ReplicaLagGuard {
  const server = (name: string) => ({ name, host: `${name}.databases.svc`, namespace: 'databases' });
  return new ReplicaLagGuard(scope, 'OrdersReplica', {
    ...WRITE_PEAK,
    source: server('orders-source'),
    replicas: [server('orders-replica')],
    user: { secretName: 'replica-guard', key: 'user' },
    password: { secretName: 'replica-guard', key: 'password' },
    certificateAuthority: { secretName: 'databases', key: 'ca.crt' },
  });
}
