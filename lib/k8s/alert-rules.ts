/** Alerts as a `PrometheusRule`. Each carries its runbook, because the person on call did not write it. */
import type { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { prometheusRule } from './operators/prometheus';
import { namespaceOf } from './promql';

/** How soon a person must act. */
export type Severity = 'critical' | 'warning';

/** One alert: what is wrong, since when, and what to do about it. */
export interface Alert {
  /** In CamelCase, as Prometheus' own alerts are. */
  readonly name: string;
  /** PromQL that returns a series while the condition holds. */
  readonly expr: string;
  /** Seconds for which the condition must hold without a break. */
  readonly forSeconds: number;
  readonly severity: Severity;
  /** One line for the pager. */
  readonly summary: string;
  /** What to do, in the order to do it. */
  readonly runbook: string;
  /** Whether its series are of other namespaces, one each, and keep their own label `namespace`. */
  readonly ofOtherNamespaces?: boolean;
  /** More labels, of what the alert is about, such as a consumer group. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * One group of alerts. Each has the label `namespace` of the installation, by which Alertmanager routes: the series may
 * have the namespace of an exporter or a broker, or none after an aggregation. And the label `construct`, its path: of two in one
 * namespace whose series are summed, Alertmanager would take both alerts for one.
 *
 * @param group path of the construct
 */
export function alertRules(scope: Construct, id: string, group: string, alerts: readonly Alert[]): ApiObject {
  const namespace = namespaceOf(scope);
  const rules = alerts.map(({ name, expr, forSeconds, severity, summary, runbook, ofOtherNamespaces, labels }) => ({
    alert: name,
    expr,
    ...(forSeconds > 0 ? { for: prometheusDuration(forSeconds) } : {}),
    labels: {
      severity,
      construct: group,
      ...(namespace === undefined || ofOtherNamespaces ? {} : { namespace }),
      ...labels,
    },
    annotations: { summary, runbook },
  }));
  return prometheusRule(scope, id, [{ name: group, rules }]);
}

/** Seconds in Prometheus' notation, in minutes if they are whole. */
export function prometheusDuration(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  return whole % 60 === 0 ? `${whole / 60}m` : `${whole}s`;
}
