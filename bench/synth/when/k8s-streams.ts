/** `PartitionedStream` on Strimzi and KEDA, and the same objects by hand. */
import { ApiObject, type Chart, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { METRICS } from '../../../lib/cases/case-05-iot-metrics';
import { planQueue } from '../../../lib/flow/queue/plan';
import { streamAlertKnobs } from '../../../lib/flow/streams/alarms';
import { solveStream } from '../../../lib/flow/streams/plan';
import { workerQuestion } from '../../../lib/flow/streams/sizing';
import type { Graph } from '../../../lib/k8s/grafana-dashboard';
import { PartitionedStream } from '../../../lib/k8s/streams/partitioned-stream';
import { streamAlerts, streamGraphs } from '../../../lib/k8s/streams/stream-alerts';
import type { Numbers } from '../numbers';
import {
  CONTAINER,
  networkPolicy,
  POD,
  probes,
  resources,
  temporary,
  texts,
  toNamespace,
  type Watched,
  watch,
} from './k8s-parts';
import { numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly targetPerReplica: number;
  readonly graceSeconds: number;
  readonly stream: Watched;
  readonly worker: Watched;
}

const { workload, objective } = METRICS;
const CLUSTER = 'events';
const IMAGE = 'shop/metrics:1.4.2';
const PORT = 8080;
const BROKERS = `${CLUSTER}-kafka-bootstrap.kafka:9093`;
/** Stands for the name of the ScaledObject in what is known in advance. */
const NAME = 'scaledobjectname';

/** Topic and group have names that are their objects': each stream has its own. */
const named = (number: number) => `metrics-${number}`;

function ours(chart: Chart, number: number): PartitionedStream {
  return new PartitionedStream(chart, `Metrics${number}`, {
    workload,
    objective,
    clusterName: CLUSTER,
    clusterNamespace: 'kafka',
    topicName: named(number),
    consumerGroup: named(number),
    image: IMAGE,
  });
}

function known(chart: Chart): Known {
  const { plan, worker } = ours(chart, 0);
  const series = {
    namespace: 'kafka',
    cluster: CLUSTER,
    topic: NAME,
    deadTopic: `${NAME}.dead`,
    consumerGroup: NAME,
  };
  return {
    numbers: numbersOf(plan),
    targetPerReplica: worker.plan.value('targetPerReplica'),
    graceSeconds: worker.plan.value('terminationGracePeriodSeconds'),
    stream: { alerts: streamAlerts(plan, series), graphs: streamGraphs(plan, series) },
    worker: watchedBy(worker.alerts, worker.dashboard, worker.scaler.name),
  };
}

/** Alerts and graphs of a worker, as its objects have them: what they are made of is the construct's own. */
function watchedBy(rules: ApiObject, dashboard: kplus.ConfigMap, name: string): Watched {
  const unnamed = <T>(value: T): T => JSON.parse(JSON.stringify(value).replaceAll(name, NAME)) as T;
  const [group] = unnamed((rules.toJson() as Rules).spec.groups);
  const [text] = Object.values((ApiObject.of(dashboard).toJson() as { data: Record<string, string> }).data);
  const { panels } = unnamed(JSON.parse(text) as { panels: readonly Panel[] });
  return {
    alerts: group.rules.map(({ alert, expr, for: held = '0m', labels, annotations }) => ({
      name: alert,
      expr,
      forSeconds: 60 * Number.parseInt(held, 10),
      severity: labels.severity,
      ...annotations,
    })),
    graphs: panels.map(
      ({ title, fieldConfig, targets }): Graph => ({
        title,
        unit: fieldConfig.defaults.unit,
        lines: targets.map(({ expr, legendFormat }) => ({ legend: legendFormat, expr })),
      }),
    ),
  };
}

interface Rules {
  readonly spec: {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly alert: string;
        readonly expr: string;
        readonly for?: string;
        readonly labels: { readonly severity: 'critical' | 'warning' };
        readonly annotations: { readonly summary: string; readonly runbook: string };
      }[];
    }[];
  };
}

interface Panel {
  readonly title: string;
  readonly fieldConfig: { readonly defaults: { readonly unit: Graph['unit'] } };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

function byHand(chart: Chart, number: number, { numbers, stream, ...known }: Known): void {
  const scope = new Construct(chart, `Metrics${number}`);
  const name = named(number);
  makeTopic(scope, 'Topic', name, numbers('partitions'), {
    'retention.ms': 1000 * numbers('retentionSeconds'),
    'segment.ms': 1000 * numbers('segmentSeconds'),
    'max.message.bytes': numbers('maxMessageBytes'),
  });
  makeTopic(scope, 'DeadTopic', `${name}.dead`, 1, {
    'retention.ms': 1000 * numbers('deadRetentionSeconds'),
    'segment.ms': 1000 * numbers('deadSegmentSeconds'),
    'max.message.bytes': numbers('deadMaxMessageBytes'),
  });
  const allow = (type: string, of: string, operations: readonly string[]) => ({
    resource: { type, name: of, patternType: 'literal' },
    operations,
    type: 'allow',
  });
  new ApiObject(scope, 'User', {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaUser',
    metadata: { name, labels: { 'strimzi.io/cluster': CLUSTER } },
    spec: {
      authentication: { type: 'tls' },
      quotas: { consumerByteRate: numbers('consumerByteRate') },
      authorization: {
        type: 'simple',
        acls: [
          allow('topic', name, ['Describe', 'Read']),
          allow('topic', `${name}.dead`, ['Describe', 'Write']),
          allow('group', name, ['Describe', 'Read']),
        ],
      },
    },
  });
  makeWorker(new Construct(scope, 'Worker'), name, numbers, known);
  watch(scope, stream, (query) => query.replaceAll(NAME, name));
}

function makeTopic(
  scope: Construct,
  id: string,
  name: string,
  partitions: number,
  config: Record<string, number>,
): void {
  new ApiObject(scope, id, {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: {
      name,
      labels: { 'strimzi.io/cluster': CLUSTER },
      annotations: {
        'helm.sh/resource-policy': 'keep',
        'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
        'kustomize.toolkit.fluxcd.io/prune': 'disabled',
      },
    },
    spec: {
      topicName: name,
      partitions,
      replicas: 3,
      config: { 'min.insync.replicas': 2, ...config },
    },
  });
}

type Rest = Pick<Known, 'targetPerReplica' | 'graceSeconds' | 'worker'>;

function makeWorker(scope: Construct, name: string, numbers: Numbers, known: Rest): void {
  const ca = { name: `${CLUSTER}-cluster-ca-cert`, key: 'ca.crt' };
  const keys = [
    { parameter: 'ca', ...ca },
    { parameter: 'cert', name, key: 'user.crt' },
    { parameter: 'key', name, key: 'user.key' },
  ];
  const authentication = new ApiObject(scope, 'Authentication', {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'TriggerAuthentication',
    spec: { secretTargetRef: keys },
  });
  const deployment = makeDeployment(scope, name, numbers, known.graceSeconds);
  const most = numbers('instances');
  const scaler = new ApiObject(scope, 'ScaledObject', {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.name },
      minReplicaCount: numbers('minInstances'),
      maxReplicaCount: most,
      fallback: { failureThreshold: 3, replicas: most },
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: {
            scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: most, periodSeconds: 15 }] },
            scaleDown: {
              stabilizationWindowSeconds: 300,
              policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
            },
          },
        },
      },
      triggers: [
        {
          type: 'kafka',
          metadata: {
            bootstrapServers: BROKERS,
            topic: name,
            consumerGroup: name,
            lagThreshold: String(known.targetPerReplica),
            activationLagThreshold: '0',
            allowIdleConsumers: 'true',
            offsetResetPolicy: 'earliest',
            tls: 'enable',
          },
          authenticationRef: { name: authentication.name },
        },
      ],
    },
  });
  const { matchLabels } = deployment;
  const { IntOrString, KubePodDisruptionBudget } = kplus.k8s;
  const budget = new KubePodDisruptionBudget(scope, 'DisruptionBudget', {
    spec: { maxUnavailable: IntOrString.fromNumber(1), selector: { matchLabels } },
  });
  budget.addJsonPatch(JsonPatch.add('/spec/unhealthyPodEvictionPolicy', 'AlwaysAllow'));
  networkPolicy(scope, matchLabels, [toNamespace('kafka', 9093)]);
  watch(scope, known.worker, (query) => query.replaceAll(NAME, scaler.name));
}

function makeDeployment(scope: Construct, name: string, numbers: Numbers, graceSeconds: number): kplus.Deployment {
  const secret = (variable: string, secretName: string, key: string) =>
    kplus.EnvValue.fromSecretValue({
      secret: kplus.Secret.fromSecretName(scope, `Secret-${variable}`, secretName),
      key,
    });
  const deployment = new kplus.Deployment(scope, 'Deployment', {
    securityContext: POD,
    serviceAccount: new kplus.ServiceAccount(scope, 'ServiceAccount', { automountToken: false }),
    automountServiceAccountToken: false,
    terminationGracePeriod: Duration.seconds(graceSeconds),
    containers: [
      {
        name: 'worker',
        image: IMAGE,
        envVariables: {
          ...texts({
            BATCH_SIZE: numbers('batchSize'),
            RETRY_ATTEMPTS: numbers('retryAttempts'),
            DEAD_TOPIC: `${name}.dead`,
            ITEM_TIMEOUT_SECONDS: numbers('batchTimeoutSeconds'),
            BOOTSTRAP_SERVERS: BROKERS,
            TOPIC: name,
            CONSUMER_GROUP: name,
            KAFKA_TLS: 'true',
            SLOTS: 1,
            HEALTH_PORT: PORT,
          }),
          KAFKA_CA: secret('KAFKA_CA', `${CLUSTER}-cluster-ca-cert`, 'ca.crt'),
          KAFKA_CLIENT_CERTIFICATE: secret('KAFKA_CLIENT_CERTIFICATE', name, 'user.crt'),
          KAFKA_CLIENT_KEY: secret('KAFKA_CLIENT_KEY', name, 'user.key'),
        },
        resources: resources(),
        securityContext: CONTAINER,
        ports: [{ name: 'health', number: PORT }],
        ...probes(PORT),
      },
    ],
  });
  temporary(scope, deployment.containers[0]);
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

/** That of the stream, and that of the queue of its worker. */
function plan(number: number): unknown {
  const question = { workload, objective, platform: 'kafka-keda' } as const;
  const { plan, sizing } = solveStream(`Metrics${number}`, question);
  return [plan.withKnobs(streamAlertKnobs(plan)), planQueue('Worker', workerQuestion(question, sizing.settings))];
}

export const k8sStreams = { ours, byHand, known, plan };
