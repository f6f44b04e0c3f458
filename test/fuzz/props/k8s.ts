/** Constructs of `lib/k8s`. */
import { App, Chart, Duration, Size, Testing } from 'cdk8s';
import fc from 'fast-check';
import type { CiPipeline } from '../../../lib/flow/ci/pipelines';
import { CompactionWriter } from '../../../lib/flow/compaction/workload';
import { JvmCollector } from '../../../lib/flow/jvm/workload';
import { UnknownMail } from '../../../lib/flow/rates/workload';
import { ServiceAdmission, ServiceLimit } from '../../../lib/flow/services/workload';
import { BackpressureChecks } from '../../../lib/k8s/backpressure-checks';
import { CiConcurrency } from '../../../lib/k8s/ci/ci-concurrency';
import { ContinuousCompaction } from '../../../lib/k8s/compaction/continuous-compaction';
import { StreamingEtl } from '../../../lib/k8s/etl/streaming-etl';
import { JvmService } from '../../../lib/k8s/jvm/jvm-service';
import { LogOutput } from '../../../lib/k8s/logs/log-output';
import { LogReopen } from '../../../lib/k8s/logs/log-reopen';
import { LogShipping } from '../../../lib/k8s/logs/log-shipping';
import { CoalescingQueue } from '../../../lib/k8s/merging/coalescing-queue';
import { Invalidator } from '../../../lib/k8s/merging/invalidator';
import { MetricsSampling, type MetricsSamplingProps } from '../../../lib/k8s/metrics/metrics-sampling';
import { QueueTrigger } from '../../../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../../../lib/k8s/queue/queue-worker';
import { ScalerFallback } from '../../../lib/k8s/queue/scaler-fallback';
import { WorkerProbes } from '../../../lib/k8s/queue/worker-probes';
import { KafkaQuotas, KafkaUserAuthentication } from '../../../lib/k8s/quotas/kafka-quotas';
import { RateLimitedSender } from '../../../lib/k8s/rates/rate-limited-sender';
import { SenderProvider } from '../../../lib/k8s/rates/sender-provider';
import type { MysqlServer } from '../../../lib/k8s/replication/mysql-server';
import { ReplicaLagGuard } from '../../../lib/k8s/replication/replica-lag-guard';
import { TtlCollection } from '../../../lib/k8s/retention/ttl-collection';
import type { JobEgress, SpreadJob } from '../../../lib/k8s/schedule/spread-job';
import { SpreadSchedule } from '../../../lib/k8s/schedule/spread-schedule';
import { BoundedService } from '../../../lib/k8s/services/bounded-service';
import { FairShare } from '../../../lib/k8s/shares/fair-share';
import { TenantNamespace } from '../../../lib/k8s/shares/tenant-namespace';
import { PartitionedStream } from '../../../lib/k8s/streams/partitioned-stream';
import { WebhookBuffer } from '../../../lib/k8s/webhooks/webhook-buffer';
import { DeduplicateBy, WebhookScheme } from '../../../lib/k8s/webhooks/webhook-source';
import { optional, spread, usually } from '../../support/property';
import { METRICS } from './metrics';
import { type Subject, subject } from './subject';
import {
  chartSeconds,
  ciObjective,
  ciWorkload,
  collectionObjective,
  collectionWorkload,
  compactionObjective,
  compactionWorkload,
  consumers,
  etlWorkload,
  fewChanges,
  figures,
  jvmObjective,
  jvmWorkload,
  queueObjective,
  queueWorkload,
  ratesWorkload,
  seldom,
  serviceNumbers,
  streamObjective,
  streamWorkload,
} from './values';
import { writePeaks } from './writes';

// biome-ignore lint/suspicious/noExplicitAny: manifests have no types
type Manifest = any;

/** A construct in a chart of its own, and what the chart writes. */
function inChart<P>(build: (chart: Chart, id: string, props: P) => void) {
  return (id: string, props: P): unknown => {
    const chart = new Chart(Testing.app(), 'shop', { namespace: 'shop' });
    build(chart, id, props);
    return Testing.synth(chart).map(withoutPrograms);
  };
}

/** A program may say `undefined`, and Filebeat's documentation writes the fingerprint identity as null. */
function withoutPrograms({ data, ...manifest }: Manifest): Manifest {
  const texts = Object.entries(data ?? {}).filter(([name]) => !/\.(js|sh|py)$/.test(name));
  return { ...manifest, data: texts.map(([, text]) => String(text).replace('fingerprint: null', '')) };
}

const flag = optional(fc.boolean());
/** Absent but for one time in twenty. */
const rarely = <T>(value: fc.Arbitrary<T>) => usually(fc.constant<T | undefined>(undefined), value);
const secret = fc.record({
  secretName: fc.constantFrom('broker', 'broker-2'),
  key: fc.constantFrom('password', 'uri'),
});
const namespace = optional(fc.constantFrom('kafka', 'data'));

const tenantName = fc.constantFrom('orders', 'clicks', 'audit', 'mail');
const quotas = fc.record({
  clusterName: fc.constant('events'),
  clusterNamespace: namespace,
  capacity: fc.record({
    brokers: fc.integer({ min: 1, max: 12 }),
    brokerBytesPerSecond: figures(5e6, 2e8),
    replicationFactor: optional(fc.integer({ min: 1, max: 3 })),
    spareBrokers: optional(fc.integer({ min: 0, max: 2 })),
    requestThreads: optional(fc.integer({ min: 2, max: 64 })),
  }),
  tenants: fc.uniqueArray(
    fc.record({
      name: tenantName,
      steadyBytesPerSecond: figures(1000, 1e6),
      peakBytesPerSecond: optional(figures(1e6, 1e7)),
      peakSeconds: optional(fc.integer({ min: 0, max: 7200 })),
      weight: optional(figures(0.1, 10)),
      readers: optional(fc.integer({ min: 0, max: 5 })),
    }),
    { minLength: 1, maxLength: 4, selector: ({ name }) => name },
  ),
  topics: fc.array(
    fc.record({
      topicName: fc.constantFrom('orders.v1', 'clicks.v1', 'audit.v1'),
      tenant: tenantName,
      partitions: fc.integer({ min: 1, max: 100 }),
      retention: optional(chartSeconds(60, 604_800)),
    }),
    { maxLength: 3 },
  ),
  authentication: optional(fc.constantFrom(...Object.values(KafkaUserAuthentication))),
  asked: tenantName,
});

const batch = fc.uniqueArray(
  fc.record({
    name: tenantName,
    workload: fc
      .record({
        load: figures(0.1, 30),
        serviceSeconds: figures(10, 3000),
        serviceVariation: optional(spread(0.01, 2)),
      })
      .map(({ load, ...rest }) => ({ ...rest, steadyPerSecond: load / rest.serviceSeconds })),
    jobCpu: spread(0.001, 4),
    jobMemoryBytes: spread(1e6, 1e10),
    weight: optional(figures(0.01, 100)),
    nominalJobs: optional(fc.integer({ min: 1, max: 50 })),
    borrowedJobs: optional(fc.integer({ min: 0, max: 50 })),
  }),
  { minLength: 1, maxLength: 4, selector: ({ name }) => name },
);

const share = fc.record({
  name: tenantName,
  weight: spread(0.01, 100),
  wantedJobs: fc.integer({ min: 1, max: 50 }),
  nominalJobs: fc.integer({ min: 1, max: 50 }),
  borrowedJobs: fc.integer({ min: 0, max: 50 }),
  quotaJobs: fc.integer({ min: 1, max: 100 }),
  jobCpu: spread(0.001, 4),
  jobMemoryBytes: spread(1e6, 1e10),
  onTimeRatio: spread(0.1, 1),
});

const logs = fc.record({
  workload: fc.record({
    steadyBytesPerSecond: figures(100, 1e6),
    peakBytesPerSecond: optional(figures(1e6, 1e7)),
    peakSeconds: optional(fc.integer({ min: 0, max: 7200 })),
    lineBytes: optional(figures(20, 5000)),
    logFiles: optional(fc.integer({ min: 1, max: 10 })),
  }),
  objective: fc.record({
    diskBudgetBytes: figures(1e9, 1e13),
    outageSeconds: figures(10, 1e5),
    shipperAwaySeconds: optional(spread(1, 1000)),
    lagSeconds: optional(spread(1, 1000)),
    reactionSeconds: optional(spread(1, 10_000)),
  }),
  output: fc.oneof(
    fc.record({
      bootstrapServers: fc.constantFrom<string[]>(['logs:9093'], ['logs:9093', 'other.example.com:9092']),
      topic: fc.constant('app-logs'),
      namespace,
      username: secret,
      password: secret,
      certificateAuthority: optional(secret),
    }),
    fc.record({
      hosts: fc.constantFrom<string[]>(['https://logs:9200'], ['https://es.example.com']),
      index: fc.constant('app-logs'),
      namespace,
      apiKey: secret,
      certificateAuthority: optional(secret),
    }),
  ),
  logFolder: fc.constant('/var/log/app'),
  filePattern: optional(fc.constantFrom('*.log', 'access.log')),
  fileUser: fc.integer({ min: 1, max: 65_535 }),
  fileGroup: optional(fc.integer({ min: 1, max: 65_535 })),
  reopen: optional(fc.constantFrom({ processName: 'nginx', signal: 'HUP' }, { byWriter: true })),
  rotatorImage: fc.constant('example/logrotate:1'),
  rotationInterval: optional(chartSeconds(1, 3600)),
  fileSizeCapBytes: optional(figures(1e6, 1e9)),
  fileCount: optional(fc.integer({ min: 2, max: 30 })),
  compressBytesPerSecond: optional(figures(1e6, 1e8)),
  tolerateEverything: flag,
});

const chores = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom('clean', 'sync', 'report', 'constructor', 'bill', 'index'),
      when: fc.constantFrom<object>(
        { periodSeconds: 300 },
        { periodSeconds: 3600 },
        { cron: '@daily' },
        { cron: '*/15 * * * *' },
        { cron: '30 2 * * 1-5', pinned: true },
        { cron: '0 4 29 2 *' },
        { cron: '10 5 ? * MON-FRI *' },
      ),
      durationSeconds: figures(1, 250),
      durationVariation: optional(spread(0.01, 2)),
      cpu: fc.option(spread(0.001, 2), { nil: undefined, freq: 6 }),
      offsetMinutes: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined, freq: 1 }),
      image: fc.constant('shop/chores:1.4.2'),
      args: optional(fc.constant<string[]>(['clean'])),
      egress: optional(
        fc.constantFrom<JobEgress[]>([{ ports: [5432], namespace: 'database' }], [{ ports: [443] }], []),
      ),
    })
    .map(({ when, ...rest }) => ({ ...rest, ...when }) as SpreadJob),
  { minLength: 1, maxLength: 6, selector: ({ name }) => name },
);

const providerLimit = fc.record({
  perSecond: figures(0.01, 20_000),
  windowSeconds: optional(figures(0.1, 60)),
  perDay: optional(figures(10, 1e8)),
  share: optional(spread(0.01, 1)),
});
const provider = fc.oneof(
  fc.record({
    connection: secret,
    port: optional(fc.integer({ min: 1, max: 65_535 })),
    requireTls: flag,
    namespace,
    cidr: optional(fc.constant('203.0.113.0/24')),
  }),
  fc.record({
    url: fc.constantFrom('https://api.example.net/v1/mails', 'http://relay.mail/mails'),
    key: secret,
    header: optional(fc.constant('x-api-key')),
    namespace,
  }),
);
const providerOf = (given: typeof provider extends fc.Arbitrary<infer T> ? T : never): SenderProvider =>
  given !== null && typeof given === 'object' && 'connection' in given
    ? SenderProvider.smtp(given)
    : SenderProvider.http(given as never);

const work = {
  workload: queueWorkload,
  objective: queueObjective,
  consumer: consumers,
  image: fc.constant('shop/orders:1.4.2'),
  command: optional(fc.constant<string[]>(['node', 'worker.js'])),
  scaleToZero: flag,
  cooldown: optional(chartSeconds(1, 3600)),
  nodeProvisionTime: optional(chartSeconds(1, 3600)),
  scratchSpace: optional(fc.integer({ min: 0, max: 4096 }).map((size) => Size.mebibytes(size))),
};

/** Made in the construct's own call: a refusal of one of these is an answer too. */
const PROBES = {
  path: () => WorkerProbes.http({ path: '/actuator/health', port: 8081 }),
  command: () => WorkerProbes.command({ command: ['pg_isready'] }),
  none: () => WorkerProbes.none('the base image has no shell and serves nothing'),
};
const FALLBACKS = {
  two: () => ScalerFallback.replicas(2),
  none: () => ScalerFallback.none('nobody waits at night'),
};
const choices = {
  probes: optional(fc.constantFrom(...(Object.keys(PROBES) as (keyof typeof PROBES)[]))),
  fallback: optional(fc.constantFrom(...(Object.keys(FALLBACKS) as (keyof typeof FALLBACKS)[]))),
};

/** What is made for that choice; anything else is given as it is. */
function chosen<T>(made: Readonly<Record<string, () => T>>, choice: unknown): T | undefined {
  return typeof choice === 'string' && Object.hasOwn(made, choice) ? made[choice]() : (choice as T | undefined);
}

/** A worker behind each trigger. */
function worker<P>(name: string, trigger: fc.Arbitrary<P>, make: (props: P) => QueueTrigger): Subject {
  return subject(
    `k8s.QueueWorker on ${name}`,
    ['k8s.QueueWorker', 'k8s.QueueTrigger', 'k8s.WorkerProbes', 'k8s.ScalerFallback'],
    'text',
    fc.record({ ...work, ...choices, trigger }),
    inChart((chart, id, { trigger: given, probes, fallback, ...props }) => {
      new QueueWorker(chart, id, {
        ...props,
        probes: chosen(PROBES, probes),
        fallback: chosen(FALLBACKS, fallback),
        trigger: make(given as P),
      }).plan.explain();
    }),
  );
}

export const K8S_SUBJECTS: readonly Subject[] = [
  worker(
    'RabbitMQ',
    fc.record({
      queueName: fc.constant('orders'),
      clusterName: fc.constant('rabbit'),
      clusterNamespace: namespace,
      vhost: optional(fc.constantFrom('/', 'shop')),
      connection: secret,
      management: secret,
      consumerOutage: optional(chartSeconds(1, 7200)),
      roundTripSeconds: optional(spread(0.001, 0.1)),
    }),
    QueueTrigger.rabbitMq,
  ),
  worker(
    'SQS',
    fc.record({
      queueUrl: fc.constant('https://sqs.eu-west-1.amazonaws.com/123456789012/orders'),
      region: fc.constant('eu-west-1'),
      roleArn: fc.constant('arn:aws:iam::123456789012:role/orders'),
      endpointCidr: optional(fc.constant('10.0.0.0/24')),
    }),
    QueueTrigger.sqs,
  ),
  worker(
    'Redis',
    fc.record({
      host: fc.constantFrom('redis', 'redis.example.com'),
      port: optional(fc.integer({ min: 1, max: 65_535 })),
      namespace,
      stream: fc.constant('orders'),
      consumerGroup: fc.constant('workers'),
      deleteWhenDone: flag,
      password: optional(secret),
      tls: flag,
      certificateAuthority: optional(secret),
    }),
    QueueTrigger.redisStream,
  ),
  worker(
    'Kafka',
    fc.record({
      bootstrapServers: fc.constantFrom<string[]>(['kafka:9092'], ['a.example.com:9093', 'b.example.com:9093']),
      namespace,
      topic: fc.constant('orders.v1'),
      partitions: fc.integer({ min: 1, max: 500 }),
      consumerGroup: fc.constant('workers'),
      username: optional(secret),
      password: optional(secret),
      certificateAuthority: optional(secret),
    }),
    QueueTrigger.kafka,
  ),
  subject(
    'k8s.FairShare',
    ['k8s.FairShare'],
    'text',
    fc.record({
      capacity: fc.record({ cpu: figures(50, 2000), memoryBytes: figures(1e11, 1e13) }),
      tenants: batch,
      objective: fc.record({ latencySeconds: figures(5000, 1e5), latencyQuantile: optional(spread(0.5, 0.99)) }),
      cohort: optional(fc.constantFrom('batch', 'nightly-2')),
      nodeLabels: optional(fc.constant({ pool: 'batch' })),
      reclaimByPreemption: flag,
      urgentClass: flag,
      flood: fc.record({ tenant: tenantName, factor: spread(1, 20), duration: chartSeconds(60, 86_400) }),
    }),
    inChart((chart, id, { flood, ...props }) => {
      new FairShare(chart, id, props as never).forecastFlood(flood.tenant, flood.factor, flood.duration);
    }),
  ),
  subject(
    'k8s.TenantNamespace',
    ['k8s.TenantNamespace'],
    'text',
    fc.record({
      name: tenantName,
      share,
      cohortName: fc.constant('batch'),
      flavorName: fc.constant('standard'),
      reclaimByPreemption: flag,
      urgentClass: flag,
    }),
    inChart((chart, id, props) => {
      new TenantNamespace(chart, id, props);
    }),
  ),
  subject(
    'k8s.StreamingEtl',
    ['k8s.StreamingEtl'],
    'text',
    fc.record({
      workload: etlWorkload,
      objective: fc.record({
        freshnessSeconds: figures(60, 7200),
        outageSeconds: optional(figures(0.1, 7200)),
        catchUpSeconds: optional(figures(600, 1e5)),
        headroom: optional(spread(1, 3)),
      }),
      queryName: fc.constantFrom('page-views', 'v'),
      clusterName: fc.constant('events'),
      clusterNamespace: namespace,
      bootstrapServers: optional(
        fc.constantFrom<string[]>(['kafka:9093'], ['a.example.com:9094', 'b.example.com:9094']),
      ),
      topicName: fc.constant('page.views'),
      existingTopic: flag,
      replicas: optional(fc.integer({ min: 1, max: 5 })),
      user: optional(secret),
      certificateAuthority: optional(secret),
      schema: fc.constant('page STRING, at TIMESTAMP'),
      eventTime: fc.constant('at'),
      keys: fc.constant<string[]>(['page']),
      sums: optional(fc.constantFrom<string[]>([], ['bytes'])),
      transform: optional(fc.constant('def transform(df):\n    return df\n')),
      table: fc.constant('s3a://lake/page_views'),
      checkpoint: fc.constant('s3a://lake-checkpoints/page_views'),
      image: fc.constant('example/spark:3.5.7'),
      sparkConf: optional(fc.constant({ 'spark.hadoop.fs.s3a.endpoint': 'https://s3.example.net' })),
      serviceAccountAnnotations: optional(fc.constant({ 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/etl' })),
      outputMode: optional(fc.constantFrom('append', 'update')),
      executors: optional(fc.integer({ min: 1, max: 50 })),
      executorCores: optional(fc.constantFrom(1, 2, 4, 8, 16)),
      trigger: optional(chartSeconds(10, 1000)),
      maxOffsetsPerTrigger: optional(fc.integer({ min: 1000, max: 1e7 })),
      restart: optional(chartSeconds(1, 600)),
      retainTopics: flag,
    }),
    inChart((chart, id, props) => {
      new StreamingEtl(chart, id, props).plan.explain();
    }),
  ),
  subject(
    'k8s.KafkaQuotas',
    ['k8s.KafkaQuotas'],
    'text',
    quotas,
    inChart((chart, id, { asked, ...props }) => {
      const made = new KafkaQuotas(chart, id, props);
      made.producerProperties(asked);
      made.plan.explain();
    }),
  ),
  subject(
    'k8s.LogShipping',
    ['k8s.LogShipping', 'k8s.LogOutput', 'k8s.LogReopen'],
    'text',
    logs,
    inChart((chart, id, { output, reopen, ...props }) => {
      const signal = reopen as { processName?: string; signal?: string } | undefined;
      new LogShipping(chart, id, {
        ...props,
        output: 'topic' in output ? LogOutput.kafka(output) : LogOutput.elasticsearch(output),
        reopen:
          signal &&
          (signal.processName === undefined
            ? LogReopen.byWriter()
            : LogReopen.signal(signal.processName, signal.signal ?? 'HUP')),
      }).plan.explain();
    }),
  ),
  subject(
    'k8s.RateLimitedSender',
    ['k8s.RateLimitedSender', 'k8s.SenderProvider'],
    'text',
    fc.record({
      workload: ratesWorkload,
      limit: providerLimit,
      objective: optional(
        fc.record({
          completeSeconds: optional(fc.integer({ min: 60, max: 1_000_000 })),
          bounceRatio: optional(spread(0.01, 0.2)),
          headroom: optional(fc.double({ min: 1.01, max: 3, noNaN: true })),
        }),
      ),
      provider,
      from: fc.constantFrom('shop@example.com', 'Shop <shop@example.com>', 'nobody'),
      standby: optional(fc.record({ limit: providerLimit, provider })),
      redis: fc.record({
        host: fc.constantFrom('redis', 'redis.example.com'),
        port: optional(fc.integer({ min: 1, max: 65_535 })),
        namespace,
        password: optional(secret),
        tls: flag,
        certificateAuthority: optional(secret),
      }),
      queueName: optional(fc.constantFrom('mails', 'shop/mails')),
      jitterSeconds: optional(fc.double({ min: 0, max: 2, noNaN: true })),
      burst: optional(fc.integer({ min: 1, max: 20 })),
      messagesPerSecond: optional(figures(0.1, 1000)),
      onUnknown: optional(fc.constantFrom(...Object.values(UnknownMail))),
      breaker: flag,
      monitoringNamespace: namespace,
    }),
    inChart((chart, id, { provider: first, standby, ...props }) => {
      new RateLimitedSender(chart, id, {
        ...props,
        provider: providerOf(first),
        standby: standby && { ...standby, provider: providerOf(standby.provider) },
      }).plan.explain();
    }),
  ),
  subject(
    'k8s.SpreadSchedule',
    ['k8s.SpreadSchedule'],
    'text',
    fc.record({
      jobs: chores,
      objective: optional(
        fc.record({
          windowSeconds: optional(fc.integer({ min: 60, max: 7200 })),
          startWithinSeconds: optional(fc.integer({ min: 60, max: 7200 })),
          headroom: optional(spread(1.01, 3)),
        }),
      ),
      host: optional(
        fc.record({
          cores: figures(1, 100),
          onlineUtilisation: spread(0.01, 0.9),
          onlineServiceSeconds: optional(spread(0.001, 1)),
        }),
      ),
      timeZone: optional(fc.constantFrom('Europe/Berlin', 'Etc/UTC')),
      maxConcurrent: optional(fc.integer({ min: 1, max: 8 })),
      ownQueue: optional(fc.constant('chores')),
    }),
    inChart((chart, id, props) => {
      new SpreadSchedule(chart, id, props).plan.explain();
    }),
  ),
  subject(
    'k8s.ContinuousCompaction',
    ['k8s.ContinuousCompaction'],
    'text',
    fc.record({
      workload: compactionWorkload,
      objective: compactionObjective,
      spark: rarely(fc.record({ sparkVersion: optional(fc.constant('3.5.7')) })),
      path: fc.constantFrom(
        's3://lake/events',
        's3a://lake/events',
        'gs://lake/events',
        'abfss://lake@account.dfs.core.windows.net/events',
      ),
      image: fc.constantFrom('registry.example.net/delta-rs:1.6.6', 'delta-rs:1'),
      writer: rarely(fc.constantFrom(...Object.values(CompactionWriter))),
      pushGateway: fc.constantFrom('http://push:9091', 'https://push.example.com'),
      targetBytes: rarely(fc.integer({ min: 2 ** 20, max: 2 ** 30 })),
      workers: optional(fc.integer({ min: 1, max: 8 })),
      interval: rarely(fc.constantFrom(300, 3600, 21_600).map((seconds) => Duration.seconds(seconds))),
      startFiles: rarely(fc.integer({ min: 1, max: 100_000 })),
      quiet: rarely(chartSeconds(1, 86_400)),
      storeSecret: optional(fc.constant('lake')),
      environment: optional(fc.constant({ AWS_REGION: 'eu-central-1' })),
      storeNamespace: namespace,
      storePort: optional(fc.integer({ min: 1, max: 65_535 })),
    }),
    inChart((chart, id, props) => {
      new ContinuousCompaction(chart, id, props).plan.explain();
    }),
  ),
  subject(
    'k8s.TtlCollection',
    ['k8s.TtlCollection'],
    'text',
    fc.record({
      workload: collectionWorkload,
      objective: collectionObjective,
      collection: fc.constantFrom('events', 'audit.log'),
      connection: secret,
      createdField: optional(fc.constantFrom('createdAt', 'meta.at')),
      pushGateway: fc.constantFrom('http://push:9091', 'https://push.example.com'),
      databaseNamespace: namespace,
      databasePort: optional(fc.integer({ min: 1, max: 65_535 })),
    }),
    inChart((chart, id, props) => {
      new TtlCollection(chart, id, props).plan.explain();
    }),
  ),
  subject(
    'k8s.CoalescingQueue',
    ['k8s.CoalescingQueue', 'k8s.Invalidator'],
    'text',
    fc.record({
      workload: fc.record({
        steadyPerSecond: figures(0.1, 1000),
        peakPerSecond: optional(figures(10, 50_000)),
        peakSeconds: optional(fc.integer({ min: 0, max: 7200 })),
        distinctKeys: figures(1, 1e7).map((keys) => (Number.isFinite(keys) ? Math.ceil(keys) : keys)),
        keySkew: optional(fc.constantFrom(0, 1, 1.5)),
        keySeconds: figures(1e-5, 1),
        eventBytes: optional(spread(50, 10_000)),
      }),
      objective: fc.record({
        freshnessSeconds: figures(1, 3600),
        headroom: optional(fc.double({ min: 1.01, max: 3, noNaN: true })),
      }),
      stream: fc.constantFrom('announcements', 'pages.changed', 'a b'),
      redis: fc.record({
        host: fc.constantFrom('redis', 'redis.data', 'a b'),
        namespace: optional(namespace),
        port: optional(fc.integer({ min: 0, max: 70_000 })),
        password: optional(secret),
        tls: flag,
      }),
      window: optional(fc.integer({ min: 0, max: 600 }).map((tenths) => Duration.millis(100 * tenths))),
      maxBatch: optional(fc.integer({ min: 1, max: 1e6 })),
      shards: optional(fc.integer({ min: 1, max: 120 })),
      workers: optional(fc.integer({ min: 1, max: 70 })),
      outage: optional(chartSeconds(1, 100_000)),
      posted: fc.boolean(),
      authorization: optional(secret),
    }),
    inChart((chart, id, { posted, authorization, ...props }) => {
      const invalidator = posted
        ? Invalidator.http({ url: 'http://rebuild.shop/keys', authorization, namespace: 'shop' })
        : Invalidator.cache({ connection: { secretName: 'cache', key: 'url' } });
      new CoalescingQueue(chart, id, { ...props, invalidator }).plan.explain();
    }),
  ),
  subject(
    'k8s.PartitionedStream',
    ['k8s.PartitionedStream'],
    'text',
    fc.record({
      workload: streamWorkload,
      objective: streamObjective,
      clusterName: fc.constant('events'),
      clusterNamespace: namespace,
      topicName: fc.constantFrom('devices.metrics', '_odd_'),
      existingTopic: optional(fc.constant(false)),
      image: fc.constant('registry.example.net/consumer:1.0.0'),
      consumerGroup: fc.constantFrom('metrics', 'metrics-2'),
      existingUser: optional(fc.constant('reader')),
      partitions: fc.option(fc.integer({ min: 24, max: 240 }), { nil: undefined, freq: 1 }),
      currentPartitions: optional(fc.integer({ min: 1, max: 12 })),
      minInstances: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 1 }),
      batchSize: optional(fc.integer({ min: 1, max: 500 })),
      startSeconds: optional(figures(1, 300)),
      replicas: optional(fc.integer({ min: 2, max: 5 })),
      minInsyncReplicas: optional(fc.integer({ min: 1, max: 2 })),
      maxMessageBytes: optional(fc.integer({ min: 1000, max: 10_000_000 })),
      retention: optional(chartSeconds(60, 604_800)),
      outage: optional(chartSeconds(1, 100_000)),
      retainTopics: flag,
    }),
    inChart((chart, id, props) => {
      new PartitionedStream(chart, id, props).plan.explain();
    }),
  ),
  subject(
    'k8s.WebhookBuffer',
    ['k8s.WebhookBuffer'],
    'text',
    fc.record({
      sources: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom('github', 'shop', 'pay'),
          scheme: fc.constantFrom(WebhookScheme.GITHUB, WebhookScheme.STRIPE, WebhookScheme.STANDARD_WEBHOOKS),
          secret: fc.constant({ secretName: 'signing', key: 'one' }),
          secretPerTenant: flag,
          steadyPerSecond: fc.option(figures(0.001, 1), { nil: undefined, freq: 1 }),
          tolerance: fc.option(chartSeconds(1, 4000), { nil: undefined, freq: 1 }),
          deduplicateBy: optional(fc.constantFrom(...Object.values(DeduplicateBy))),
        }),
        { minLength: 1, maxLength: 2, selector: ({ name }) => name },
      ),
      // A queue's, of which Kafka refuses some fields: mostly without those.
      workload: usually(
        queueWorkload.map((all) => ({ ...all, failureRatio: undefined, burstItems: undefined })),
        queueWorkload,
      ),
      objective: usually(
        queueObjective.map(({ latencyQuantile: _quantile, monthlyCost: _cost, ...rest }) => rest),
        queueObjective,
      ),
      clusterName: fc.constant('events'),
      clusterNamespace: namespace,
      topicName: fc.constantFrom('shop.deliveries', '_odd_'),
      consumerGroup: fc.constantFrom('hooks', 'hooks-2'),
      receiver: fc.record({
        image: fc.constant('registry.example.net/receiver:1.0.0'),
        existingUser: optional(fc.constant('writer')),
        seconds: optional(figures(0.001, 2)),
        cpuSeconds: optional(figures(0.0001, 0.1)),
        concurrency: optional(fc.integer({ min: 1, max: 1000 })),
        replicas: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 1 }),
        maxReplicas: fc.option(fc.integer({ min: 2, max: 80 }), { nil: undefined, freq: 1 }),
        maxBodyBytes: optional(fc.integer({ min: 1_000_000, max: 1_041_000 })),
        senderSeconds: optional(fc.integer({ min: 3, max: 10 })),
      }),
      consumer: fc.record({
        image: fc.constant('registry.example.net/consumer:1.0.0'),
        existingUser: optional(fc.constant('reader')),
      }),
      gateway: optional(fc.record({ name: fc.constant('public'), namespace })),
      order: fc.option(
        fc.record({ tenants: fc.integer({ min: 1, max: 10_000 }), busiestRatio: optional(figures(0.01, 1)) }),
        { nil: undefined, freq: 1 },
      ),
      partitions: fc.option(fc.integer({ min: 24, max: 240 }), { nil: undefined, freq: 1 }),
      minInstances: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 1 }),
      startSeconds: optional(figures(1, 300)),
      replicas: optional(usually(fc.integer({ min: 3, max: 5 }), fc.constant(2))),
      retention: fc.option(chartSeconds(3600, 2_000_000), { nil: undefined, freq: 1 }),
      outage: optional(chartSeconds(1, 100_000)),
      idempotencyRetention: fc.option(chartSeconds(600_000, 3_000_000), { nil: undefined, freq: 1 }),
      retainTopics: flag,
    }),
    inChart((chart, id, props) => {
      new WebhookBuffer(chart, id, props).plan.explain();
    }),
  ),
  subject(
    'k8s.JvmService',
    ['k8s.JvmService'],
    'text',
    fc.record({
      workload: jvmWorkload,
      objective: jvmObjective,
      jdk: fc.integer({ min: 16, max: 27 }),
      collector: optional(fc.constantFrom(...Object.values(JvmCollector))),
      cpu: optional(fc.integer({ min: 1, max: 32 })),
      cycle: optional(chartSeconds(1, 10)),
      heap: optional(fc.integer({ min: 64, max: 100_000 }).map((mebibytes) => Size.mebibytes(mebibytes))),
      spikeTolerance: optional(fc.constantFrom(1, 1.5, 2, 4)),
      flightRecorder: flag,
      replicas: optional(fc.integer({ min: 0, max: 20 })),
      port: optional(fc.integer({ min: 1, max: 65_535 })),
      image: fc.constantFrom('shop/api:1', 'shop/api'),
    }),
    inChart((chart, id, props) => {
      new JvmService(chart, id, props).plan.explain();
    }),
  ),
  subject(
    'k8s.BoundedService',
    ['k8s.BoundedService'],
    'text',
    fc
      .record({
        numbers: serviceNumbers(),
        slotsPerInstance: optional(fc.integer({ min: 4, max: 100 })),
        queueBound: seldom(fc.integer({ min: 0, max: 50 })),
        minReplicas: seldom(fc.integer({ min: 1, max: 5 })),
        maxReplicas: seldom(fc.integer({ min: 1, max: 50 })),
        shedStatus: optional(usually(fc.constantFrom(503, 429), fc.constant(500))),
        retryAttempts: optional(fc.integer({ min: 0, max: 3 })),
        bound: fc.oneof(
          fc.record({
            admission: optional(fc.constantFrom(ServiceAdmission.GATE, ServiceAdmission.APPLICATION)),
            limit: optional(fc.constantFrom(...Object.values(ServiceLimit))),
            mesh: optional(fc.record({ istio: flag, clients: optional(fc.integer({ min: 1, max: 10 })) })),
          }),
          fc.constant({ admission: ServiceAdmission.ENVOY, mesh: { clients: 2 } }),
          seldom(
            fc.record({
              admission: fc.constantFrom(...Object.values(ServiceAdmission)),
              limit: fc.constant(ServiceLimit.AIMD),
            }),
          ),
        ),
        gateway: optional(
          fc.record({
            httpRoute: usually(fc.constant('orders'), fc.constant('No')),
            proxies: optional(fc.integer({ min: 1, max: 9 })),
          }),
        ),
        autoscaling: flag,
        loadTest: flag,
        port: optional(usually(fc.integer({ min: 1, max: 9399 }), fc.integer({ min: 9400, max: 9402 }))),
        image: fc.constant('docker.io/example/api:1.0.0'),
      })
      .map(({ numbers, bound, ...rest }) => ({ ...numbers, ...bound, ...rest })),
    inChart((chart, id, props) => {
      new BoundedService(chart, id, props as never).plan.explain();
    }),
    undefined,
    fewChanges,
  ),
  subject(
    'k8s.ReplicaLagGuard',
    ['k8s.ReplicaLagGuard'],
    'text',
    fc.record({
      ...writePeaks,
      source: fc.constant({ host: 'source' }),
      replicas: usually(
        fc.constantFrom<MysqlServer[][]>(
          [{ host: 'a' }],
          [{ host: 'a' }, { host: 'b', port: 3307, namespace: 'databases' }],
        ),
        fc.constant<MysqlServer[]>([]),
      ),
      user: fc.constant({ secretName: 'databases', key: 'user' }),
      password: fc.constant({ secretName: 'databases', key: 'password' }),
      tls: flag,
      verifyIdentity: flag,
      heartbeat: optional(chartSeconds(1, 3)),
      tick: optional(chartSeconds(1, 3)),
      schema: optional(usually(fc.constant('backpressure'), fc.constant('a-b'))),
    }),
    inChart((chart, id, props) => {
      new ReplicaLagGuard(chart, id, props).plan.explain();
    }),
    undefined,
    fewChanges,
  ),
  subject(
    'k8s.MetricsSampling',
    ['k8s.MetricsSampling'],
    'text',
    fc.record({
      ...METRICS,
      scrapes: fc.constantFrom<MetricsSamplingProps['scrapes']>(
        {
          api: { podLabels: { app: 'api' } },
          jobs: { serviceLabels: { app: 'jobs' } },
          nodes: { addresses: ['10.0.0.1:9100'] },
        },
        { api: { podLabels: { app: 'api' } } },
        { jobs: { serviceLabels: { app: 'jobs' }, namespaces: ['jobs', 'more'], port: 'http' } },
      ),
      interval: optional(chartSeconds(1, 130)),
    }),
    inChart((chart, id, props) => {
      new MetricsSampling(chart, id, props).plan.explain();
    }),
  ),
  subject(
    'k8s.CiConcurrency',
    ['k8s.CiConcurrency'],
    'text',
    fc.record({
      workload: ciWorkload,
      objective: ciObjective,
      pipelines: optional(
        fc.constantFrom<CiPipeline[]>([{ name: 'a', jobs: [{ name: 'b', steps: [{ run: 'make' }] }] }], []),
      ),
      runnerSetName: fc.constantFrom('pool', 'Pool'),
      githubConfigUrl: fc.constantFrom('https://github.com/example', 'https://github.com/example/'),
      githubSecretName: fc.constant('github-app'),
      controllerVersion: fc.constantFrom('0.14.2', 'latest'),
      image: fc.constantFrom('example/runner:1', 'example/runner'),
      maxRunners: optional(fc.integer({ min: 0, max: 500 })),
      minRunners: optional(fc.integer({ min: 0, max: 20 })),
      runnerStart: optional(chartSeconds(1, 600)),
      cancelOutdated: flag,
      filterPaths: flag,
      egressPorts: optional(fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 3 })),
    }),
    inChart((chart, id, props) => {
      new CiConcurrency(chart, id, props).plan.explain();
    }),
  ),
  subject(
    'k8s.BackpressureChecks',
    ['k8s.BackpressureChecks'],
    'text',
    fc.record({ severities: optional(fc.constantFrom({ 'BP-KEDA-001': 'off' }, { 'BP-KEDA-002': 'error' })) }),
    (_id, props) => {
      const app = new App();
      BackpressureChecks.addTo(app, props as never);
      return app.synthYaml();
    },
  ),
];
