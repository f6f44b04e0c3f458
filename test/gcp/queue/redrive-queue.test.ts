import * as pulumi from '@pulumi/pulumi';
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { PushWorker } from '../../../lib/gcp/queue/push-worker';
import { RedriveQueue, type RedriveQueueArgs } from '../../../lib/gcp/queue/redrive-queue';
import { mostly, objectives, optional, templates, workloads } from '../../support/property';
import { allOf, inputsOf, madeOrNamed, program, type Registered } from '../../support/pulumi';

const usualArgs: RedriveQueueArgs = {
  workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05, poisonRatio: 0.001 },
  objective: { latencySeconds: 90 },
};

const make = (args: Partial<RedriveQueueArgs> = {}) =>
  program(() => new RedriveQueue('orders', { ...usualArgs, ...args }));

const AGENT = 'serviceAccount:service-4711@gcp-sa-pubsub.iam.gserviceaccount.com';
const seconds = (duration: string) => Number(/^(\d+)s$/.exec(duration)?.[1]);

let resources: readonly Registered[];
let queue: RedriveQueue;
beforeAll(async () => {
  ({ resources, made: queue } = await make());
});

const subscription = () => inputsOf(resources, 'Subscription', 'orders');
const deadLetters = () => inputsOf(resources, 'Subscription', 'orders-dead-letters');

describe('the traps of case 14 are absent', () => {
  test('a message that fails every attempt leaves the subscription for the dead-letter topic', () => {
    expect(subscription().deadLetterPolicy).toEqual({
      deadLetterTopic: 'projects/shop-project/topics/orders-dead-letters-1a2b3c4',
      maxDeliveryAttempts: queue.plan.value('maxDeliveryAttempts'),
    });
  });

  test('the service agent may do what dead-lettering takes: publish to the one, acknowledge on the other', () => {
    expect(inputsOf(resources, 'TopicIAMMember', 'orders-dead-lettering')).toEqual({
      topic: 'orders-dead-letters-1a2b3c4',
      role: 'roles/pubsub.publisher',
      member: AGENT,
    });
    expect(inputsOf(resources, 'SubscriptionIAMMember', 'orders-dead-lettering')).toEqual({
      subscription: 'orders-1a2b3c4',
      role: 'roles/pubsub.subscriber',
      member: AGENT,
    });
  });

  test('dead letters are kept: there is a subscription, it never expires, and it keeps longer than its source', () => {
    expect(deadLetters().topic).toBe('projects/shop-project/topics/orders-dead-letters-1a2b3c4');
    expect(deadLetters().expirationPolicy).toEqual({ ttl: '' });
    expect(seconds(deadLetters().messageRetentionDuration)).toBeGreaterThan(
      seconds(subscription().messageRetentionDuration),
    );
  });

  test('throttled attempts do not make dead letters of good messages: five attempts at least', () => {
    expect(subscription().deadLetterPolicy.maxDeliveryAttempts).toBeGreaterThanOrEqual(5);
  });
});

describe('the subscription', () => {
  test.each([
    ['its ack deadline', 'ackDeadlineSeconds', () => subscription().ackDeadlineSeconds],
    ['its retention', 'retentionSeconds', () => seconds(subscription().messageRetentionDuration)],
    ['its shortest backoff', 'minimumBackoffSeconds', () => seconds(subscription().retryPolicy.minimumBackoff)],
    ['its longest backoff', 'maximumBackoffSeconds', () => seconds(subscription().retryPolicy.maximumBackoff)],
    ['its attempts', 'maxDeliveryAttempts', () => subscription().deadLetterPolicy.maxDeliveryAttempts],
    [
      'the retention of dead letters',
      'deadLetterRetentionSeconds',
      () => seconds(deadLetters().messageRetentionDuration),
    ],
  ])('takes %s from the plan (%s)', (_, knob, value) => {
    expect(value()).toBe(queue.plan.value(knob));
  });

  test('never expires, is pulled, and promises no order unless asked', async () => {
    expect(subscription()).toMatchObject({ expirationPolicy: { ttl: '' }, enableMessageOrdering: false });
    expect(subscription()).not.toHaveProperty('pushConfig');
    const ordered = await make({ enableMessageOrdering: true });
    expect(inputsOf(ordered.resources, 'Subscription', 'orders').enableMessageOrdering).toBe(true);
  });

  test.each([
    ['an item of a second gets the least that there is', { serviceSeconds: 0.05 }, 10],
    ['a longer one what one in a thousand takes', { serviceSeconds: 20, serviceVariation: 0 }, 40],
  ])('%s', async (_, workload, expected) => {
    const { made } = await make({
      workload: { steadyPerSecond: 1, ...workload },
      objective: { latencySeconds: 600 },
    });
    expect(made.plan.value('ackDeadlineSeconds')).toBe(expected);
  });

  test('the plan says for how long an outage behind the consumer does no harm', async () => {
    // 1 + 2 + 4 + 8 s between five attempts.
    expect(queue.plan.value('retrySpanSeconds')).toBe(15);
    const { made } = await make({ minimumBackoffSeconds: 10, maximumBackoffSeconds: 600, maxDeliveryAttempts: 10 });
    // 10 + 20 + … + 320, then 600 twice and a third time.
    expect(made.plan.value('retrySpanSeconds')).toBe(630 + 3 * 600);
  });
});

describe('choices', () => {
  test('what is given by hand is what is deployed, and the plan says so', async () => {
    const given = {
      ackDeadlineSeconds: 120,
      minimumBackoffSeconds: 5,
      maximumBackoffSeconds: 300,
      maxDeliveryAttempts: 20,
      retentionSeconds: 86_400,
    };
    const { made, resources: there } = await make(given);
    expect(inputsOf(there, 'Subscription', 'orders')).toMatchObject({
      ackDeadlineSeconds: 120,
      retryPolicy: { minimumBackoff: '5s', maximumBackoff: '300s' },
      deadLetterPolicy: { maxDeliveryAttempts: 20 },
      messageRetentionDuration: '86400s',
    });
    for (const name of Object.keys(given)) expect(made.plan.knob(name).formula).toBe('given');
  });

  test('a key of yours encrypts both topics, and Pub/Sub may use it', async () => {
    const kmsKeyName = 'projects/shop-project/locations/europe/keyRings/shop/cryptoKeys/orders';
    const { resources: there } = await make({ kmsKeyName });
    expect(Object.values(allOf(there, 'Topic')).map((topic) => topic.kmsKeyName)).toEqual([kmsKeyName, kmsKeyName]);
    expect(inputsOf(there, 'CryptoKeyIAMMember', 'orders-encryption')).toEqual({
      cryptoKeyId: kmsKeyName,
      role: 'roles/cloudkms.cryptoKeyEncrypterDecrypter',
      member: AGENT,
    });
  });

  test('messages stay in the regions that are named', async () => {
    const { resources: there } = await make({ allowedPersistenceRegions: ['europe-west1'] });
    for (const topic of Object.values(allOf(there, 'Topic')))
      expect(topic.messageStoragePolicy).toEqual({ allowedPersistenceRegions: ['europe-west1'] });
  });

  test('a worker takes only a plan for Cloud Run: the queue with its target is planned for that', async () => {
    const worker = (args: RedriveQueueArgs) => () =>
      new PushWorker('orders', {
        plan: RedriveQueue.planOf('orders', args),
        image: 'worker',
        location: 'europe-west1',
      });
    const failure = await program(worker(usualArgs)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InvalidInputError);
    expect((failure as InvalidInputError).failures).toEqual([
      "plan must be for Cloud Run, got one for a platform that was not named, from Google Cloud Pub/Sub; give RedriveQueue.planOf() and the queue platform 'cloud-run'",
    ]);
    await program(worker({ ...usualArgs, platform: 'cloud-run' }));
  });

  test('the plan that the worker is made from is that of the queue which pushes to it', async () => {
    // The two platforms differ in what a threshold is: longer items wait longer for the first instances.
    const args = { ...usualArgs, workload: { ...usualArgs.workload, serviceSeconds: 0.5 } };
    const pulled = RedriveQueue.planOf('orders', args);
    const planned = RedriveQueue.planOf('orders', { ...args, platform: 'cloud-run' });
    expect(planned.value('alarmBacklog')).not.toBe(pulled.value('alarmBacklog'));
    const { made } = await program(() => {
      const worker = new PushWorker('orders', { plan: planned, image: 'worker', location: 'europe-west1' });
      return new RedriveQueue('orders', { ...args, push: worker.target });
    });
    expect(made.plan.explain()).toBe(planned.explain());
  });

  test('a worker is pushed to, by an account that may do nothing but invoke it', async () => {
    const args = { ...usualArgs, platform: 'cloud-run' } as const;
    const { resources: there, made } = await program(() => {
      const plan = RedriveQueue.planOf('orders', args);
      const worker = new PushWorker('orders', { plan, image: 'worker', location: 'europe-west1' });
      return new RedriveQueue('orders', { ...args, push: worker.target });
    });
    const pushAccount = 'orders-push@shop-project.iam.gserviceaccount.com';
    const uri = 'https://orders-worker-1a2b3c4.run.app';
    expect(inputsOf(there, 'Subscription', 'orders').pushConfig).toEqual({
      pushEndpoint: uri,
      oidcToken: { serviceAccountEmail: pushAccount, audience: uri },
    });
    expect(allOf(there, 'ServiceIamMember')).toEqual({
      'orders-push': {
        name: 'orders-worker-1a2b3c4',
        location: 'europe-west1',
        role: 'roles/run.invoker',
        member: `serviceAccount:${pushAccount}`,
      },
    });
    expect(inputsOf(there, 'IAMMember', 'orders-push-tokens')).toEqual({
      serviceAccountId: `projects/shop-project/serviceAccounts/${pushAccount}`,
      role: 'roles/iam.serviceAccountTokenCreator',
      member: AGENT,
    });
    expect(inputsOf(there, 'Service', 'orders-worker')).toMatchObject({
      ingress: 'INGRESS_TRAFFIC_INTERNAL_ONLY',
      template: {
        timeout: `${made.plan.value('ackDeadlineSeconds')}s`,
        maxInstanceRequestConcurrency: made.plan.value('slotsPerInstance'),
        scaling: {
          minInstanceCount: made.plan.value('minInstances'),
          maxInstanceCount: made.plan.value('maxInstances'),
        },
      },
    });
  });

  test('whoever may publish may publish to this topic alone', async () => {
    const { resources: there } = await program(() => {
      new RedriveQueue('orders', usualArgs).grantPublish('shop', 'serviceAccount:shop@example.com');
    });
    expect(inputsOf(there, 'TopicIAMMember', 'shop')).toEqual({
      topic: 'orders-1a2b3c4',
      role: 'roles/pubsub.publisher',
      member: 'serviceAccount:shop@example.com',
    });
  });
});

describe('alerts', () => {
  const threshold = (name: string) =>
    inputsOf(resources, 'AlertPolicy', `orders-alerts-${name}`).conditions[0].conditionThreshold;

  test.each([
    ['backlog', 'orders', 'num_undelivered_messages', () => queue.plan.value('alarmBacklog')],
    ['age', 'orders', 'oldest_unacked_message_age', () => queue.plan.value('alarmAgeSeconds')],
    ['dead-letters-forwarded', 'orders', 'dead_letter_message_count', () => 0],
    ['dead-letters-unattended', 'orders-dead-letters', 'num_undelivered_messages', () => 0],
  ])('%s watches %s: %s', (name, watched, metric, value) => {
    expect(threshold(name)).toMatchObject({ comparison: 'COMPARISON_GT', thresholdValue: value() });
    expect(threshold(name).filter).toBe(
      `resource.type = "pubsub_subscription" AND resource.labels.project_id = "shop-project" AND resource.labels.subscription_id = "${watched}-1a2b3c4" AND metric.type = "pubsub.googleapis.com/subscription/${metric}"`,
    );
  });

  test('each says what to do, and goes where it is told', async () => {
    const channel = 'projects/shop-project/notificationChannels/7';
    const { resources: there } = await make({ notificationChannels: [channel] });
    const policies = Object.values(allOf(there, 'AlertPolicy'));
    expect(policies).toHaveLength(4);
    for (const policy of policies) {
      expect(policy.notificationChannels).toEqual([channel]);
      expect(policy.documentation.content.length).toBeGreaterThan(80);
    }
  });
});

describe('refusals', () => {
  test('every failure at once, each with the value and the limit', () => {
    const refused = () =>
      new RedriveQueue('orders', {
        ...usualArgs,
        ackDeadlineSeconds: 5,
        minimumBackoffSeconds: 700,
        maxDeliveryAttempts: 3,
        retentionSeconds: 60,
        allowedPersistenceRegions: [],
      });
    expect(refused).toThrow(InvalidInputError);
    for (const part of [
      'orders: ',
      'ackDeadlineSeconds must be a whole number, between 10 and 600, got 5',
      'minimumBackoffSeconds must be a whole number, between 0 and 600, got 700',
      'maxDeliveryAttempts must be a whole number, between 5 and 100, got 3',
      'retentionSeconds must be a whole number, between 600 and 2592000, got 60',
      'allowedPersistenceRegions must name at least one region, got none',
    ])
      expect(refused).toThrow(part);
  });

  test.each([
    [
      'a deadline shorter than the work',
      { ackDeadlineSeconds: 10, workload: { steadyPerSecond: 0.1, serviceSeconds: 30 } },
      'ackDeadlineSeconds must be at least serviceSeconds, 30 s, got 10',
    ],
    [
      'a least backoff above the greatest',
      { minimumBackoffSeconds: 9, maximumBackoffSeconds: 3 },
      'minimumBackoffSeconds must be at most maximumBackoffSeconds (3), got 9',
    ],
    [
      'a message that Pub/Sub does not take',
      { workload: { ...usualArgs.workload, itemBytes: 2e7 } },
      'itemBytes must be at most 10000000',
    ],
  ])('%s', (_, args, message) => {
    expect(() => new RedriveQueue('orders', { ...usualArgs, ...args })).toThrow(message);
  });

  test('an item that takes longer than the longest deadline, with a way out that works', async () => {
    const workload = { steadyPerSecond: 0.01, serviceSeconds: 400 };
    const refused = () => new RedriveQueue('orders', { workload, objective: { latencySeconds: 7200 } });
    expect(refused).toThrow(CapacityError);
    let way = '';
    try {
      refused();
    } catch (error) {
      [way] = (error as CapacityError).waysOut;
    }
    const shorter = Number(/^([\d.]+) s per item$/.exec(way)?.[1]);
    expect(shorter).toBeGreaterThan(0);
    const { made } = await make({
      workload: { ...workload, serviceSeconds: shorter },
      objective: { latencySeconds: 7200 },
    });
    expect(made.plan.value('ackDeadlineSeconds')).toBeLessThanOrEqual(600);
  });
});

test('random arguments give a whole program or a named error, nothing else', async () => {
  const args = fc.record({
    workload: workloads(),
    objective: objectives(),
    ackDeadlineSeconds: optional(mostly(fc.integer({ min: 10, max: 600 }), 9, 601, 12.5)),
    minimumBackoffSeconds: optional(mostly(fc.integer({ min: 0, max: 60 }), -1, 601)),
    maximumBackoffSeconds: optional(mostly(fc.integer({ min: 60, max: 600 }), 0, 601)),
    maxDeliveryAttempts: optional(mostly(fc.integer({ min: 5, max: 100 }), 4, 101)),
    retentionSeconds: optional(mostly(fc.integer({ min: 600, max: 30 * 86_400 }), 599, 31 * 86_400)),
  });
  let [valid, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(args, async (given) => {
      const result = await madeOrNamed(/^orders: /, () => new RedriveQueue('orders', given));
      if (!result) {
        refused += 1;
        return;
      }
      valid += 1;
      const made = inputsOf(result.resources, 'Subscription', 'orders');
      const { minimumBackoff, maximumBackoff } = made.retryPolicy;
      const retention = seconds(made.messageRetentionDuration);
      const limits: [string, number, number, number][] = [
        ['ack deadline', made.ackDeadlineSeconds, 10, 600],
        ['least backoff', seconds(minimumBackoff), 0, seconds(maximumBackoff)],
        ['greatest backoff', seconds(maximumBackoff), 0, 600],
        ['attempts', made.deadLetterPolicy.maxDeliveryAttempts, 5, 100],
        [
          'retention',
          retention,
          600,
          seconds(inputsOf(result.resources, 'Subscription', 'orders-dead-letters').messageRetentionDuration) - 1,
        ],
      ];
      for (const [what, value, min, max] of limits)
        expect([what, value >= min && value <= max, value]).toEqual([what, true, value]);
    }),
    { numRuns: templates },
  );
  expect(Math.min(valid, refused)).toBeGreaterThan(templates / 10);
}, 600_000);

test('the component hands on what users need', async () => {
  const topic = await new Promise((resolve) => pulumi.output(queue.topic.id).apply(resolve));
  expect(topic).toBe('projects/shop-project/topics/orders-1a2b3c4');
});

describe('no promise outlives the message', () => {
  const DAY = 86_400;
  const promising = (days: number, more: Partial<RedriveQueueArgs> = {}) =>
    RedriveQueue.planOf('orders', {
      workload: { steadyPerSecond: 1, serviceSeconds: 0.05 },
      objective: { latencySeconds: days * DAY },
      ...more,
    });

  // Whole days of the promise and of three days for a person, at most 30: dead letters are kept for 31.
  test.each([
    [1, 4],
    [5.1, 9],
    [10, 13],
    [14, 17],
    [29.9, 30],
  ])('a promise of %p days keeps messages for %p days, and dead letters longer', (days, kept) => {
    const plan = promising(days);
    expect(plan.value('retentionSeconds')).toBe(kept * DAY);
    expect(plan.value('deadLetterRetentionSeconds')).toBeGreaterThan(kept * DAY);
    expect(plan.value('alarmAgeSeconds')).toBeLessThan(kept * DAY);
  });

  test.each([30, 60])('a promise of %p days is refused with the longest retention', (days) => {
    expect(() => promising(days)).toThrow(CapacityError);
    expect(() => promising(days)).toThrow(
      `orders: an item may wait ${days} days, as promised, and it is deleted after 30 days; promise less than 30 days`,
    );
  });

  test('a retention that is shorter than the promise is refused, and each way out works', () => {
    const retentionSeconds = 600;
    expect(() => promising(0.125, { retentionSeconds })).toThrow(
      'orders: an item may wait 3 h, as promised, and it is deleted after 10 min; retention of 2 days, or promise less than 10 min',
    );
    expect(promising(0.125, { retentionSeconds: 2 * DAY }).knob('retentionSeconds').formula).toBe('given');
    promising(599 / DAY, { retentionSeconds });
  });
});
