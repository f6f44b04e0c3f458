/** What the hand-written Kubernetes sides share. Texts of alerts and queries of graphs are known in advance, as numbers are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DashboardBuilder, DatasourceVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { ApiObject, Duration, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { Alert } from '../../../lib/k8s/alert-rules';
import type { Graph } from '../../../lib/k8s/grafana-dashboard';
import { packageRoot } from '../../../lib/package-root';

export const NAMESPACE = 'shop';
const USER = { user: 10_001, group: 10_001, ensureNonRoot: true };

export const POD = { ...USER, fsGroup: 10_001 };
export const CONTAINER: kplus.ContainerSecurityContextProps = {
  ...USER,
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: [kplus.Capability.ALL] },
  seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT },
};

export const resources = (memory = Size.mebibytes(256)): kplus.ContainerResources => ({
  cpu: { request: kplus.Cpu.millis(250), limit: kplus.Cpu.millis(1000) },
  memory: { request: Size.mebibytes(256), limit: memory },
});

/** A program of the package, read once. */
export const program = (file: string): Buffer => readFileSync(join(packageRoot(), 'dist', 'runtime', file));

export const text = (value: string | number) => kplus.EnvValue.fromValue(String(value));
export const texts = (values: Record<string, string | number>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]));

export function probes(port: number, timeoutSeconds?: number, readyPath = '/healthz') {
  const probe = (failureThreshold: number, path = '/healthz') =>
    kplus.Probe.fromHttpGet(path, {
      port,
      periodSeconds: Duration.seconds(10),
      timeoutSeconds: timeoutSeconds === undefined ? undefined : Duration.seconds(timeoutSeconds),
      failureThreshold,
    });
  return { readiness: probe(3, readyPath), liveness: probe(6), startup: probe(30) };
}

export function temporary(scope: Construct, container: kplus.Container): void {
  container.mount('/tmp', kplus.Volume.fromEmptyDir(scope, 'Temporary', 'tmp', { sizeLimit: Size.mebibytes(64) }));
}

export function onLinux(workload: ApiObject, template = '/spec/template'): void {
  workload.addJsonPatch(JsonPatch.add(`${template}/spec/nodeSelector`, { 'kubernetes.io/os': 'linux' }));
}

const { IntOrString, KubeNetworkPolicy } = kplus.k8s;
const port = (number: number, protocol = 'TCP') => ({ protocol, port: IntOrString.fromNumber(number) });
const inNamespace = (name: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
});
export const toNamespace = (name: string, number: number) => ({ to: [inNamespace(name)], ports: [port(number)] });
export const toAnywhere = (number: number) => ({
  to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } }],
  ports: [port(number)],
});

export function networkPolicy(
  scope: Construct,
  matchLabels: Record<string, string>,
  egress: kplus.k8s.NetworkPolicyEgressRule[],
  metricsPort?: number,
): void {
  new KubeNetworkPolicy(scope, 'NetworkPolicy', {
    spec: {
      podSelector: { matchLabels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: metricsPort === undefined ? [] : [{ from: [inNamespace('monitoring')], ports: [port(metricsPort)] }],
      egress: [{ to: [inNamespace('kube-system')], ports: [port(53, 'UDP'), port(53)] }, ...egress],
    },
  });
}

export function monitor(scope: Construct, matchLabels: Record<string, string>): void {
  new ApiObject(scope, 'PodMonitor', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    spec: {
      selector: { matchLabels },
      podMetricsEndpoints: [{ port: 'metrics', path: '/metrics', interval: '30s' }],
    },
  });
}

/** What is watched. */
export interface Watched {
  readonly alerts: readonly Alert[];
  readonly graphs: readonly Graph[];
}

/** Alerts and dashboard; `named` puts the name of the installation into an expression. */
export function watch(scope: Construct, { alerts, graphs }: Watched, named = (query: string) => query): void {
  const rules = alerts.map(({ name, expr, forSeconds, severity, summary, runbook, labels = {} }) => ({
    alert: name,
    expr: named(expr),
    ...(forSeconds > 0 && { for: forSeconds % 60 === 0 ? `${forSeconds / 60}m` : `${forSeconds}s` }),
    labels: {
      severity,
      construct: scope.node.path,
      namespace: NAMESPACE,
      ...Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, named(value)])),
    },
    annotations: { summary: named(summary), runbook: named(runbook) },
  }));
  new ApiObject(scope, 'Alerts', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    spec: { groups: [{ name: scope.node.path, rules }] },
  });
  const dashboard = new DashboardBuilder(`${scope.node.id}, ${NAMESPACE}`)
    .tags(['backpressure'])
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'));
  for (const { title, unit, lines } of graphs) {
    const panel = new PanelBuilder()
      .title(title)
      .unit(unit)
      .min(0)
      .height(8)
      .span(12)
      .datasource({ type: 'prometheus', uid: '$datasource' });
    for (const { legend, expr } of lines) {
      panel.withTarget(new DataqueryBuilder().expr(named(expr)).legendFormat(legend));
    }
    dashboard.withPanel(panel);
  }
  new kplus.ConfigMap(scope, 'Dashboard', {
    metadata: { labels: { grafana_dashboard: '1' } },
    data: { [`${scope.node.id.toLowerCase()}-${NAMESPACE}.json`]: JSON.stringify(dashboard.build(), null, 1) },
  });
}
