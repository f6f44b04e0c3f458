/** What a caller in JavaScript can slip into a component is one error with all that is wrong, and what to give instead. */
import { InvalidInputError } from '../../lib/flow/errors';
import { PushWorker, type PushWorkerArgs } from '../../lib/gcp/queue/push-worker';
import { QueueWorker, type QueueWorkerArgs } from '../../lib/gcp/queue/queue-worker';
import { RedriveQueue, type RedriveQueueArgs } from '../../lib/gcp/queue/redrive-queue';
import { RateLimitedSender } from '../../lib/gcp/rates/rate-limited-sender';
import { SpreadSchedule, type SpreadScheduleArgs } from '../../lib/gcp/schedule/spread-schedule';
import { ArchiveBucket, type ArchiveBucketArgs } from '../../lib/gcp/storage/archive-bucket';
import {
  WebhookBuffer,
  type WebhookBufferArgs,
  type WebhookQueueArgs,
  type WebhookReceiverArgs,
  type WebhookWorkerArgs,
} from '../../lib/gcp/webhooks/webhook-buffer';
import '../support/pulumi';
import type { Untyped } from '../support/stack';

const workload = { steadyPerSecond: 20, serviceSeconds: 0.05 };
const objective = { latencySeconds: 60 };

const MAKERS: Readonly<Record<string, (args: Untyped) => unknown>> = {
  RedriveQueue: (args) => new RedriveQueue('orders', args),
  PushWorker: (args) => new PushWorker('orders', args),
  ArchiveBucket: (args) => new ArchiveBucket('orders', args),
  QueueWorker: (args) => new QueueWorker('orders', args),
  WebhookBuffer: (args) => new WebhookBuffer('orders', args),
  'WebhookBuffer receiver': (args) => new WebhookBuffer('orders', { ...GOOD.WebhookBuffer(), receiver: args }),
  'WebhookBuffer worker': (args) => new WebhookBuffer('orders', { ...GOOD.WebhookBuffer(), worker: args }),
  'WebhookBuffer queue': (args) => new WebhookBuffer('orders', { ...GOOD.WebhookBuffer(), queue: args }),
  SpreadSchedule: (args) => new SpreadSchedule('orders', args),
  RateLimitedSender: (args) => new RateLimitedSender('orders', args),
};

function failures(component: string, args: Untyped): readonly string[] {
  try {
    MAKERS[component](args);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.failures;
    throw error;
  }
  return [];
}

const INPUT = 'give text, or an Output of it';

test.each<[string, string, Untyped, string[]]>([
  ['no args', 'RedriveQueue', undefined, ['workload is missing', 'objective is missing']],
  [
    'a number for text, and text for a number',
    'RedriveQueue',
    { workload, objective: { latencySeconds: '60' }, project: 7, retentionSeconds: '9' },
    [
      "latencySeconds is text, '60'; give a number, e.g. Number(value)",
      `project is a number, 7; ${INPUT}`,
      "retentionSeconds is text, '9'; give a number, e.g. Number(value)",
    ],
  ],
  [
    'a URL for a push target',
    'RedriveQueue',
    { workload, objective, push: 'https://orders' },
    ["push is text, 'https://orders'; give a PushTarget: the target of a PushWorker"],
  ],
  [
    'no args',
    'RateLimitedSender',
    undefined,
    ['image is missing', 'location is missing', 'workload is missing', 'limit is missing'],
  ],
  [
    'texts that are none, and what is set by the component',
    'RateLimitedSender',
    {
      workload: { campaignMessages: 1000, callSeconds: 0.15 },
      limit: { perSecond: 100 },
      image: 7,
      location: 'europe-west1',
      producers: ['shop@example.com'],
      memory: 'much',
      environment: { MAX_ATTEMPTS: '1' },
    },
    [
      `image is a number, 7; ${INPUT}`,
      "memory must be a number and G, M, Gi or Mi, such as 512Mi, got 'much'",
      'producers must be IAM members such as serviceAccount:shop@project.iam.gserviceaccount.com, got shop@example.com',
      'environment must not have what is set here, got MAX_ATTEMPTS',
    ],
  ],
  [
    'no args',
    'PushWorker',
    undefined,
    [
      'plan is missing',
      'image is missing: give an image, or as service a service that is there',
      'location is missing',
    ],
  ],
  [
    'no args',
    'QueueWorker',
    undefined,
    [
      'queue is missing',
      'image is missing: give an image, or as pool a worker pool that is there',
      'location is missing',
    ],
  ],
  [
    'no args',
    'WebhookBuffer',
    undefined,
    [
      'workload is missing',
      'objective is missing',
      'sources is missing',
      'receiver is missing',
      'worker is missing',
      'location is missing',
    ],
  ],
])('%s: a %s says what it is', (_what, component, args, expected) => {
  expect([...failures(component, args)].sort()).toEqual([...expected].sort());
});

/** Every argument of every component, so that none can be forgotten. */
type All<P> = Readonly<Record<keyof Required<P>, unknown>>;

const SUBSCRIPTION = {
  ...{ ackDeadlineSeconds: undefined, minimumBackoffSeconds: undefined, maximumBackoffSeconds: undefined },
  ...{ maxDeliveryAttempts: undefined, retentionSeconds: undefined },
};

/** Good values of what has to be given; undefined for what may be left out. */
const GOOD: Readonly<Record<string, () => Untyped>> = {
  RedriveQueue: (): All<RedriveQueueArgs> => ({
    ...{ workload, objective, ...SUBSCRIPTION },
    ...{ consumer: undefined, push: undefined, platform: undefined, enableMessageOrdering: undefined },
    nacksOnStop: undefined,
    ...{ kmsKeyName: undefined, allowedPersistenceRegions: undefined, project: undefined },
    ...{ notificationChannels: undefined, retainOnDelete: undefined, topic: undefined },
  }),
  PushWorker: (): All<PushWorkerArgs> => ({
    plan: RedriveQueue.planOf('orders', { workload, objective, platform: 'cloud-run' }),
    ...{ image: 'shop/worker:1', location: 'europe-west3' },
    ...{ environment: undefined, memory: undefined, project: undefined, service: undefined, account: undefined },
  }),
  ArchiveBucket: (): All<ArchiveBucketArgs> => ({
    ...{ workload: { bytesPerDay: 1e9, objectBytes: 1e6 }, location: 'europe-west3' },
    ...{ objective: undefined, transitions: undefined, autoclass: undefined, softDeleteDays: undefined },
    ...{ versioned: undefined, noncurrentDays: undefined, abortDays: undefined, kmsKeyName: undefined },
    ...{ project: undefined, notificationChannels: undefined, retainOnDelete: undefined },
  }),
  QueueWorker: (): All<QueueWorkerArgs> => ({
    queue: {
      subscription: { messageRetentionDuration: '600s' },
      plan: RedriveQueue.planOf('orders', { workload, objective, platform: 'cloud-run-pool' }),
    },
    ...{ image: 'shop/worker:1', location: 'europe-west3', pool: undefined, account: undefined },
    ...{ scalerAccount: undefined, scalerImage: undefined, cpu: undefined, memory: undefined },
    ...{ environment: undefined, network: undefined, project: undefined, notificationChannels: undefined },
  }),
  WebhookBuffer: (): All<WebhookBufferArgs> => ({
    ...{ workload, objective },
    sources: [{ name: 'pay', scheme: 'stripe', secret: { secretId: 'pay' } }],
    ...{ receiver: { image: 'shop/receiver:1' }, worker: { image: 'shop/worker:1' }, location: 'europe-west3' },
    ...{ consumer: undefined, queue: undefined, idempotencySeconds: undefined },
    ...{ project: undefined, notificationChannels: undefined },
  }),
  'WebhookBuffer receiver': (): All<WebhookReceiverArgs> => ({
    ...{ image: 'shop/receiver:1', ingress: undefined, account: undefined, seconds: undefined },
    ...{ cpuSeconds: undefined, concurrency: undefined, maxInstances: undefined, maxBodyBytes: undefined },
  }),
  'WebhookBuffer worker': (): All<WebhookWorkerArgs> => ({
    ...{ image: 'shop/worker:1', service: undefined, environment: undefined, memory: undefined, account: undefined },
  }),
  'WebhookBuffer queue': (): All<WebhookQueueArgs> => ({
    ...SUBSCRIPTION,
    ...{ topic: undefined, kmsKeyName: undefined, allowedPersistenceRegions: undefined, retainOnDelete: undefined },
  }),
  SpreadSchedule: (): All<SpreadScheduleArgs> => ({
    jobs: [{ name: 'nightly', periodSeconds: 86_400, durationSeconds: 60 }],
    ...{ image: 'shop/worker:1', location: 'europe-west3' },
    ...{ objective: undefined, host: undefined, timeZone: undefined, maxConcurrent: undefined },
    ...{ maxAttempts: undefined, environment: undefined, memory: undefined, project: undefined },
    ...{ notificationChannels: undefined, retainOnDelete: undefined },
  }),
};

const WRONG: Readonly<Record<string, unknown>> = { null: null, 'a symbol': Symbol('x'), 'a number of no text': true };

describe.each(
  Object.entries(GOOD).flatMap(([component, good]) => Object.keys(good()).map((prop) => [component, prop] as const)),
)('%s: %s', (component, prop) => {
  test.each(Object.keys(WRONG))('%s is refused by name', (what) => {
    const right = typeof WRONG[what] === 'boolean' && /^(enable|retain|nacks|versioned)/.test(prop);
    const [failure] = failures(component, { ...GOOD[component](), [prop]: right ? 'yes' : WRONG[what] });
    expect(failure).toMatch(new RegExp(`\\b${prop}\\b`));
    expect(failure).not.toMatch(/undefined|\[object/);
  });
});
