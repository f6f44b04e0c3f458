/** The custom resources of Istio that constructs use, with the fields they use. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

const NETWORKING = 'networking.istio.io/v1';

/** Spec of a `DestinationRule`: what a client's proxy may have open to a host, and which of its pods it leaves out. */
export interface DestinationRuleSpec {
  readonly host: string;
  readonly trafficPolicy: {
    readonly connectionPool: {
      readonly tcp: { readonly connectTimeout: string };
      readonly http: {
        /** Of one client's proxy. */
        readonly http1MaxPendingRequests: number;
        /** Of one client's proxy, in HTTP/1.1 too. */
        readonly http2MaxRequests: number;
        readonly maxRetries: number;
        readonly idleTimeout: string;
      };
    };
    readonly loadBalancer: { readonly simple: 'LEAST_REQUEST' };
    readonly outlierDetection: {
      readonly consecutive5xxErrors: number;
      readonly interval: string;
      readonly baseEjectionTime: string;
      readonly maxEjectionPercent: number;
      /** Statuses that count as errors. Istio 1.32 or later. */
      readonly outlierDetectionHttpErrorCodes: readonly number[];
    };
  };
}

/** `DestinationRule`. */
export function destinationRule(scope: Construct, id: string, spec: DestinationRuleSpec): ApiObject {
  return new ApiObject(scope, id, { apiVersion: NETWORKING, kind: 'DestinationRule', spec });
}

/** `VirtualService` of one host: how long its clients wait, and that their proxies do not retry. */
export function virtualService(scope: Construct, id: string, host: string, timeout: string): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: NETWORKING,
    kind: 'VirtualService',
    spec: { hosts: [host], http: [{ route: [{ destination: { host } }], timeout, retries: { attempts: 0 } }] },
  });
}

/** `EnvoyFilter`: a filter of the proxies of these pods, before requests reach the program. */
export function inboundFilter(
  scope: Construct,
  id: string,
  labels: Readonly<Record<string, string>>,
  filter: { readonly name: string; readonly typed_config: object },
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    spec: {
      workloadSelector: { labels },
      configPatches: [
        {
          applyTo: 'HTTP_FILTER',
          match: {
            context: 'SIDECAR_INBOUND',
            listener: {
              filterChain: {
                filter: {
                  name: 'envoy.filters.network.http_connection_manager',
                  subFilter: { name: 'envoy.filters.http.router' },
                },
              },
            },
          },
          patch: { operation: 'INSERT_BEFORE', value: filter },
        },
      ],
    },
  });
}
