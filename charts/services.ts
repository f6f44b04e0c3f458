import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { BUSY_JVM } from '../lib/cases/case-10-allocation-outruns-gc';
import { OVERRUN_API } from '../lib/cases/case-12-unbounded-thread-pool';
import { JvmService } from '../lib/k8s/jvm/jvm-service';
import type { ReplicaLagGuard } from '../lib/k8s/replication/replica-lag-guard';
import { BoundedService } from '../lib/k8s/services/bounded-service';
import { restrictedNamespace } from './namespace';
import { quotes } from './services/quotes';
import { ordersReplica } from './services/replication';

/**
 * Services: an API in a JVM whose heap bears what it allocates (case 10), one that accepts what it can answer in time (case
 * 12), one that also works on fewer requests while it is slow, and the replica of its orders, which keeps up with a peak of writes (case 8). Expects KEDA, kube-state-metrics and the
 * Prometheus operator. The images stand for your own.
 */
export class ServicesChart extends Chart {
  /** The API. */
  public readonly api: JvmService;

  /** The API that refuses what would be late. */
  public readonly bounded: BoundedService;

  /** The API that works on fewer requests while it is slow. */
  public readonly quotes: BoundedService;

  /** What keeps the replica of the orders fresh. */
  public readonly ordersReplica: ReplicaLagGuard;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'services', ...props });
    restrictedNamespace(this);
    this.api = new JvmService(this, 'Api', { ...BUSY_JVM, image: 'docker.io/example/api:1.0.0' });
    this.bounded = new BoundedService(this, 'Bounded', { ...OVERRUN_API, image: 'docker.io/example/orders:1.0.0' });
    this.quotes = quotes(this);
    this.ordersReplica = ordersReplica(this);
  }
}
