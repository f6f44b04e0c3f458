/** What the proxies of Envoy Gateway are told of a bounded service: no more than it holds, no retry, and when to give up. */
import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { ServicePlan } from '../../flow/services/workload';
import { backendTrafficPolicy, gatewayDuration } from '../operators/envoy-gateway';

/** The `BackendTrafficPolicy` of the route that leads to the service. */
export function gatewayPolicy(scope: Construct, route: string, plan: ServicePlan): ApiObject {
  const value = (name: string) => plan.value(name);
  return backendTrafficPolicy(scope, 'BackendTrafficPolicy', route, {
    circuitBreaker: {
      // In HTTP/1.1 each request has a connection.
      maxConnections: value('gatewayRequests'),
      maxParallelRequests: value('gatewayRequests'),
      // What waits for a connection in the proxy is in no queue of the plan.
      maxPendingRequests: value('gatewayPendingRequests'),
      maxParallelRetries: value('gatewayRetries'),
    },
    // Once retry is there its default is to try 503 twice more: the refusals.
    retry: { numRetries: value('gatewayRetries') },
    timeout: {
      tcp: { connectTimeout: gatewayDuration(value('serverDeadlineSeconds')) },
      http: {
        requestTimeout: gatewayDuration(value('callerTimeoutSeconds')),
        connectionIdleTimeout: gatewayDuration(value('idleTimeoutSeconds')),
      },
    },
    loadBalancer: { type: 'LeastRequest' },
  });
}
