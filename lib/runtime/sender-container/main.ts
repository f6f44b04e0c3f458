/**
 * Senders in a container: a queue, one bucket and the records of mails in Redis, a provider by SMTP or HTTP.
 *
 * Environment: REDIS_URL, QUEUE (prefix of its keys), LANES (the providers in order, as JSON; `urlFrom` and `keyFrom` name
 * the variables with their secrets), IN_FLIGHT, MOST_RECIPIENTS, ON_UNKNOWN, CALL_SECONDS, HIDE_SECONDS, RECORD_SECONDS,
 * BACKOFF_SECONDS, BACKOFF_CAP_SECONDS, CLOSED_SECONDS, METRICS_PORT.
 */
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { HttpProvider } from '../sender/http';
import { parkedCopy } from '../sender/parking';
import { RedisBucket, RedisClaims, RedisQueue } from '../sender/redis';
import type { Lane, Ports } from '../sender/send';
import type { Pace } from '../sender/slots';
import { SmtpProvider } from '../sender/smtp';
import { numberSetting, setting } from '../settings';
import { Loop, type LoopConfig } from './loop';

/** A provider as the manifests give it. */
export interface ContainerLane {
  readonly name: string;
  readonly kind: 'smtp' | 'http';
  readonly from: string;
  /** The variable with the address. */
  readonly urlFrom: string;
  /** The variable with the key of an HTTP API, and its header. */
  readonly keyFrom?: string;
  readonly header?: string;
  readonly pace: Pace;
}

const IDLE_MILLIS = 200;
/** A loop that has not looked for work for so long hangs. */
const STALLED_MILLIS = 120_000;

async function main(): Promise<void> {
  const config: LoopConfig = {
    inFlight: numberSetting('IN_FLIGHT'),
    hideSeconds: numberSetting('HIDE_SECONDS'),
    idleMillis: IDLE_MILLIS,
    mostRecipients: numberSetting('MOST_RECIPIENTS'),
    onUnknown: setting('ON_UNKNOWN') === 'send' ? 'send' : 'park',
    claimSeconds: numberSetting('HIDE_SECONDS'),
    callSeconds: numberSetting('CALL_SECONDS'),
    backoffSeconds: numberSetting('BACKOFF_SECONDS'),
    backoffCapSeconds: numberSetting('BACKOFF_CAP_SECONDS'),
    closedSeconds: numberSetting('CLOSED_SECONDS'),
    holdSeconds: 1,
  };
  const redis = new Redis(setting('REDIS_URL'), { maxRetriesPerRequest: 1, commandTimeout: 5000 });
  redis.on('error', (error: Error) => log('redis', { error: error.name }));
  const prefix = setting('QUEUE');
  const queue = new RedisQueue(redis, prefix);
  const counts = new Map<string, number>();
  const ports: Ports = {
    claims: new RedisClaims(redis, prefix, numberSetting('RECORD_SECONDS')),
    lanes: (JSON.parse(setting('LANES')) as ContainerLane[]).map((lane) => laneOf(lane, redis, prefix, config)),
    park: (message, reason) => queue.park(parkedCopy(message, reason)),
    count: (name, value) => counts.set(name, (counts.get(name) ?? 0) + value),
    log,
    now: Date.now,
    wait: async (millis) => {
      await wait(millis);
    },
    random: Math.random,
  };
  const loop = new Loop(queue, config, ports);
  const server = createServer((request, response) => {
    if (request.url === '/healthz') {
      const isHealthy = loop.stalledMillis < STALLED_MILLIS;
      response.writeHead(isHealthy ? 200 : 503).end(isHealthy ? 'ok\n' : 'stalled\n');
    } else response.setHeader('content-type', 'text/plain; version=0.0.4').end(metricsText(counts, loop.active));
  });
  server.listen(numberSetting('METRICS_PORT'), process.env.METRICS_HOST);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => loop.stop());
  await Promise.all(ports.lanes.map(({ provider }) => provider.prepare()));
  await loop.run();
  server.close();
  server.closeAllConnections();
  for (const { provider } of ports.lanes) if (provider instanceof SmtpProvider) provider.close();
  await redis.quit();
}

function laneOf({ kind, ...lane }: ContainerLane, redis: Redis, prefix: string, config: LoopConfig): Lane {
  const { name, from, pace } = lane;
  const url = setting(lane.urlFrom);
  const provider =
    kind === 'smtp'
      ? new SmtpProvider({ url, from, connections: config.inFlight }, config.callSeconds)
      : new HttpProvider(
          { url, from, header: lane.header ?? 'authorization', key: setting(lane.keyFrom ?? '') },
          config.callSeconds,
        );
  return { name, provider, bucket: new RedisBucket(redis, prefix, name, pace) };
}

function metricsText(counts: ReadonlyMap<string, number>, active: number): string {
  const snake = (name: string) => name.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase();
  const lines = [...counts].map(([name, value]) => {
    const metric = `sender_${snake(name)}_total`;
    return `# TYPE ${metric} counter\n${metric} ${value}\n`;
  });
  return `${lines.join('')}# TYPE sender_in_flight gauge\nsender_in_flight ${active}\n`;
}

function log(event: string, detail: Readonly<Record<string, string>>): void {
  console.warn(JSON.stringify({ event, ...detail }));
}

main().catch((error) => {
  // The text of an error may have the address of a server with its password.
  console.error(error instanceof Error ? error.name : 'failed');
  process.exit(1);
});
