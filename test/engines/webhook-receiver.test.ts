/**
 * The shipped receiver (its very bundle) and the shipped consumer endpoint, against a Pub/Sub emulator: Google's pstest,
 * which moves dead letters but neither pushes nor backs off; `pubsub/push.ts` pushes in its place.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PubSub, v1 } from '@google-cloud/pubsub';
import { planQueue } from '../../lib/flow/queue/plan';
import { receiverKnobs } from '../../lib/gcp/webhooks/receiver-plan';
import { signRequest } from '../../lib/runtime/webhook/signature';
import { ATTRIBUTES } from '../../lib/runtime/webhook-receiver/contract';
import { EXACT, prove } from '../support/proof';
import { until } from '../support/until';
import { Database } from './pubsub/database';
import { EMULATOR, kill, killAll, missing, RECEIVER, type Running, start } from './pubsub/processes';
import { Pusher } from './pubsub/push';

const absent = missing();
if (absent) console.warn(`the webhook receiver is not judged: there is no ${absent}`);

const PROJECT = 'backpressure';
const SECRETS = { shop: 'whsec_c2VzYW1lIHNlc2FtZSBzZXNhbWU=', github: 'open sesame' };
const OLD_SECRET = 'whsec_b2xkIHNlc2FtZSBvbGQgc2VzYW1l';
const DELIVERIES = 60;
const COPIES = 3;
/** GitHub hangs up after ten seconds. */
const SENDER_MILLIS = 10_000;

const CLAIM = {
  case: 15,
  construct: 'gcp.WebhookBuffer',
  engine: 'Pub/Sub emulator (pstest)',
  how: 'The shipped receiver and consumer; the emulator moves dead letters and does not push, a test pushes in its place.',
  scaledBy: 'tens of deliveries for millions: counts do not depend on the scale.',
};

const workload = { steadyPerSecond: 20, serviceSeconds: 0.05 };
const plan = planQueue('run', {
  workload,
  objective: { latencySeconds: 10 },
  platform: 'cloud-run',
  broker: 'pubsub',
}).withKnobs(receiverKnobs('run', workload, {}));

(absent ? describe.skip : describe)('the webhook receiver in front of a Pub/Sub emulator', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-pubsub-'));
  const names = { topic: `projects/${PROJECT}/topics/hooks`, subscription: `projects/${PROJECT}/subscriptions/hooks` };
  const dead = { topic: `${names.topic}-dead-letters`, subscription: `${names.subscription}-dead-letters` };
  let database: Database;
  let emulator: Running;
  let receiver: Running;
  let consumer: Running;
  let pusher: Pusher;
  let subscriber: v1.SubscriberClient;
  let pubsub: PubSub;

  const startConsumer = (port = 0) =>
    start(process.execPath, ['--import', 'tsx', join(__dirname, 'pubsub', 'consumer.ts')], {
      DATABASE_URL: database.url,
      PORT: String(port),
    });

  /** Sends a delivery of the shop, signed as it should be unless something else is given. */
  async function send(id: string, body: object = { id }, change: { secret?: string; at?: number; body?: string } = {}) {
    const text = JSON.stringify(body);
    const headers = signRequest('standard-webhooks', change.secret ?? SECRETS.shop, text, id, change.at ?? Date.now());
    return post('shop/acme', { ...headers, 'content-type': 'application/json' }, change.body ?? text);
  }

  async function post(path: string, headers: Record<string, string>, body: string): Promise<number> {
    const url = `http://127.0.0.1:${receiver.port}/${path}`;
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(SENDER_MILLIS) });
    return response.status;
  }

  /** Deliveries that the running consumer has answered for good. */
  const answered = () => consumer.lines.filter((line) => /"message":"(processed|duplicate)"/.test(line)).length;
  const effectsOf = (id: string) => database.effects.get(id) ?? 0;

  beforeAll(async () => {
    database = await Database.listen();
    emulator = await start(EMULATOR, ['-port', '0']);
    const host = `127.0.0.1:${emulator.port}`;
    // The emulator wants no token and speaks without TLS; the variable is how every official client is told so.
    process.env.PUBSUB_EMULATOR_HOST = host;
    process.env.METADATA_SERVER_DETECTION = 'none';
    pubsub = new PubSub({ projectId: PROJECT });
    subscriber = new v1.SubscriberClient({ ...(await pubsub.getClientConfig()), port: emulator.port });
    await pubsub.createTopic(names.topic);
    await pubsub.createTopic(dead.topic);
    await pubsub.topic(dead.topic).createSubscription(dead.subscription);
    await pubsub.topic(names.topic).createSubscription(names.subscription, {
      ackDeadlineSeconds: plan.value('ackDeadlineSeconds'),
      deadLetterPolicy: { deadLetterTopic: dead.topic, maxDeliveryAttempts: plan.value('maxDeliveryAttempts') },
    });
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const common = { toleranceSeconds: 300, deduplicateBy: 'delivery-id' };
    const sources = {
      shop: { ...common, scheme: 'standard-webhooks', secretFile: file('shop', `${SECRETS.shop}\n${OLD_SECRET}\n`) },
      github: { ...common, scheme: 'github', secretFile: file('github', SECRETS.github) },
      unset: { ...common, scheme: 'github', secretFile: join(folder, 'unset') },
    };
    receiver = await start(process.execPath, [RECEIVER], {
      PUBSUB_EMULATOR_HOST: host,
      PORT: '0',
      TOPIC: names.topic,
      WEBHOOK_SOURCES: JSON.stringify(sources),
      MAX_BODY_BYTES: '10000',
      PUBLISH_TIMEOUT_SECONDS: String(plan.value('publishTimeoutSeconds')),
    });
    consumer = await startConsumer();
    pusher = new Pusher(subscriber, names.subscription, `http://127.0.0.1:${consumer.port}/`, plan);
  }, 120_000);

  afterAll(async () => {
    await pusher?.stop();
    await subscriber?.close();
    await pubsub?.close();
    killAll();
    database?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('every delivery has one effect, however often it is sent', async () => {
    const ids = Array.from({ length: DELIVERIES }, (_, n) => `order-${n}`);
    const answers = await Promise.all(ids.flatMap((id) => Array.from({ length: COPIES }, () => send(id))));
    expect(answers.every((status) => status === 200)).toBe(true);
    // Every copy was stored, so every copy comes, and all but one are told apart as duplicates.
    await until('every copy was worked on', () => answered() === DELIVERIES * COPIES);
    expect(ids.map(effectsOf)).toEqual(ids.map(() => 1));
    prove({
      ...CLAIM,
      metric: `effects of ${DELIVERIES} deliveries, each sent ${COPIES} times`,
      unit: 'effects',
      predicted: DELIVERIES,
      measured: ids.reduce((sum, id) => sum + effectsOf(id), 0),
      tolerance: EXACT,
    });
  }, 90_000);

  test('what is not signed as it should be is refused at the door and has no effect', async () => {
    const hour = 3_600_000;
    const large = { id: 'large', padding: 'x'.repeat(20_000) };
    const refusals: [string, Promise<number>, number][] = [
      ['forged', send('forged', { id: 'forged' }, { secret: 'whsec_Zm9yZ2Vk' }), 401],
      ['changed on the way', send('changed', { id: 'changed' }, { body: '{"id":"other"}' }), 401],
      ['replayed an hour later', send('late', { id: 'late' }, { at: Date.now() - hour }), 401],
      ['unsigned', post('shop/acme', { 'content-type': 'application/json' }, '{}'), 401],
      ['larger than allowed', send('large', large), 413],
      ['of nobody we know', post('nobody/acme', { 'content-type': 'application/json' }, '{}'), 404],
    ];
    for (const [what, answer, status] of refusals) expect([what, await answer]).toEqual([what, status]);
    // A later delivery comes through while none of those did.
    expect(await send('after-the-forged')).toBe(200);
    await until('the later delivery', () => effectsOf('after-the-forged') === 1);
    for (const id of ['forged', 'changed', 'late', 'large']) expect(database.attempts.has(id)).toBe(false);
    expect(receiver.lines.join('\n')).not.toMatch(/sesame|whsec_|padding/);
  }, 60_000);

  test('during a rotation the old secret is good as well; another scheme is judged by its own rules', async () => {
    expect(await send('old-secret', { id: 'old-secret' }, { secret: OLD_SECRET })).toBe(200);
    const headers = signRequest('github', SECRETS.github, '{"id":1}', 'gh-1', Date.now());
    expect(await post('github', { ...headers, 'content-type': 'application/json' }, '{"id":1}')).toBe(200);
    await until('both', () => effectsOf('old-secret') === 1 && effectsOf('gh-1') === 1);
  }, 60_000);

  test('a secret that cannot be read is a 503: the sender is to come again', async () => {
    const headers = signRequest('github', SECRETS.github, '{}', 'gh-2', Date.now());
    expect(await post('unset/acme', { ...headers, 'content-type': 'application/json' }, '{}')).toBe(503);
  });

  test.each([
    ['before it commits', 'before-commit', 0],
    ['after its commit, before its answer', 'after-commit', 1],
  ] as const)(
    'a consumer killed %s loses nothing and repeats nothing',
    async (_, moment, effectsThen) => {
      const id = `killed-${moment}`;
      const others = Array.from({ length: 10 }, (_, n) => `${id}-${n}`);
      database.hold(id, moment);
      expect(await send(id)).toBe(200);
      await until('the consumer is in the middle', () => database.held.has(id));
      await kill(consumer);
      expect(effectsOf(id)).toBe(effectsThen);
      // What comes while nobody is there waits.
      const answers = await Promise.all(others.map((other) => send(other)));
      expect(answers.every((status) => status === 200)).toBe(true);
      consumer = await startConsumer(consumer.port);
      await until('all of them', () => [id, ...others].every((one) => effectsOf(one) === 1));
      await until('the repeated one is answered', () => consumer.lines.length > others.length);
      expect([id, ...others].map(effectsOf)).toEqual([id, ...others].map(() => 1));
    },
    90_000,
  );

  test('poison ends in the dead-letter topic after the attempts of the plan, and the others go on', async () => {
    expect(await send('poison', { id: 'poison', poison: true })).toBe(200);
    expect(await send('beside-poison')).toBe(200);
    const letters: { body: string; key?: string | null }[] = [];
    await until('the dead letter of the poison', async () => {
      const [{ receivedMessages }] = await subscriber.pull({
        subscription: dead.subscription,
        maxMessages: 10,
        returnImmediately: true,
      });
      for (const { message } of receivedMessages ?? [])
        letters.push({
          body: Buffer.from(message?.data ?? '').toString(),
          key: message?.attributes?.[ATTRIBUTES.deliveryId],
        });
      return letters.some(({ key }) => key === 'poison');
    });
    expect(letters.filter(({ key }) => key === 'poison')).toEqual([
      { body: '{"id":"poison","poison":true}', key: 'poison' },
    ]);
    expect(database.attempts.get('poison')).toBe(plan.value('maxDeliveryAttempts'));
    expect(effectsOf('poison')).toBe(0);
    await until('the delivery beside it', () => effectsOf('beside-poison') === 1);
  }, 60_000);

  test('without Pub/Sub the answer is no 2xx', async () => {
    await pusher.stop();
    await kill(emulator);
    expect(await send('nowhere-to-go')).toBe(503);
    expect(receiver.child.exitCode).toBeNull();
  }, 60_000);
});
