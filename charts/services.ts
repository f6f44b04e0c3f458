import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { BUSY_JVM } from '../lib/cases/case-10-allocation-outruns-gc';
import { JvmService } from '../lib/k8s/jvm/jvm-service';
import type { ReplicaLagGuard } from '../lib/k8s/replication/replica-lag-guard';
import { restrictedNamespace } from './namespace';
import { ordersReplica } from './services/replication';

/**
 * Services: an API in a JVM whose heap bears what it allocates (case 10), and the replica of its orders, which keeps
 * up with a peak of writes (case 8). Expects kube-state-metrics and the Prometheus operator. The image stands for your own.
 */
export class ServicesChart extends Chart {
  /** The API. */
  public readonly api: JvmService;

  /** What keeps the replica of the orders fresh. */
  public readonly ordersReplica: ReplicaLagGuard;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'services', ...props });
    restrictedNamespace(this);
    this.api = new JvmService(this, 'Api', { ...BUSY_JVM, image: 'docker.io/example/api:1.0.0' });
    this.ordersReplica = ordersReplica(this);
  }
}
