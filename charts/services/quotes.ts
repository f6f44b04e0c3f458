import type { Construct } from 'constructs';
import { OVERRUN_API } from '../../lib/cases/case-12-unbounded-thread-pool';
import { ServiceLimit } from '../../lib/flow/services/workload';
import { BoundedService } from '../../lib/k8s/services/bounded-service';

/**
 * The quotes of a shop: the load of case 12, for a program whose requests share its processors. When a neighbour takes half of
 * them, the gate works on as few requests at once as the rest can bear.
 */
export function quotes(scope: Construct): BoundedService {
  return new BoundedService(scope, 'Quotes', {
    ...OVERRUN_API,
    limit: ServiceLimit.AIMD,
    image: 'docker.io/example/quotes:1.0.0',
  });
}
