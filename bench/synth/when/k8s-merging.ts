/** `CoalescingQueue` on a Redis stream, and the same objects by hand. */
import { createHash } from 'node:crypto';
import { ApiObject, type Chart, Duration, Names, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { STORM } from '../../../lib/cases/case-09-invalidation-storm';
import { containerSettings } from '../../../lib/flow/merging/settings';
import { stockImage } from '../../../lib/k8s/images';
import { coalescingAlerts, coalescingGraphs } from '../../../lib/k8s/merging/coalescing-alerts';
import { CoalescingQueue } from '../../../lib/k8s/merging/coalescing-queue';
import { Invalidator } from '../../../lib/k8s/merging/invalidator';
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
  toNamespace,
  type Watched,
  watch,
} from './k8s-parts';

interface Known {
  readonly settings: Record<string, string>;
  readonly shards: number;
  readonly graceSeconds: number;
  readonly script: string;
  readonly digest: string;
  readonly watched: Watched;
}

const STREAM = 'pages';
const PORT = 8080;
const REDIS = { REDIS_HOST: 'redis', REDIS_PORT: '6379', REDIS_TLS: 'true' };
const REBUILD = 'http://rebuild.shop.svc:8080/keys';

function ours(chart: Chart, number: number): CoalescingQueue {
  return new CoalescingQueue(chart, `Merging${number}`, {
    ...STORM,
    stream: STREAM,
    redis: { host: 'redis', namespace: 'redis', password: { secretName: 'redis', key: 'password' } },
    invalidator: Invalidator.http({ url: REBUILD, namespace: NAMESPACE }),
  });
}

function known(chart: Chart): Known {
  const { plan } = ours(chart, 0);
  const script = program('coalescer-container/index.js').toString('utf8');
  const series = { namespace: NAMESPACE, stream: STREAM };
  return {
    settings: containerSettings(plan),
    shards: plan.value('shards'),
    graceSeconds: plan.value('terminationGracePeriodSeconds'),
    script,
    digest: createHash('sha256').update(script).digest('hex').slice(0, 8),
    watched: { alerts: coalescingAlerts(plan, series), graphs: coalescingGraphs(plan, series) },
  };
}

function byHand(chart: Chart, number: number, known: Known): void {
  const scope = new Construct(chart, `Merging${number}`);
  const script = new kplus.ConfigMap(scope, 'Script', {
    metadata: { name: `${Names.toDnsLabel(scope, { maxLen: 50, extra: ['script'] })}-${known.digest}` },
    immutable: true,
    data: { 'index.js': known.script },
  });
  const service = new kplus.Service(scope, 'Service', { clusterIP: 'None', ports: [{ port: PORT }] });
  const secret = (name: string) => kplus.Secret.fromSecretName(scope, `Secret-${name}`, 'redis');
  const statefulSet = new kplus.StatefulSet(scope, 'StatefulSet', {
    metadata: { name: Names.toDnsLabel(scope, { maxLen: 50 }) },
    service,
    replicas: known.shards,
    podManagementPolicy: kplus.PodManagementPolicy.PARALLEL,
    securityContext: POD,
    serviceAccount: new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false }),
    automountServiceAccountToken: false,
    terminationGracePeriod: Duration.seconds(known.graceSeconds),
    containers: [
      {
        name: 'merger',
        image: stockImage('node'),
        command: ['node', '/opt/coalescer/index.js'],
        envVariables: {
          ...texts({ STREAM, GROUP: 'coalescer', ...REDIS, ...known.settings }),
          METRICS_PORT: text(PORT),
          NODE_OPTIONS: text('--max-old-space-size=384'),
          REBUILD_URL: text(REBUILD),
          REDIS_PASSWORD: kplus.EnvValue.fromSecretValue({ secret: secret('REDIS_PASSWORD'), key: 'password' }),
          POD_NAME: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_NAME),
        },
        ports: [{ name: 'metrics', number: PORT }],
        ...probes(PORT, 5),
        resources: resources(Size.mebibytes(512)),
        securityContext: CONTAINER,
      },
    ],
  });
  const [container] = statefulSet.containers;
  container.mount('/opt/coalescer', kplus.Volume.fromConfigMap(scope, 'Program', script));
  temporary(scope, container);
  onLinux(ApiObject.of(statefulSet));
  const { matchLabels } = statefulSet;
  networkPolicy(scope, matchLabels, [toNamespace('redis', 6379), toNamespace(NAMESPACE, 8080)], PORT);
  monitor(scope, matchLabels);
  watch(scope, known.watched);
}

export const k8sMerging = { ours, byHand, known };
