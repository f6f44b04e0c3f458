/** Bundled senders, each in a process of its own, and providers that count what arrives to the millisecond. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { BucketSettings, PauseSettings } from '../../lib/flow/rates/run-time';
import { RedisQueue } from '../../lib/runtime/sender/redis';
import type { ContainerLane } from '../../lib/runtime/sender-container/lane';
import { freePorts } from '../support/ports';
import { ROOT } from '../support/reference';
import { type RedisServer, redisEnvironment, startRedis } from './redis';

/** How long a provider takes for its answer. */
export const CALL_MILLIS = 150;

/** One mail. */
export interface Arrival {
  readonly id: string;
  readonly at: number;
}

/**
 * A slot is valid for 50 ms, which a machine that others use may keep a process waiting for. Where it is allowed, these
 * processes go first.
 */
export function hurry(pid: number, priority = -15): void {
  try {
    setPriority(pid, priority);
  } catch {
    // Only root may.
  }
}

/** Counts in a thread of its own: what the test does meanwhile must not make arrivals look late. */
const HTTP_SINK = `
const { createServer } = require('node:http');
const { parentPort, workerData } = require('node:worker_threads');
const server = createServer((request, response) => {
  const at = performance.timeOrigin + performance.now();
  if (request.method === 'HEAD') return response.end();
  parentPort.postMessage({ id: String(request.headers['idempotency-key']), at });
  request.resume();
  setTimeout(() => response.writeHead(workerData.status, workerData.headers).end('{"id":"x"}'), workerData.millis);
}).listen(0, '127.0.0.1', () => parentPort.postMessage({ port: server.address().port }));
`;

/** The same by SMTP: a mail has arrived with the end of its data. */
const SMTP_SINK = `
const { createServer } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
const server = createServer((socket) => {
  let [id, isData, rest] = ['', false, ''];
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.write('220 sink\\r\\n');
  socket.on('data', (chunk) => {
    const at = performance.timeOrigin + performance.now();
    rest += chunk.toString();
    for (let end = rest.indexOf('\\r\\n'); end >= 0; end = rest.indexOf('\\r\\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      if (isData) {
        if (line !== '.') continue;
        isData = false;
        parentPort.postMessage({ id, at });
        setTimeout(() => socket.write('250 taken\\r\\n'), workerData.millis);
      } else if (/^(EHLO|HELO)/.test(line)) socket.write('250-sink\\r\\n250-PIPELINING\\r\\n250 8BITMIME\\r\\n');
      else if (line.startsWith('RCPT')) {
        id = /<(.*?)@/.exec(line)[1];
        socket.write('250 ok\\r\\n');
      } else if (line === 'DATA') {
        isData = true;
        socket.write('354 go on\\r\\n');
      } else if (line === 'QUIT') socket.end('221 bye\\r\\n');
      else socket.write('250 ok\\r\\n');
    }
  });
}).listen(0, '127.0.0.1', () => parentPort.postMessage({ port: server.address().port }));
`;

/** What a provider by HTTP answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** A provider that counts, and answers every mail the same. */
export class Sink {
  public readonly arrivals: Arrival[] = [];
  #worker?: Worker;

  constructor(
    public readonly kind: 'smtp' | 'http',
    private readonly answer: Answer = { status: 200, headers: {} },
  ) {}

  /** Its address. */
  public async start(): Promise<string> {
    this.#worker = new Worker(this.kind === 'http' ? HTTP_SINK : SMTP_SINK, {
      eval: true,
      workerData: { ...this.answer, millis: CALL_MILLIS },
    });
    const [{ port }] = await once(this.#worker, 'message');
    this.#worker.on('message', (arrival: Arrival) => this.arrivals.push(arrival));
    return `${this.kind}://127.0.0.1:${port}/`;
  }

  public async stop(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** When each mail arrived, in order. */
  public get times(): number[] {
    return this.arrivals.map(({ at }) => at).sort((a, b) => a - b);
  }
}

/** A provider as a test gives it. */
export interface GivenLane {
  readonly kind: 'smtp' | 'http';
  readonly url: string;
  readonly pace: BucketSettings;
  /** Default: it never pauses by itself. */
  readonly pause?: PauseSettings;
}

/** A running sender. */
export interface Sender {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Senders on one Redis server, and what they share. */
export class Senders {
  readonly #running: ChildProcess[] = [];

  constructor(private readonly redis: RedisServer) {}

  /** Starts one, with providers in their order. */
  public async start(queue: string, given: readonly GivenLane[], more: Record<string, string> = {}): Promise<Sender> {
    const [port] = await freePorts(1);
    const lanes: ContainerLane[] = given.map(({ kind, pace, pause }, at) => ({
      name: at === 0 ? 'provider' : 'standby',
      kind,
      from: 'shop@example.com',
      urlFrom: `URL${at}`,
      keyFrom: 'KEY',
      requireTls: false,
      pace,
      pause,
    }));
    const child = spawn(process.execPath, [join(ROOT, 'dist', 'runtime', 'sender-container', 'index.js')], {
      env: {
        PATH: process.env.PATH,
        ...this.address,
        QUEUE: queue,
        LANES: JSON.stringify(lanes),
        ...Object.fromEntries(given.map(({ url }, at) => [`URL${at}`, url])),
        KEY: 'secret',
        IN_FLIGHT: '2',
        MOST_RECIPIENTS: '1',
        ON_UNKNOWN: 'park',
        CALL_TIMEOUT_SECONDS: '4',
        HIDE_SECONDS: '8',
        RECORD_SECONDS: '3600',
        BACKOFF_SECONDS: '1',
        BACKOFF_CAP_SECONDS: '2',
        CLOSED_SECONDS: '2',
        HOLD_SECONDS: '1',
        STALLED_SECONDS: '120',
        METRICS_PORT: String(port),
        METRICS_HOST: '127.0.0.1',
        ...more,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    this.#running.push(child);
    return { child, port };
  }

  /**
   * Starts a handler of Cloud Tasks, with the variables of its service on Cloud Run.
   *
   * @param counts gets what it counts
   */
  public async startHandler(variables: Record<string, string>, counts: Map<string, number>): Promise<Sender> {
    const [port] = await freePorts(1);
    const child = spawn(process.execPath, [join(ROOT, 'dist', 'runtime', 'sender-tasks', 'index.js')], {
      env: {
        PATH: process.env.PATH,
        ...variables,
        ...this.address,
        // Nothing is parked there: the client of Pub/Sub connects with the first message.
        PARKED_TOPIC: 'projects/none/topics/none',
        PORT: String(port),
        HOST: '127.0.0.1',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { message, name, value } = JSON.parse(line) as { message: string; name: string; value: number };
      if (message === 'count') counts.set(name, (counts.get(name) ?? 0) + value);
    });
    this.#running.push(child);
    return { child, port };
  }

  /** Where the server is, as a container is told. */
  public get address(): Record<string, string> {
    return redisEnvironment(this.redis);
  }

  /** A process that was started elsewhere, and is to end with the others. */
  public keep(child: ChildProcess): void {
    this.#running.push(child);
  }

  /** Ends those that run. */
  public async end(): Promise<void> {
    await Promise.all(
      this.#running.splice(0).map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'close');
      }),
    );
  }

  /** Hands so many mails over. */
  public async fill(name: string, count: number): Promise<void> {
    const queue = new RedisQueue(this.redis.client, name);
    await Promise.all(Array.from({ length: count }, (_, at) => queue.put(`m${at}`, mail(`mail${at}`))));
  }

  public left(name: string): Promise<number> {
    return this.redis.client.zcard(`{${name}:queue}:due`);
  }

  public async parked(name: string): Promise<{ body: string; attributes: Record<string, string> }[]> {
    return (await this.redis.client.lrange(`{${name}:queue}:quarantine`, 0, -1)).map((one) => JSON.parse(one));
  }
}

/** A mail in a message. */
export const mail = (id: string) => JSON.stringify({ id, to: [`${id}@example.com`], subject: 'Hello', text: 'Hi' });

/** A metric of a sender. */
export async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(new RegExp(`^sender_${name}(?:\\{.*\\})? ([\\d.]+)`, 'm').exec(text)?.[1]);
}

/** Whether a sender answers. */
export function isUp(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Waits for a condition. */
export async function until(what: () => Promise<boolean>, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await what())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s`);
    await wait(100);
  }
}

/** Gives the tests of a suite one Redis server with senders, and ends the senders after each. This process goes first. */
export function sendersOnRedis(use: (redis: RedisServer, senders: Senders) => void): void {
  let redis: RedisServer;
  let senders: Senders;

  beforeAll(async () => {
    hurry(process.pid);
    redis = await startRedis();
    senders = new Senders(redis);
    use(redis, senders);
  }, 60_000);

  afterEach(() => senders.end());

  afterAll(async () => {
    await redis.stop();
    hurry(process.pid, 0);
  });
}
