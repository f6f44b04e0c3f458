/** Constructs of `lib/aws`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, CfnParameter, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { StorageClass } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { ConfigurationSet, EmailIdentity } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { DISABLE_ASSET_STAGING_CONTEXT } from 'aws-cdk-lib/cx-api';
import fc from 'fast-check';
import { BackpressureChecks } from '../../../lib/aws/backpressure-checks';
import { CiConcurrency } from '../../../lib/aws/ci/ci-concurrency';
import { CoalescingAlarms } from '../../../lib/aws/merging/coalescing-alarms';
import { CoalescingQueue } from '../../../lib/aws/merging/coalescing-queue';
import { EventTransport } from '../../../lib/aws/merging/coalescing-queue-props';
import { Invalidator } from '../../../lib/aws/merging/invalidator';
import { QueueAlarms } from '../../../lib/aws/queue/queue-alarms';
import { QueueWorker, WorkerCompute } from '../../../lib/aws/queue/queue-worker';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { KafkaAlarms } from '../../../lib/aws/quotas/kafka-alarms';
import { KafkaAuthentication } from '../../../lib/aws/quotas/kafka-authentication';
import { KafkaQuotas } from '../../../lib/aws/quotas/kafka-quotas';
import { RateLimitedSender } from '../../../lib/aws/rates/rate-limited-sender';
import { TenantPolicy } from '../../../lib/aws/rates/rate-limited-sender-props';
import { SenderAlarms } from '../../../lib/aws/rates/sender-alarms';
import { ScheduleAlarms } from '../../../lib/aws/schedule/schedule-alarms';
import { SpreadSchedule } from '../../../lib/aws/schedule/spread-schedule';
import { ArchiveBucket } from '../../../lib/aws/storage/archive-bucket';
import { RefusedAlarms } from '../../../lib/aws/webhooks/refused-alarms';
import { WebhookAlarms } from '../../../lib/aws/webhooks/webhook-alarms';
import { WebhookBuffer } from '../../../lib/aws/webhooks/webhook-buffer';
import { DeduplicateBy, WebhookScheme } from '../../../lib/aws/webhooks/webhook-source';
import type { CiPipeline } from '../../../lib/flow/ci/pipelines';
import { UnknownMail } from '../../../lib/flow/rates/workload';
import { optional, spread, usually } from '../../support/property';
import { type Subject, subject } from './subject';
import {
  ciObjective,
  ciWorkload,
  consumers,
  figures,
  isPlain,
  Parameter,
  queueObjective,
  queueWorkload,
  ratesWorkload,
  seconds,
} from './values';

const outdir = mkdtempSync(join(tmpdir(), 'backpressure-fuzz-'));
process.once('exit', () => rmSync(outdir, { recursive: true, force: true }));

/** A construct in a stack of its own; parameters among its props are declared in the stack. */
function inStack<P>(build: (stack: Stack, id: string, props: P) => void) {
  return (id: string, props: P): unknown => {
    const context = { [DISABLE_ASSET_STAGING_CONTEXT]: true };
    const app = new App({ outdir, context, analyticsReporting: false, stackTraces: false, treeMetadata: false });
    const stack = new Stack(app, 'Shop');
    build(stack, id, withParameters(stack, props));
    return Template.fromStack(stack).toJSON();
  };
}

function withParameters<T>(stack: Stack, value: T): T {
  if (value instanceof Parameter) {
    const parameter = new CfnParameter(stack, `Parameter${stack.node.children.length}`, { type: value.type });
    return (value.type === 'String' ? parameter.valueAsString : parameter.valueAsNumber) as T;
  }
  if (Array.isArray(value)) return value.map((one) => withParameters(stack, one)) as T;
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withParameters(stack, one)])) as T;
}

const lambda = (stack: Stack, id = 'Function', timeout = Duration.seconds(30)) =>
  new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = 0'),
    timeout,
  });

const network = (stack: Stack) =>
  Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-1',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['a', 'b', 'c'],
    privateSubnetIds: ['subnet-a', 'subnet-b', 'subnet-c'],
  });

const topic = (stack: Stack, wanted?: boolean) => (wanted ? new Topic(stack, 'Alarms') : undefined);
const flag = optional(fc.boolean());
const CLUSTER_ARN = 'arn:aws:kafka:us-east-1:123456789012:cluster/telemetry/0c6e-7';

const redrive = fc.record({
  workload: queueWorkload,
  objective: queueObjective,
  consumer: consumers,
  fifo: flag,
  functionTimeout: optional(seconds(1, 900)),
  batchWindow: optional(seconds(0, 300)),
  batchSize: optional(fc.integer({ min: 1, max: 12 })),
  maxReceiveCount: optional(fc.integer({ min: 1, max: 20 })),
  retention: optional(seconds(3600, 1_209_600)),
  maxRedrives: optional(fc.integer({ min: 0, max: 10 })),
  redrivesPerSecond: optional(spread(0.01, 100)),
  successRatioFloor: optional(fc.double({ min: 0.1, max: 0.99, noNaN: true })),
  maskedFields: optional(fc.array(fc.constantFrom('iban', 'password', 'phone'), { maxLength: 3 })),
  alarms: flag,
  dashboard: flag,
  given: fc.constantFrom(undefined, undefined, undefined, 'own', 'bare', 'imported', 'both imported'),
  existing: optional(
    fc.record(
      {
        visibilityTimeout: seconds(0, 50_000),
        maxReceiveCount: fc.integer({ min: 0, max: 12 }),
        retention: seconds(3600, 1_209_600),
        deadLetterRetention: seconds(80_000, 1_300_000),
        deadLetterVisibilityTimeout: seconds(0, 900),
      },
      { requiredKeys: [] },
    ),
  ),
});

/** Queues that are there already. */
function givenQueues(stack: Stack, given: string | undefined, fifo: unknown) {
  const isFifo = fifo === true ? true : undefined;
  const letters = () =>
    new Queue(stack, 'Letters', {
      fifo: isFifo,
      retentionPeriod: Duration.days(14),
      visibilityTimeout: Duration.minutes(3),
    });
  const queue = (deadLetterQueue?: IQueue) =>
    new Queue(stack, 'There', {
      fifo: isFifo,
      visibilityTimeout: Duration.minutes(15),
      deadLetterQueue: deadLetterQueue && { queue: deadLetterQueue, maxReceiveCount: 5 },
    });
  const imported = (name: string) => {
    const queueArn = stack.formatArn({ service: 'sqs', resource: `${name}${isFifo ? '.fifo' : ''}` });
    return Queue.fromQueueAttributes(stack, name, { queueArn, fifo: isFifo });
  };
  if (given === 'own') return { queue: queue(letters()) };
  if (given === 'bare') return { queue: queue() };
  if (given === 'imported') return { queue: imported('There') };
  return given === undefined ? {} : { queue: imported('There'), deadLetterQueue: imported('Letters') };
}

const webhooks = fc.record({
  workload: queueWorkload,
  objective: queueObjective,
  sources: fc.array(
    fc.record({
      name: fc.constantFrom('github', 'pay', 'shop'),
      scheme: fc.constantFrom(...Object.values(WebhookScheme)),
      tolerance: optional(seconds(30, 3600)),
      deduplicateBy: optional(fc.constantFrom(...Object.values(DeduplicateBy))),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  functionTimeout: optional(seconds(1, 900)),
  maxRedrives: optional(fc.integer({ min: 0, max: 10 })),
  idempotencyRetention: optional(seconds(86_400, 8_640_000)),
  accountLogRole: flag,
  firewall: optional(fc.record({ rateRule: flag })),
  throttle: optional(
    fc.record({
      ratePerSecond: optional(fc.integer({ min: 0, max: 100_000 })),
      burst: optional(fc.integer({ min: 1, max: 6000 })),
    }),
  ),
  maskedFields: optional(fc.array(fc.constantFrom('iban', 'phone'), { maxLength: 2 })),
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});

const sourceNames = fc.uniqueArray(fc.constantFrom('github', 'pay', 'shop'), { minLength: 1, maxLength: 3 });

const tenants = fc.array(
  fc.record({
    name: fc.constantFrom('orders', 'clicks', 'audit', 'mail'),
    steadyBytesPerSecond: figures(1000, 1e7),
    peakBytesPerSecond: optional(figures(1e7, 1e8)),
    peakSeconds: optional(fc.integer({ min: 0, max: 7200 })),
    weight: optional(figures(0.1, 10)),
    partitions: optional(fc.integer({ min: 1, max: 100 })),
    readers: optional(fc.integer({ min: 0, max: 5 })),
    user: optional(fc.constantFrom('u1', 'u2')),
    clientId: optional(fc.constantFrom('c1', 'c2')),
  }),
  { minLength: 1, maxLength: 3 },
);

const quotas = fc.record({
  capacity: fc.record({
    brokers: fc.integer({ min: 1, max: 12 }),
    brokerBytesPerSecond: figures(1e6, 1e9),
    replicationFactor: optional(fc.integer({ min: 1, max: 3 })),
    spareBrokers: optional(fc.integer({ min: 0, max: 2 })),
    requestThreads: optional(fc.integer({ min: 1, max: 64 })),
  }),
  tenants,
  clusterArn: fc.constant(CLUSTER_ARN),
  topics: optional(
    fc.array(
      fc.record({
        topicName: fc.constantFrom('orders.v1', 'clicks.v1'),
        tenant: fc.constantFrom('orders', 'clicks'),
        partitions: fc.integer({ min: 1, max: 100 }),
        retention: optional(seconds(60, 604_800)),
      }),
      { maxLength: 2 },
    ),
  ),
  repairInterval: optional(seconds(60, 3600)),
  scram: fc.boolean(),
  alarms: flag,
  asked: fc.constantFrom('orders', 'clicks'),
});
type Quotas = typeof quotas extends fc.Arbitrary<infer T> ? T : never;

function makeQuotas(stack: Stack, id: string, { scram, alarms, asked, ...props }: Quotas): KafkaQuotas {
  const vpc = network(stack);
  const secret = Secret.fromSecretCompleteArn(
    stack,
    'Scram',
    'arn:aws:secretsmanager:us-east-1:123456789012:secret:AmazonMSK_quotas-abcdef',
  );
  const made = new KafkaQuotas(stack, id, {
    ...props,
    authentication: scram ? KafkaAuthentication.scram({ secret }) : KafkaAuthentication.iam(),
    vpc,
    clusterSecurityGroup: new SecurityGroup(stack, 'Brokers', { vpc, allowAllOutbound: false }),
    alarmTopic: topic(stack, alarms),
  });
  made.producerProperties(asked);
  return made;
}

const when = fc.oneof(
  { weight: 9, arbitrary: fc.record({ periodSeconds: fc.constantFrom(900, 3600, 86_400) }) },
  { weight: 9, arbitrary: fc.record({ cron: fc.constantFrom('@hourly', '@daily', '5 4 * * *', '0 2 ? * MON-FRI *') }) },
  { weight: 1, arbitrary: fc.constant({}) },
);
const job = fc.record({
  name: fc.constantFrom('cleanup', 'sync', 'report', 'billing', 'vacuum'),
  durationSeconds: fc.integer({ min: 1, max: 240 }),
  durationVariation: optional(fc.double({ min: 0, max: 1, noNaN: true })),
  cpu: spread(0.01, 1),
  pinned: usually(fc.constant(undefined), fc.constant(true)),
  offsetMinutes: usually(fc.constant(undefined), fc.integer({ min: 0, max: 59 })),
});
const schedules = fc.record({
  jobs: fc.uniqueArray(
    fc.tuple(job, when).map(([one, time]) => ({ ...one, ...time })),
    { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
  ),
  objective: optional(
    fc.record({
      startWithinSeconds: optional(fc.integer({ min: 60, max: 3600 })),
      windowSeconds: optional(fc.integer({ min: 60, max: 3600 })),
    }),
  ),
  host: optional(fc.record({ cores: fc.integer({ min: 4, max: 64 }), onlineUtilisation: spread(0.1, 0.6) })),
  timeZone: optional(fc.constantFrom('Europe/Berlin', 'UTC')),
  maxConcurrent: optional(fc.integer({ min: 2, max: 20 })),
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});
type Schedules = typeof schedules extends fc.Arbitrary<infer T> ? T : never;

function makeSchedule(stack: Stack, id: string, { alarms, ...props }: Schedules): SpreadSchedule {
  const compute = WorkerCompute.lambda({ function: lambda(stack, 'Runner', Duration.minutes(15)) });
  return new SpreadSchedule(stack, id, { ...props, compute, alarmTopic: topic(stack, alarms) });
}

const storageClass = fc.constantFrom(
  StorageClass.INFREQUENT_ACCESS,
  StorageClass.GLACIER_INSTANT_RETRIEVAL,
  StorageClass.GLACIER,
  StorageClass.DEEP_ARCHIVE,
  StorageClass.INTELLIGENT_TIERING,
  StorageClass.ONE_ZONE_INFREQUENT_ACCESS,
  new StorageClass('FROZEN'),
);

const archive = fc.record({
  workload: fc.record({
    bytesPerDay: figures(1e3, 1e15),
    objectBytes: figures(1e3, 1e9),
    retentionDays: optional(fc.integer({ min: 1, max: 4000 })),
    overwriteRatio: optional(spread(0.001, 0.99)),
    readRatioPerMonth: optional(spread(0.001, 2)),
  }),
  objective: optional(
    fc.record({
      monthlyCost: optional(figures(1e3, 1e9)),
      retrievalSeconds: optional(fc.integer({ min: 0, max: 200_000 })),
    }),
  ),
  transitions: optional(
    fc.array(
      fc.record({ storageClass, transitionAfter: fc.integer({ min: 0, max: 400 }).map((d) => Duration.days(d)) }),
      {
        maxLength: 3,
      },
    ),
  ),
  noncurrentVersionExpiration: optional(fc.integer({ min: 1, max: 400 }).map((d) => Duration.days(d))),
  abortIncompleteMultipartUploadAfter: optional(fc.integer({ min: 1, max: 30 }).map((d) => Duration.days(d))),
  costAllocationTag: optional(fc.constantFrom('team', 'cost-center')),
  budgetHeadroom: optional(fc.double({ min: 1, max: 10, noNaN: true })),
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  service: fc.constantFrom('billing', 'web'),
  alarms: flag,
});

const providerLimit = fc.record({
  perSecond: figures(0.1, 10_000),
  windowSeconds: optional(fc.constantFrom(1, 10, 60)),
  perDay: optional(figures(1e4, 1e9)),
  share: optional(fc.constantFrom(0.5, 1)),
});

const mailing = fc.record({
  workload: ratesWorkload,
  limit: providerLimit,
  objective: optional(
    fc.record({
      completeSeconds: optional(fc.integer({ min: 60, max: 1_000_000 })),
      bounceRatio: optional(spread(0.01, 0.2)),
      complaintRatio: optional(spread(0.0001, 0.01)),
      headroom: optional(fc.double({ min: 1.01, max: 3, noNaN: true })),
    }),
  ),
  from: fc.constantFrom('shop@example.com', 'Shop <shop@example.com>', 'nobody'),
  templates: optional(fc.array(fc.constantFrom('welcome', 'receipt'), { maxLength: 2 })),
  standbyLimit: optional(providerLimit),
  jitterSeconds: optional(fc.double({ min: 0, max: 2, noNaN: true })),
  burst: optional(fc.integer({ min: 1, max: 20 })),
  messagesPerSecond: optional(figures(0.1, 1000)),
  onUnknown: optional(fc.constantFrom(...Object.values(UnknownMail))),
  tenant: optional(
    fc.record({
      name: fc.constantFrom('news', 'two words'),
      policy: optional(fc.constantFrom(...Object.values(TenantPolicy))),
    }),
  ),
  breaker: flag,
  dashboard: flag,
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});
type Mailing = typeof mailing extends fc.Arbitrary<infer T> ? T : never;

function makeSender(stack: Stack, id: string, { standbyLimit, alarms, ...props }: Mailing): RateLimitedSender {
  const identity = (region: string) =>
    EmailIdentity.fromEmailIdentityArn(
      stack,
      `Identity-${region}`,
      `arn:aws:ses:${region}:123456789012:identity/example.com`,
    );
  return new RateLimitedSender(stack, id, {
    ...props,
    identity: identity('us-east-1'),
    standby: standbyLimit && { limit: standbyLimit, region: 'eu-west-1', identity: identity('eu-west-1') },
    alarmTopic: topic(stack, alarms),
  });
}

const merging = fc.record({
  workload: fc.record({
    steadyPerSecond: figures(0.1, 1000),
    peakPerSecond: optional(figures(10, 20_000)),
    peakSeconds: optional(fc.integer({ min: 0, max: 7200 })),
    distinctKeys: figures(1, 1e7).map((keys) => (Number.isFinite(keys) ? Math.ceil(keys) : keys)),
    keySkew: optional(fc.constantFrom(0, 0.7, 1, 1.5)),
    keySeconds: figures(1e-5, 1),
    flushSeconds: optional(spread(0.01, 5)),
    callSeconds: optional(spread(0.001, 2)),
    wildcardKeys: optional(fc.integer({ min: 0, max: 40 })),
    eventBytes: optional(spread(50, 10_000)),
  }),
  objective: fc.record({
    freshnessSeconds: figures(1, 3600),
    invalidationCost: optional(figures(1, 1e5)),
    monthlyCost: optional(figures(10, 1e6)),
    headroom: optional(fc.double({ min: 1.01, max: 3, noNaN: true })),
  }),
  transport: optional(fc.constantFrom(...Object.values(EventTransport))),
  window: optional(fc.integer({ min: 0, max: 400 }).map((s) => Duration.seconds(s))),
  maxBatch: optional(fc.integer({ min: 1, max: 20_000 })),
  shards: optional(fc.integer({ min: 1, max: 40 })),
  workers: optional(fc.integer({ min: 1, max: 70 })),
  keyPointer: optional(fc.constantFrom('/key', '/detail/path', 'key')),
  outage: optional(fc.integer({ min: 1, max: 100_000 }).map((s) => Duration.seconds(s))),
  invalidated: fc.constantFrom('rebuild', 'cloudfront'),
  wildcardFallback: optional(fc.constantFrom('/*', '/products/*', '/products', 'products/*', '/*/a*')),
  dashboard: flag,
  removalPolicy: optional(fc.constantFrom(...Object.values(RemovalPolicy))),
  alarms: flag,
});
type Merging = typeof merging extends fc.Arbitrary<infer T> ? T : never;

function makeMerging(
  stack: Stack,
  id: string,
  { invalidated, wildcardFallback, alarms, ...props }: Merging,
): CoalescingQueue {
  const distribution = Distribution.fromDistributionAttributes(stack, 'Pages', {
    distributionId: 'E1',
    domainName: 'd1.cloudfront.net',
  });
  return new CoalescingQueue(stack, id, {
    ...props,
    invalidator:
      invalidated === 'rebuild'
        ? Invalidator.lambda({ function: lambda(stack) })
        : Invalidator.cloudFront({ distribution, wildcardFallback }),
    alarmTopic: topic(stack, alarms),
  });
}

const worker = { workload: queueWorkload, objective: queueObjective, consumer: consumers };
const PLANNED = {
  workload: { steadyPerSecond: 40, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
};

export const AWS_SUBJECTS: readonly Subject[] = [
  subject(
    'aws.RedriveQueue',
    ['aws.RedriveQueue'],
    'cdk',
    redrive,
    inStack((stack, id, { alarms, given, existing, ...props }) => {
      const made = new RedriveQueue(stack, id, {
        ...props,
        ...givenQueues(stack, given, props.fifo),
        existing: given === undefined ? undefined : existing,
        alarmTopic: topic(stack, alarms),
      });
      made.metricTimeToDrain();
      made.plan.explain();
    }),
  ),
  subject(
    'aws.QueueAlarms',
    ['aws.QueueAlarms'],
    'cdk',
    fc.record({ workload: queueWorkload, objective: queueObjective }),
    inStack((stack, id, props) => {
      const { plan, queue, deadLetterQueue } = new RedriveQueue(stack, 'Planned', props);
      new QueueAlarms(stack, id, { queue, deadLetterQueue, plan });
    }),
  ),
  subject(
    'aws.QueueWorker on Lambda',
    ['aws.QueueWorker', 'aws.WorkerCompute'],
    'cdk',
    fc.record({
      ...worker,
      batchSize: optional(fc.integer({ min: 1, max: 100 })),
      batchWindow: optional(seconds(0, 300)),
      timeout: seconds(1, 900),
      visibilityTimeout: seconds(0, 43_200),
    }),
    inStack((stack, id, { timeout, visibilityTimeout, batchSize, batchWindow, ...props }) => {
      // What other constructs make of these two is their own.
      const whole = (duration: Duration, least: number) =>
        Duration.seconds(Math.min(900, Math.max(least, secondsOf(duration))));
      const compute = WorkerCompute.lambda({
        function: lambda(stack, 'Worker', whole(timeout, 1)),
        batchSize,
        batchWindow,
      });
      const queue = new Queue(stack, 'Queue', { visibilityTimeout: whole(visibilityTimeout, 0) });
      new QueueWorker(stack, id, { ...props, queue, compute });
    }),
  ),
  subject(
    'aws.QueueWorker on Fargate',
    ['aws.QueueWorker', 'aws.WorkerCompute'],
    'cdk',
    fc.record({
      ...worker,
      cpu: optional(fc.constantFrom(256, 512, 1024, 4096)),
      memoryLimitMiB: optional(fc.constantFrom(512, 1024, 2048, 8192)),
      environment: optional(fc.record({ MODE: fc.constant('fast') })),
      scaleToZero: flag,
    }),
    inStack((stack, id, { cpu, memoryLimitMiB, environment, scaleToZero, ...props }) => {
      const compute = WorkerCompute.fargate({
        cluster: new Cluster(stack, 'Cluster', { vpc: network(stack) }),
        image: ContainerImage.fromRegistry('shop/worker:1'),
        cpu,
        memoryLimitMiB,
        environment,
        scaleToZero,
      });
      new QueueWorker(stack, id, { ...props, queue: new Queue(stack, 'Queue'), compute });
    }),
  ),
  subject(
    'aws.WebhookBuffer',
    ['aws.WebhookBuffer'],
    'cdk',
    webhooks,
    inStack((stack, id, { alarms, ...props }) => {
      const made = new WebhookBuffer(stack, id, { ...props, alarmTopic: topic(stack, alarms) });
      made.attach(lambda(stack, 'Consumer', Duration.seconds(10)));
      made.plan.explain();
    }),
  ),
  subject(
    'aws.WebhookAlarms',
    ['aws.WebhookAlarms'],
    'cdk',
    fc.record({ workload: queueWorkload, objective: queueObjective }),
    inStack((stack, id, props) => {
      const api = new RestApi(stack, 'Api');
      api.root.addMethod('GET');
      const { plan } = new WebhookBuffer(stack, 'Planned', {
        ...props,
        sources: [{ name: 'github', scheme: WebhookScheme.GITHUB }],
      });
      new WebhookAlarms(stack, id, { stage: api.deploymentStage, plan });
    }),
  ),
  subject(
    'aws.RefusedAlarms',
    ['aws.RefusedAlarms'],
    'cdk',
    fc.record({
      workload: queueWorkload,
      objective: queueObjective,
      planned: sourceNames,
      watched: optional(sourceNames),
      alarms: flag,
    }),
    inStack((stack, id, { planned, watched, alarms, ...props }) => {
      const { plan } = new WebhookBuffer(stack, 'Planned', {
        ...props,
        sources: planned.map((name) => ({ name, scheme: WebhookScheme.GITHUB })),
      });
      const consumer = lambda(stack);
      new RefusedAlarms(stack, id, {
        consumer,
        sourceNames: watched ?? planned,
        plan,
        alarmTopic: topic(stack, alarms),
      });
    }),
  ),
  subject(
    'aws.SpreadSchedule',
    ['aws.SpreadSchedule'],
    'cdk',
    schedules,
    inStack((stack, id, props) => void makeSchedule(stack, id, props).plan.explain()),
  ),
  subject(
    'aws.ScheduleAlarms',
    ['aws.ScheduleAlarms'],
    'cdk',
    schedules,
    inStack((stack, id, props) => {
      const { scheduleGroup, undeliveredQueue, plan } = makeSchedule(stack, 'Planned', props);
      new ScheduleAlarms(stack, id, { scheduleGroup, undeliveredQueue, plan, runner: lambda(stack) });
    }),
  ),
  subject('aws.KafkaQuotas', ['aws.KafkaQuotas', 'aws.KafkaAuthentication'], 'cdk', quotas, inStack(makeQuotas)),
  subject(
    'aws.KafkaAlarms',
    ['aws.KafkaAlarms'],
    'cdk',
    fc.record({
      quotas,
      clusterArn: fc.constant(CLUSTER_ARN),
      brokers: fc.integer({ min: 1, max: 30 }),
      repairInterval: seconds(60, 3600),
    }),
    inStack((stack, id, { quotas: planned, ...props }) => {
      const { plan } = makeQuotas(stack, 'Planned', planned);
      new KafkaAlarms(stack, id, { ...props, plan, repairer: lambda(stack) });
    }),
  ),
  subject(
    'aws.CoalescingQueue',
    ['aws.CoalescingQueue', 'aws.Invalidator'],
    'cdk',
    merging,
    inStack((stack, id, props) => {
      const made = makeMerging(stack, id, props);
      made.plan.explain();
    }),
  ),
  subject(
    'aws.CoalescingAlarms',
    ['aws.CoalescingAlarms'],
    'cdk',
    merging,
    inStack((stack, id, props) => {
      const { plan, stream, merger, asideQueue } = makeMerging(stack, 'Planned', props);
      new CoalescingAlarms(stack, id, { merger, asideQueue, stream, plan });
    }),
  ),
  subject(
    'aws.RateLimitedSender',
    ['aws.RateLimitedSender'],
    'cdk',
    mailing,
    inStack((stack, id, props) => {
      const made = makeSender(stack, id, props);
      made.grantSend(lambda(stack));
      made.plan.explain();
    }),
  ),
  subject(
    'aws.SenderAlarms',
    ['aws.SenderAlarms'],
    'cdk',
    mailing,
    inStack((stack, id, props) => {
      const { plan } = makeSender(stack, 'Planned', props);
      const configurationSet = ConfigurationSet.fromConfigurationSetName(stack, 'Set', 'mails');
      new SenderAlarms(stack, id, { sender: lambda(stack), configurationSet, plan });
    }),
  ),
  subject(
    'aws.ArchiveBucket',
    ['aws.ArchiveBucket'],
    'cdk',
    archive,
    inStack((stack, id, { service, alarms, ...props }) => {
      const made = new ArchiveBucket(stack, id, { ...props, alarmTopic: topic(stack, alarms) });
      made.grantWrite(lambda(stack), service);
      made.partitionProjection([service]);
      made.plan.explain();
    }),
  ),
  subject(
    'aws.CiConcurrency',
    ['aws.CiConcurrency'],
    'cdk',
    fc.record({
      workload: ciWorkload,
      objective: ciObjective,
      quota: fc.integer({ min: 0, max: 2000 }),
      projectName: fc.constantFrom('pool', 'a pool'),
      owner: fc.constant('example'),
      repository: fc.constantFrom('shop', 'a/b'),
      pipelines: optional(
        fc.constantFrom<CiPipeline[]>([{ name: 'a', jobs: [{ name: 'b', steps: [{ run: 'make' }] }] }], []),
      ),
      maxRunners: optional(fc.integer({ min: 0, max: 500 })),
      runnerStart: optional(fc.integer({ min: 1, max: 600 }).map((seconds) => Duration.seconds(seconds))),
      cancelOutdated: optional(fc.boolean()),
      filterPaths: optional(fc.boolean()),
    }),
    inStack((stack, id, props) => {
      new CiConcurrency(stack, id, props).plan.explain();
    }),
  ),
  subject(
    'aws.BackpressureChecks',
    ['aws.BackpressureChecks'],
    'cdk',
    fc.record({ severities: optional(fc.constantFrom({ 'BP-SQS-001': 'off' }, { 'BP-SQS-002': 'error' })) }),
    inStack((stack, id, props) => {
      new BackpressureChecks(props as never);
      new RedriveQueue(stack, id, PLANNED);
    }),
  ),
];

function secondsOf(duration: Duration): number {
  return duration.isUnresolved() ? 30 : Math.ceil(duration.toMilliseconds() / 1000);
}
