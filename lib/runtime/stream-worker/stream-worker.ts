/**
 * The consumer of `PartitionedStream` in a container: takes records off a topic of Kafka in batches, hands them one after
 * the other to the business logic, and commits a batch after its effect. On SIGTERM it finishes its batch, commits and leaves
 * the group, so that its partitions go to others at once and not after a session.
 *
 * Environment: BOOTSTRAP_SERVERS, TOPIC, CONSUMER_GROUP, DEAD_TOPIC, BATCH_SIZE, RETRY_ATTEMPTS, ITEM_TIMEOUT_SECONDS,
 * HEALTH_PORT; and KAFKA_TLS with KAFKA_CA, KAFKA_CLIENT_CERTIFICATE and KAFKA_CLIENT_KEY, or KAFKA_USERNAME with
 * KAFKA_PASSWORD.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { SESSION_SECONDS } from '../../flow/streams/platforms';
import { maxPollIntervalSeconds } from '../../flow/streams/run-time';
import { numberSetting, setting } from '../settings';
import { handleBatch, type OnWorkerRecord, type Taken } from './batch';
import { deadLetter } from './dead-letter';

// An ES module, which CommonJS takes in only when it is needed; the bundle has it inside.
const loadClient = () => import('@platformatic/kafka');

type Client = Awaited<ReturnType<typeof loadClient>>;
type Consumer = ReturnType<typeof newConsumer>;
type Producer = ReturnType<typeof newProducer>;
type Messages = Awaited<ReturnType<Consumer['consume']>>;
type Message = NonNullable<ReturnType<Messages['read']>>;

const HEARTBEAT_MILLIS = 3000;
/** Commits that may fail in a row: a group that is dealt out anew refuses one. */
const MOST_FAILED_COMMITS = 5;

/** Settings of the worker; all come from the environment that `PartitionedStream` writes. */
export interface WorkerOptions {
  /** What is written to the log, a line each. Default: standard output as JSON. */
  readonly log?: (line: Readonly<Record<string, unknown>>) => void;
  /** Ends the worker as SIGTERM does. */
  readonly signal?: AbortSignal;
}

/** Works until it is told to end. Rejects when the brokers are gone for good; the pod is then restarted. */
export async function streamWorker(onRecord: OnWorkerRecord, options: WorkerOptions = {}): Promise<void> {
  const log = options.log ?? ((line) => process.stdout.write(`${JSON.stringify(line)}\n`));
  const stop = new AbortController();
  const end = () => stop.abort();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end);
  options.signal?.addEventListener('abort', end, { once: true });
  const timeoutSeconds = numberSetting('ITEM_TIMEOUT_SECONDS');
  const health = new Health(timeoutSeconds);
  const server = listen(health);
  const client = await loadClient();
  const consumer = newConsumer(client, timeoutSeconds);
  const producer = newProducer(client);
  try {
    const messages = await consumer.consume({
      topics: [setting('TOPIC')],
      // A group without commits begins at the earliest record, as KEDA counts it.
      mode: 'committed',
      fallbackMode: 'earliest',
      autocommit: false,
      maxWaitTime: 500,
      // What is read ahead is read again by others when partitions move.
      highWaterMark: Math.max(16, 2 * numberSetting('BATCH_SIZE')),
    });
    log({ ready: true, topic: setting('TOPIC'), group: setting('CONSUMER_GROUP') });
    await loop({ consumer, messages, producer, onRecord, stop: stop.signal, health, log });
    // It ends when what it has read ahead is gone: others read that again. A listener to `readable` would hold it.
    messages.removeAllListeners('readable');
    messages.resume();
    await messages.close();
  } finally {
    // Leaves the group.
    await closed(consumer.close(true) as unknown as Promise<void>);
    await closed(producer.close());
    server?.close();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.removeListener(signal, end);
  }
}

/** A connection that is gone already is closed. */
async function closed(closing: Promise<void>): Promise<void> {
  await closing.catch(() => {});
}

function newConsumer({ Consumer }: Client, timeoutSeconds: number) {
  return new Consumer({
    ...connectionSettings(),
    groupId: setting('CONSUMER_GROUP'),
    autocommit: false,
    sessionTimeout: 1000 * SESSION_SECONDS,
    rebalanceTimeout: 1000 * maxPollIntervalSeconds(timeoutSeconds),
    heartbeatInterval: HEARTBEAT_MILLIS,
  });
}

function newProducer({ Producer }: Client) {
  return new Producer({ ...connectionSettings(), acks: -1 });
}

interface Loop {
  readonly consumer: Consumer;
  readonly messages: Messages;
  readonly producer: Producer;
  readonly onRecord: OnWorkerRecord;
  readonly stop: AbortSignal;
  readonly health: Health;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

async function loop({ consumer, messages, producer, onRecord, stop, health, log }: Loop): Promise<void> {
  const most = numberSetting('BATCH_SIZE');
  const ports = {
    onRecord,
    attempts: numberSetting('RETRY_ATTEMPTS'),
    setAside: async (record: Taken, error: unknown) => {
      const letter = deadLetter(setting('DEAD_TOPIC'), record, error);
      const headers = new Map(
        Object.entries(letter.headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
      );
      await producer.send({ messages: [{ ...letter, headers }] });
      log({ level: 'error', setAside: `${record.topic}-${record.partition}:${record.offset}` });
    },
    wait: async (millis: number) => {
      await wait(millis, undefined, { signal: stop }).catch(() => {});
    },
    random: Math.random,
    isStopped: () => stop.aborted,
    log,
  };
  let failed = 0;
  while (!stop.aborted) {
    const batch = await nextBatch(messages, most, stop);
    if (batch.length === 0) continue;
    health.begin();
    const positions = await handleBatch(batch.map(taken), ports);
    const offsets = positions.map((position) => ({ ...position, leaderEpoch: -1 }));
    try {
      if (offsets.length > 0) await consumer.commit({ offsets });
      failed = 0;
    } catch (error) {
      // Its partitions are dealt out anew: whoever has them reads the batch again.
      failed += 1;
      log({ level: 'warn', commit: 'refused', error: (error as Error).name, inARow: failed });
      if (failed >= MOST_FAILED_COMMITS) throw error;
    }
    health.end();
  }
}

/** What is there, at most so many; waits for the first one. Empty when the worker is told to end. */
async function nextBatch(messages: Messages, most: number, stop: AbortSignal): Promise<Message[]> {
  const batch: Message[] = [];
  for (;;) {
    for (let message = messages.read(); message !== null; message = messages.read()) {
      batch.push(message);
      if (batch.length >= most) return batch;
    }
    if (batch.length > 0 || stop.aborted) return batch;
    if (messages.destroyed) throw messages.errored ?? new Error('the stream of records has ended');
    await changed(messages, stop);
  }
}

/** Until there is something to read, nothing comes any more, or the worker is told to end. */
async function changed(messages: Messages, stop: AbortSignal): Promise<void> {
  const settled = new AbortController();
  const signal = AbortSignal.any([stop, settled.signal]);
  try {
    await Promise.race([once(messages, 'readable', { signal }), once(messages, 'close', { signal })]);
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    // The one that lost waits no longer.
    settled.abort();
  }
}

function taken({ topic, partition, offset, key, value, timestamp }: Message): Taken {
  const bytes = value ?? Buffer.alloc(0);
  return {
    topic,
    partition,
    offset,
    ...(key ? { key: key.toString('utf8'), keyBytes: key } : {}),
    value: bytes.toString('utf8'),
    bytes,
    sentAtMillis: Number(timestamp),
  };
}

/** How the brokers are reached. */
function connectionSettings() {
  const { KAFKA_TLS, KAFKA_CA, KAFKA_CLIENT_CERTIFICATE, KAFKA_CLIENT_KEY, KAFKA_USERNAME, KAFKA_PASSWORD } =
    process.env;
  const tls = KAFKA_TLS === 'true' || KAFKA_USERNAME !== undefined;
  return {
    clientId: process.env.HOSTNAME ?? 'stream-worker',
    bootstrapBrokers: setting('BOOTSTRAP_SERVERS').split(','),
    ...(tls && {
      tls: {
        ...(KAFKA_CA && { ca: KAFKA_CA }),
        ...(KAFKA_CLIENT_CERTIFICATE && { cert: KAFKA_CLIENT_CERTIFICATE, key: KAFKA_CLIENT_KEY }),
      },
      tlsServerName: true,
    }),
    ...(KAFKA_USERNAME && {
      sasl: { mechanism: 'SCRAM-SHA-512' as const, username: KAFKA_USERNAME, password: KAFKA_PASSWORD ?? '' },
    }),
    connectTimeout: 5000,
    retries: 10,
    retryDelay: 1000,
  };
}

/** A batch that takes longer than planned hangs. */
class Health {
  private beganAt: number | undefined;

  constructor(private readonly timeoutSeconds: number) {}

  public begin(): void {
    this.beganAt = Date.now();
  }

  public end(): void {
    this.beganAt = undefined;
  }

  public get isHealthy(): boolean {
    return this.beganAt === undefined || Date.now() - this.beganAt < 1000 * this.timeoutSeconds;
  }
}

function listen(health: Health): Server | undefined {
  const port = process.env.HEALTH_PORT;
  if (!port) return undefined;
  const server = createServer((request, response) => {
    const found = request.url === '/healthz';
    response.writeHead(found ? (health.isHealthy ? 200 : 503) : 404).end();
  });
  return server.listen(Number(port));
}
