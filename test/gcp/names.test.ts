/** What a caller in JavaScript can give is refused by the name of the argument, never by Pulumi or by Google Cloud. */
import { Chart, Testing } from 'cdk8s';
import { InvalidInputError } from '../../lib/flow/errors';
import type { Plan } from '../../lib/flow/plan';
import { refusedKnob } from '../../lib/flow/webhooks/refused';
import { fromChart } from '../../lib/gcp/from-chart';
import { PushWorker } from '../../lib/gcp/queue/push-worker';
import { QueueWorker } from '../../lib/gcp/queue/queue-worker';
import { RedriveQueue } from '../../lib/gcp/queue/redrive-queue';
import { SubscriptionAlerts } from '../../lib/gcp/queue/subscription-alerts';
import { ArchiveBucket } from '../../lib/gcp/storage/archive-bucket';
import { RefusedAlerts } from '../../lib/gcp/webhooks/refused-alerts';
import { WebhookBuffer } from '../../lib/gcp/webhooks/webhook-buffer';
import { program } from '../support/pulumi';
import type { Untyped } from '../support/stack';

const demand = { workload: { steadyPerSecond: 20, serviceSeconds: 0.07 }, objective: { latencySeconds: 60 } };

let queue: RedriveQueue;
let plan: Plan;
const pooled = RedriveQueue.planOf('orders', { ...demand, platform: 'cloud-run-pool' });
beforeAll(async () => {
  ({ made: queue } = await program(() => new RedriveQueue('orders', { ...demand, platform: 'cloud-run' })));
  plan = queue.plan.withKnobs([refusedKnob(demand.workload, { name: 'github' }, 1)]);
});

const service = () => ({ name: queue.topic.name, project: queue.topic.project, location: queue.topic.name });

const MAKERS: Record<string, (name: string, args?: Untyped) => unknown> = {
  RedriveQueue: (name, args) => new RedriveQueue(name, { ...demand, ...args }),
  WebhookBuffer: (name, { source, ...args } = {}) =>
    new WebhookBuffer(name, {
      ...demand,
      sources: [{ name: 'github', scheme: 'github', secret: { secretId: 'signing' }, ...source }],
      receiver: { image: 'receiver@sha256:1' },
      worker: { image: 'consumer@sha256:2' },
      location: 'europe-west1',
      ...args,
    }),
  PushWorker: (name, args) =>
    new PushWorker(name, { plan, image: 'worker@sha256:1', location: 'europe-west1', ...args }),
  QueueWorker: (name, args) =>
    new QueueWorker(name, {
      queue: { subscription: queue.subscription, plan: pooled },
      image: 'worker@sha256:1',
      location: 'europe-west1',
      ...args,
    }),
  ArchiveBucket: (name, args) =>
    new ArchiveBucket(name, { workload: { bytesPerDay: 1e9, objectBytes: 1e6 }, location: 'europe-west1', ...args }),
  SubscriptionAlerts: (name, args) =>
    new SubscriptionAlerts(name, {
      subscription: queue.subscription,
      deadLetterSubscription: queue.deadLetterSubscription,
      plan,
      ...args,
    }),
  RefusedAlerts: (name, args) =>
    new RefusedAlerts(name, { receiver: service(), worker: service(), sourceNames: ['github'], plan, ...args }),
  fromChart: (name) => fromChart(name, new Chart(Testing.app(), 'shop')),
};

const refusal = async (make: () => unknown): Promise<InvalidInputError> => {
  const failure = await program(make).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InvalidInputError);
  return failure as InvalidInputError;
};

test.each(Object.keys(MAKERS))('%s refuses an empty name', async (component) => {
  expect(await refusal(() => MAKERS[component](''))).toMatchObject({
    subject: component,
    failures: ["name must be a text of 1 character or more, got ''"],
  });
});

test.each<[string, string]>([
  ['RedriveQueue', '-orders'],
  ['RedriveQueue', 'google-orders'],
  ['RedriveQueue', 'two words'],
  ['RedriveQueue', '名前'],
  ['RedriveQueue', 'a'.repeat(201)],
  ['RefusedAlerts', 'a/b'],
  ['RefusedAlerts', 'a'.repeat(91)],
])('%s refuses a name that Google Cloud would not take: %s', async (component, name) => {
  expect((await refusal(() => MAKERS[component](name))).message).toMatch(/: name must be 1 to .*, got '/);
});

test.each<[string, string, Untyped]>([
  ['WebhookBuffer', 'sources.scheme of github', { source: { scheme: 'constructor' } }],
  ['WebhookBuffer', 'sources.scheme of github', { source: { scheme: undefined } }],
  ['WebhookBuffer', 'sources.deduplicateBy of github', { source: { deduplicateBy: 'ip' } }],
  ['WebhookBuffer', 'receiver.ingress', { receiver: { image: 'receiver', ingress: 'internal' } }],
  ['WebhookBuffer', 'worker.memory', { worker: { image: 'consumer', memory: '512' } }],
  ['PushWorker', 'memory', { memory: 'plenty' }],
  ['QueueWorker', 'memory', { memory: 'plenty' }],
  ['QueueWorker', 'cpu', { cpu: 3 }],
  ['RefusedAlerts', 'sourceNames', { sourceNames: [] }],
  ['RefusedAlerts', 'sourceNames', { sourceNames: ['github', 'github'] }],
  ['RefusedAlerts', 'sourceNames', { sourceNames: ['"} or vector(1) #'] }],
])('%s refuses its %s: %j', async (component, prop, args) => {
  const { failures } = await refusal(() => MAKERS[component]('it', args));
  expect(failures[0]).toMatch(new RegExp(`^${prop} must `));
});

test.each<[string, string]>([
  ['SubscriptionAlerts', 'alarmBacklog'],
  ['RefusedAlerts', 'alarmRefusedPerHour.github'],
])('%s refuses a threshold that is no number', async (component, name) => {
  const broken = plan.withKnobs([{ ...plan.knob(name), value: Number.NaN }]);
  expect((await refusal(() => MAKERS[component]('it', { plan: broken }))).failures[0]).toMatch(/^threshold.* got NaN$/);
});
