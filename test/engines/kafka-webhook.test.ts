/** The shipped receiver (its very bundle) and the shipped consumer of Kubernetes, in front of a real Kafka. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planWebhooks } from '../../lib/flow/webhooks/plan';
import { signRequest } from '../../lib/runtime/webhook/signature';
import { freePorts } from '../support/ports';
import { EXACT, prove } from '../support/proof';
import { until } from '../support/until';
import { type Kafka, kafkaMissing, startKafka } from './kafka';
import { Database } from './pubsub/database';
import { kill, killAll, type Running, start } from './pubsub/processes';

const ROOT = join(__dirname, '..', '..');
const RECEIVER = join(ROOT, 'dist', 'runtime', 'webhook-receiver-kafka', 'index.js');
const PASSWORDS = { admin: 'admin-7Tr2' };
const SECRET = 'whsec_c2VzYW1lIHNlc2FtZSBzZXNhbWU=';
const DELIVERIES = 600;
const DUPLICATES = 60;
const FORGED = 30;
const REPLAYED = 30;
const AT_ONCE = 20;
const PARTITIONS = 3;
/** Times that a sender repeats what was not stored. */
const REPEATS = 5;
const TOLERANCE_SECONDS = 300;

/** What `k8s.WebhookBuffer` tells receiver and consumers of this flood. */
const plan = planWebhooks('Hooks', {
  workload: { steadyPerSecond: 20, serviceSeconds: 0.02 },
  objective: { latencySeconds: 60 },
  partitions: PARTITIONS,
});
/** Of one delivery a second, whose consumers handle 30,480 bytes a second at most. */
const quiet = planWebhooks('Quiet', {
  workload: { steadyPerSecond: 1, serviceSeconds: 0.1 },
  objective: { latencySeconds: 60 },
});
const planned = (knob: string) => String(plan.value(knob));

const CLAIM = {
  case: 15,
  construct: 'k8s.WebhookBuffer',
  engine: 'Apache Kafka 3.9.1',
  how: 'The shipped receiver and consumer in processes of their own with the numbers of a plan, TLS and the certificate of a client; one broker, so one replica.',
  scaledBy: 'hundreds of deliveries for millions: counts do not depend on the scale.',
};

const absent = kafkaMissing() ?? (existsSync(RECEIVER) ? undefined : `no ${RECEIVER}: npm run prepare`);
if (absent) console.warn(`the receiver on Kafka is not judged: ${absent}`);

(absent ? describe.skip : describe)('webhooks through a real Kafka', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-hooks-'));
  let kafka: Kafka;
  let database: Database;
  let receiver: Running;
  let consumer: Running;
  let metricsPort: number;

  /** As the construct deploys it: a user of Strimzi signs in with its certificate. */
  const broker = () => ({
    BOOTSTRAP_SERVERS: kafka.certificateBroker,
    KAFKA_TLS: 'true',
    KAFKA_CA: readFileSync(kafka.certificateFile, 'utf8'),
    KAFKA_CLIENT_CERTIFICATE: readFileSync(kafka.client.certificateFile, 'utf8'),
    KAFKA_CLIENT_KEY: readFileSync(kafka.client.keyFile, 'utf8'),
  });
  const startConsumer = () =>
    start(process.execPath, ['--import', 'tsx', join(__dirname, 'pubsub', 'kafka-consumer.ts')], {
      ...broker(),
      DATABASE_URL: database.url,
      TOPIC: 'hooks',
      CONSUMER_GROUP: 'hooks',
      DEAD_TOPIC: 'hooks.dead',
      BATCH_SIZE: planned('batchSize'),
      RETRY_ATTEMPTS: planned('retryAttempts'),
      ITEM_TIMEOUT_SECONDS: planned('batchTimeoutSeconds'),
      IDEMPOTENCY_SECONDS: planned('idempotencySeconds'),
      HEALTH_PORT: '',
    });

  const createTopic = (topic: string, partitions: number, largest: string) =>
    kafka.tool('org.apache.kafka.tools.TopicCommand', 'admin', [
      ...['--create', '--topic', topic, '--partitions', String(partitions)],
      ...['--config', `max.message.bytes=${planned(largest)}`],
    ]);
  const startReceiver = (topic: string, more: Record<string, string> = {}) => {
    const source = { scheme: 'standard-webhooks', secretFile: join(folder, 'shop'), deduplicateBy: 'delivery-id' };
    return start(process.execPath, [RECEIVER], {
      ...broker(),
      PORT: '0',
      TOPIC: topic,
      WEBHOOK_SOURCES: JSON.stringify({ shop: { ...source, toleranceSeconds: TOLERANCE_SECONDS } }),
      MAX_BODY_BYTES: planned('maxBodyBytes'),
      BATCH_BYTES: planned('batchBytes'),
      PUBLISH_TIMEOUT_SECONDS: planned('publishTimeoutSeconds'),
      CONCURRENCY: planned('receiverConcurrency'),
      ...more,
    });
  };

  async function send(id: string, change: { secret?: string; at?: number; body?: object } = {}): Promise<Response> {
    const text = JSON.stringify(change.body ?? { id });
    const headers = signRequest('standard-webhooks', change.secret ?? SECRET, text, id, change.at ?? Date.now());
    return fetch(`http://127.0.0.1:${receiver.port}/shop/acme`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: text,
      signal: AbortSignal.timeout(30_000),
    });
  }
  /** Sends until it is told that the delivery is stored, as senders do. */
  async function sendUntilStored(id: string): Promise<Response> {
    let answer = await send(id);
    for (let repeat = 0; repeat < REPEATS && answer.status === 503; repeat += 1) answer = await send(id);
    return answer;
  }
  /** Sends them all, some at once, and gives back the status of each. */
  async function flood(sends: readonly (() => Promise<Response>)[]): Promise<number[]> {
    const statuses: number[] = [];
    const left = [...sends.entries()];
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          statuses[next[0]] = (await next[1]()).status;
        }
      }),
    );
    return statuses;
  }
  const effectsOf = (id: string) => database.effects.get(id) ?? 0;
  /** Records of a topic, by the end of its partitions. */
  async function recordsIn(topic: string): Promise<number> {
    const text = await kafka.tool('org.apache.kafka.tools.GetOffsetShell', 'admin', ['--topic', topic]);
    return text
      .split('\n')
      .map((line) => Number(line.split(':')[2]))
      .filter(Number.isFinite)
      .reduce((sum, offset) => sum + offset, 0);
  }

  beforeAll(async () => {
    database = await Database.listen();
    kafka = await startKafka(PASSWORDS);
    await createTopic('hooks', PARTITIONS, 'maxMessageBytes');
    await createTopic('hooks.dead', 1, 'deadMaxMessageBytes');
    writeFileSync(join(folder, 'shop'), SECRET);
    [metricsPort] = await freePorts(1);
    receiver = await startReceiver('hooks', { RECEIVER: 'hooks', METRICS_PORT: String(metricsPort) });
    consumer = await startConsumer();
  }, 240_000);

  afterAll(async () => {
    killAll();
    await kafka?.stop();
    database?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test('a flood with duplicates, forgeries and replays, while the consumer is killed twice: one effect each', async () => {
    const ids = Array.from({ length: DELIVERIES }, (_, n) => `order-${n}`);
    const valid = [...ids, ...ids.slice(0, DUPLICATES)].map((id) => () => sendUntilStored(id));
    const forged = Array.from(
      { length: FORGED },
      (_, n) => () => send(`forged-${n}`, { secret: 'whsec_Zm9yZ2VkIGZvcmdlZCBmb3JnZWQ=' }),
    );
    const old = Date.now() - 1000 * (TOLERANCE_SECONDS + 60);
    const replayed = Array.from({ length: REPLAYED }, (_, n) => () => send(`replayed-${n}`, { at: old }));
    // The first two held deliveries are those at which the consumer is lost.
    database.hold('order-50', 'before-commit');
    database.hold('order-100', 'after-commit');
    const answering = flood([...valid, ...forged, ...replayed]);
    // Which of the two comes first depends on their partitions.
    for (const lost of [1, 2]) {
      await until(`a consumer is held at ${lost} of them`, () => database.held.size === lost, 120);
      await kill(consumer);
      consumer = await startConsumer();
    }
    const statuses = await answering;
    expect(statuses.slice(0, valid.length).every((status) => status === 200)).toBe(true);
    expect(statuses.slice(valid.length).every((status) => status === 401)).toBe(true);
    await until('every delivery was worked on', () => ids.every((id) => effectsOf(id) > 0), 180);
    const strangers = [...database.effects.keys()].filter((id) => !id.startsWith('order-'));
    prove(
      {
        ...CLAIM,
        metric: `effects of ${DELIVERIES} deliveries, ${DUPLICATES} of them sent twice, a consumer killed twice`,
        unit: 'effects',
        predicted: DELIVERIES,
        measured: ids.reduce((sum, id) => sum + effectsOf(id), 0),
        tolerance: EXACT,
      },
      {
        ...CLAIM,
        metric: `of ${FORGED} forged and ${REPLAYED} replayed deliveries, refused with no effect`,
        unit: 'deliveries',
        predicted: FORGED + REPLAYED,
        measured: statuses.filter((status) => status === 401).length - strangers.length,
        tolerance: EXACT,
      },
    );
    expect(ids.map(effectsOf)).toEqual(ids.map(() => 1));
    // What alerts and dashboard go by is what the senders were told.
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const counted = (series: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')[1],
      );
    const answers = (code: number) => counted(`receiver_requests_total{receiver="hooks",source="shop",code="${code}"}`);
    expect([answers(200), answers(401)]).toEqual([valid.length, FORGED + REPLAYED]);
    expect(counted('receiver_publish_seconds_count{receiver="hooks"}')).toBeGreaterThanOrEqual(valid.length);
  }, 400_000);

  test('while the broker stands still nothing is confirmed, and what senders repeat has one effect', async () => {
    const ids = Array.from({ length: AT_ONCE }, (_, n) => `halted-${n}`);
    kafka.halt();
    const answers = await Promise.all(ids.map((id) => send(id)));
    kafka.resume();
    expect(answers.every(({ headers }) => headers.has('retry-after'))).toBe(true);
    const refused = answers.filter(({ status }) => status === 503).length;
    // As a sender does, until it is told that its delivery is stored.
    for (const id of ids) await until(`${id} is stored`, async () => (await send(id)).status === 200, 120);
    await until('every delivery was worked on', () => ids.every((id) => effectsOf(id) > 0), 120);
    expect(ids.map(effectsOf)).toEqual(ids.map(() => 1));
    prove({
      ...CLAIM,
      metric: `answers 503 to ${ids.length} deliveries while the broker stands still`,
      unit: 'answers',
      predicted: ids.length,
      measured: refused,
      tolerance: EXACT,
    });
  }, 300_000);

  test('poison goes to the dead letters after the attempts of the plan, with what names it, and holds up nothing', async () => {
    expect((await send('poison', { body: { id: 'poison', poison: true } })).status).toBe(200);
    expect((await send('behind')).status).toBe(200);
    await until('the delivery behind it was worked on', () => effectsOf('behind') === 1);
    await until('the dead letter is there', async () => (await recordsIn('hooks.dead')) === 1);
    expect(effectsOf('poison')).toBe(0);
    prove({
      ...CLAIM,
      metric: 'attempts at a delivery that always fails',
      unit: 'attempts',
      predicted: plan.value('retryAttempts'),
      measured: database.attempts.get('poison') ?? 0,
      tolerance: EXACT,
    });
  }, 120_000);

  test('a receiver is ready once its topic is there, and lives before that', async () => {
    const early = await startReceiver('later');
    const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${early.port}/${path}`)).status;
    await until('it says why', () => early.lines.some((line) => line.includes('"message":"not ready"')), 60);
    expect([await statusOf('ready'), await statusOf('live')]).toEqual([503, 200]);
    await createTopic('later', 1, 'maxMessageBytes');
    await until('it is ready', async () => (await statusOf('ready')) === 200, 60);
    await kill(early);
  }, 180_000);

  // An answer above the quota of ten seconds is emptied, not counted, and asked for again.
  test('the largest delivery is read by consumers whose quota is that of a delivery a second', async () => {
    const entity = ['--entity-type', 'users', '--entity-default'];
    const rate = `consumer_byte_rate=${quiet.value('consumerByteRate')}`;
    await kafka.tool('kafka.admin.ConfigCommand', 'admin', ['--alter', ...entity, '--add-config', rate]);
    const padding = 'x'.repeat(plan.value('maxBodyBytes') - JSON.stringify({ id: 'largest', padding: '' }).length);
    expect((await send('largest', { body: { id: 'largest', padding } })).status).toBe(200);
    await until('it was worked on', () => effectsOf('largest') === 1, 60);
  }, 120_000);
});
