/** `JvmService` in a Deployment, and the same objects by hand. */
import { createHash } from 'node:crypto';
import { ApiObject, type Chart, Duration, JsonPatch, Names, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { BUSY_JVM } from '../../../lib/cases/case-10-allocation-outruns-gc';
import { planJvm } from '../../../lib/flow/jvm/plan';
import { stockImage } from '../../../lib/k8s/images';
import { jvmAlerts, jvmGraphs } from '../../../lib/k8s/jvm/jvm-alerts';
import { JvmService } from '../../../lib/k8s/jvm/jvm-service';
import type { Numbers } from '../numbers';
import {
  CONTAINER,
  NAMESPACE,
  onLinux,
  POD,
  probes,
  program,
  temporary,
  text,
  texts,
  type Watched,
  watch,
} from './k8s-parts';
import { numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly flags: string;
  readonly collector: string;
  readonly code: string;
  readonly digest: string;
  readonly watched: Watched;
}

const IMAGE = 'shop/api:1.4.2';
/** Stands for the name of the Deployment in what is known in advance. */
const NAME = 'deploymentname';
const PORT = 9404;
const MIB = 2 ** 20;
const FOLDER = '/var/log/gc';

function ours(chart: Chart, number: number): JvmService {
  return new JvmService(chart, `Api${number}`, { ...BUSY_JVM, image: IMAGE });
}

function known(chart: Chart): Known {
  const { plan } = ours(chart, 0);
  const code = program('gc-exporter/index.js').toString();
  const series = { namespace: NAMESPACE, service: NAME, container: 'jvm' };
  return {
    numbers: numbersOf(plan),
    flags: plan.flags.join(' '),
    collector: plan.collector,
    code,
    digest: createHash('sha256').update(code).digest('hex').slice(0, 8),
    watched: { alerts: jvmAlerts(plan, series), graphs: jvmGraphs(plan, series) },
  };
}

function byHand(chart: Chart, number: number, known: Known): void {
  const scope = new Construct(chart, `Api${number}`);
  const { numbers } = known;
  const script = new kplus.ConfigMap(scope, 'Script', {
    metadata: { name: `${Names.toDnsLabel(scope, { maxLen: 50, extra: ['script'] })}-${known.digest}` },
    immutable: true,
    data: { 'index.js': known.code },
  });
  const deployment = makeDeployment(scope, script, known);
  const { matchLabels } = deployment;
  const { IntOrString, KubePodDisruptionBudget } = kplus.k8s;
  const budget = new KubePodDisruptionBudget(scope, 'DisruptionBudget', {
    spec: { maxUnavailable: IntOrString.fromNumber(1), selector: { matchLabels } },
  });
  budget.addJsonPatch(JsonPatch.add('/spec/unhealthyPodEvictionPolicy', 'AlwaysAllow'));
  new ApiObject(scope, 'PodMonitor', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    spec: {
      selector: { matchLabels },
      podMetricsEndpoints: [{ port: 'gc-metrics', path: '/metrics', interval: `${numbers('scrapeSeconds')}s` }],
    },
  });
  watch(scope, known.watched, (query) => query.replaceAll(NAME, deployment.name));
}

function makeDeployment(
  scope: Construct,
  script: kplus.ConfigMap,
  { numbers, flags, collector }: Known,
): kplus.Deployment {
  const memory = Size.mebibytes(numbers('memoryBytes') / MIB);
  const deployment = new kplus.Deployment(scope, 'Deployment', {
    securityContext: POD,
    serviceAccount: new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false }),
    automountServiceAccountToken: false,
    terminationGracePeriod: Duration.seconds(numbers('terminationGracePeriodSeconds')),
    progressDeadline: Duration.seconds(numbers('progressDeadlineSeconds')),
    containers: [
      {
        name: 'jvm',
        image: IMAGE,
        ports: [{ name: 'http', number: 8080 }],
        ...probes(8080, numbers('probeTimeoutSeconds')),
        resources: { cpu: { request: kplus.Cpu.units(numbers('cpu')) }, memory: { request: memory, limit: memory } },
        securityContext: CONTAINER,
        envVariables: { JDK_JAVA_OPTIONS: text(flags) },
      },
    ],
  });
  const [container] = deployment.containers;
  temporary(scope, container);
  const log = kplus.Volume.fromEmptyDir(scope, 'Log', 'gc-log', {
    sizeLimit: Size.mebibytes(numbers('logVolumeBytes') / MIB),
  });
  container.mount(FOLDER, log);
  const exporter = deployment.addContainer({
    name: 'gc-exporter',
    image: stockImage('node'),
    command: ['node', '/opt/gc-exporter/index.js'],
    envVariables: {
      ...texts({ GC_LOG: `${FOLDER}/gc.log`, ALARM_PAUSE_SECONDS: numbers('alarmPauseSeconds') }),
      COLLECTOR: text(collector),
      SERVICE: text(deployment.name),
      ...texts({ METRICS_PORT: PORT, NODE_OPTIONS: '--max-old-space-size=32' }),
    },
    ports: [{ name: 'gc-metrics', number: PORT }],
    resources: {
      cpu: { request: kplus.Cpu.millis(10), limit: kplus.Cpu.millis(200) },
      memory: { request: Size.mebibytes(96), limit: Size.mebibytes(96) },
    },
    securityContext: CONTAINER,
  });
  exporter.mount('/opt/gc-exporter', kplus.Volume.fromConfigMap(scope, 'Program', script));
  exporter.mount(FOLDER, log, { readOnly: true });
  const object = ApiObject.of(deployment);
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: deployment.matchLabels },
  };
  object.addJsonPatch(JsonPatch.add('/spec/template/spec/topologySpreadConstraints', [spread]));
  onLinux(object);
  return deployment;
}

const plan = (number: number) => planJvm(`Api${number}`, BUSY_JVM);

export const k8sJvm = { ours, byHand, known, plan };
