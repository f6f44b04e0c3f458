/** Kubernetes QueueWorkers from this library, and the same objects written by hand with cdk8s and cdk8s-plus. */

import { deepStrictEqual, strictEqual } from 'node:assert';
import { DashboardBuilder, DatasourceVariableBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { ApiObject, App, Chart, Duration, JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { planQueue } from '../../lib/flow/queue/plan';
import type { QueuePlan } from '../../lib/flow/queue/workload';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import type { Side } from './build';
import { inEmptyFolder, timed } from './timed';
import { OBJECTIVE as objective, WORKLOAD as workload } from './workload';

const IMAGE = 'shop/orders:1.4.2';
const REDIS = { host: 'redis', stream: 'orders', consumerGroup: 'workers', deleteWhenDone: true };
const HEALTH_PORT = 8080;
const NAMESPACE = 'shop';

/** Synthesizes an app with this many workers in one chart, as `cdk8s synth` does, and returns its CPU seconds. */
export function synthesizeK8s(side: Side, workers: number): { seconds: number } {
  return inEmptyFolder((outdir) => timedChart(side, workers, new App({ outdir }), ({ app }) => app.synth()));
}

/** The same without writing anything: the objects alone. */
export function makeObjects(side: Side, workers: number): { seconds: number; manifests: unknown[] } {
  const { seconds, made } = timedChart(side, workers, new App(), ({ chart }) => chart.toJson() as unknown[]);
  return { seconds, manifests: made };
}

function timedChart<T>(side: Side, workers: number, app: App, end: (made: { app: App; chart: Chart }) => T) {
  const plan = planned();
  const numbers = (number: number) => (side === 'by-hand' ? plan : asked(number, plan));
  return timed(() => {
    const chart = new Chart(app, 'shop', { namespace: NAMESPACE });
    for (let number = 0; number < workers; number++) {
      if (side === 'ours') ours(chart, number);
      else byHand(chart, number, numbers(number));
    }
    return end({ app, chart });
  });
}

/** Sizes one worker as an author does who asks the library for the numbers of each. What its trigger and probes add is read from the known plan. */
function asked(number: number, known: QueuePlan): QueuePlan {
  const plan = planQueue(`Orders${number}`, { workload, objective, platform: 'keda', broker: 'redis' });
  for (const name of ['maxInstances', 'minInstances', 'terminationGracePeriodSeconds'])
    strictEqual(plan.value(name), known.value(name), `${name} of a plan that is asked for by hand`);
  return known;
}

/** A ratio is valid only if both sides make the same. */
export function assertSameK8s(): void {
  const sorted = (side: Side) => (makeObjects(side, 2).manifests as Named[]).sort(byName);
  deepStrictEqual(sorted('ours'), sorted('by-hand'), 'the two sides write different objects');
}

interface Named {
  readonly metadata: { readonly name: string };
}

const byName = (a: Named, b: Named) => (a.metadata.name < b.metadata.name ? -1 : 1);

function ours(chart: Chart, number: number): QueueWorker {
  const trigger = QueueTrigger.redisStream(REDIS);
  return new QueueWorker(chart, `Orders${number}`, { workload, objective, trigger, image: IMAGE });
}

/** The numbers for the hand-written side, computed in advance, so that only writing is timed. */
function planned(): QueuePlan {
  return ours(new Chart(new App(), 'numbers'), 0).plan;
}

function byHand(chart: Chart, number: number, plan: QueuePlan): void {
  const value = (name: string) => plan.value(name);
  const scope = new Construct(chart, `Orders${number}`);
  const serviceAccount = new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false });
  const deployment = makeDeployment(scope, serviceAccount, plan);
  const most = value('maxInstances');
  const scaler = new ApiObject(scope, 'ScaledObject', {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.name },
      minReplicaCount: value('minInstances'),
      maxReplicaCount: most,
      fallback: { failureThreshold: value('fallbackAfterFailures'), replicas: most },
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: {
            scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: most, periodSeconds: 15 }] },
            scaleDown: {
              stabilizationWindowSeconds: value('scaleDownStabilizationSeconds'),
              policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
            },
          },
        },
      },
      triggers: [
        {
          name: 'length',
          type: 'redis-streams',
          metadata: {
            address: 'redis:6379',
            stream: REDIS.stream,
            streamLength: String(value('targetPerReplica')),
            activationLagCount: '0',
            enableTLS: 'true',
          },
        },
      ],
    },
  });
  const selector = { matchLabels: deployment.matchLabels };
  const { IntOrString, KubeNetworkPolicy, KubePodDisruptionBudget } = kplus.k8s;
  const port = (number: number, protocol = 'TCP') => ({ protocol, port: IntOrString.fromNumber(number) });
  const budget = new KubePodDisruptionBudget(scope, 'DisruptionBudget', {
    spec: { maxUnavailable: IntOrString.fromNumber(1), selector },
  });
  budget.addJsonPatch(JsonPatch.add('/spec/unhealthyPodEvictionPolicy', 'AlwaysAllow'));
  const dns = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } } };
  new KubeNetworkPolicy(scope, 'NetworkPolicy', {
    spec: {
      podSelector: selector,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [
        { to: [dns], ports: [port(53, 'UDP'), port(53)] },
        { to: [{ podSelector: {} }], ports: [port(6379)] },
      ],
    },
  });
  const name = scaler.name;
  makeAlerts(scope, name, plan);
  makeDashboard(scope, `Orders${number}`, name, plan);
}

function makeDeployment(scope: Construct, serviceAccount: kplus.ServiceAccount, plan: QueuePlan): kplus.Deployment {
  const text = (value: string) => kplus.EnvValue.fromValue(value);
  const probe = (failureThreshold: number) =>
    kplus.Probe.fromHttpGet('/healthz', { port: HEALTH_PORT, periodSeconds: Duration.seconds(10), failureThreshold });
  const user = { user: 10_001, group: 10_001, ensureNonRoot: true };
  const deployment = new kplus.Deployment(scope, 'Deployment', {
    securityContext: { ...user, fsGroup: 10_001 },
    serviceAccount,
    automountServiceAccountToken: false,
    terminationGracePeriod: Duration.seconds(plan.value('terminationGracePeriodSeconds')),
    containers: [
      {
        name: 'worker',
        image: IMAGE,
        envVariables: {
          REDIS_HOST: text('redis'),
          REDIS_PORT: text('6379'),
          REDIS_TLS: text('true'),
          STREAM: text(REDIS.stream),
          CONSUMER_GROUP: text(REDIS.consumerGroup),
          DELETE_WHEN_DONE: text('true'),
          SLOTS: text('1'),
          HEALTH_PORT: text(String(HEALTH_PORT)),
        },
        resources: {
          cpu: { request: kplus.Cpu.millis(250), limit: kplus.Cpu.millis(1000) },
          memory: { request: Size.mebibytes(256), limit: Size.mebibytes(256) },
        },
        securityContext: {
          ...user,
          privileged: false,
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: [kplus.Capability.ALL] },
          seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT },
        },
        ports: [{ name: 'health', number: HEALTH_PORT }],
        readiness: probe(3),
        liveness: probe(6),
        startup: probe(30),
      },
    ],
  });
  const temporary = kplus.Volume.fromEmptyDir(scope, 'Temporary', 'tmp', { sizeLimit: Size.mebibytes(64) });
  deployment.containers[0].mount('/tmp', temporary);
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: deployment.matchLabels },
  };
  ApiObject.of(deployment).addJsonPatch(
    JsonPatch.add('/spec/template/spec/topologySpreadConstraints', [spread]),
    JsonPatch.add('/spec/template/spec/nodeSelector', { 'kubernetes.io/os': 'linux' }),
    JsonPatch.remove('/spec/replicas'),
  );
  return deployment;
}

/** As the exporter is scraped with honorLabels, and without. */
const PLACES = [`namespace="${NAMESPACE}",exported_namespace=""`, `exported_namespace="${NAMESPACE}"`];

function kedaSeries(name: string, metric: string, of: (series: string) => string = (series) => series): string {
  return PLACES.map((place) => of(`keda_scaler_${metric}{${place},scaledObject="${name}"}`)).join(' or ');
}

function hpaSeries(name: string, metric: string): string {
  return PLACES.map(
    (place) => `kube_horizontalpodautoscaler_${metric}{${place},horizontalpodautoscaler="keda-hpa-${name}"}`,
  ).join(' or ');
}

/** Name and wording of an alert: long lines of YAML cost time on both sides. */
interface Text {
  readonly name: string;
  readonly summary: string;
  readonly runbook: string;
}

const BACKLOG = (alarm: number): Text => ({
  name: 'QueueBacklog',
  summary: `More than ${alarm} items wait or are in work, above what is planned.`,
  runbook:
    'Check whether pods run and are ready, whether an item takes longer than planned, whether more arrives than planned. Then allow more instances or throttle the producer.',
});
const NEVER_DRAINS: Text = {
  name: 'QueueNeverDrains',
  summary:
    'More items are outstanding than predicted for the peak, and the number grows: more arrives than is finished.',
  runbook:
    'Waiting does not help. If the scaler is at its maximum, raise the workload numbers and deploy. If it cannot read the queue, QueueScalerBlind fires too: follow its runbook.',
};
const SCALER_BLIND: Text = {
  name: 'QueueScalerBlind',
  summary: 'KEDA cannot read the depth of the queue.',
  runbook:
    'kubectl describe the ScaledObject and its TriggerAuthentication; usually the Secret, a permission of the user or a network policy is the cause. Meanwhile the fallback number of replicas runs.',
};
const AT_MAXIMUM = (most: number): Text => ({
  name: 'QueueWorkerAtMaximum',
  summary: `All ${most} replicas run and the backlog is above its alarm.`,
  runbook:
    'The plan allows no more. Set peakPerSecond or serviceSeconds of the workload to the measured value and deploy; the plan derives the number of replicas.',
});

function makeAlerts(scope: Construct, name: string, plan: QueuePlan): void {
  const depth = `max(${kedaSeries(name, 'metrics_value')})`;
  const alarm = plan.value('alarmBacklog');
  const most = plan.value('maxInstances');
  const rule = (alert: Text, expr: string, duration: string, severity: string) => ({
    alert: alert.name,
    expr,
    for: duration,
    labels: { severity, construct: scope.node.path, namespace: NAMESPACE },
    annotations: { summary: alert.summary, runbook: alert.runbook },
  });
  const growing = `max(${kedaSeries(name, 'metrics_value', (series) => `deriv(${series}[300s])`)}) >= 0`;
  const above = plan.value('alarmDrainBacklog');
  const minutes = Math.ceil((plan.predictions.reactionSeconds + 300) / 60);
  const current = `max(${hpaSeries(name, 'status_current_replicas')})`;
  new ApiObject(scope, 'Alerts', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    spec: {
      groups: [
        {
          name: scope.node.path,
          rules: [
            rule(BACKLOG(alarm), `${depth} > ${alarm}`, '2m', 'critical'),
            rule(NEVER_DRAINS, `${depth} > ${above} and ${growing}`, `${minutes}m`, 'critical'),
            rule(
              SCALER_BLIND,
              `sum(${kedaSeries(name, 'detail_errors_total', (series) => `increase(${series}[300s])`)}) > 0`,
              '5m',
              'warning',
            ),
            rule(AT_MAXIMUM(most), `${current} >= ${most} and ${depth} > ${alarm}`, '5m', 'warning'),
          ],
        },
      ],
    },
  });
}

function makeDashboard(scope: Construct, title: string, name: string, plan: QueuePlan): void {
  const hpa = (metric: string) => `max(${hpaSeries(name, metric)})`;
  const panel = (heading: string, lines: readonly (readonly [string, string])[]) => {
    const builder = new PanelBuilder()
      .title(heading)
      .unit('short')
      .min(0)
      .height(8)
      .span(12)
      .datasource({ type: 'prometheus', uid: '$datasource' });
    for (const [legend, expr] of lines) builder.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend));
    return builder;
  };
  const dashboard = new DashboardBuilder(`${title}, ${NAMESPACE}`)
    .tags(['backpressure'])
    .refresh('30s')
    .time({ from: 'now-3h', to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withPanel(
      panel('Backlog', [
        ['outstanding', `max(${kedaSeries(name, 'metrics_value')})`],
        ['predicted peak', `vector(${plan.value('peakOutstanding')})`],
        ['alarm', `vector(${plan.value('alarmBacklog')})`],
      ]),
    )
    .withPanel(
      panel('Replicas', [
        ['running', hpa('status_current_replicas')],
        ['wanted', hpa('status_desired_replicas')],
        ['maximum', `vector(${plan.value('maxInstances')})`],
      ]),
    );
  new kplus.ConfigMap(scope, 'Dashboard', {
    metadata: { labels: { grafana_dashboard: '1' } },
    data: { [`${title.toLowerCase()}-${NAMESPACE}.json`]: JSON.stringify(dashboard.build(), null, 1) },
  });
}
