/** A real Redis server on loopback. It lasts as long as the test. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { ended } from '../support/ended';
import { freePorts } from '../support/ports';

/** As a container is told of it. */
export function redisEnvironment({ port }: Pick<RedisServer, 'port'>): Record<string, string> {
  return { REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port), REDIS_TLS: 'false' };
}

const START_TIMEOUT_MILLIS = 20_000;

/** Why no server can be had on this machine; undefined when one can. */
export function redisMissing(): string | undefined {
  return spawnSync('redis-server', ['--version']).status === 0 ? undefined : 'no redis-server';
}

/** A running server. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly client: Redis;
  /** Ends it, with SIGKILL unless told otherwise, and starts one in its place: empty, or with what it kept. */
  restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @param keeps whether it keeps an append-only file, written to once a second, as docs/constructs/k8s-rate-limited-sender.md
 * wants it. Default: it keeps nothing
 */
export async function startRedis(keeps = false): Promise<RedisServer> {
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-redis-'));
  const url = `redis://127.0.0.1:${port}/0`;
  let server: ChildProcess;
  const start = async () => {
    const options = { port, bind: '127.0.0.1', save: '', appendonly: keeps ? 'yes' : 'no', dir: folder };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    server = spawn('redis-server', args, { stdio: 'ignore' });
  };
  const end = async (signal: NodeJS.Signals = 'SIGKILL') => {
    const over = ended(server);
    server.kill(signal);
    await over;
  };
  const endAtOnce = () => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  await start();
  process.once('exit', endAtOnce);
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => {});
  const answered = await Promise.race([client.ping(), wait(START_TIMEOUT_MILLIS, 'late')]);
  if (answered !== 'PONG') throw new Error(`redis-server did not answer within ${START_TIMEOUT_MILLIS} ms`);
  return {
    url,
    port,
    client,
    async restart(signal) {
      await end(signal);
      await start();
      await client.ping();
    },
    async stop() {
      client.disconnect();
      await end();
      process.removeListener('exit', endAtOnce);
      endAtOnce();
    },
  };
}
