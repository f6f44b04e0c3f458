/** A real Redis server on loopback, in memory. It lasts as long as the test. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePorts } from '../support/ports';

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
  /** Ends it and starts an empty one in its place. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server that keeps nothing. */
export async function startRedis(): Promise<RedisServer> {
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'backpressure-redis-'));
  const url = `redis://127.0.0.1:${port}/0`;
  let server: ChildProcess;
  const start = async () => {
    const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    server = spawn('redis-server', args, { stdio: 'ignore' });
  };
  const end = async () => {
    if (server.exitCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'close');
  };
  await start();
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on('error', () => {});
  const answered = await Promise.race([client.ping(), wait(START_TIMEOUT_MILLIS, 'late')]);
  if (answered !== 'PONG') throw new Error(`redis-server did not answer within ${START_TIMEOUT_MILLIS} ms`);
  return {
    url,
    port,
    client,
    async restart() {
      await end();
      await start();
      await client.ping();
    },
    async stop() {
      client.disconnect();
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
