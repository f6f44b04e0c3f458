/** Components of `lib/gcp`, under Pulumi's mocks. */
import { ApiObject, Chart, Testing } from 'cdk8s';
import fc from 'fast-check';
import { refusedKnob } from '../../../lib/flow/webhooks/refused';
import { fromChart } from '../../../lib/gcp/from-chart';
import { PushWorker } from '../../../lib/gcp/queue/push-worker';
import { QueueWorker } from '../../../lib/gcp/queue/queue-worker';
import { RedriveQueue } from '../../../lib/gcp/queue/redrive-queue';
import { SubscriptionAlerts } from '../../../lib/gcp/queue/subscription-alerts';
import { RateLimitedSender } from '../../../lib/gcp/rates/rate-limited-sender';
import { SenderAlerts } from '../../../lib/gcp/rates/sender-alerts';
import { ScheduleAlerts } from '../../../lib/gcp/schedule/schedule-alerts';
import { SpreadSchedule } from '../../../lib/gcp/schedule/spread-schedule';
import { ArchiveBucket } from '../../../lib/gcp/storage/archive-bucket';
import { RefusedAlerts } from '../../../lib/gcp/webhooks/refused-alerts';
import { WebhookBuffer } from '../../../lib/gcp/webhooks/webhook-buffer';
import { optional, spread } from '../../support/property';
import { program } from '../../support/pulumi';
import { type Subject, subject } from './subject';
import { consumers, figures, ids, queueObjective, queueWorkload, ratesWorkload } from './values';

/** Every resource with its inputs. */
const registered = async (make: () => unknown) => (await program(make)).resources;

/** A name is given to the component's own code before Pulumi sees it, so an empty one is its to refuse. */
const names = fc.oneof(
  { weight: 20, arbitrary: ids },
  { weight: 1, arbitrary: fc.constantFrom('', 'constructor', '__proto__') },
);

const subscription = {
  ackDeadlineSeconds: optional(fc.integer({ min: 10, max: 600 })),
  minimumBackoffSeconds: optional(fc.integer({ min: 0, max: 600 })),
  maximumBackoffSeconds: optional(fc.integer({ min: 0, max: 600 })),
  maxDeliveryAttempts: optional(fc.integer({ min: 5, max: 100 })),
  retentionSeconds: optional(fc.integer({ min: 600, max: 604_800 })),
};
const queue = fc.record({
  workload: queueWorkload,
  objective: queueObjective,
  consumer: consumers,
  ...subscription,
  enableMessageOrdering: optional(fc.boolean()),
  kmsKeyName: optional(fc.constant('projects/p/locations/l/keyRings/r/cryptoKeys/k')),
  allowedPersistenceRegions: optional(fc.constant<string[]>(['europe-west1'])),
  project: optional(fc.constant('shop-project')),
  notificationChannels: optional(fc.constant<string[]>(['projects/p/notificationChannels/1'])),
});
const planned = fc.record({ workload: queueWorkload, objective: queueObjective, consumer: consumers });

const buffer = fc.record({
  workload: queueWorkload,
  objective: queueObjective,
  consumer: consumers,
  queue: optional(fc.record(subscription)),
  sources: fc.array(
    fc.record({
      name: fc.constantFrom('github', 'pay', 'shop'),
      scheme: fc.constantFrom('github' as const, 'stripe' as const, 'standard-webhooks' as const),
      secret: fc.constantFrom({ value: 'open sesame' }, { secretId: 'signing' }),
      toleranceSeconds: optional(fc.integer({ min: 1, max: 3600 })),
      deduplicateBy: optional(fc.constantFrom('delivery-id' as const, 'signed-content' as const)),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  receiver: fc.record({
    image: fc.constant('europe-docker.pkg.dev/shop/receiver@sha256:1'),
    ingress: optional(fc.constantFrom('all' as const, 'load-balancer' as const)),
    seconds: optional(spread(0.001, 1)),
    cpuSeconds: optional(spread(0.001, 0.1)),
    concurrency: optional(fc.integer({ min: 1, max: 1000 })),
    maxInstances: optional(fc.integer({ min: 1, max: 100 })),
    maxBodyBytes: optional(fc.integer({ min: 1, max: 10_000_000 })),
  }),
  worker: fc.record({
    image: fc.constant('europe-docker.pkg.dev/shop/consumer@sha256:2'),
    environment: optional(fc.constant({ DATABASE: 'orders' })),
    memory: optional(fc.constant('512Mi')),
  }),
  location: fc.constant('europe-west1'),
  idempotencySeconds: optional(fc.integer({ min: 86_400, max: 8_640_000 })),
});

const schedule = fc.record({
  jobs: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('invoices', 'clean-up', 'export', 'mail'),
      cron: fc.constantFrom('0 * * * *', '*/15 * * * *', '30 2 * * 1', '0 3 1 * *', '@daily'),
      durationSeconds: figures(1, 2000),
      durationVariation: optional(spread(0.01, 2)),
      pinned: optional(fc.boolean()),
    }),
    { minLength: 1, maxLength: 4, selector: ({ name }) => name },
  ),
  timeZone: optional(fc.constantFrom('Europe/Berlin', 'Etc/UTC')),
  maxConcurrent: optional(fc.integer({ min: 1, max: 8 })),
  maxAttempts: optional(fc.integer({ min: 1, max: 100 })),
  image: fc.constant('shop/chores@sha256:1'),
  location: fc.constant('europe-west1'),
  environment: optional(fc.constant({ MODE: 'fast' })),
  memory: optional(fc.constantFrom('512Mi', '1Gi')),
  project: optional(fc.constant('shop-project')),
});

const mailing = fc.record({
  workload: ratesWorkload,
  limit: fc.record({
    perSecond: figures(0.01, 2000),
    windowSeconds: optional(figures(0.1, 60)),
    perDay: optional(figures(10, 1e8)),
    share: optional(spread(0.01, 1)),
  }),
  objective: optional(
    fc.record({
      completeSeconds: optional(fc.integer({ min: 60, max: 1_000_000 })),
      bounceRatio: optional(spread(0.01, 0.2)),
    }),
  ),
  jitterSeconds: optional(fc.double({ min: 0, max: 2, noNaN: true })),
  messagesPerSecond: optional(figures(0.1, 1000)),
  image: fc.constant('sender'),
  location: fc.constant('europe-west1'),
  producers: optional(fc.constantFrom(['serviceAccount:shop@p.iam.gserviceaccount.com'], ['group:mail@example.com'])),
  memory: optional(fc.constantFrom('512Mi', '1Gi')),
  handler: optional(
    fc.record({
      from: fc.constantFrom('shop@example.com', 'shop'),
      redis: fc.record({ host: fc.constant('10.0.0.3'), port: optional(fc.integer({ min: 0, max: 70_000 })) }),
      smtp: optional(fc.constant({ connectionSecret: 'smtp' })),
      http: optional(fc.constant({ url: 'https://api.example.net', keySecret: 'key', header: 'x-key' })),
      network: fc.constant({ network: 'default', subnetwork: 'run' }),
    }),
  ),
});

export const GCP_SUBJECTS: readonly Subject[] = [
  subject(
    'gcp.RedriveQueue',
    ['gcp.RedriveQueue'],
    'none',
    queue,
    (id, args) => registered(() => new RedriveQueue(id, args).plan.explain()),
    names,
  ),
  subject(
    'gcp.WebhookBuffer',
    ['gcp.WebhookBuffer'],
    'none',
    buffer,
    (id, args) => registered(() => new WebhookBuffer(id, args as never).plan.explain()),
    names,
  ),
  subject(
    'gcp.PushWorker',
    ['gcp.PushWorker'],
    'none',
    fc.record({
      planned,
      image: fc.constant('shop/worker@sha256:1'),
      location: fc.constant('europe-west1'),
      environment: optional(fc.constant({ MODE: 'fast' })),
      memory: optional(fc.constantFrom('512Mi', '1Gi')),
      project: optional(fc.constant('shop-project')),
    }),
    (id, { planned: given, ...args }) =>
      registered(
        () =>
          new PushWorker(id, { ...args, plan: RedriveQueue.planOf('planned', { ...given, platform: 'cloud-run' }) }),
      ),
    names,
  ),
  subject(
    'gcp.QueueWorker',
    ['gcp.QueueWorker'],
    'none',
    fc.record({
      planned,
      nacksOnStop: optional(fc.boolean()),
      image: fc.constant('shop/worker@sha256:1'),
      location: fc.constant('europe-west1'),
      cpu: optional(fc.constantFrom(1, 2, 3, 4, 8)),
      memory: optional(fc.constantFrom('512Mi', '4Gi')),
      environment: optional(fc.constant({ MODE: 'fast' })),
      network: optional(fc.constant({ network: 'default', subnetwork: 'run' })),
      project: optional(fc.constant('shop-project')),
    }),
    (id, { planned: given, nacksOnStop, ...args }) =>
      registered(() => {
        const made = new RedriveQueue('planned', { ...given, nacksOnStop, platform: 'cloud-run-pool' });
        return new QueueWorker(id, { ...args, queue: made }).plan.explain();
      }),
    names,
  ),
  subject(
    'gcp.ArchiveBucket',
    ['gcp.ArchiveBucket'],
    'none',
    fc.record({
      workload: fc.record({
        bytesPerDay: figures(1, 1e15),
        objectBytes: figures(1, 1e10),
        retentionDays: optional(fc.integer({ min: 1, max: 4000 })),
        overwriteRatio: optional(spread(0.01, 0.9)),
        readRatioPerMonth: optional(spread(0.01, 3)),
      }),
      objective: optional(fc.record({ monthlyCost: optional(figures(1, 1e7)) })),
      transitions: optional(
        fc.array(
          fc.record({
            storageClass: fc.constantFrom('NEARLINE', 'COLDLINE', 'ARCHIVE', 'AUTOCLASS'),
            afterDays: fc.integer({ min: 0, max: 400 }),
          }),
          { maxLength: 3 },
        ),
      ),
      autoclass: optional(fc.constantFrom('auto' as const, 'on' as const, 'off' as const)),
      softDeleteDays: optional(fc.integer({ min: 0, max: 95 })),
      versioned: optional(fc.boolean()),
      noncurrentDays: optional(fc.integer({ min: 1, max: 100 })),
      location: fc.constant('EU'),
      kmsKeyName: optional(fc.constant('projects/p/locations/l/keyRings/r/cryptoKeys/k')),
    }),
    (id, args) => registered(() => new ArchiveBucket(id, args).plan.explain()),
    names,
  ),
  subject(
    'gcp.SubscriptionAlerts',
    ['gcp.SubscriptionAlerts'],
    'none',
    planned,
    (id, args) =>
      registered(() => {
        const made = new RedriveQueue('planned', args);
        const alerted = { name: made.subscription.name, project: made.subscription.project };
        return new SubscriptionAlerts(id, { subscription: alerted, deadLetterSubscription: alerted, plan: made.plan });
      }),
    names,
  ),
  subject(
    'gcp.RefusedAlerts',
    ['gcp.RefusedAlerts'],
    'none',
    fc.record({
      planned,
      steadyPerSecond: optional(figures(0.001, 200)),
      sourceNames: fc.uniqueArray(fc.constantFrom('github', 'pay', 'shop'), { minLength: 1, maxLength: 3 }),
      project: optional(fc.constant('shop-project')),
    }),
    (id, { planned: given, steadyPerSecond, sourceNames, project }) =>
      registered(() => {
        const { plan, subscription } = new RedriveQueue('planned', given);
        const knobs = sourceNames.map((name) =>
          refusedKnob(given.workload, { name, steadyPerSecond }, sourceNames.length),
        );
        const service = { name: subscription.name, project: subscription.project, location: subscription.name };
        return new RefusedAlerts(id, {
          receiver: service,
          worker: service,
          sourceNames,
          plan: plan.withKnobs(knobs),
          project,
        });
      }),
    names,
  ),
  subject(
    'gcp.RateLimitedSender',
    ['gcp.RateLimitedSender'],
    'none',
    mailing,
    (id, args) => registered(() => new RateLimitedSender(id, args).plan.explain()),
    names,
  ),
  subject(
    'gcp.SenderAlerts',
    ['gcp.SenderAlerts'],
    'none',
    mailing,
    (id, args) =>
      registered(() => {
        const { queue, parkedSubscription, plan } = new RateLimitedSender('planned', args);
        return new SenderAlerts(id, { queue, parkedSubscription, plan });
      }),
    names,
  ),
  subject(
    'gcp.SpreadSchedule',
    ['gcp.SpreadSchedule'],
    'none',
    schedule,
    (id, args) => registered(() => new SpreadSchedule(id, args).plan.explain()),
    names,
  ),
  subject(
    'gcp.ScheduleAlerts',
    ['gcp.ScheduleAlerts'],
    'none',
    schedule,
    (id, args) =>
      registered(() => {
        const { queue, plan } = new SpreadSchedule('planned', args);
        return new ScheduleAlerts(id, { queue, jobPrefix: 'planned-', plan });
      }),
    names,
  ),
  subject(
    'gcp.fromChart',
    [],
    'none',
    fc.record({ kind: fc.constant('ConfigMap'), data: fc.constantFrom({ a: 'b' }, {}) }),
    (id, { data }) =>
      registered(() => {
        const chart = new Chart(Testing.app(), 'shop');
        new ApiObject(chart, 'settings', { apiVersion: 'v1', kind: 'ConfigMap', data });
        return fromChart(id, chart);
      }),
    names,
  ),
];
