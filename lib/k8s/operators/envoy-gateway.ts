/** The custom resource of Envoy Gateway that constructs use, with the fields they use. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

/** Spec of a `BackendTrafficPolicy` for one route, without its target. */
export interface BackendTrafficPolicySpec {
  /** Of one proxy, over all endpoints. */
  readonly circuitBreaker: {
    readonly maxConnections: number;
    readonly maxPendingRequests: number;
    readonly maxParallelRequests: number;
    readonly maxParallelRetries: number;
  };
  readonly retry: { readonly numRetries: number };
  readonly timeout: {
    readonly tcp: { readonly connectTimeout: string };
    readonly http: { readonly requestTimeout: string; readonly connectionIdleTimeout: string };
  };
  readonly loadBalancer: { readonly type: 'LeastRequest' };
}

/** `BackendTrafficPolicy` of an `HTTPRoute` in the same namespace. */
export function backendTrafficPolicy(
  scope: Construct,
  id: string,
  route: string,
  spec: BackendTrafficPolicySpec,
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'BackendTrafficPolicy',
    spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: route }], ...spec },
  });
}

/** A duration of Gateway API (GEP-2257), which has no fractions. */
export function gatewayDuration(seconds: number): string {
  return `${Math.max(1, Math.round(1000 * seconds))}ms`;
}
