/** Alerts as a `PrometheusRule`. Each carries its runbook, because whoever is woken by it did not write it. */
import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { prometheusRule } from './operators/prometheus';
import { namespaceOf } from './promql';

/** How soon somebody must look. */
export type Severity = 'critical' | 'warning';

/** One alert: what is wrong, since when, and what to do about it. */
export interface Alert {
  /** In CamelCase, as Prometheus' own alerts are. */
  readonly name: string;
  /** PromQL that returns something when it is wrong. */
  readonly expr: string;
  /** Seconds that it must have been wrong without a break. */
  readonly forSeconds: number;
  readonly severity: Severity;
  /** One line for the pager. */
  readonly summary: string;
  /** What to do, in the order to do it. */
  readonly runbook: string;
  /** Whether its series are of other namespaces, one each, and keep their own label `namespace`. */
  readonly ofOtherNamespaces?: boolean;
}

/**
 * A rate needs four samples to outlive one that is missing, and nobody scrapes less often than every minute here.
 *
 * Source: Prometheus documentation and Robust Perception, "What range should I use with rate()?".
 */
export const RATE_WINDOW_SECONDS = 300;

/**
 * One group of alerts. Each has the label `namespace` of the installation, by which Alertmanager routes: the series may
 * be of the namespace of an exporter or a broker, or have none after an aggregation.
 */
export function alertRules(scope: Construct, id: string, group: string, alerts: readonly Alert[]): ApiObject {
  const namespace = namespaceOf(scope);
  const rules = alerts.map(({ name, expr, forSeconds, severity, summary, runbook, ofOtherNamespaces }) => ({
    alert: name,
    expr,
    ...(forSeconds > 0 ? { for: prometheusDuration(forSeconds) } : {}),
    labels: { severity, ...(namespace === undefined || ofOtherNamespaces ? {} : { namespace }) },
    annotations: { summary, runbook },
  }));
  return prometheusRule(scope, id, [{ name: group, rules }]);
}

/** Seconds as Prometheus writes them: whole minutes where they are whole. */
export function prometheusDuration(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  return whole % 60 === 0 ? `${whole / 60}m` : `${whole}s`;
}
