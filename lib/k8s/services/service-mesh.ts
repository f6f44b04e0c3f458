/** What Istio's proxies are told of a bounded service, so that they neither eject a pod that refuses nor retry into it. */
import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { promisedPercentile } from '../../flow/services/alarms';
import type { ServicePlan } from '../../flow/services/workload';
import { destinationRule, inboundFilter, virtualService } from '../operators/istio';

/** Errors of a server that is broken, not of one that is full. */
const EJECTING = [500, 502, 504];

/** The `DestinationRule` and the `VirtualService` of a host. */
export function meshOf(
  scope: Construct,
  host: string,
  plan: ServicePlan,
): { readonly destinationRule: ApiObject; readonly virtualService: ApiObject } {
  const value = (name: string) => plan.value(name);
  return {
    destinationRule: destinationRule(scope, 'DestinationRule', {
      host,
      trafficPolicy: {
        connectionPool: {
          tcp: { connectTimeout: seconds(value('serverDeadlineSeconds')) },
          http: {
            http1MaxPendingRequests: value('meshRequests'),
            http2MaxRequests: value('meshRequests'),
            maxRetries: value('meshRetries'),
            idleTimeout: seconds(value('idleTimeoutSeconds')),
          },
        },
        loadBalancer: { simple: 'LEAST_REQUEST' },
        outlierDetection: {
          consecutive5xxErrors: value('ejectAfterErrors'),
          interval: seconds(value('ejectIntervalSeconds')),
          baseEjectionTime: seconds(value('ejectSeconds')),
          maxEjectionPercent: 100 * value('ejectRatio'),
          // 504 is the gate's own where the work takes too long, and of a pod that is stuck.
          outlierDetectionHttpErrorCodes: EJECTING,
        },
      },
    }),
    virtualService: virtualService(scope, 'VirtualService', host, seconds(value('callerTimeoutSeconds'))),
  };
}

/**
 * Envoy's gradient controller with a fixed minRTT: it does not measure one, for which it would refuse most requests now and
 * then. It lowers the limit only while answers take longer than promised.
 *
 * Source: Envoy, extensions.filters.http.adaptive_concurrency.v3; envoy issues 8337 and 18152.
 */
export function adaptiveConcurrency(
  scope: Construct,
  labels: Readonly<Record<string, string>>,
  plan: ServicePlan,
): ApiObject {
  const value = (name: string) => plan.value(name);
  return inboundFilter(scope, 'EnvoyFilter', labels, {
    name: 'envoy.filters.http.adaptive_concurrency',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency',
      gradient_controller_config: {
        sample_aggregate_percentile: { value: promisedPercentile(plan) },
        concurrency_limit_params: {
          max_concurrency_limit: value('concurrencyLimit'),
          concurrency_update_interval: seconds(value('limitUpdateSeconds')),
        },
        min_rtt_calc_params: {
          fixed_value: seconds(value('serverDeadlineSeconds')),
          buffer: { value: 100 * value('minRttBuffer') },
          min_concurrency: value('leastConcurrency'),
        },
      },
      enabled: { default_value: true, runtime_key: 'adaptive_concurrency.enabled' },
      concurrency_limit_exceeded_status: { code: value('shedStatus') },
    },
  });
}

/** A duration of protobuf, in milliseconds at most. */
function seconds(value: number): string {
  return `${Number(Math.max(0.001, value).toFixed(3))}s`;
}
