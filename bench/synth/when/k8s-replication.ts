/** `ReplicaLagGuard` for two servers of MySQL, and the same objects by hand. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { ApiObject, Chart, Duration, Names } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { WRITE_PEAK } from '../../../lib/cases/case-08-replica-lag';
import { planReplication } from '../../../lib/flow/replication/plan';
import { guardSettings } from '../../../lib/flow/replication/settings';
import { stockImage } from '../../../lib/k8s/images';
import { replicaAlerts, replicaGraphs } from '../../../lib/k8s/replication/replica-alerts';
import { ReplicaLagGuard } from '../../../lib/k8s/replication/replica-lag-guard';
import { guardQuestion, type ReplicaLagGuardProps } from '../../../lib/k8s/replication/replica-lag-guard-props';
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
  readonly settings: string;
  readonly files: readonly (readonly [id: string, file: string, text: string])[];
  readonly packed: string;
  readonly digest: string;
  readonly watched: Watched;
}

const PORT = 8080;
/** Stands for the name of the Deployment in what is known in advance. */
const NAME = 'deploymentname';
const SERVERS = ['orders-source', 'orders-replica'].map((name) => ({
  name,
  host: `${name}.databases.svc`,
  namespace: 'databases',
}));
const PROPS: ReplicaLagGuardProps = {
  ...WRITE_PEAK,
  source: SERVERS[0],
  replicas: [SERVERS[1]],
  user: { secretName: 'guard', key: 'user' },
  password: { secretName: 'guard', key: 'password' },
};

function ours(chart: Chart, number: number): ReplicaLagGuard {
  return new ReplicaLagGuard(chart, `Orders${number}`, PROPS);
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);

function known(chart: Chart): Known {
  const { plan, sourceOptions, replicaOptions } = ours(chart, 0);
  const packed = gzipSync(program('replica-guard/index.js'), { level: 9 }).toString('base64');
  const series = { namespace: NAMESPACE, guard: NAME };
  return {
    numbers: numbersOf(plan),
    settings: JSON.stringify(guardSettings(plan)),
    files: [
      ['SourceConfig', 'source.cnf', sourceOptions],
      ['ReplicaConfig', 'replica.cnf', replicaOptions],
    ],
    packed,
    digest: digestOf(packed),
    watched: { alerts: replicaAlerts(plan, series), graphs: replicaGraphs(plan, series) },
  };
}

function byHand(chart: Chart, number: number, known: Known): void {
  const scope = new Construct(chart, `Orders${number}`);
  const named = (id: string, digest: string) => ({
    name: `${Names.toDnsLabel(scope, { maxLen: 50, extra: [id.toLowerCase()] })}-${digest}`,
  });
  for (const [id, file, text] of known.files)
    new kplus.ConfigMap(scope, id, {
      metadata: named(id, digestOf(text)),
      immutable: true,
      data: { [file]: text },
    });
  const script = new kplus.ConfigMap(scope, 'Script', {
    metadata: named('Script', known.digest),
    immutable: true,
    binaryData: { 'index.js.gz': known.packed },
  });
  const deployment = makeDeployment(scope, script, known);
  new kplus.Service(scope, 'Service', {
    selector: deployment,
    ports: [{ name: 'http', port: PORT, targetPort: PORT }],
  });
  const { matchLabels } = deployment;
  makePolicy(scope, matchLabels);
  new ApiObject(scope, 'PodMonitor', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    spec: {
      selector: { matchLabels },
      podMetricsEndpoints: [{ port: 'http', path: '/metrics', interval: `${known.numbers('scrapeSeconds')}s` }],
    },
  });
  watch(scope, known.watched, (query) => query.replaceAll(NAME, deployment.name));
}

function makeDeployment(scope: Construct, script: kplus.ConfigMap, { numbers, settings }: Known): kplus.Deployment {
  const address = ({ name, host }: (typeof SERVERS)[number]) => ({ name, host, port: 3306 });
  const [source, replica] = SERVERS.map(address);
  const deployment = new kplus.Deployment(scope, 'Deployment', {
    replicas: numbers('guards'),
    strategy: kplus.DeploymentStrategy.recreate(),
    podMetadata: { labels: { ...Chart.of(scope).labels } },
    securityContext: POD,
    serviceAccount: new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false }),
    automountServiceAccountToken: false,
    terminationGracePeriod: Duration.seconds(numbers('terminationGracePeriodSeconds')),
    progressDeadline: Duration.seconds(numbers('progressDeadlineSeconds')),
  });
  const secret = (name: string, key: string) =>
    kplus.EnvValue.fromSecretValue({ secret: kplus.Secret.fromSecretName(scope, `Secret${name}`, 'guard'), key });
  const container = deployment.addContainer({
    name: 'guard',
    image: stockImage('node'),
    command: [
      'node',
      '-e',
      "const fs = require('node:fs'); fs.writeFileSync('/tmp/index.js', require('node:zlib').gunzipSync(fs.readFileSync('/opt/replica-guard/index.js.gz'))); require('/tmp/index.js');",
    ],
    envVariables: {
      ...texts({
        GUARD: deployment.name,
        SETTINGS: settings,
        SOURCE: JSON.stringify(source),
        REPLICAS: JSON.stringify([replica]),
        DB_SCHEMA: 'backpressure',
        DB_TRUST: 'system',
        HEARTBEAT_SECONDS: numbers('heartbeatSeconds'),
        TICK_SECONDS: numbers('tickSeconds'),
        READ_TIMEOUT_SECONDS: numbers('readTimeoutSeconds'),
        WRITER_FORGOTTEN_SECONDS: numbers('writerForgottenSeconds'),
        STALLED_SECONDS: numbers('stalledSeconds'),
        PORT,
      }),
      DB_USER: secret('DB_USER', 'user'),
      DB_PASSWORD: secret('DB_PASSWORD', 'password'),
    },
    ports: [{ name: 'http', number: PORT }],
    ...probes(PORT, numbers('probeTimeoutSeconds')),
    resources: resources(),
    securityContext: CONTAINER,
  });
  container.mount('/opt/replica-guard', kplus.Volume.fromConfigMap(scope, 'ScriptVolume', script));
  temporary(scope, container);
  onLinux(ApiObject.of(deployment));
  return deployment;
}

function makePolicy(scope: Construct, matchLabels: Record<string, string>): void {
  const inNamespace = (name: string) => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
  });
  const tcp = (port: number) => ({ protocol: 'TCP', port });
  const databases = { to: [inNamespace('databases')], ports: [tcp(3306)] };
  new ApiObject(scope, 'NetworkPolicy', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: {
      podSelector: { matchLabels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: [{ podSelector: {} }], ports: [tcp(PORT)] },
        { from: [inNamespace('monitoring')], ports: [tcp(PORT)] },
      ],
      egress: [
        { to: [inNamespace('kube-system')], ports: [{ protocol: 'UDP', port: 53 }, tcp(53)] },
        databases,
        databases,
      ],
    },
  });
}

/** As the author does who asks the library for the numbers of each guard. */
const plan = (number: number) => planReplication(`Orders${number}`, guardQuestion(PROPS));

export const k8sReplication = { ours, byHand, known, plan };
