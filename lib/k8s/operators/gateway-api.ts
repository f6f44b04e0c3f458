/** The resource of Gateway API that constructs use, with the fields they use. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

/** A route from paths of a gateway to one service. */
export interface ServiceRoute {
  readonly gateway: { readonly name: string; readonly namespace?: string; readonly sectionName?: string };
  readonly hostnames?: readonly string[];
  /** Prefixes of paths, whole parts of them. */
  readonly prefixes: readonly string[];
  readonly service: { readonly name: string; readonly port: number };
}

/** Gateway API, HTTPRouteRule: a rule had eight matches at most until v1.1, and a route has 16 rules. */
const MATCHES = 8;
/** Prefixes of one route. */
export const MOST_PREFIXES = 16 * MATCHES;

/** `HTTPRoute`: whatever else comes to the gateway does not reach the service. */
export function httpRoute(
  scope: Construct,
  id: string,
  { gateway, hostnames, prefixes, service }: ServiceRoute,
): ApiObject {
  const rules = Array.from({ length: Math.ceil(prefixes.length / MATCHES) }, (_, rule) => ({
    matches: prefixes
      .slice(rule * MATCHES, (rule + 1) * MATCHES)
      .map((value) => ({ path: { type: 'PathPrefix', value } })),
    backendRefs: [service],
  }));
  return new ApiObject(scope, id, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    spec: { parentRefs: [gateway], ...(hostnames !== undefined && { hostnames: [...hostnames] }), rules },
  });
}
