/** `BoundedService` behind its gate, and the same objects by hand. */
import { createHash } from 'node:crypto';
import { ApiObject, type Chart, Duration, JsonPatch, Names, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { OVERRUN_API } from '../../../lib/cases/case-12-unbounded-thread-pool';
import { boundsOf } from '../../../lib/flow/services/bounds';
import { planService } from '../../../lib/flow/services/plan';
import { ServiceAdmission } from '../../../lib/flow/services/workload';
import { stockImage } from '../../../lib/k8s/images';
import { keepPatches } from '../../../lib/k8s/keep-patches';
import { BoundedService } from '../../../lib/k8s/services/bounded-service';
import { type BoundedServiceProps, questionOf } from '../../../lib/k8s/services/bounded-service-props';
import { serviceAlerts, serviceGraphs } from '../../../lib/k8s/services/service-alerts';
import { inFlight } from '../../../lib/k8s/services/service-series';
import type { Numbers } from '../numbers';
import {
  CONTAINER,
  NAMESPACE,
  onLinux,
  POD,
  probes,
  program,
  resources,
  temporary,
  texts,
  type Watched,
  watch,
} from './k8s-parts';
import { numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly bounds: Readonly<Record<string, string>>;
  readonly query: string;
  readonly code: string;
  readonly digest: string;
  readonly watched: Watched;
}

const IMAGE = 'shop/api:1.4.2';
const PROPS: BoundedServiceProps = { ...OVERRUN_API, image: IMAGE };
/** Stand for names in what is known in advance. */
const NAME = 'servicename';
const SCALER = 'scalername';
const [PORT, METRICS, DRAIN] = [9400, 9401, 9402];

function ours(chart: Chart, number: number): BoundedService {
  return new BoundedService(chart, `Api${number}`, PROPS);
}

function known(chart: Chart): Known {
  const { plan } = ours(chart, 0);
  const code = program('gate-proxy/index.js').toString();
  const series = { admission: ServiceAdmission.GATE, namespace: NAMESPACE, service: NAME };
  return {
    numbers: numbersOf(plan),
    bounds: boundsOf(plan, ''),
    query: inFlight(series, ''),
    code,
    digest: createHash('sha256').update(code).digest('hex').slice(0, 8),
    watched: {
      alerts: serviceAlerts(plan, series, { name: SCALER } as ApiObject),
      graphs: serviceGraphs(plan, series),
    },
  };
}

function byHand(chart: Chart, number: number, known: Known): void {
  const scope = new Construct(chart, `Api${number}`);
  const { numbers } = known;
  const service = new kplus.Service(scope, 'Service', { ports: [{ name: 'http', port: 80, targetPort: PORT }] });
  const bounds = { ...known.bounds, SERVICE: service.name };
  const deployment = makeDeployment(scope, bounds, numbers);
  const script = new kplus.ConfigMap(scope, 'Script', {
    metadata: { name: `${Names.toDnsLabel(scope, { maxLen: 50, extra: ['script'] })}-${known.digest}` },
    immutable: true,
    data: { 'index.js': known.code },
  });
  addGate(scope, deployment, script, bounds, numbers);
  service.select(deployment);
  const { matchLabels } = deployment;
  const { IntOrString, KubePodDisruptionBudget } = kplus.k8s;
  const budget = new KubePodDisruptionBudget(scope, 'DisruptionBudget', {
    spec: { maxUnavailable: IntOrString.fromNumber(1), selector: { matchLabels } },
  });
  budget.addJsonPatch(JsonPatch.add('/spec/unhealthyPodEvictionPolicy', 'AlwaysAllow'));
  const named = (query: string) => query.replaceAll(NAME, service.name);
  const scaler = makeScaler(scope, deployment.name, named(known.query), numbers);
  makePolicy(scope, matchLabels);
  new ApiObject(scope, 'PodMonitor', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    spec: {
      selector: { matchLabels },
      podMetricsEndpoints: [{ port: 'gate-metrics', path: '/metrics', interval: `${numbers('scrapeSeconds')}s` }],
    },
  });
  watch(scope, known.watched, (query) => named(query).replaceAll(SCALER, scaler.name));
}

function makeDeployment(scope: Construct, bounds: Record<string, string>, numbers: Numbers): kplus.Deployment {
  const deployment = new kplus.Deployment(scope, 'Deployment', {
    securityContext: POD,
    serviceAccount: new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false }),
    automountServiceAccountToken: false,
    terminationGracePeriod: Duration.seconds(numbers('terminationGracePeriodSeconds')),
    progressDeadline: Duration.seconds(numbers('progressDeadlineSeconds')),
    containers: [
      {
        name: 'service',
        image: IMAGE,
        envVariables: texts(bounds),
        ports: [{ name: 'app', number: 8080 }],
        ...probes(8080, numbers('probeTimeoutSeconds')),
        resources: resources(),
        securityContext: CONTAINER,
      },
    ],
  });
  temporary(scope, deployment.containers[0]);
  // A hook that cdk8s-plus-28 drops.
  const object = ApiObject.of(keepPatches(deployment));
  const preStop = { sleep: { seconds: numbers('preStopSeconds') } };
  object.addJsonPatch(JsonPatch.add('/spec/template/spec/containers/0/lifecycle', { preStop }));
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: deployment.matchLabels },
  };
  object.addJsonPatch(JsonPatch.add('/spec/template/spec/topologySpreadConstraints', [spread]));
  onLinux(object);
  // The autoscaler's number is its own.
  object.addJsonPatch(JsonPatch.add('/spec/replicas', 0), JsonPatch.remove('/spec/replicas'));
  return deployment;
}

function addGate(
  scope: Construct,
  deployment: kplus.Deployment,
  script: kplus.ConfigMap,
  bounds: Record<string, string>,
  numbers: Numbers,
): void {
  const { readiness, liveness, startup } = probes(METRICS, numbers('probeTimeoutSeconds'), '/readyz');
  const drain = ['wget', '-q', '-Y', 'off', '-O', '/dev/null', `http://127.0.0.1:${DRAIN}/`];
  const gate = deployment.addInitContainer({
    name: 'gate',
    image: stockImage('node'),
    restartPolicy: kplus.ContainerRestartPolicy.ALWAYS,
    command: ['node', '/opt/gate/index.js'],
    envVariables: texts({
      ...bounds,
      PORT,
      TARGET_PORT: 8080,
      IDLE_TIMEOUT_SECONDS: numbers('idleTimeoutSeconds'),
      LEAVING_SECONDS: numbers('leavingSeconds'),
      METRICS_PORT: METRICS,
      DRAIN_PORT: DRAIN,
    }),
    ports: [
      { name: 'http', number: PORT },
      { name: 'gate-metrics', number: METRICS },
    ],
    readiness,
    liveness,
    startup,
    lifecycle: { preStop: kplus.Handler.fromCommand(drain) },
    resources: {
      cpu: { request: kplus.Cpu.millis(100), limit: kplus.Cpu.millis(1000) },
      memory: { request: Size.mebibytes(128), limit: Size.mebibytes(128) },
    },
    securityContext: CONTAINER,
  });
  gate.mount('/opt/gate', kplus.Volume.fromConfigMap(scope, 'Program', script), { readOnly: true });
}

function makeScaler(scope: Construct, name: string, query: string, numbers: Numbers): ApiObject {
  const periodSeconds = numbers('scalingPolicyPeriodSeconds');
  return new ApiObject(scope, 'ScaledObject', {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      minReplicaCount: numbers('minInstances'),
      maxReplicaCount: numbers('maxInstances'),
      fallback: { failureThreshold: numbers('fallbackAfterFailures'), replicas: numbers('fallbackReplicas') },
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: {
            scaleUp: {
              stabilizationWindowSeconds: numbers('scaleUpStabilizationSeconds'),
              policies: [{ type: 'Pods', value: numbers('maxInstances'), periodSeconds }],
            },
            scaleDown: {
              stabilizationWindowSeconds: numbers('scaleDownStabilizationSeconds'),
              policies: [{ type: 'Percent', value: 100, periodSeconds }],
            },
          },
        },
      },
      triggers: [
        {
          type: 'prometheus',
          metadata: {
            serverAddress: 'http://prometheus-operated.monitoring.svc:9090',
            query,
            threshold: String(numbers('targetPerReplica')),
            ignoreNullValues: 'false',
          },
        },
      ],
    },
  });
}

function makePolicy(scope: Construct, matchLabels: Record<string, string>): void {
  const ports = (port: number) => [{ protocol: 'TCP', port }];
  new ApiObject(scope, 'NetworkPolicy', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: {
      podSelector: { matchLabels },
      policyTypes: ['Ingress'],
      ingress: [
        { from: [{ podSelector: {} }], ports: ports(PORT) },
        {
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
          ports: ports(METRICS),
        },
      ],
    },
  });
}

/** As the author does who asks the library for the numbers of each service. */
const plan = (number: number) => planService(`Api${number}`, questionOf(PROPS));

export const k8sServices = { ours, byHand, known, plan };
