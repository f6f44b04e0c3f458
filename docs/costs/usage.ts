/** What the work of an example costs: by construct, from its plan and the workload that it was given. */

import { DEFAULT_CPU, DEFAULT_MEMORY_MIB } from '../../lib/aws/fargate-size';
import { resolveArrivals } from '../../lib/flow/arrivals';
import { fargateHourCost } from '../../lib/flow/compute-cost';
import { figure } from '../../lib/flow/figures';
import { MONTH_HOURS } from '../../lib/flow/prices';
import prices from '../../lib/flow/prices.json';
import { busyHours, itemsPerMonth } from '../../lib/flow/queue/forecast/predict';
import { planQueue } from '../../lib/flow/queue/plan';
import { resolveWorkload } from '../../lib/flow/queue/resolve';
import type { Workload } from '../../lib/flow/queue/workload';
import { WEEK_SECONDS } from '../../lib/flow/ranges';
import { planTaskRates } from '../../lib/flow/rates/cloud-tasks';
import { SENDER_MIB } from '../../lib/flow/rates/senders';
import { planTasks } from '../../lib/flow/schedule/cloud-tasks';
import type { JobPlacement } from '../../lib/flow/schedule/workload';
import type { BatchTenant } from '../../lib/flow/shares/workload';
import { planStorage } from '../../lib/flow/storage/plan';
import { apiMonthlyCost, floodHourCost } from '../../lib/flow/webhooks/cost';
import { INSTANCE_CPU, INSTANCE_GIB, instanceGib } from '../../lib/gcp/instance';
import { type Charge, several } from './aws';
import type { Made } from './example';

const HOUR_SECONDS = 3600;
const MILLION = 1e6;
const MONTH_SECONDS = MONTH_HOURS * HOUR_SECONDS;
/** Jobs that wait, the age of the oldest, vCPUs in use. */
const METRICS_OF_A_SHARE = 3;
/** Bytes of data, and documents dated: no alarm reads them (test/aws/retention/ttl-collection.test.ts). */
const METRICS_OF_COLLECTION_GRAPHS = 2;
/** Size, items that wait, items dated as worker and report count them, items of unknown age (test/aws/retention/ttl-table.test.ts). */
const METRICS_OF_TABLE_GRAPHS = 5;

/** What a construct's work costs. */
export interface Usage {
  /** A month: of the steady rate with one peak a day, or of what else the example is given. */
  readonly month?: readonly Charge[];
  /** Something else than a month, such as a campaign or an hour of a flood. */
  readonly other?: readonly Charge[];
  /** Whether the month has peaks. */
  readonly hasPeak?: boolean;
  /** What no line has, in a sentence. */
  readonly beside?: string;
  /** Types of resources that are in `month` already, so that they are not counted again at rest. */
  readonly covered?: readonly string[];
}

/** What the work of a construct costs, beside the others of its example; nothing for one that has none of its own. */
export function usageOf(made: Made, engine: 'aws' | 'gcp', all: readonly Made[]): Usage {
  return (engine === 'aws' ? AWS : GOOGLE)[made.name]?.(made, all) ?? {};
}

type Bill = Readonly<Record<string, (made: Made, all: readonly Made[]) => Usage>>;

/** A queue is nothing without a worker, which has a page of its own. */
function workerBeside(all: readonly Made[]): Pick<Usage, 'beside'> {
  return all.some(({ name }) => name === 'QueueWorker') ? {} : { beside: 'The worker is not counted.' };
}

/** A message is sent, received and deleted: three requests, fewer where several travel in one. */
const REQUESTS_A_MESSAGE = 3;

/** Requests of Amazon SQS for so many messages, at most. */
function queueRequests(messages: number, bytes: number): number {
  const chunks = Math.ceil(bytes / prices.sqs.requestBytes.value);
  return (messages * REQUESTS_A_MESSAGE * chunks * prices.sqs.perMillionRequests.value) / MILLION;
}

/** A month of messages, and an hour of the peak. */
function queueUsage(workload: Workload): Required<Pick<Usage, 'month' | 'other'>> {
  const resolved = resolveWorkload(workload);
  const messages = itemsPerMonth(resolved);
  const line = `three requests a message, fewer in batches`;
  return {
    month: [{ what: `${figure(messages)} messages, ${line}`, dollars: queueRequests(messages, resolved.itemBytes) }],
    other: [
      {
        what: `an hour of the peak, ${figure(resolved.peakPerSecond)} messages a second`,
        dollars: queueRequests(resolved.peakPerSecond * HOUR_SECONDS, resolved.itemBytes),
      },
    ],
  };
}

const runsOf = (jobs: readonly JobPlacement[]) =>
  jobs.reduce((sum, { runsPerWeek }) => sum + runsPerWeek, 0) * (MONTH_SECONDS / WEEK_SECONDS);

const AWS: Bill = {
  ArchiveBucket: ({ construct }) => {
    const { monthlyCostAfter, monthlyRequestCost, monthlyCostBefore } = construct.plan.predictions;
    return {
      month: [
        { what: 'storage at the full size, once as much expires as arrives', dollars: monthlyCostAfter },
        { what: 'uploads and the weekly inventory', dollars: monthlyRequestCost },
      ],
      other: [{ what: 'a month of storage without the moves', dollars: monthlyCostBefore }],
    };
  },
  BoundedService: ({ props }) => ({
    other: [
      {
        what: 'an hour of the peak, capacity units of the load balancer, at a new connection each',
        dollars:
          Math.ceil((props.workload.peakPerSecond as number) / prices.loadBalancer.lcuRequestsPerSecond.value) *
          prices.loadBalancer.lcuHour.value,
      },
    ],
    beside:
      'Callers that keep their connections need fewer capacity units. Container Insights is billed by what it writes.',
  }),
  CoalescingQueue: ({ construct }) => ({
    month: [
      {
        what: 'stream, merger and invalidations, 30 days with one peak a day',
        dollars: construct.plan.predictions.monthlyCost,
      },
    ],
    covered: ['AWS::Kinesis::Stream', 'AWS::Lambda::EventSourceMapping'],
    beside: 'The function that rebuilds keys is yours.',
  }),
  JvmService: () => ({
    month: [
      {
        what: `${several(JVM_METRICS_UNWATCHED, 'custom metric')} beside them`,
        dollars: JVM_METRICS_UNWATCHED * prices.cloudwatch.customMetricMonth.value,
      },
    ],
    beside: 'Container Insights and the logs are billed by what is written.',
  }),
  LogShipping: ({ construct }) => {
    const { monthlyIngestCost, monthlyIngestCostByLine } = construct.plan.predictions;
    const kept = construct.archive.plan.predictions;
    return {
      month: [
        { what: 'what Firehose takes in, with one peak a day', dollars: monthlyIngestCost },
        {
          what: 'objects of a whole retention in Amazon S3, with uploads',
          dollars: kept.monthlyCostAfter + kept.monthlyRequestCost,
        },
      ],
      other: [{ what: 'what Firehose would take in with a record for each line', dollars: monthlyIngestCostByLine }],
      beside: 'Tasks are yours; the disk beyond 20 GiB is billed with them.',
    };
  },
  ContinuousCompaction: ({ construct }) => {
    const { monthlyCost, monthlyCostBefore, monthlyStorageCost } = construct.plan.predictions;
    const runs = monthlyCost === undefined ? [] : [{ what: 'runs at the planned pace', dollars: monthlyCost }];
    const before =
      monthlyCostBefore === undefined
        ? []
        : [{ what: 'one clean-up a week of the same files', dollars: monthlyCostBefore }];
    return {
      month: [...runs, { what: 'replaced files in S3 Standard, until they are deleted', dollars: monthlyStorageCost }],
      other: before,
      beside: 'Requests of the runs to Amazon S3 are not counted.',
    };
  },
  ReplicaLagGuard: ({ construct }) => {
    const ticks = MONTH_SECONDS / construct.plan.value('tickSeconds');
    const polls = MONTH_SECONDS / construct.plan.value('writerPollSeconds');
    const { perMillionWrites, perMillionReads } = prices.dynamodb;
    return {
      month: [
        {
          what: 'a signal written and the writers counted, each tick',
          // A signal is below 1 KB, and the writers of a source below 4 KB.
          dollars: (ticks * (perMillionWrites.value + perMillionReads.value / 2)) / MILLION,
        },
      ],
      other: [
        {
          what: 'one writer that never stops: a read each poll, a write every second one',
          dollars: (polls * (perMillionReads.value + perMillionWrites.value / 2)) / MILLION,
        },
      ],
      beside: 'The databases are yours.',
    };
  },
  TtlCollection: ({ construct }) => {
    const { plan } = construct;
    const { backfillSeconds } = plan.predictions;
    // Fargate charges a minute at least.
    const starts = 60 * (MONTH_SECONDS / plan.value('startSeconds') + MONTH_SECONDS / plan.value('reportSeconds'));
    const taskSecond = fargateHourCost(DEFAULT_CPU, DEFAULT_MEMORY_MIB, true, 0) / HOUR_SECONDS;
    return {
      month: [
        { what: 'two tasks for a minute, every hour', dollars: starts * taskSecond },
        {
          what: `${several(METRICS_OF_COLLECTION_GRAPHS, 'custom metric')} for graphs alone`,
          dollars: METRICS_OF_COLLECTION_GRAPHS * prices.cloudwatch.customMetricMonth.value,
        },
      ],
      other: [{ what: 'the task of the backfill, until it is done', dollars: backfillSeconds * taskSecond }],
      beside:
        'The database is yours. With standard storage Amazon DocumentDB charges reads, writes and deletions of backfill and TTL index as I/O; with I/O-optimized storage it does not.',
    };
  },
  TtlTable: ({ construct }) => {
    const { backfillDollars } = construct.plan.predictions;
    const graphs = METRICS_OF_TABLE_GRAPHS - construct.plan.value('expireUnknownAge');
    const reads = (MONTH_SECONDS / construct.plan.value('reportSeconds')) * construct.plan.value('sampleReadUnits');
    return {
      month: [
        {
          what: 'samples of the report, four times a day',
          dollars: (reads * prices.dynamodb.perMillionReads.value) / MILLION,
        },
        {
          what: `${several(graphs, 'custom metric')} for graphs alone`,
          dollars: graphs * prices.cloudwatch.customMetricMonth.value,
        },
      ],
      other: [{ what: 'the backfill: write and read units of an on-demand table', dollars: backfillDollars }],
      beside:
        'Storage, traffic and point-in-time recovery of the table are billed by its size. Deletions by time to live are free; each replica in another region pays a write for them.',
    };
  },
  MetricsSampling: ({ construct }) => ({
    month: [
      {
        what: 'samples that are written, and kept for their retention',
        dollars: construct.plan.predictions.monthlyCost,
      },
    ],
    beside: 'Queries are not counted: 0.1 USD for each billion samples that they read.',
  }),
  FairShare: ({ props, construct }) => {
    const { plan } = construct;
    const hours = (props.tenants as BatchTenant[]).map(({ workload, jobCpu, jobMemoryBytes }) => {
      const jobs = resolveWorkload(workload).steadyPerSecond * MONTH_SECONDS;
      const each = (workload.serviceSeconds + plan.value('jobStartSeconds')) / HOUR_SECONDS;
      return jobs * each * fargateHourCost(1024 * jobCpu, jobMemoryBytes / 1024 ** 2, true, 0);
    });
    // One more counts the tenants of which nothing is known.
    const metrics = METRICS_OF_A_SHARE * props.tenants.length + 1;
    return {
      month: [
        { what: 'jobs at their steady rates, on Fargate', dollars: hours.reduce((sum, one) => sum + one, 0) },
        {
          what: `${metrics} custom metrics, ${METRICS_OF_A_SHARE} a tenant and one of all`,
          dollars: metrics * prices.cloudwatch.customMetricMonth.value,
        },
      ],
      beside: 'The VPC is yours.',
    };
  },
  CiConcurrency: ({ construct }) => {
    const { busyRunners, costPerPeakHour } = construct.plan.predictions;
    const what = `an hour at the peak: ${figure(busyRunners)} builds at once on average`;
    return { other: [{ what, dollars: costPerPeakHour }], beside: 'The traffic of the builds is not counted.' };
  },
  RateLimitedSender: ({ props, construct }) => {
    const messages = props.workload.campaignMessages as number;
    const { plan } = construct;
    const bucketWrites = (messages * plan.value('bucketWritesPerSecond')) / plan.value('messagesPerSecond');
    // One write claims a message, one says that it was sent.
    const writes = 2 * messages + bucketWrites;
    const seconds = plan.predictions.campaignSeconds * plan.value('senders');
    return {
      other: [
        {
          what: `a campaign: three requests of the queue for each of ${figure(messages)} messages`,
          dollars: queueRequests(messages, 1),
        },
        {
          what: `${figure(writes)} writes: two a message, and those of the bucket`,
          dollars: (writes * prices.dynamodb.perMillionWrites.value) / MILLION,
        },
        {
          what: `${figure(plan.value('senders'))} senders for ${figure(plan.predictions.campaignSeconds)} s`,
          dollars: seconds * SENDER_GB * prices.lambda.gbSecondArm.value,
        },
      ],
      beside: 'The mails are billed by the provider.',
    };
  },
  RabbitMqQueue: () => ({ beside: 'Storage of the broker and traffic between zones are not counted.' }),
  RedriveQueue: ({ props }, all) => ({ ...queueUsage(props.workload), hasPeak: true, ...workerBeside(all) }),
  PartitionedStream: ({ construct }) => ({
    month: [
      {
        what: 'shards, records and the time of the function, 30 days with one peak a day',
        dollars: construct.plan.predictions.monthlyCost,
      },
    ],
    covered: ['AWS::Kinesis::Stream', 'AWS::Lambda::EventSourceMapping'],
    beside: 'AWS IoT is billed by what devices publish.',
  }),
  SpreadSchedule: ({ construct }) => {
    const runs = runsOf(construct.plan.jobs);
    return {
      month: [
        {
          what: `${figure(runs)} runs: a start, three requests of the queue, three writes each`,
          dollars:
            (runs * (prices.eventBridgeScheduler.perMillionStarts.value + 3 * prices.dynamodb.perMillionWrites.value)) /
              MILLION +
            queueRequests(runs, 1),
        },
      ],
      beside: 'The time of the function is that of your jobs.',
    };
  },
  StreamingEtl: ({ construct }) => {
    const { monthlyCost, batchMonthlyCost } = construct.plan.predictions;
    const { executors, executorCores } = Object.fromEntries(
      ['executors', 'executorCores'].map((name) => [name, construct.plan.value(name)]),
    );
    return {
      month: [
        {
          what: `a driver and ${several(executors, 'executor')} of ${executorCores} cores, all day`,
          dollars: monthlyCost,
        },
      ],
      other: [{ what: 'a month of the same records in a nightly batch', dollars: batchMonthlyCost }],
      beside: 'The cluster, the requests and the storage of the table are not counted.',
    };
  },
  WebhookBuffer: ({ props, construct }) => {
    const { month, other } = queueUsage(props.workload);
    const { api, firewall } = apiMonthlyCost(itemsPerMonth(resolveWorkload(props.workload)) / MONTH_SECONDS);
    const standing = prices.waf.webAclMonth.value + prices.waf.ruleMonth.value;
    const throttle = construct.plan.value('throttleRatePerSecond');
    return {
      month: [
        { what: 'requests of the API', dollars: api },
        { what: 'requests that the web ACL inspects', dollars: firewall - standing },
        ...month,
      ],
      other: [
        ...other,
        {
          what: `an hour of a flood at the throttle of ${figure(throttle)}/s, API and web ACL`,
          dollars: floodHourCost(throttle, true),
        },
      ],
      hasPeak: true,
      beside: 'The function is that of your handler.',
    };
  },
};

/** Of what the exporter of a JVM writes: PauseSeconds, StallSeconds, Collections and HeapAfterBytes. */
const JVM_METRICS_UNWATCHED = 4;

const SENDER_GB = SENDER_MIB / 1024;

/** Cloud Run for so many seconds of work and requests, each alone on its instance: what more share costs less. */
function cloudRun(seconds: number, requests: number): number {
  const { vcpuSecond, gibSecond, perMillionRequests } = prices.cloudRun;
  return (
    seconds * (INSTANCE_CPU * vcpuSecond.value + INSTANCE_GIB * gibSecond.value) +
    (requests * perMillionRequests.value) / MILLION
  );
}

/** An hour of an instance that has its CPU all the time, at the price of one that serves a request. */
function cloudRunHour(vcpu: number, gib: number): number {
  const { vcpuSecond, gibSecond } = prices.cloudRun;
  return HOUR_SECONDS * (vcpu * vcpuSecond.value + gib * gibSecond.value);
}

/** A message published once and delivered once. */
function pubsub(messages: number, bytes: number): number {
  return (2 * messages * Math.max(bytes, prices.pubsub.minimumBytes.value) * prices.pubsub.tib.value) / 2 ** 40;
}

/** Operations of Cloud Tasks: one makes a task, one pushes it. */
function tasks(count: number): number {
  return (2 * count * prices.cloudTasks.perMillionOperations.value) / MILLION;
}

const ALONE = 'one at a time on an instance, less where they share it';

function messageUsage(workload: Workload): Charge {
  const resolved = resolveWorkload(workload);
  const messages = itemsPerMonth(resolved);
  return {
    what: `${figure(messages)} messages, published and delivered once`,
    dollars: pubsub(messages, resolved.itemBytes),
  };
}

function subscriptionUsage(workload: Workload): Charge[] {
  const resolved = resolveWorkload(workload);
  const messages = itemsPerMonth(resolved);
  const seconds = busyHours(resolved, 1) * HOUR_SECONDS;
  return [messageUsage(workload), { what: `the worker on Cloud Run, ${ALONE}`, dollars: cloudRun(seconds, messages) }];
}

const GOOGLE: Bill = {
  ArchiveBucket: ({ props }) => {
    const { workload, objective, transitions, autoclass } = props;
    const { predictions } = planStorage('archive', { workload, objective, transitions, autoclass, store: 'gcs' });
    return {
      month: [
        { what: 'storage at the full size, once as much expires as arrives', dollars: predictions.monthlyCostAfter },
        { what: 'uploads', dollars: predictions.monthlyRequestCost },
      ],
      other: [{ what: 'a month of storage without the moves', dollars: predictions.monthlyCostBefore }],
      beside: 'Storage is at the prices of us-central1.',
    };
  },
  // A pool has its own lines.
  RedriveQueue: ({ props }, all) => ({
    month: all.some(({ name }) => name === 'QueueWorker')
      ? [messageUsage(props.workload)]
      : subscriptionUsage(props.workload),
    hasPeak: true,
  }),
  QueueWorker: ({ props }, all) => {
    const queue = all.find(({ name }) => name === 'RedriveQueue')?.props;
    const { workload, objective, consumer, nacksOnStop } = queue;
    const asked = { workload, objective, consumer, nacksOnStop, platform: 'cloud-run-pool', broker: 'pubsub' } as const;
    const plan = planQueue('pool', asked);
    const [standing, most] = [plan.value('minInstances'), plan.value('maxInstances')];
    const instance = cloudRunHour(props.cpu ?? INSTANCE_CPU, instanceGib(props.cpu ?? INSTANCE_CPU));
    return {
      month: [
        {
          what: `${several(standing, 'instance')} that always run, at most`,
          dollars: MONTH_HOURS * standing * instance,
        },
        { what: 'CREMA, one instance, at most', dollars: MONTH_HOURS * cloudRunHour(1, 1) },
      ],
      other: [{ what: `an hour of ${several(most, 'instance')}, at most`, dollars: most * instance }],
      beside:
        'Instances of a pool are billed while they exist, at a lower price than that of a request, which is used here: no stored page had it.',
    };
  },
  RateLimitedSender: ({ props }) => {
    const { workload, limit, objective } = props;
    const bucket = props.handler === undefined ? 'queue' : 'redis';
    const plan = planTaskRates('sender', { workload, limit, objective }, [], bucket);
    const messages = workload.campaignMessages as number;
    return {
      other: [
        { what: `a campaign: ${figure(messages)} tasks, made and pushed once`, dollars: tasks(messages) },
        {
          what: `the sender on Cloud Run, ${ALONE}`,
          dollars: cloudRun(messages * workload.callSeconds, messages),
        },
      ],
      beside: `At rest ${several(plan.value('minInstances'), 'instance')}. The mails are billed by the provider.`,
    };
  },
  SpreadSchedule: ({ props }) => {
    const { jobs, objective } = props;
    const { jobs: placed } = planTasks('schedule', { jobs, objective });
    const durations = new Map<string, number>(
      jobs.map((job: JobPlacement & { durationSeconds: number }) => [job.name, job.durationSeconds]),
    );
    const runs = runsOf(placed);
    const seconds = placed.reduce((sum, each) => sum + runsOf([each]) * durations.get(each.name)!, 0);
    return {
      month: [
        {
          what: `${placed.length} jobs of Cloud Scheduler`,
          dollars: placed.length * prices.cloudScheduler.jobMonth.value,
        },
        { what: `${figure(runs)} tasks, made and pushed once`, dollars: tasks(runs) },
        { what: `their ${figure(seconds)} s on Cloud Run, ${ALONE}`, dollars: cloudRun(seconds, runs) },
      ],
    };
  },
  WebhookBuffer: ({ props }) => {
    const messages = itemsPerMonth(resolveArrivals(props.workload));
    return {
      month: [
        ...subscriptionUsage(props.workload),
        { what: 'requests of the receiver', dollars: cloudRun(0, messages) },
      ],
      hasPeak: true,
      beside: 'The seconds of the receiver depend on its bodies, and are not counted.',
    };
  },
};
