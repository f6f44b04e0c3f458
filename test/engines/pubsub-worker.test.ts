/** The shipped loop of a worker pool, on Google's own client, against a Pub/Sub emulator: Google's pstest. */
import { join } from 'node:path';
import { PubSub, v1 } from '@google-cloud/pubsub';
import { IMAGES } from '../../lib/cases/case-06-image-jobs';
import { planQueue } from '../../lib/flow/queue/plan';
import { ended } from '../support/ended';
import { EXACT, prove } from '../support/proof';
import { until } from '../support/until';
import { Database } from './pubsub/database';
import { EMULATOR, kill, killAll, missing, type Running, start } from './pubsub/processes';

const absent = missing();
if (absent) console.warn(`the worker that pulls is not judged: there is no ${absent}`);

const PROJECT = 'backpressure';
const ITEMS = 60;
const SLOTS = IMAGES.on.gcp.consumer.slotsPerInstance;
/** Far longer than a test: what is delivered again within it was returned, or its worker was seen to be gone. */
const LEASE_SECONDS = 600;

const plan = planQueue('run', { workload: IMAGES.workload, ...IMAGES.on.gcp });
const CLAIM = {
  case: 6,
  construct: 'gcp.QueueWorker',
  engine: 'Pub/Sub emulator (pstest)',
  how: "The shipped loop on Google's client, in processes of their own; nothing scales them.",
  scaledBy: 'tens of items for millions: counts do not depend on the scale.',
};

(absent ? describe.skip : describe)('a worker that pulls from a Pub/Sub emulator', () => {
  let database: Database;
  let emulator: Running;
  let pubsub: PubSub;
  let subscriber: v1.SubscriberClient;
  const path = (kind: string, name: string) => `projects/${PROJECT}/${kind}/${name}`;

  /** A topic, its subscription and its dead letters. */
  async function queue(name: string, ackDeadlineSeconds: number) {
    const [topic, dead] = [path('topics', name), path('topics', `${name}-dead`)];
    await pubsub.createTopic(topic);
    await pubsub.createTopic(dead);
    await pubsub.topic(dead).createSubscription(path('subscriptions', `${name}-dead`));
    await pubsub.topic(topic).createSubscription(path('subscriptions', name), {
      ackDeadlineSeconds,
      deadLetterPolicy: { deadLetterTopic: dead, maxDeliveryAttempts: plan.value('maxDeliveryAttempts') },
    });
    const publisher = pubsub.topic(topic);
    return (body: object) => publisher.publishMessage({ data: Buffer.from(JSON.stringify(body)) });
  }

  const startWorker = (name: string) =>
    start(process.execPath, ['--import', 'tsx', join(__dirname, 'pubsub', 'puller.ts')], {
      DATABASE_URL: database.url,
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${emulator.port}`,
      METADATA_SERVER_DETECTION: 'none',
      PROJECT,
      SUBSCRIPTION: path('subscriptions', name),
      SLOTS: String(SLOTS),
      MAX_EXTENSION_SECONDS: String(plan.value('maxExtensionSeconds')),
      STOP_SECONDS: String(plan.value('stopSeconds')),
    });
  const effectsOf = (id: string) => database.effects.get(id) ?? 0;
  const attemptsAt = (id: string) => database.attempts.get(id) ?? 0;

  beforeAll(async () => {
    database = await Database.listen();
    emulator = await start(EMULATOR, ['-port', '0']);
    process.env.PUBSUB_EMULATOR_HOST = `127.0.0.1:${emulator.port}`;
    process.env.METADATA_SERVER_DETECTION = 'none';
    pubsub = new PubSub({ projectId: PROJECT });
    subscriber = new v1.SubscriberClient({ ...(await pubsub.getClientConfig()), port: emulator.port });
  }, 120_000);

  afterAll(async () => {
    await subscriber?.close();
    await pubsub?.close();
    killAll();
    database?.close();
  });

  test('every item has one effect, and no more are in work than there are slots', async () => {
    const publish = await queue('flow', LEASE_SECONDS);
    const ids = Array.from({ length: ITEMS }, (_, n) => `flow-${n}`);
    await Promise.all(ids.map((id) => publish({ id })));
    const worker = await startWorker('flow');
    await until('every item was worked on', () => ids.every((id) => effectsOf(id) > 0));
    await kill(worker);
    const busy = worker.lines
      .flatMap((line) => Number(/"busy":(\d+)/.exec(line)?.[1] ?? Number.NaN))
      .filter(Number.isFinite);
    expect(Math.max(...busy)).toBeLessThanOrEqual(SLOTS);
    prove({
      ...CLAIM,
      metric: `effects of ${ITEMS} items`,
      unit: 'effects',
      predicted: ITEMS,
      measured: ids.reduce((sum, id) => sum + effectsOf(id), 0),
      tolerance: EXACT,
    });
  }, 120_000);

  test.each(['before-commit', 'after-commit'] as const)(
    'a worker that is lost %s leaves its item to another, and it has one effect',
    async (moment) => {
      // The lease of a lost worker ends by itself.
      const publish = await queue(moment, 10);
      const id = `lost-${moment}`;
      database.hold(id, moment);
      const lost = await startWorker(moment);
      await publish({ id });
      await until('the worker has the item', () => database.held.has(id));
      await kill(lost);
      const next = await startWorker(moment);
      await until('another worker has taken it', () => next.lines.some((line) => /processed|duplicate/.test(line)));
      await kill(next);
      prove({
        ...CLAIM,
        metric: `effects of an item whose worker is killed ${moment === 'before-commit' ? 'before' : 'after'} the commit`,
        unit: 'effects',
        predicted: 1,
        measured: effectsOf(id),
        tolerance: EXACT,
      });
    },
    120_000,
  );

  test('a stopped worker returns what it cannot finish: another takes it, long before its lease ends', async () => {
    const publish = await queue('stopped', LEASE_SECONDS);
    database.hold('slow', 'before-commit');
    const stopped = await startWorker('stopped');
    await publish({ id: 'slow' });
    await until('the worker has the item', () => database.held.has('slow'));
    stopped.child.kill('SIGTERM');
    await ended(stopped.child);
    expect(stopped.child.exitCode).toBe(0);
    const next = await startWorker('stopped');
    await until('another worker has done it', () => effectsOf('slow') === 1);
    await kill(next);
    prove({
      ...CLAIM,
      metric: `attempts at an item whose worker is stopped, within a lease of ${LEASE_SECONDS} s`,
      unit: 'attempts',
      predicted: 2,
      measured: attemptsAt('slow'),
      tolerance: EXACT,
    });
  }, 120_000);

  test('poison is a dead letter after the attempts of the plan, and holds up nothing', async () => {
    const publish = await queue('poison', LEASE_SECONDS);
    await publish({ id: 'poison', poison: true });
    await publish({ id: 'good' });
    const worker = await startWorker('poison');
    const letters: string[] = [];
    await until('the dead letter is there', async () => {
      const [{ receivedMessages }] = await subscriber.pull({
        ...{ subscription: path('subscriptions', 'poison-dead'), maxMessages: 10, returnImmediately: true },
      });
      letters.push(...(receivedMessages ?? []).map(({ message }) => String(message?.data)));
      return letters.length > 0;
    });
    await kill(worker);
    expect(letters).toEqual([JSON.stringify({ id: 'poison', poison: true })]);
    expect([effectsOf('poison'), effectsOf('good')]).toEqual([0, 1]);
    prove({
      ...CLAIM,
      metric: 'attempts at an item that always fails',
      unit: 'attempts',
      predicted: plan.value('maxDeliveryAttempts'),
      measured: attemptsAt('poison'),
      tolerance: EXACT,
    });
  }, 120_000);
});
