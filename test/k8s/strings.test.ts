/**
 * Every text that a user can give to a construct: what no server would take is refused by name, and what a server may
 * take is quoted where it stands. The list of texts is read from the source, so a new one makes this red until it is here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as kplus from 'cdk8s-plus-28';
import ts from 'typescript';
import { PAGE_VIEWS } from '../../lib/cases/case-03-batch-to-streaming';
import { METRICS } from '../../lib/cases/case-05-iot-metrics';
import { WRITE_PEAK } from '../../lib/cases/case-08-replica-lag';
import { InvalidInputError } from '../../lib/flow/errors';
import { MetricKind } from '../../lib/flow/metrics/workload';
import { CiConcurrency } from '../../lib/k8s/ci/ci-concurrency';
import type { CiConcurrencyProps } from '../../lib/k8s/ci/ci-concurrency-props';
import type { ContinuousCompactionProps } from '../../lib/k8s/compaction/compaction-props';
import { ContinuousCompaction } from '../../lib/k8s/compaction/continuous-compaction';
import { StreamingEtl, type StreamingEtlProps } from '../../lib/k8s/etl/streaming-etl';
import { JvmService, type JvmServiceProps } from '../../lib/k8s/jvm/jvm-service';
import { type ElasticsearchLogOutputProps, type KafkaLogOutputProps, LogOutput } from '../../lib/k8s/logs/log-output';
import { LogReopen } from '../../lib/k8s/logs/log-reopen';
import { LogShipping, type LogShippingProps } from '../../lib/k8s/logs/log-shipping';
import { CoalescingQueue, type CoalescingQueueProps } from '../../lib/k8s/merging/coalescing-queue';
import { type CacheInvalidatorProps, type HttpInvalidatorProps, Invalidator } from '../../lib/k8s/merging/invalidator';
import type { MetricScrape } from '../../lib/k8s/metrics/metric-scrape';
import { MetricsSampling, type MetricsSamplingProps } from '../../lib/k8s/metrics/metrics-sampling';
import type { CustomTriggerProps } from '../../lib/k8s/queue/custom-trigger';
import type { KafkaTriggerProps } from '../../lib/k8s/queue/kafka-trigger';
import { QueueTrigger } from '../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import type { QueueWorkerProps } from '../../lib/k8s/queue/queue-worker-props';
import type { RabbitMqTriggerProps } from '../../lib/k8s/queue/rabbitmq-trigger';
import type { RedisStreamTriggerProps } from '../../lib/k8s/queue/redis-stream-trigger';
import type { ScaleTarget } from '../../lib/k8s/queue/scale-target';
import type { SqsTriggerProps } from '../../lib/k8s/queue/sqs-trigger';
import { WorkerProbes } from '../../lib/k8s/queue/worker-probes';
import { KafkaQuotas, type KafkaQuotasProps } from '../../lib/k8s/quotas/kafka-quotas';
import { RateLimitedSender } from '../../lib/k8s/rates/rate-limited-sender';
import type { RateLimitedSenderProps } from '../../lib/k8s/rates/rate-limited-sender-props';
import { type HttpProviderProps, SenderProvider, type SmtpProviderProps } from '../../lib/k8s/rates/sender-provider';
import type { RedisServer } from '../../lib/k8s/redis-server';
import type { MysqlServer } from '../../lib/k8s/replication/mysql-server';
import { ReplicaLagGuard } from '../../lib/k8s/replication/replica-lag-guard';
import type { ReplicaLagGuardProps } from '../../lib/k8s/replication/replica-lag-guard-props';
import { TtlCollection, type TtlCollectionProps } from '../../lib/k8s/retention/ttl-collection';
import type { JobEgress, SpreadJob } from '../../lib/k8s/schedule/spread-job';
import { SpreadSchedule, type SpreadScheduleProps } from '../../lib/k8s/schedule/spread-schedule';
import { BoundedService } from '../../lib/k8s/services/bounded-service';
import type { BoundedServiceProps } from '../../lib/k8s/services/bounded-service-props';
import { FairShare, type FairShareProps } from '../../lib/k8s/shares/fair-share';
import { TenantNamespace, type TenantNamespaceProps } from '../../lib/k8s/shares/tenant-namespace';
import { PartitionedStream, type PartitionedStreamProps } from '../../lib/k8s/streams/partitioned-stream';
import { WebhookBuffer } from '../../lib/k8s/webhooks/webhook-buffer';
import type { WebhookBufferProps } from '../../lib/k8s/webhooks/webhook-buffer-props';
import { type HmacScheme, WebhookScheme } from '../../lib/k8s/webhooks/webhook-source';
import { emptyChart, type Manifest, written } from '../support/manifest';

const LIB = join(__dirname, '..', '..', 'lib', 'k8s');

const HOSTILE: Readonly<Record<string, string>> = {
  'ends a label matcher of PromQL': '"} or vector(1) #',
  'climbs out of a folder': '../../etc/passwd',
  'begins a new line': 'orders\nkind: ClusterRole',
  'is a token of the CDK': ['$', '{Token[TOKEN.123]}'].join(''),
  'is replaced by Kubernetes': '$(REDIS_PASSWORD)',
  'runs in a shell': '$(id);`id`',
  'ends a string of YAML or JSON': `'"]}`,
  'is invisible': '\u202eorders\u0000',
  'is empty': '',
  'is longer than any name': 'x'.repeat(5000),
};

const secret = (key: string) => ({ secretName: 'broker', key });
const load = { workload: { steadyPerSecond: 20, serviceSeconds: 0.05 }, objective: { latencySeconds: 90 } };

const worker =
  (more: Partial<QueueWorkerProps> = {}) =>
  (chart: ReturnType<typeof emptyChart>) =>
    new QueueWorker(chart, 'Subject', {
      ...load,
      trigger: QueueTrigger.redisStream({ host: 'redis', stream: 'orders', consumerGroup: 'workers' }),
      image: 'shop/orders:1',
      ...more,
    });
const scaled = (more: Partial<ScaleTarget>) => worker({ image: undefined, target: { name: 'orders', ...more } });
const custom = (more: Partial<CustomTriggerProps>) =>
  worker({
    trigger: QueueTrigger.custom({
      scaler: 'azure-servicebus',
      metadata: {},
      targetField: 'messageCount',
      countsWork: true,
      maxAttempts: 10,
      egress: [{ ports: [5671], cidrs: ['10.0.0.0/8'] }],
      ...more,
    }),
  });
const rabbitMq = (more: Partial<RabbitMqTriggerProps>) =>
  worker({
    trigger: QueueTrigger.rabbitMq({
      queueName: 'orders',
      clusterName: 'rabbit',
      connection: secret('amqp'),
      management: secret('management'),
      ...more,
    }),
  });
const sqs = (more: Partial<SqsTriggerProps>) =>
  worker({
    trigger: QueueTrigger.sqs({
      queueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/orders',
      region: 'eu-central-1',
      roleArn: 'arn:aws:iam::123456789012:role/orders',
      ...more,
    }),
  });
const redis = (more: Partial<RedisStreamTriggerProps>) =>
  worker({ trigger: QueueTrigger.redisStream({ host: 'redis', stream: 'orders', consumerGroup: 'workers', ...more }) });
const merging =
  (more: Partial<CoalescingQueueProps> = {}) =>
  (chart: ReturnType<typeof emptyChart>) =>
    new CoalescingQueue(chart, 'Subject', {
      workload: { steadyPerSecond: 100, distinctKeys: 100, keySeconds: 0.001 },
      objective: { freshnessSeconds: 60 },
      invalidator: Invalidator.http({ url: 'http://rebuild.shop/keys', namespace: 'shop' }),
      stream: 'announcements',
      redis: { host: 'redis', namespace: 'redis' },
      ...more,
    });
const posted = (more: Partial<HttpInvalidatorProps>) =>
  merging({ invalidator: Invalidator.http({ url: 'http://rebuild.shop/keys', ...more }) });
const cached = (more: Partial<CacheInvalidatorProps>) =>
  merging({ invalidator: Invalidator.cache({ connection: secret('cache'), ...more }) });
const jvm = (more: Partial<JvmServiceProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new JvmService(chart, 'Subject', {
    workload: { allocationBytesPerSecond: 1e8, liveBytes: 1e8 },
    objective: { pauseSeconds: 0.001 },
    jdk: 21,
    image: 'shop/api:1',
    ...more,
  });
const bounded = (more: Partial<BoundedServiceProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new BoundedService(chart, 'Subject', {
    workload: { peakPerSecond: 100, serviceSeconds: 0.1 },
    objective: { latencySeconds: 1 },
    image: 'shop/api:1',
    ...more,
  });
const guard = (more: Partial<ReplicaLagGuardProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new ReplicaLagGuard(chart, 'Subject', {
    ...WRITE_PEAK,
    source: { host: 'source' },
    replicas: [{ host: 'replica' }],
    user: secret('user'),
    password: secret('password'),
    ...more,
  });
const replica = (more: Partial<MysqlServer>) => guard({ replicas: [{ host: 'replica', ...more }] });
const counted =
  (more: Partial<MetricsSamplingProps> = {}) =>
  (chart: ReturnType<typeof emptyChart>) =>
    new MetricsSampling(chart, 'Subject', {
      workload: {
        sources: [{ name: 'api', targets: 1, families: [{ name: 'work_total', kind: MetricKind.COUNTER }] }],
      },
      objective: { activeSeries: 1000 },
      scrapes: { api: { podLabels: { app: 'api' } } },
      ...more,
    });
const pods = (more: Partial<MetricScrape>) => counted({ scrapes: { api: { podLabels: { app: 'api' }, ...more } } });
const ci = (more: Partial<CiConcurrencyProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new CiConcurrency(chart, 'Subject', {
    workload: { pushesPerHourPeak: 10, runSeconds: 100 },
    objective: { waitSeconds: 180 },
    runnerSetName: 'pool',
    githubConfigUrl: 'https://github.com/example',
    githubSecretName: 'github-app',
    controllerVersion: '0.14.2',
    image: 'example/runner:1',
    ...more,
  });
const mail = { workload: { campaignMessages: 1000, callSeconds: 0.1 }, limit: { perSecond: 10 } };
const smtp = (more: Partial<SmtpProviderProps> = {}) => SenderProvider.smtp({ connection: secret('smtp'), ...more });
const api = (more: Partial<HttpProviderProps>) =>
  SenderProvider.http({ url: 'https://api.example.com/mails', key: secret('api'), ...more });
const sender =
  (more: Partial<RateLimitedSenderProps> = {}) =>
  (chart: ReturnType<typeof emptyChart>) =>
    new RateLimitedSender(chart, 'Subject', {
      ...mail,
      provider: smtp(),
      from: 'shop@example.com',
      redis: { host: 'redis', namespace: 'redis' },
      ...more,
    });
const store = (more: Partial<RedisServer>) => sender({ redis: { host: 'redis', ...more } });
const kafka = (more: Partial<KafkaTriggerProps>) =>
  worker({
    trigger: QueueTrigger.kafka({
      bootstrapServers: ['kafka:9093'],
      topic: 'orders',
      partitions: 12,
      consumerGroup: 'orders',
      username: secret('user'),
      password: secret('password'),
      ...more,
    }),
  });
const logs = (more: Partial<LogShippingProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new LogShipping(chart, 'Subject', {
    workload: { steadyBytesPerSecond: 1000 },
    objective: { diskBudgetBytes: 1e9, outageSeconds: 60 },
    logFolder: '/var/log/app',
    fileUser: 1234,
    rotatorImage: 'example/logrotate:1',
    output: toKafka({}),
    ...more,
  });
const toKafka = (more: Partial<KafkaLogOutputProps>) =>
  LogOutput.kafka({
    bootstrapServers: ['kafka:9093'],
    topic: 'logs',
    username: secret('user'),
    password: secret('password'),
    ...more,
  });
const toElasticsearch = (more: Partial<ElasticsearchLogOutputProps>) =>
  LogOutput.elasticsearch({ hosts: ['https://es:9200'], index: 'logs', apiKey: secret('key'), ...more });
const compaction = (more: Partial<ContinuousCompactionProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new ContinuousCompaction(chart, 'Subject', {
    workload: { filesPerDay: 40_000, fileBytes: 2e6, openPartitions: 4, bytesPerSecond: 35.4e6 },
    objective: { longestRunSeconds: 1800, smallFiles: 15_000 },
    path: 's3://lake/events',
    image: 'delta-rs:1.6.6',
    pushGateway: 'http://pushgateway.monitoring:9091',
    ...more,
  });
const etl = (more: Partial<StreamingEtlProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new StreamingEtl(chart, 'Subject', {
    ...PAGE_VIEWS,
    queryName: 'page-views',
    clusterName: 'events',
    clusterNamespace: 'kafka',
    topicName: 'page.views',
    schema: 'page STRING, at TIMESTAMP',
    eventTime: 'at',
    keys: ['page'],
    table: 's3a://lake/page_views',
    checkpoint: 's3a://lake-checkpoints/page_views',
    image: 'spark:3.5.7',
    ...more,
  });
const stream = (more: Partial<PartitionedStreamProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new PartitionedStream(chart, 'Subject', {
    ...METRICS,
    clusterName: 'events',
    clusterNamespace: 'kafka',
    topicName: 'devices.metrics',
    consumerGroup: 'device-metrics',
    image: 'consumer:1.0.0',
    ...more,
  });
const partner = { name: 'shop', scheme: WebhookScheme.GITHUB, secret: { secretName: 'signing', key: 'shop' } };
const door = { className: 'nginx', host: 'hooks.example.com', tlsSecretName: 'hooks-tls' };
const hooks = (more: Partial<WebhookBufferProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new WebhookBuffer(chart, 'Subject', {
    sources: [partner],
    workload: { steadyPerSecond: 1, serviceSeconds: 0.1 },
    objective: { latencySeconds: 60 },
    clusterName: 'events',
    clusterNamespace: 'kafka',
    topicName: 'shop.deliveries',
    consumerGroup: 'webhooks',
    receiver: { image: 'receiver:1.0.0' },
    consumer: { image: 'consumer:1.0.0' },
    ...more,
  });
const signed = (hmac: Partial<HmacScheme>) =>
  hooks({ sources: [{ ...partner, scheme: WebhookScheme.HMAC, hmac: { signatureHeader: 'x-signature', ...hmac } }] });
const ttl = (more: Partial<TtlCollectionProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new TtlCollection(chart, 'Subject', {
    workload: {
      insertsPerSecond: 16,
      documentBytes: 1000,
      existingDocuments: 5e6,
      spareWritesPerSecond: 500,
      deletesPerSecond: 200,
    },
    objective: { retentionSeconds: 86_400 },
    collection: 'events',
    connection: secret('uri'),
    pushGateway: 'http://pushgateway.monitoring:9091',
    ...more,
  });
const quotas = (more: Partial<KafkaQuotasProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new KafkaQuotas(chart, 'Subject', {
    clusterName: 'events',
    capacity: { brokers: 3, brokerBytesPerSecond: 60_000_000 },
    tenants: [{ name: 'billing', steadyBytesPerSecond: 1_000_000 }],
    topics: [{ topicName: 'billing', tenant: 'billing', partitions: 6 }],
    ...more,
  });
const risk = {
  name: 'risk',
  workload: { steadyPerSecond: 0.01, serviceSeconds: 60 },
  jobCpu: 1,
  jobMemoryBytes: 2 ** 30,
};
const shares = (more: Partial<FairShareProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new FairShare(chart, 'Subject', {
    capacity: { cpu: 100, memoryBytes: 4e11 },
    objective: { latencySeconds: 3600 },
    tenants: [risk],
    ...more,
  });
const namespace = (more: Partial<TenantNamespaceProps>) => (chart: ReturnType<typeof emptyChart>) => {
  const [share] = shares({})(emptyChart()).plan.tenants;
  return new TenantNamespace(chart, 'Subject', {
    name: 'batch-risk',
    share,
    cohortName: 'batch',
    flavorName: 'batch',
    ...more,
  });
};
const chores = (more: Partial<SpreadScheduleProps>) => (chart: ReturnType<typeof emptyChart>) =>
  new SpreadSchedule(chart, 'Subject', { jobs: [CHORE], ...more });
const CHORE: SpreadJob = { name: 'clean', cron: '@daily', durationSeconds: 60, image: 'shop/clean:1' };
const chore = (more: Partial<SpreadJob>) => chores({ jobs: [{ ...CHORE, ...more }] });
const egress = (more: Partial<JobEgress>) => chore({ egress: [{ ports: [5432], ...more }] });

type Maker = (text: string) => (chart: ReturnType<typeof emptyChart>) => unknown;

/** Each text prop by its interface. Secrets are `SecretKey`s, tried wherever one is taken. */
const PROPS: Readonly<Record<string, Maker>> = {
  'RabbitMqTriggerProps.queueName': (queueName) => rabbitMq({ queueName }),
  'RabbitMqTriggerProps.clusterName': (clusterName) => rabbitMq({ clusterName }),
  'RabbitMqTriggerProps.clusterNamespace': (clusterNamespace) => rabbitMq({ clusterNamespace }),
  'RabbitMqTriggerProps.vhost': (vhost) => rabbitMq({ vhost }),
  'RabbitMqTriggerProps.connection.secretName': (secretName) => rabbitMq({ connection: { secretName, key: 'k' } }),
  'RabbitMqTriggerProps.connection.key': (key) => rabbitMq({ connection: secret(key) }),
  'RabbitMqTriggerProps.management.secretName': (secretName) => rabbitMq({ management: { secretName, key: 'k' } }),
  'RabbitMqTriggerProps.management.key': (key) => rabbitMq({ management: secret(key) }),
  'SqsTriggerProps.queueUrl': (queueUrl) => sqs({ queueUrl }),
  'SqsTriggerProps.region': (region) => sqs({ region }),
  'SqsTriggerProps.roleArn': (roleArn) => sqs({ roleArn }),
  'SqsTriggerProps.endpointCidr': (endpointCidr) => sqs({ endpointCidr }),
  'SqsTriggerProps.stsCidr': (stsCidr) => sqs({ stsCidr }),
  'RedisStreamTriggerProps.host': (host) => redis({ host }),
  'RedisStreamTriggerProps.namespace': (text) => redis({ namespace: text }),
  'RedisStreamTriggerProps.cidr': (cidr) => redis({ cidr }),
  'RedisStreamTriggerProps.stream': (stream) => redis({ stream }),
  'RedisStreamTriggerProps.consumerGroup': (consumerGroup) => redis({ consumerGroup }),
  'RedisStreamTriggerProps.password.secretName': (secretName) => redis({ password: { secretName, key: 'k' } }),
  'RedisStreamTriggerProps.password.key': (key) => redis({ password: secret(key) }),
  'RedisStreamTriggerProps.certificateAuthority.secretName': (secretName) =>
    redis({ certificateAuthority: { secretName, key: 'k' } }),
  'RedisStreamTriggerProps.certificateAuthority.key': (key) => redis({ certificateAuthority: secret(key) }),
  'CoalescingQueueProps.stream': (stream) => merging({ stream }),
  'CoalescingQueueProps.monitoringNamespace': (monitoringNamespace) => merging({ monitoringNamespace }),
  'HttpInvalidatorProps.url': (url) => posted({ url }),
  'HttpInvalidatorProps.authorization.secretName': (secretName) => posted({ authorization: { secretName, key: 'k' } }),
  'HttpInvalidatorProps.authorization.key': (key) => posted({ authorization: secret(key) }),
  'HttpInvalidatorProps.namespace': (namespace) => posted({ namespace }),
  'HttpInvalidatorProps.cidr': (cidr) => posted({ cidr }),
  'CacheInvalidatorProps.connection.secretName': (secretName) => cached({ connection: { secretName, key: 'k' } }),
  'CacheInvalidatorProps.connection.key': (key) => cached({ connection: secret(key) }),
  'CacheInvalidatorProps.keyPrefix': (keyPrefix) => cached({ keyPrefix }),
  'CacheInvalidatorProps.namespace': (namespace) => cached({ namespace }),
  'CacheInvalidatorProps.cidr': (cidr) => cached({ cidr }),
  'RateLimitedSenderProps.from': (from) => sender({ from }),
  'RateLimitedSenderProps.queueName': (queueName) => sender({ queueName }),
  'RateLimitedSenderProps.monitoringNamespace': (monitoringNamespace) => sender({ monitoringNamespace }),
  'SmtpProviderProps.connection.secretName': (secretName) =>
    sender({ provider: smtp({ connection: { secretName, key: 'k' } }) }),
  'SmtpProviderProps.connection.key': (key) => sender({ provider: smtp({ connection: secret(key) }) }),
  'SmtpProviderProps.namespace': (namespace) => sender({ provider: smtp({ namespace }) }),
  'SmtpProviderProps.cidr': (cidr) => sender({ provider: smtp({ cidr }) }),
  'HttpProviderProps.url': (url) => sender({ provider: api({ url }) }),
  'HttpProviderProps.key.secretName': (secretName) => sender({ provider: api({ key: { secretName, key: 'k' } }) }),
  'HttpProviderProps.key.key': (key) => sender({ provider: api({ key: secret(key) }) }),
  'HttpProviderProps.header': (header) => sender({ provider: api({ header }) }),
  'HttpProviderProps.namespace': (namespace) => sender({ provider: api({ namespace }) }),
  'HttpProviderProps.cidr': (cidr) => sender({ provider: api({ cidr }) }),
  'RedisServer.host': (host) => store({ host }),
  'RedisServer.namespace': (namespace) => store({ namespace }),
  'RedisServer.cidr': (cidr) => store({ cidr }),
  'RedisServer.username': (username) => store({ username, password: secret('p') }),
  'RedisServer.password.secretName': (secretName) => store({ password: { secretName, key: 'k' } }),
  'RedisServer.password.key': (key) => store({ password: secret(key) }),
  'RedisServer.certificateAuthority.secretName': (secretName) =>
    store({ certificateAuthority: { secretName, key: 'k' } }),
  'RedisServer.certificateAuthority.key': (key) => store({ certificateAuthority: secret(key) }),
  'KafkaTriggerProps.bootstrapServers': (server) => kafka({ bootstrapServers: [server] }),
  'KafkaTriggerProps.namespace': (text) => kafka({ namespace: text }),
  'KafkaTriggerProps.cidr': (cidr) => kafka({ cidr }),
  'KafkaTriggerProps.topic': (topic) => kafka({ topic }),
  'KafkaTriggerProps.consumerGroup': (consumerGroup) => kafka({ consumerGroup }),
  'KafkaTriggerProps.username.secretName': (secretName) => kafka({ username: { secretName, key: 'k' } }),
  'KafkaTriggerProps.username.key': (key) => kafka({ username: secret(key) }),
  'KafkaTriggerProps.password.secretName': (secretName) => kafka({ password: { secretName, key: 'k' } }),
  'KafkaTriggerProps.password.key': (key) => kafka({ password: secret(key) }),
  'KafkaTriggerProps.certificateAuthority.secretName': (secretName) =>
    kafka({ certificateAuthority: { secretName, key: 'k' } }),
  'KafkaTriggerProps.certificateAuthority.key': (key) => kafka({ certificateAuthority: secret(key) }),
  'MysqlServer.host': (host) => replica({ host }),
  'MysqlServer.name': (name) => replica({ name }),
  'MysqlServer.namespace': (namespace) => replica({ namespace }),
  'MysqlServer.cidr': (cidr) => replica({ cidr }),
  'ReplicaLagGuardProps.user.secretName': (secretName) => guard({ user: { secretName, key: 'k' } }),
  'ReplicaLagGuardProps.user.key': (key) => guard({ user: secret(key) }),
  'ReplicaLagGuardProps.password.secretName': (secretName) => guard({ password: { secretName, key: 'k' } }),
  'ReplicaLagGuardProps.password.key': (key) => guard({ password: secret(key) }),
  'ReplicaLagGuardProps.certificateAuthority.secretName': (secretName) =>
    guard({ certificateAuthority: { secretName, key: 'k' } }),
  'ReplicaLagGuardProps.certificateAuthority.key': (key) => guard({ certificateAuthority: secret(key) }),
  'ReplicaLagGuardProps.schema': (schema) => guard({ schema }),
  'ReplicaLagGuardProps.writerNamespace': (writerNamespace) => guard({ writerNamespace }),
  'ReplicaLagGuardProps.monitoringNamespace': (monitoringNamespace) => guard({ monitoringNamespace }),
  'MetricsSamplingProps.scrapes': (name) => counted({ scrapes: { [name]: { podLabels: { app: 'api' } } } }),
  'MetricsSamplingProps.usedIn': (text) => counted({ usedIn: [text] }),
  'MetricsSamplingProps.dropped': (text) => counted({ dropped: [text] }),
  'MetricsSamplingProps.kept': (text) => counted({ kept: [text] }),
  'MetricScrape.podLabels': (text) => pods({ podLabels: { [text]: 'api' } }),
  'MetricScrape.podLabels value': (text) => pods({ podLabels: { app: text } }),
  'MetricScrape.serviceLabels': (text) => pods({ podLabels: undefined, serviceLabels: { [text]: 'api' } }),
  'MetricScrape.serviceLabels value': (text) => pods({ podLabels: undefined, serviceLabels: { app: text } }),
  'MetricScrape.addresses': (text) => pods({ podLabels: undefined, addresses: [text] }),
  'MetricScrape.namespaces': (text) => pods({ namespaces: [text] }),
  'MetricScrape.port': (port) => pods({ port }),
  'MetricScrape.path': (path) => pods({ path }),
  'CiConcurrencyProps.runnerSetName': (runnerSetName) => ci({ runnerSetName }),
  'CiConcurrencyProps.githubConfigUrl': (githubConfigUrl) => ci({ githubConfigUrl }),
  'CiConcurrencyProps.githubSecretName': (githubSecretName) => ci({ githubSecretName }),
  'CiConcurrencyProps.controllerVersion': (controllerVersion) => ci({ controllerVersion }),
  'CiConcurrencyProps.image': (image) => ci({ image }),
  'CiConcurrencyProps.runnerGroup': (runnerGroup) => ci({ runnerGroup }),
  'CiConcurrencyProps.controllerNamespace': (controllerNamespace) => ci({ controllerNamespace }),
  'CiConcurrencyProps.controllerServiceAccountName': (name) => ci({ controllerServiceAccountName: name }),
  'CiConcurrencyProps.priorityClassName': (priorityClassName) => ci({ priorityClassName }),
  'JvmServiceProps.image': (image) => jvm({ image }),
  'JvmServiceProps.command': (text) => jvm({ command: ['java', text] }),
  'JvmServiceProps.environment': (name) => jvm({ environment: { [name]: kplus.EnvValue.fromValue('1') } }),
  'JvmServiceProps.healthPath': (healthPath) => jvm({ healthPath }),
  'BoundedServiceProps.image': (image) => bounded({ image }),
  'BoundedServiceProps.command': (text) => bounded({ command: ['node', text] }),
  'BoundedServiceProps.environment': (name) => bounded({ environment: { [name]: kplus.EnvValue.fromValue('1') } }),
  'BoundedServiceProps.healthPath': (healthPath) => bounded({ healthPath }),
  'BoundedServiceProps.priorityHeader': (priorityHeader) => bounded({ priorityHeader }),
  'BoundedServiceProps.prometheus': (prometheus) => bounded({ prometheus }),
  'BoundedServiceProps.monitoringNamespace': (monitoringNamespace) => bounded({ monitoringNamespace }),
  'ServiceGateway.httpRoute': (httpRoute) => bounded({ gateway: { httpRoute }, callerNamespaces: [] }),
  'BoundedServiceProps.callerNamespaces': (name) => bounded({ callerNamespaces: [name] }),
  'ServiceDownstream.name': (name) => bounded({ downstreams: [{ name, latencySeconds: 0.01 }] }),
  'QueueWorkerProps.image': (image) => worker({ image }),
  'QueueWorkerProps.command': (text) => worker({ command: ['worker', text] }),
  'QueueWorkerProps.environment': (name) => worker({ environment: { [name]: kplus.EnvValue.fromValue('1') } }),
  'RabbitMqTriggerProps.cidrs': (range) => rabbitMq({ cidrs: [range] }),
  'ExistingRabbitMqQueue.deadLetterQueueName': (deadLetterQueueName) => rabbitMq({ existing: { deadLetterQueueName } }),
  'SqsTriggerProps.scalerRoleArn': (scalerRoleArn) => sqs({ roleArn: undefined, scalerRoleArn }),
  'SqsTriggerProps.endpointCidrs': (range) => sqs({ endpointCidrs: [range] }),
  'SqsTriggerProps.stsCidrs': (range) => sqs({ stsCidrs: [range] }),
  'RedisStreamTriggerProps.cidrs': (range) => redis({ cidrs: [range] }),
  'RedisServer.cidrs': (range) => store({ cidrs: [range] }),
  'KafkaTriggerProps.cidrs': (range) => kafka({ cidrs: [range] }),
  'KafkaTriggerProps.clientCertificate.secretName': (secretName) =>
    kafka({ clientCertificate: { secretName, key: 'k' }, clientKey: secret('key') }),
  'KafkaTriggerProps.clientCertificate.key': (key) =>
    kafka({ clientCertificate: secret(key), clientKey: secret('key') }),
  'KafkaTriggerProps.clientKey.secretName': (secretName) =>
    kafka({ clientCertificate: secret('crt'), clientKey: { secretName, key: 'k' } }),
  'KafkaTriggerProps.clientKey.key': (key) => kafka({ clientCertificate: secret('crt'), clientKey: secret(key) }),
  'CustomTriggerProps.scaler': (scaler) => custom({ scaler }),
  'CustomTriggerProps.metadata': (text) => custom({ metadata: { [text]: 'orders' } }),
  'CustomTriggerProps.metadata value': (text) => custom({ metadata: { queueName: text } }),
  'CustomTriggerProps.targetField': (targetField) => custom({ targetField }),
  'CustomTriggerProps.activationField': (activationField) => custom({ activationField }),
  'CustomTriggerProps.authentication': (text) => custom({ authentication: { [text]: secret('k') } }),
  'CustomTriggerProps.authentication.secretName': (secretName) =>
    custom({ authentication: { connection: { secretName, key: 'k' } } }),
  'CustomTriggerProps.authentication.key': (key) => custom({ authentication: { connection: secret(key) } }),
  'CustomTriggerProps.authenticationName': (authenticationName) => custom({ authenticationName }),
  'CustomTriggerProps.serviceAccountAnnotations': (text) => custom({ serviceAccountAnnotations: { [text]: 'a' } }),
  'CustomTriggerProps.serviceAccountAnnotations value': (text) =>
    custom({ serviceAccountAnnotations: { 'azure.workload.identity/client-id': text } }),
  'CustomTriggerProps.environment': (text) => custom({ environment: { [text]: 'a' } }),
  'CustomTriggerProps.environment value': (text) => custom({ environment: { QUEUE_NAME: text } }),
  'CustomTriggerProps.secrets': (text) => custom({ secrets: { [text]: secret('k') } }),
  'CustomTriggerProps.secrets.secretName': (secretName) => custom({ secrets: { BUS: { secretName, key: 'k' } } }),
  'CustomTriggerProps.secrets.key': (key) => custom({ secrets: { BUS: secret(key) } }),
  'QueueEgress.namespace': (namespace) => custom({ egress: [{ ports: [5671], namespace }] }),
  'QueueEgress.cidrs': (range) => custom({ egress: [{ ports: [5671], cidrs: [range] }] }),
  'QueueWorkerProps.labels': (text) => worker({ labels: { [text]: 'a' } }),
  'QueueWorkerProps.labels value': (text) => worker({ labels: { owner: text } }),
  'QueueWorkerProps.alertLabels': (text) => worker({ alertLabels: { [text]: 'a' } }),
  'QueueWorkerProps.alertLabels value': (text) => worker({ alertLabels: { release: text } }),
  'HttpProbesProps.path': (path) => worker({ probes: WorkerProbes.http({ path }) }),
  'CommandProbesProps.command': (text) => worker({ probes: WorkerProbes.command({ command: ['check', text] }) }),
  'DnsServers.namespace': (namespace) => worker({ dns: { namespace } }),
  'DnsServers.podLabels': (text) => worker({ dns: { podLabels: { [text]: 'a' } } }),
  'DnsServers.podLabels value': (text) => worker({ dns: { podLabels: { app: text } } }),
  'DnsServers.cidrs': (range) => worker({ dns: { cidrs: [range] } }),
  'ScaleTarget.name': (name) => scaled({ name }),
  'ScaleTarget.kind': (kind) => scaled({ kind, apiVersion: 'argoproj.io/v1alpha1' }),
  'ScaleTarget.apiVersion': (apiVersion) => scaled({ kind: 'Rollout', apiVersion }),
  'ScaleTarget.podLabels': (text) => scaled({ podLabels: { [text]: 'a' } }),
  'ScaleTarget.podLabels value': (text) => scaled({ podLabels: { app: text } }),
  'LogShippingProps.logFolder': (logFolder) => logs({ logFolder }),
  'LogShippingProps.filePattern': (filePattern) => logs({ filePattern }),
  'LogShippingProps.rotatorImage': (rotatorImage) => logs({ rotatorImage }),
  'LogShippingProps.monitoringNamespace': (monitoringNamespace) => logs({ monitoringNamespace }),
  'LogShippingProps.stateName': (stateName) => logs({ stateName }),
  'LogReopen.signal.processName': (processName) => logs({ reopen: LogReopen.signal(processName, 'HUP') }),
  'LogReopen.signal.signal': (signal) => logs({ reopen: LogReopen.signal('nginx', signal) }),
  'KafkaLogOutputProps.bootstrapServers': (broker) => logs({ output: toKafka({ bootstrapServers: [broker] }) }),
  'KafkaLogOutputProps.topic': (topic) => logs({ output: toKafka({ topic }) }),
  'KafkaLogOutputProps.namespace': (text) => logs({ output: toKafka({ namespace: text }) }),
  'KafkaLogOutputProps.cidr': (cidr) => logs({ output: toKafka({ cidr }) }),
  'KafkaLogOutputProps.username.secretName': (secretName) =>
    logs({ output: toKafka({ username: { secretName, key: 'k' } }) }),
  'KafkaLogOutputProps.username.key': (key) => logs({ output: toKafka({ username: secret(key) }) }),
  'KafkaLogOutputProps.password.secretName': (secretName) =>
    logs({ output: toKafka({ password: { secretName, key: 'k' } }) }),
  'KafkaLogOutputProps.password.key': (key) => logs({ output: toKafka({ password: secret(key) }) }),
  'KafkaLogOutputProps.certificateAuthority.secretName': (secretName) =>
    logs({ output: toKafka({ certificateAuthority: { secretName, key: 'k' } }) }),
  'KafkaLogOutputProps.certificateAuthority.key': (key) =>
    logs({ output: toKafka({ certificateAuthority: secret(key) }) }),
  'ElasticsearchLogOutputProps.hosts': (host) => logs({ output: toElasticsearch({ hosts: [host] }) }),
  'ElasticsearchLogOutputProps.index': (index) => logs({ output: toElasticsearch({ index }) }),
  'ElasticsearchLogOutputProps.namespace': (text) => logs({ output: toElasticsearch({ namespace: text }) }),
  'ElasticsearchLogOutputProps.cidr': (cidr) => logs({ output: toElasticsearch({ cidr }) }),
  'ElasticsearchLogOutputProps.apiKey.secretName': (secretName) =>
    logs({ output: toElasticsearch({ apiKey: { secretName, key: 'k' } }) }),
  'ElasticsearchLogOutputProps.apiKey.key': (key) => logs({ output: toElasticsearch({ apiKey: secret(key) }) }),
  'ElasticsearchLogOutputProps.certificateAuthority.secretName': (secretName) =>
    logs({ output: toElasticsearch({ certificateAuthority: { secretName, key: 'k' } }) }),
  'ElasticsearchLogOutputProps.certificateAuthority.key': (key) =>
    logs({ output: toElasticsearch({ certificateAuthority: secret(key) }) }),
  'TtlCollectionProps.collection': (collection) => ttl({ collection }),
  'TtlCollectionProps.createdField': (createdField) => ttl({ createdField }),
  'TtlCollectionProps.pushGateway': (pushGateway) => ttl({ pushGateway }),
  'TtlCollectionProps.databaseNamespace': (databaseNamespace) => ttl({ databaseNamespace }),
  'TtlCollectionProps.databaseCidr': (databaseCidr) => ttl({ databaseCidr }),
  'TtlCollectionProps.connection.secretName': (secretName) => ttl({ connection: { secretName, key: 'k' } }),
  'TtlCollectionProps.connection.key': (key) => ttl({ connection: secret(key) }),
  'KafkaQuotasProps.clusterName': (clusterName) => quotas({ clusterName }),
  'KafkaQuotasProps.clusterNamespace': (clusterNamespace) => quotas({ clusterNamespace }),
  'KafkaQuotaTopic.topicName': (topicName) => quotas({ topics: [{ topicName, tenant: 'billing', partitions: 6 }] }),
  'KafkaQuotaTopic.tenant': (tenant) => quotas({ topics: [{ topicName: 'billing', tenant, partitions: 6 }] }),
  'KafkaTenant.name': (name) =>
    quotas({
      tenants: [{ name, steadyBytesPerSecond: 1_000_000 }],
      topics: [{ topicName: 'billing', tenant: name, partitions: 6 }],
    }),
  'FairShareProps.cohort': (cohort) => shares({ cohort }),
  'FairShareProps.nodeLabels': (text) => shares({ nodeLabels: { [text]: 'a' } }),
  'FairShareProps.nodeLabels value': (text) => shares({ nodeLabels: { pool: text } }),
  'BatchTenant.name': (name) => shares({ tenants: [{ ...risk, name }] }),
  'TenantNamespaceProps.name': (name) => namespace({ name }),
  'TenantNamespaceProps.cohortName': (cohortName) => namespace({ cohortName }),
  'TenantNamespaceProps.flavorName': (flavorName) => namespace({ flavorName }),
  'JobEgress.namespace': (text) => egress({ namespace: text }),
  'JobEgress.cidr': (cidr) => egress({ cidr }),
  'SpreadJob.image': (image) => chore({ image }),
  'SpreadJob.command': (text) => chore({ command: ['clean', text] }),
  'SpreadJob.args': (text) => chore({ args: [text] }),
  'SpreadJob.environment': (name) => chore({ environment: { [name]: kplus.EnvValue.fromValue('1') } }),
  'ScheduledJob.name': (name) => chore({ name }),
  'ScheduledJob.cron': (cron) => chore({ cron }),
  'SpreadScheduleProps.timeZone': (timeZone) => chores({ timeZone }),
  'SpreadScheduleProps.ownQueue': (ownQueue) => chores({ ownQueue }),
  'SpreadScheduleProps.localQueue': (localQueue) => chores({ localQueue }),
  'ContinuousCompactionProps.path': (path) => compaction({ path }),
  'ContinuousCompactionProps.image': (image) => compaction({ image }),
  'ContinuousCompactionProps.pushGateway': (pushGateway) => compaction({ pushGateway }),
  'ContinuousCompactionProps.storeSecret': (storeSecret) => compaction({ storeSecret }),
  'ContinuousCompactionProps.environment': (name) => compaction({ environment: { [name]: '1' } }),
  'ContinuousCompactionProps.environment value': (text) => compaction({ environment: { AWS_REGION: text } }),
  'CompactionSpark.sparkVersion': (sparkVersion) => compaction({ path: 's3a://lake/events', spark: { sparkVersion } }),
  'CompactionSpark.sparkConf': (text) =>
    compaction({ path: 's3a://lake/events', spark: { sparkConf: { [text]: 'a' } } }),
  'CompactionSpark.sparkConf value': (text) =>
    compaction({ path: 's3a://lake/events', spark: { sparkConf: { 'spark.hadoop.fs.s3a.endpoint': text } } }),
  'ContinuousCompactionProps.storeNamespace': (storeNamespace) => compaction({ storeNamespace }),
  'ContinuousCompactionProps.storeCidr': (storeCidr) => compaction({ storeCidr }),
  'StreamingEtlProps.queryName': (queryName) => etl({ queryName }),
  'StreamingEtlProps.clusterName': (clusterName) => etl({ clusterName }),
  'StreamingEtlProps.clusterNamespace': (clusterNamespace) => etl({ clusterNamespace }),
  'StreamingEtlProps.bootstrapServers': (text) => etl({ bootstrapServers: [text] }),
  'StreamingEtlProps.topicName': (topicName) => etl({ topicName }),
  'StreamingEtlProps.user.secretName': (secretName) => etl({ user: { secretName, key: 'k' } }),
  'StreamingEtlProps.user.key': (key) => etl({ user: secret(key) }),
  'StreamingEtlProps.certificateAuthority.secretName': (secretName) =>
    etl({ certificateAuthority: { secretName, key: 'k' } }),
  'StreamingEtlProps.certificateAuthority.key': (key) => etl({ certificateAuthority: secret(key) }),
  'StreamingEtlProps.schema': (schema) => etl({ schema }),
  'StreamingEtlProps.eventTime': (eventTime) => etl({ eventTime }),
  'StreamingEtlProps.keys': (text) => etl({ keys: [text] }),
  'StreamingEtlProps.sums': (text) => etl({ sums: [text] }),
  'StreamingEtlProps.transform': (transform) => etl({ transform }),
  'StreamingEtlProps.table': (table) => etl({ table }),
  'StreamingEtlProps.checkpoint': (checkpoint) => etl({ checkpoint }),
  'StreamingEtlProps.image': (image) => etl({ image }),
  'StreamingEtlProps.sparkVersion': (sparkVersion) => etl({ sparkVersion }),
  'StreamingEtlProps.sparkConf': (text) => etl({ sparkConf: { [text]: 'a' } }),
  'StreamingEtlProps.sparkConf value': (text) => etl({ sparkConf: { 'example.com/name': text } }),
  'StreamingEtlProps.serviceAccountAnnotations': (text) => etl({ serviceAccountAnnotations: { [text]: 'a' } }),
  'StreamingEtlProps.serviceAccountAnnotations value': (text) =>
    etl({ serviceAccountAnnotations: { 'example.com/name': text } }),
  'StreamingEtlProps.outputMode': (text) => etl({ outputMode: text as never }),
  'StreamingEtlProps.monitoringNamespace': (monitoringNamespace) => etl({ monitoringNamespace }),
  'PartitionedStreamProps.clusterName': (clusterName) => stream({ clusterName }),
  'PartitionedStreamProps.clusterNamespace': (clusterNamespace) => stream({ clusterNamespace }),
  'PartitionedStreamProps.topicName': (topicName) => stream({ topicName }),
  'PartitionedStreamProps.image': (image) => stream({ image }),
  'PartitionedStreamProps.command': (text) => stream({ command: [text] }),
  'PartitionedStreamProps.environment': (name) => stream({ environment: { [name]: kplus.EnvValue.fromValue('1') } }),
  'PartitionedStreamProps.consumerGroup': (consumerGroup) => stream({ consumerGroup }),
  'PartitionedStreamProps.existingUser': (existingUser) => stream({ existingUser }),
  'PartitionedStreamProps.bootstrapServers': (text) => stream({ bootstrapServers: [text] }),
  'PartitionedStreamProps.brokerCidrs': (range) =>
    stream({ bootstrapServers: ['a.example.com:9093'], brokerCidrs: [range] }),
  'PartitionedStreamProps.certificateAuthority.secretName': (secretName) =>
    stream({ certificateAuthority: { secretName, key: 'k' } }),
  'PartitionedStreamProps.certificateAuthority.key': (key) => stream({ certificateAuthority: secret(key) }),
  'WebhookBufferProps.clusterName': (clusterName) => hooks({ clusterName }),
  'WebhookBufferProps.clusterNamespace': (clusterNamespace) => hooks({ clusterNamespace }),
  'WebhookBufferProps.topicName': (topicName) => hooks({ topicName }),
  'WebhookBufferProps.consumerGroup': (consumerGroup) => hooks({ consumerGroup }),
  'WebhookBufferProps.callerNamespaces': (text) => hooks({ callerNamespaces: [text] }),
  'WebhookBufferProps.monitoringNamespace': (monitoringNamespace) => hooks({ monitoringNamespace }),
  'WebhookBufferProps.bootstrapServers': (text) => hooks({ bootstrapServers: [text] }),
  'WebhookBufferProps.brokerCidrs': (range) =>
    hooks({ bootstrapServers: ['a.example.com:9093'], brokerCidrs: [range] }),
  'WebhookBufferProps.certificateAuthority.secretName': (secretName) =>
    hooks({ certificateAuthority: { secretName, key: 'k' } }),
  'WebhookBufferProps.certificateAuthority.key': (key) => hooks({ certificateAuthority: secret(key) }),
  'WebhookReceiver.image': (image) => hooks({ receiver: { image } }),
  'WebhookReceiver.existingUser': (existingUser) => hooks({ receiver: { image: 'receiver:1', existingUser } }),
  'WebhookConsumer.image': (image) => hooks({ consumer: { image } }),
  'WebhookConsumer.command': (text) => hooks({ consumer: { image: 'consumer:1', command: [text] } }),
  'WebhookConsumer.environment': (name) =>
    hooks({ consumer: { image: 'consumer:1', environment: { [name]: kplus.EnvValue.fromValue('1') } } }),
  'WebhookConsumer.existingUser': (existingUser) => hooks({ consumer: { image: 'consumer:1', existingUser } }),
  'WebhookGateway.name': (name) => hooks({ gateway: { name } }),
  'WebhookGateway.namespace': (namespace) => hooks({ gateway: { name: 'public', namespace } }),
  'WebhookGateway.sectionName': (sectionName) => hooks({ gateway: { name: 'public', sectionName } }),
  'WebhookGateway.hostnames': (text) => hooks({ gateway: { name: 'public', hostnames: [text] } }),
  'WebhookIngress.className': (className) => hooks({ ingress: { ...door, className } }),
  'WebhookIngress.host': (host) => hooks({ ingress: { ...door, host } }),
  'WebhookIngress.tlsSecretName': (tlsSecretName) => hooks({ ingress: { ...door, tlsSecretName } }),
  'WebhookSource.name': (name) => hooks({ sources: [{ ...partner, name }] }),
  'WebhookSource.secret.secretName': (secretName) =>
    hooks({ sources: [{ ...partner, secret: { secretName, key: 'k' } }] }),
  'WebhookSource.secret.key': (key) => hooks({ sources: [{ ...partner, secret: secret(key) }] }),
  'HmacScheme.signatureHeader': (signatureHeader) => signed({ signatureHeader }),
  'HmacScheme.prefix': (prefix) => signed({ prefix }),
  'HmacScheme.timestampHeader': (timestampHeader) => signed({ timestampHeader }),
  'HmacScheme.idHeader': (idHeader) => signed({ idHeader }),
  'HmacScheme.signed': (text) => signed({ signed: text }),
};

/** Where a server takes more than a plain name: what may pass, and only quoted. */
const MAY_PASS: Readonly<Record<string, readonly string[]>> = {
  'RabbitMqTriggerProps.vhost': [
    'ends a label matcher of PromQL',
    'climbs out of a folder',
    'ends a string of YAML or JSON',
  ],
  'RedisStreamTriggerProps.stream': [
    'ends a label matcher of PromQL',
    'climbs out of a folder',
    'ends a string of YAML or JSON',
  ],
  'RedisStreamTriggerProps.consumerGroup': [
    'ends a label matcher of PromQL',
    'climbs out of a folder',
    'ends a string of YAML or JSON',
  ],
  'KafkaTriggerProps.consumerGroup': [
    'ends a label matcher of PromQL',
    'climbs out of a folder',
    'ends a string of YAML or JSON',
  ],
  // The beginning of keys in a cache, which may be any text.
  'CacheInvalidatorProps.keyPrefix': [
    'ends a label matcher of PromQL',
    'climbs out of a folder',
    'ends a string of YAML or JSON',
    'is empty',
  ],
  // The beginning of keys in Redis, which may have slashes; no file is named by it.
  'RateLimitedSenderProps.queueName': ['climbs out of a folder'],
  // A part of JSON in a variable; no shell reads it, and no query has it.
  'HmacScheme.prefix': ['climbs out of a folder', 'ends a string of YAML or JSON'],
  // The arguments of a program are its own affair; no shell reads them.
  'JvmServiceProps.command': Object.keys(HOSTILE).filter((what) => !/token|invisible/.test(what)),
  'BoundedServiceProps.command': Object.keys(HOSTILE).filter((what) => !/token|invisible/.test(what)),
  'PartitionedStreamProps.command': Object.keys(HOSTILE).filter((what) => !/token|invisible/.test(what)),
  'WebhookConsumer.command': Object.keys(HOSTILE).filter((what) => !/token|invisible/.test(what)),
  // A program, mounted as a file.
  'StreamingEtlProps.transform': Object.keys(HOSTILE).filter((what) => !/token|invisible|empty/.test(what)),
  // SQL, an argument of the job; no shell reads it.
  'StreamingEtlProps.schema': [
    'ends a label matcher of PromQL',
    'climbs out of a folder',
    'ends a string of YAML or JSON',
    'is longer than any name',
  ],
  'QueueWorkerProps.command': Object.keys(HOSTILE).filter((what) => !/token|invisible/.test(what)),
  'CommandProbesProps.command': Object.keys(HOSTILE).filter((what) => !/token|invisible/.test(what)),
  'SpreadJob.command': Object.keys(HOSTILE).filter((what) => !/token|invisible/.test(what)),
  'SpreadJob.args': Object.keys(HOSTILE).filter((what) => !/token|invisible/.test(what)),
  // Free text for KEDA, a cloud and the worker: printable, and nothing that Kubernetes replaces.
  ...Object.fromEntries(
    [
      'CustomTriggerProps.metadata value',
      'CustomTriggerProps.environment value',
      'CustomTriggerProps.serviceAccountAnnotations value',
      'CompactionSpark.sparkConf value',
      'ContinuousCompactionProps.environment value',
      'StreamingEtlProps.serviceAccountAnnotations value',
    ].map((prop) => [prop, Object.keys(HOSTILE).filter((what) => !/token|invisible|replaced|shell|line/.test(what))]),
  ),
  // A label may have no value.
  'FairShareProps.nodeLabels value': ['is empty'],
  'QueueWorkerProps.labels value': ['is empty'],
  'QueueWorkerProps.alertLabels value': ['is empty'],
  'DnsServers.podLabels value': ['is empty'],
  'ScaleTarget.podLabels value': ['is empty'],
  'MetricScrape.podLabels value': ['is empty'],
  'MetricScrape.serviceLabels value': ['is empty'],
};

/** The texts that the exported interfaces of lib/k8s have, read from the source. */
function textProps(): string[] {
  const files = [...readFileSync(join(LIB, 'index.ts'), 'utf8').matchAll(/from '\.\/(.*)'/g)].map(([, file]) => file);
  return files.flatMap((file) => {
    const source = ts.createSourceFile(
      file,
      readFileSync(join(LIB, `${file}.ts`), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const interfaces = source.statements.filter(ts.isInterfaceDeclaration);
    const exported = interfaces.filter(({ modifiers }) =>
      modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword),
    );
    return exported.flatMap((one) =>
      one.members.filter(ts.isPropertySignature).flatMap((member) => {
        const name = `${one.name.text}.${member.name.getText()}`;
        const type = member.type?.getText() ?? '';
        if (type === 'SecretKey') return [`${name}.secretName`, `${name}.key`];
        return /\bstring\b/.test(type) ? [name] : [];
      }),
    );
  });
}

/** Other interfaces with texts: how a secret is named is tried wherever one is taken, ids of rules are looked up. */
const ELSEWHERE = ['SecretKey.secretName', 'SecretKey.key', 'BackpressureChecksProps.severities'];

test('every text prop of every exported interface is in the table', () => {
  const missing = textProps().filter((name) => !(name in PROPS) && !ELSEWHERE.includes(name));
  expect(missing).toEqual([]);
  expect(textProps().length).toBeGreaterThan(60);
});

describe.each(Object.entries(PROPS))('%s', (name, make) => {
  test.each(Object.entries(HOSTILE))('a text that %s is refused by name, or stands quoted', (what, text) => {
    const chart = emptyChart();
    if (!MAY_PASS[name]?.includes(what)) {
      const error = refusal(() => make(text)(chart));
      expect(error).toBeInstanceOf(InvalidInputError);
      // By the prop's own name; what it is part of may come first.
      const [, prop] = name.split(/[. ]/);
      if (!name.startsWith('LogReopen')) expect(error.message).toContain(prop);
      return;
    }
    make(text)(chart);
    for (const expr of expressions(written(chart).manifests)) {
      const outside = expr.replaceAll(JSON.stringify(text), '');
      if (text !== '') expect(outside).not.toContain(text);
    }
  });
});

function refusal(make: () => unknown): Error {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  return new Error('nothing was refused');
}

function expressions(manifests: Manifest[]): string[] {
  return manifests
    .filter(({ kind }) => kind === 'PrometheusRule')
    .flatMap(({ spec }) => spec.groups.flatMap(({ rules }: Manifest) => rules.map(({ expr }: Manifest) => expr)));
}

describe('images', () => {
  test.each<[string, boolean]>([
    ['acme/worker', false],
    ['registry:5000/acme/worker', false],
    ['registry.example.com:5000/acme/worker', false],
    ['acme/worker:latest', false],
    ['registry:5000/acme/worker:latest', false],
    ['acme/worker:', false],
    ['acme/worker@sha256:', false],
    ['acme/worker:1 --privileged', false],
    ['localhost:5000/worker', false],
    ['registry:5000/acme:1/worker', false],
    ['acme/worker:1:2', false],
    ['acme/worker:-1', false],
    ['Acme/Worker:1', false],
    ['acme//worker:1', false],
    [`acme/worker:1@sha256:${'a'.repeat(63)}`, false],
    [`acme/worker@sha256:${'a'.repeat(64)}:1`, false],
    ['[2001:db8::1]:5000/acme/worker', false],
    ['[2001:db8::1]:5000/acme/worker:1', true],
    // One component with a colon is an image and its tag: a registry alone is no image.
    ['registry:5000', true],
    [`registry.example.com:5000/acme/worker:latest@sha256:${'a'.repeat(64)}`, true],
    ['123456789012.dkr.ecr.eu-central-1.amazonaws.com/my_team/my--worker:v1.4.2-rc.1', true],
    ['acme/worker:1.4.2', true],
    ['registry:5000/acme/worker:1.4.2', true],
    [`acme/worker@sha256:${'a'.repeat(64)}`, true],
    [`registry:5000/acme/worker:latest@sha256:${'a'.repeat(64)}`, true],
  ])('%s: names a version or a digest: %s', (image, accepted) => {
    const make = () => worker({ image })(emptyChart());
    if (accepted) expect(make).not.toThrow();
    else expect(make).toThrow('image must name a version or a digest');
  });
});
