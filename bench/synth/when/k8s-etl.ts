/** `StreamingEtl` under Strimzi and the Spark operator, and the same objects by hand. */
import { createHash } from 'node:crypto';
import { ApiObject, type Chart, Names } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { PAGE_VIEWS } from '../../../lib/cases/case-03-batch-to-streaming';
import { etlAlertKnobs } from '../../../lib/flow/etl/alarms';
import { planEtl } from '../../../lib/flow/etl/plan';
import { planArguments } from '../../../lib/flow/etl/settings';
import { etlAlerts, etlGraphs } from '../../../lib/k8s/etl/etl-alerts';
import { StreamingEtl } from '../../../lib/k8s/etl/streaming-etl';
import type { Numbers } from '../numbers';
import { monitor, NAMESPACE, networkPolicy, program, toAnywhere, toNamespace, type Watched, watch } from './k8s-parts';
import { numbersOf } from './parts';

interface Known {
  readonly numbers: Numbers;
  readonly fromPlan: readonly string[];
  readonly script: string;
  readonly digest: string;
  readonly watched: Watched;
}

/** Stands for the name of the query in what is known in advance. */
const QUERY = 'views-0';
const LABEL = 'backpressure/streaming-etl';
const ALL_VERBS = ['create', 'get', 'list', 'watch', 'update', 'patch', 'delete', 'deletecollection'];

function ours(chart: Chart, number: number): StreamingEtl {
  const queryName = `views-${number}`;
  return new StreamingEtl(chart, `Etl${number}`, {
    ...PAGE_VIEWS,
    queryName,
    clusterName: 'events',
    clusterNamespace: 'kafka',
    topicName: queryName,
    schema: 'page STRING, at TIMESTAMP',
    eventTime: 'at',
    keys: ['page'],
    table: `s3a://lake/${queryName}`,
    checkpoint: `s3a://checkpoints/${queryName}`,
    image: 'registry.example.net/spark-delta:3.5.7',
  });
}

function known(chart: Chart): Known {
  const { plan } = ours(chart, 0);
  const script = program('streaming-etl/job.py').toString('utf8');
  const series = { namespace: NAMESPACE, query: QUERY };
  return {
    numbers: numbersOf(plan),
    fromPlan: planArguments(plan),
    script,
    digest: createHash('sha256').update(script).digest('hex').slice(0, 8),
    watched: { alerts: etlAlerts(plan, series), graphs: etlGraphs(plan, series) },
  };
}

function byHand(chart: Chart, number: number, { numbers, fromPlan, script, digest, watched }: Known): void {
  const scope = new Construct(chart, `Etl${number}`);
  const query = `views-${number}`;
  const matchLabels = { [LABEL]: scope.node.addr };
  strimzi(scope, query, numbers);
  const account = new kplus.ServiceAccount(scope, 'ServiceAccount', {
    metadata: { name: query },
    automountToken: true,
  });
  rights(scope, query);
  const code = new kplus.ConfigMap(scope, 'Script', {
    metadata: { name: `${Names.toDnsLabel(scope, { maxLen: 50, extra: ['script'] })}-${digest}` },
    immutable: true,
    data: { 'job.py': script },
  });
  const job = { query, account: account.name, code: code.name, matchLabels, fromPlan };
  application(scope, job, numbers);
  networkPolicy(scope, matchLabels, [toNamespace('kafka', 9093), outside()], 8090);
  new ApiObject(scope, 'InnerPolicy', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: {
      podSelector: { matchLabels },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ from: [{ podSelector: { matchLabels } }] }],
      egress: [{ to: [{ podSelector: { matchLabels } }] }],
    },
  });
  monitor(scope, { ...matchLabels, 'spark-role': 'driver' });
  watch(scope, watched, (text) => text.replaceAll(QUERY, query));
}

const outside = () => {
  const one = toAnywhere(443);
  return { ...one, ports: [...one.ports, ...toAnywhere(6443).ports] };
};

function strimzi(scope: Construct, query: string, numbers: Numbers): void {
  const labels = { 'strimzi.io/cluster': 'events' };
  const apiVersion = 'kafka.strimzi.io/v1';
  new ApiObject(scope, 'Topic', {
    apiVersion,
    kind: 'KafkaTopic',
    metadata: {
      name: query,
      labels,
      annotations: {
        'helm.sh/resource-policy': 'keep',
        'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
        'kustomize.toolkit.fluxcd.io/prune': 'disabled',
      },
    },
    spec: {
      topicName: query,
      partitions: numbers('partitions'),
      replicas: 3,
      config: {
        'min.insync.replicas': 2,
        'retention.ms': numbers('retentionMilliseconds'),
        'max.message.bytes': numbers('maxMessageBytes'),
      },
    },
  });
  new ApiObject(scope, 'User', {
    apiVersion,
    kind: 'KafkaUser',
    metadata: { name: query, labels },
    spec: {
      authentication: { type: 'scram-sha-512' },
      quotas: { consumerByteRate: numbers('consumerByteRate') },
      authorization: {
        type: 'simple',
        acls: [
          {
            type: 'allow',
            resource: { type: 'topic', name: query, patternType: 'literal' },
            operations: ['Describe', 'Read'],
          },
          {
            type: 'allow',
            resource: { type: 'group', name: `${query}-spark`, patternType: 'prefix' },
            operations: ['Describe', 'Read'],
          },
        ],
      },
    },
  });
}

function rights(scope: Construct, name: string): void {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  new ApiObject(scope, 'Role', {
    apiVersion,
    kind: 'Role',
    metadata: { name },
    rules: [
      { apiGroups: [''], resources: ['pods', 'services', 'configmaps', 'persistentvolumeclaims'], verbs: ALL_VERBS },
    ],
  });
  new ApiObject(scope, 'RoleBinding', {
    apiVersion,
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
  });
}

interface Job {
  readonly query: string;
  readonly account: string;
  readonly code: string;
  readonly matchLabels: Record<string, string>;
  readonly fromPlan: readonly string[];
}

function application(scope: Construct, { query, account, code, matchLabels, fromPlan }: Job, numbers: Numbers): void {
  const seccompProfile = { type: 'RuntimeDefault' };
  const pod = (role: string) => ({
    cores: numbers(`${role}Cores`),
    memory: `${numbers(`${role}MemoryMib`)}m`,
    memoryOverhead: `${numbers(`${role}MemoryOverheadMib`)}m`,
    labels: matchLabels,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    podSecurityContext: { runAsUser: 185, runAsGroup: 185, fsGroup: 185, runAsNonRoot: true, seccompProfile },
    securityContext: {
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      runAsUser: 185,
      capabilities: { drop: ['ALL'] },
      seccompProfile,
    },
    volumeMounts: [
      { name: 'job', mountPath: '/opt/etl/job', readOnly: true },
      { name: 'user', mountPath: '/opt/etl/user', readOnly: true },
      { name: 'authority', mountPath: '/opt/etl/authority', readOnly: true },
      { name: 'temporary', mountPath: '/tmp' },
      { name: 'work', mountPath: '/opt/spark/work-dir' },
    ],
  });
  new ApiObject(scope, 'Application', {
    apiVersion: 'sparkoperator.k8s.io/v1beta2',
    kind: 'SparkApplication',
    metadata: { name: query },
    spec: {
      type: 'Python',
      pythonVersion: '3',
      mode: 'cluster',
      image: 'registry.example.net/spark-delta:3.5.7',
      imagePullPolicy: 'IfNotPresent',
      sparkVersion: '3.5.7',
      mainApplicationFile: 'local:///opt/etl/job/job.py',
      arguments: [
        `--query-name=${query}`,
        '--bootstrap-servers=events-kafka-bootstrap.kafka.svc:9093',
        `--topic=${query}`,
        `--table=s3a://lake/${query}`,
        `--checkpoint=s3a://checkpoints/${query}`,
        '--schema=page STRING, at TIMESTAMP',
        '--event-time=at',
        '--keys=page',
        ...fromPlan,
        '--metrics-port=8090',
        `--group-prefix=${query}-spark`,
        '--kafka-option=kafka.security.protocol=SASL_SSL',
        '--kafka-option=kafka.sasl.mechanism=SCRAM-SHA-512',
        '--kafka-option=kafka.ssl.truststore.type=PEM',
        '--kafka-option=kafka.ssl.truststore.location=/opt/etl/authority/ca.crt',
        '--sasl-jaas-file=/opt/etl/user/sasl.jaas.config',
      ],
      sparkConf: {
        'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
        'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
        'spark.scheduler.mode': 'FAIR',
      },
      restartPolicy: {
        type: 'Always',
        onFailureRetryInterval: numbers('onFailureRetrySeconds'),
        onSubmissionFailureRetryInterval: numbers('onSubmissionFailureRetrySeconds'),
      },
      driver: {
        ...pod('driver'),
        serviceAccount: account,
        annotations: {
          'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
          'karpenter.sh/do-not-disrupt': 'true',
        },
        terminationGracePeriodSeconds: numbers('stopSeconds'),
        ports: [{ name: 'metrics', containerPort: 8090, protocol: 'TCP' }],
      },
      executor: { ...pod('executor'), instances: numbers('executors') },
      volumes: [
        { name: 'job', configMap: { name: code } },
        { name: 'user', secret: { secretName: query } },
        { name: 'authority', secret: { secretName: 'events-cluster-ca-cert' } },
        { name: 'temporary', emptyDir: { sizeLimit: '8Gi' } },
        { name: 'work', emptyDir: { sizeLimit: '8Gi' } },
      ],
    },
  });
}

function plan(number: number): unknown {
  const { workload, objective } = PAGE_VIEWS;
  const plan = planEtl(`Etl${number}`, { workload, objective, platform: 'spark-operator' });
  return plan.withKnobs(etlAlertKnobs(plan));
}

export const k8sEtl = { ours, byHand, known, plan };
