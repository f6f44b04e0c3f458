/** `RateLimitedSender` on Redis and SMTP, and the same objects by hand. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { ApiObject, type Chart, Duration, JsonPatch, Names } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { bucketSettings, pauseSettings } from '../../../lib/flow/rates/question';
import { stockImage } from '../../../lib/k8s/images';
import { RateLimitedSender } from '../../../lib/k8s/rates/rate-limited-sender';
import { senderAlerts, senderGraphs } from '../../../lib/k8s/rates/sender-alerts';
import { SenderProvider } from '../../../lib/k8s/rates/sender-provider';
import type { Numbers } from '../numbers';
import {
  CONTAINER,
  monitor,
  NAMESPACE,
  networkPolicy,
  onLinux,
  POD,
  probes,
  program,
  resources,
  temporary,
  text,
  texts,
  toAnywhere,
  toNamespace,
  type Watched,
  watch,
} from './k8s-parts';
import { numbersOf } from './parts';
import { CAMPAIGN } from './rates';

interface Known {
  readonly numbers: Numbers;
  readonly pace: object;
  readonly pause: object;
  readonly packed: string;
  readonly digest: string;
  readonly watched: Watched;
}

const FROM = 'shop@example.com';
const QUEUE = 'mails';
const PORT = 9464;
/** Stands for the name of the Deployment in what is known in advance. */
const NAME = 'deploymentname';

function ours(chart: Chart, number: number): RateLimitedSender {
  return new RateLimitedSender(chart, `Mailing${number}`, {
    ...CAMPAIGN,
    from: FROM,
    queueName: QUEUE,
    redis: { host: 'redis', namespace: 'redis' },
    provider: SenderProvider.smtp({ connection: { secretName: 'smtp', key: 'url' } }),
  });
}

function known(chart: Chart): Known {
  const { plan } = ours(chart, 0);
  const packed = gzipSync(program('sender-container/index.js'), { level: 9 }).toString('base64');
  const series = { namespace: NAMESPACE, deployment: NAME, queueName: QUEUE };
  return {
    numbers: numbersOf(plan),
    pace: bucketSettings(plan, 'first'),
    pause: pauseSettings(plan),
    packed,
    digest: createHash('sha256').update(packed).digest('hex').slice(0, 8),
    watched: { alerts: senderAlerts(plan, series), graphs: senderGraphs(plan, series) },
  };
}

function byHand(chart: Chart, number: number, known: Known): void {
  const scope = new Construct(chart, `Mailing${number}`);
  const script = new kplus.ConfigMap(scope, 'Script', {
    metadata: { name: `${Names.toDnsLabel(scope, { maxLen: 50, extra: ['script'] })}-${known.digest}` },
    immutable: true,
    binaryData: { 'index.js.gz': known.packed },
  });
  const deployment = makeDeployment(scope, script, known);
  const { matchLabels } = deployment;
  const { IntOrString, KubePodDisruptionBudget } = kplus.k8s;
  const budget = new KubePodDisruptionBudget(scope, 'DisruptionBudget', {
    spec: { maxUnavailable: IntOrString.fromNumber(1), selector: { matchLabels } },
  });
  budget.addJsonPatch(JsonPatch.add('/spec/unhealthyPodEvictionPolicy', 'AlwaysAllow'));
  networkPolicy(scope, matchLabels, [toNamespace('redis', 6379), toAnywhere(465)], PORT);
  monitor(scope, matchLabels);
  watch(scope, known.watched, (query) => query.replaceAll(NAME, deployment.name));
}

function makeDeployment(scope: Construct, script: kplus.ConfigMap, { numbers, pace, pause }: Known): kplus.Deployment {
  const smtp = kplus.Secret.fromSecretName(scope, 'SecretPROVIDER_URL', 'smtp');
  const lane = { name: 'provider', from: FROM, kind: 'smtp', urlFrom: 'PROVIDER_URL', requireTls: true, pace, pause };
  const deployment = new kplus.Deployment(scope, 'Deployment', {
    replicas: numbers('senders'),
    strategy: kplus.DeploymentStrategy.recreate(),
    securityContext: POD,
    serviceAccount: new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false }),
    automountServiceAccountToken: false,
    terminationGracePeriod: Duration.seconds(numbers('terminationGracePeriodSeconds')),
    progressDeadline: Duration.seconds(numbers('progressDeadlineSeconds')),
    containers: [
      {
        name: 'sender',
        image: stockImage('node'),
        command: [
          'node',
          '-e',
          "const fs = require('node:fs'); fs.writeFileSync('/tmp/index.js', require('node:zlib').gunzipSync(fs.readFileSync('/opt/sender/index.js.gz'))); require('/tmp/index.js');",
        ],
        envVariables: {
          ...texts({
            REDIS_HOST: 'redis',
            REDIS_PORT: 6379,
            REDIS_TLS: 'true',
            QUEUE,
            LANES: JSON.stringify([lane]),
            IN_FLIGHT: numbers('messagesPerSender'),
            MOST_RECIPIENTS: 1,
            ON_UNKNOWN: 'park',
            CALL_TIMEOUT_SECONDS: numbers('callTimeoutSeconds'),
            HIDE_SECONDS: numbers('hideSeconds'),
            RECORD_SECONDS: numbers('recordSeconds'),
            BACKOFF_SECONDS: numbers('backoffSeconds'),
            BACKOFF_CAP_SECONDS: numbers('backoffCapSeconds'),
            CLOSED_SECONDS: numbers('closedSeconds'),
            HOLD_SECONDS: numbers('holdSeconds'),
            STALLED_SECONDS: numbers('stalledSeconds'),
          }),
          METRICS_PORT: text(PORT),
          PROVIDER_URL: kplus.EnvValue.fromSecretValue({ secret: smtp, key: 'url' }),
        },
        ports: [{ name: 'metrics', number: PORT }],
        ...probes(PORT),
        resources: resources(),
        securityContext: CONTAINER,
      },
    ],
  });
  const [container] = deployment.containers;
  container.mount('/opt/sender', kplus.Volume.fromConfigMap(scope, 'ScriptVolume', script));
  temporary(scope, container);
  const spread = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: deployment.matchLabels },
  };
  const object = ApiObject.of(deployment);
  object.addJsonPatch(JsonPatch.add('/spec/template/spec/topologySpreadConstraints', [spread]));
  onLinux(object);
  return deployment;
}

export const k8sRates = { ours, byHand, known };
