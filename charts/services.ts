import { Chart, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { BUSY_JVM } from '../lib/cases/case-10-allocation-outruns-gc';
import { JvmService } from '../lib/k8s/jvm/jvm-service';
import { restrictedNamespace } from './namespace';

/**
 * Services: an API in a JVM whose heap bears what it allocates (case 10). Expects kube-state-metrics and the Prometheus
 * operator. The image stands for your own.
 */
export class ServicesChart extends Chart {
  /** The API. */
  public readonly api: JvmService;

  constructor(scope: Construct, id: string, props: ChartProps = {}) {
    super(scope, id, { namespace: 'services', ...props });
    restrictedNamespace(this);
    this.api = new JvmService(this, 'Api', { ...BUSY_JVM, image: 'docker.io/example/api:1.0.0' });
  }
}
