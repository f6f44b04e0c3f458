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
import { numberSetting, setting } from '../settings';
import { handleBatch, type OnWorkerRecord, type Taken } from './batch';
import { type Client, loadClient, newMember, newProducer, newReader, type Producer } from './client';
import { shut } from './connections';
import { deadLetter } from './dead-letter';
import { Failures, type Log } from './failures';
import { Membership } from './membership';
import { Reader } from './reader';

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
  // Of a signal that is aborted already there is no event.
  if (options.signal?.aborted) end();
  const timeoutSeconds = numberSetting('ITEM_TIMEOUT_SECONDS');
  const health = new Health(timeoutSeconds);
  const server = listen(health);
  try {
    const client = await loadClient();
    // SIGTERM may have come while it was loaded.
    if (!stop.signal.aborted) await work(client, { onRecord, stop: stop.signal, health, log }, timeoutSeconds);
  } finally {
    server?.close();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.removeListener(signal, end);
  }
}

/** As a member of the group, until it is told to end. */
async function work(client: Client, loopOf: Omit<Loop, 'reader' | 'producer'>, timeoutSeconds: number): Promise<void> {
  const { stop, log } = loopOf;
  const topic = setting('TOPIC');
  const reading = newReader(client, timeoutSeconds);
  const group = new Membership(newMember(client, timeoutSeconds), reading, topic, log);
  const producer = newProducer(client);
  try {
    const ended = once(stop, 'abort');
    await Promise.race([group.join(), ended]);
    if (!stop.aborted) {
      log({ ready: true, topic, group: setting('CONSUMER_GROUP') });
      await loop({ ...loopOf, reader: new Reader(group, reading, topic, log), producer });
    }
  } finally {
    await group.leave();
    await shut(producer);
  }
}

interface Loop {
  readonly reader: Reader;
  readonly producer: Producer;
  readonly onRecord: OnWorkerRecord;
  readonly stop: AbortSignal;
  readonly health: Health;
  readonly log: (line: Readonly<Record<string, unknown>>) => void;
}

async function loop({ reader, producer, onRecord, stop, health, log }: Loop): Promise<void> {
  const most = numberSetting('BATCH_SIZE');
  const ports = {
    onRecord,
    attempts: numberSetting('RETRY_ATTEMPTS'),
    setAside: async (record: Taken, error: unknown) => {
      const letter = deadLetter(setting('DEAD_TOPIC'), record, error);
      const headers = new Map(
        Object.entries(letter.headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
      );
      await sent(producer, { messages: [{ ...letter, headers }] }, log);
      log({ level: 'error', setAside: `${record.topic}-${record.partition}:${record.offset}` });
    },
    wait: async (millis: number) => {
      await wait(millis, undefined, { signal: stop }).catch(() => {});
    },
    random: Math.random,
    isStopped: () => stop.aborted,
    log,
  };
  while (!stop.aborted) {
    const batch = await reader.next(most);
    if (batch.length === 0) continue;
    health.begin();
    const positions = await handleBatch(batch, ports);
    // A commit may have to wait for the group, or for a broker that restarts; it has an end of its own.
    health.end();
    await reader.commit(positions, stop);
  }
}

/** Sends until brokers have it, or are gone. */
async function sent(producer: Producer, messages: Parameters<Producer['send']>[0], log: Log): Promise<void> {
  const failures = new Failures(producer, log);
  for (;;) {
    try {
      await producer.send(messages);
      return;
    } catch (error) {
      await failures.pause({ setAside: 'failed' }, error as Error);
    }
  }
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
