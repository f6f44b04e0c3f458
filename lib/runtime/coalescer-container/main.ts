/**
 * The merger of `CoalescingQueue` in a container: the only reader of one stream of Redis.
 *
 * Environment: REDIS_HOST, REDIS_PORT, REDIS_TLS; REDIS_USERNAME, REDIS_PASSWORD and REDIS_CA where there are any; STREAM and GROUP
 * (names), SHARD (a number, or POD_NAME, whose ordinal it is), CONSUMER (the name of the stream, unless set), WINDOW_SECONDS,
 * MAX_BATCH, FLUSH_TIMEOUT_SECONDS, KEYS_PER_CALL, WORKERS, ATTEMPTS, BACKOFF_SECONDS, BACKOFF_CAP_SECONDS, CALL_TIMEOUT_SECONDS,
 * ASIDE_AFTER_SECONDS (never, unless set), STALLED_SECONDS, METRICS_PORT; and either REBUILD_URL with REBUILD_AUTHORIZATION,
 * or CACHE_URL with CACHE_PREFIX and CACHE_CLUSTER.
 */
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { type Cluster, Redis } from 'ioredis';
import { REDIS_PORT } from '../../flow/redis';
import { CacheInvalidator, cacheClient } from '../coalescer/cache';
import type { Invalidator } from '../coalescer/flush';
import { HttpInvalidator } from '../coalescer/http';
import { redisSettings } from '../redis-settings';
import { numberSetting, setting } from '../settings';
import { Loop, type LoopPorts } from './loop';
import { metricsText, Readings } from './readings';
import { RedisStream } from './stream';

const COMMAND_MILLIS = 10_000;

async function main(): Promise<void> {
  const stream = `${setting('STREAM')}:${shard()}`;
  const redis = connect();
  // A blocking read keeps its connection to itself.
  const watching = connect();
  const cache = process.env.CACHE_URL ? connectCache(process.env.CACHE_URL) : undefined;
  const readings = new Readings(stream);
  const ports: LoopPorts = {
    invalidator: invalidatorOf(cache),
    wait: async (millis) => {
      await wait(millis);
    },
    now: Date.now,
    random: Math.random,
    log,
    count: (name, value) => readings.count(name, value),
    delay: (seconds) => readings.delay(seconds),
  };
  const config = {
    windowSeconds: numberSetting('WINDOW_SECONDS'),
    maxBatch: numberSetting('MAX_BATCH'),
    flushSeconds: numberSetting('FLUSH_TIMEOUT_SECONDS'),
    keysPerCall: numberSetting('KEYS_PER_CALL'),
    workers: numberSetting('WORKERS'),
    attempts: numberSetting('ATTEMPTS'),
    backoffSeconds: numberSetting('BACKOFF_SECONDS'),
    backoffCapSeconds: numberSetting('BACKOFF_CAP_SECONDS'),
    callSeconds: numberSetting('CALL_TIMEOUT_SECONDS'),
    // Unless it is set, no key is set aside by its age.
    asideAfterSeconds: process.env.ASIDE_AFTER_SECONDS
      ? numberSetting('ASIDE_AFTER_SECONDS')
      : Number.POSITIVE_INFINITY,
  };
  // The name is fixed: after a restart this reader gets what it held. Two under one name would take it from each other.
  const consumer = process.env.CONSUMER ?? stream;
  const loop = new Loop(new RedisStream(redis, stream, setting('GROUP'), consumer), config, ports);
  const stalledMillis = 1000 * numberSetting('STALLED_SECONDS');
  const server = createServer(async (request, response) => {
    if (request.url === '/healthz') {
      const isHealthy = loop.stalledMillis < stalledMillis;
      response.writeHead(isHealthy ? 200 : 503).end(isHealthy ? 'ok\n' : 'stalled\n');
      return;
    }
    const text = await metricsText(readings, watching);
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(text);
  });
  server.listen(numberSetting('METRICS_PORT'), process.env.METRICS_HOST);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => loop.stop());
  await loop.run();
  server.close();
  server.closeAllConnections();
  for (const client of [redis, watching, cache]) client?.disconnect();
}

/** The ordinal of the pod, or the number that was given. */
function shard(): number {
  const text = process.env.SHARD ?? /-(\d+)$/.exec(setting('POD_NAME'))?.[1];
  const number = Number(text);
  if (text === undefined || !Number.isInteger(number)) throw new Error('neither SHARD nor POD_NAME names a shard');
  return number;
}

/** A command whose answer was lost is not sent again by the client: the loop reads what it holds instead. */
function connect(): Redis {
  const client = new Redis({
    ...redisSettings(),
    maxRetriesPerRequest: 1,
    autoResendUnfulfilledCommands: false,
    commandTimeout: COMMAND_MILLIS,
  });
  client.on('error', (error: Error) => log('redis', { error: error.name }));
  return client;
}

/** The cache, one server or a cluster. */
function connectCache(url: string): Redis | Cluster {
  const { hostname: host, port, protocol, username, password } = new URL(url);
  const client = cacheClient(
    { host, port: Number(port || REDIS_PORT) },
    process.env.CACHE_CLUSTER === 'true',
    {
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: {} }),
    },
    numberSetting('CALL_TIMEOUT_SECONDS'),
  );
  client.on('error', (error: Error) => log('cache', { error: error.name }));
  return client;
}

function invalidatorOf(cache: Redis | Cluster | undefined): Invalidator {
  if (cache !== undefined) return new CacheInvalidator(cache, process.env.CACHE_PREFIX ?? '');
  return new HttpInvalidator(
    setting('REBUILD_URL'),
    numberSetting('CALL_TIMEOUT_SECONDS'),
    process.env.REBUILD_AUTHORIZATION,
  );
}

function log(event: string, detail: Readonly<Record<string, string>>): void {
  console.warn(JSON.stringify({ event, ...detail }));
}

main().catch((error) => {
  // The text of an error may have the address of a server with its password.
  console.error(error instanceof Error ? error.name : 'failed');
  process.exit(1);
});
