/** The custom resources of the Prometheus operator that constructs use, with the fields they use. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';

/** One alerting rule in Prometheus' format. */
export interface PrometheusAlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** Prometheus duration, such as `5m`. */
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One group of rules, evaluated together. */
export interface PrometheusRuleGroup {
  readonly name: string;
  readonly rules: readonly PrometheusAlertingRule[];
}

/** `PrometheusRule`: rules that the operator passes to its Prometheus. */
export function prometheusRule(scope: Construct, id: string, groups: readonly PrometheusRuleGroup[]): ApiObject {
  return new ApiObject(scope, id, { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', spec: { groups } });
}

/**
 * `PodMonitor`: Prometheus scrapes the pods with these labels at this port, every so many seconds.
 *
 * @param namespaces in which the pods are. Default: that of the monitor
 */
export function podMonitor(
  scope: Construct,
  id: string,
  matchLabels: Readonly<Record<string, string>>,
  port: string,
  scrapeSeconds: number,
  namespaces?: readonly string[],
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    spec: {
      ...(namespaces === undefined ? {} : { namespaceSelector: { matchNames: [...namespaces] } }),
      selector: { matchLabels },
      podMetricsEndpoints: [{ port, path: '/metrics', interval: `${scrapeSeconds}s` }],
    },
  });
}
