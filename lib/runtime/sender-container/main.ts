/**
 * Senders in a container: a queue, one bucket and the records of mails in Redis, a provider by SMTP or HTTP.
 *
 * Environment: REDIS_HOST, REDIS_PORT, REDIS_TLS; REDIS_USERNAME, REDIS_PASSWORD and REDIS_CA where there are any; QUEUE (prefix of
 * its keys), LANES (the providers in order, as JSON; `urlFrom` and `keyFrom` name the variables with their secrets), IN_FLIGHT,
 * MOST_RECIPIENTS, ON_UNKNOWN, CALL_TIMEOUT_SECONDS, HIDE_SECONDS, RECORD_SECONDS, BACKOFF_SECONDS, BACKOFF_CAP_SECONDS,
 * CLOSED_SECONDS, HOLD_SECONDS, STALLED_SECONDS, METRICS_PORT.
 */
import { createServer } from 'node:http';
import { parkedCopy } from '../sender/parking';
import type { Counted, Ports } from '../sender/ports';
import { RedisClaims, RedisQueue } from '../sender/redis';
import { senderSettings } from '../sender/sender-settings';
import { numberSetting, setting } from '../settings';
import { type ContainerLaneMade, connectRedis, lanesOf } from './lanes';
import { Loop, type LoopConfig } from './loop';
import { metricsText, type Shared } from './metrics';
import { untilStopped } from './until-stopped';

const IDLE_MILLIS = 200;

async function main(): Promise<void> {
  const config: LoopConfig = {
    inFlight: numberSetting('IN_FLIGHT'),
    hideSeconds: numberSetting('HIDE_SECONDS'),
    idleMillis: IDLE_MILLIS,
    ...senderSettings(numberSetting('HIDE_SECONDS')),
  };
  const stalledMillis = numberSetting('STALLED_SECONDS') * 1000;
  const redis = connectRedis(log);
  const prefix = setting('QUEUE');
  const queue = new RedisQueue(redis, prefix);
  const lanes = lanesOf(redis, prefix, config, log);
  const counts = new Map<Counted, number>();
  const stop = new AbortController();
  const ports: Ports = {
    claims: new RedisClaims(redis, prefix, numberSetting('RECORD_SECONDS')),
    lanes,
    park: (message, reason) => queue.park(parkedCopy(message, reason)),
    count: (name, value) => counts.set(name, (counts.get(name) ?? 0) + value),
    log,
    ...untilStopped(stop),
  };
  const loop = new Loop(queue, config, ports);
  const server = createServer(async (request, response) => {
    if (request.url === '/healthz') {
      const isHealthy = loop.stalledMillis < stalledMillis;
      response.writeHead(isHealthy ? 200 : 503).end(isHealthy ? 'ok\n' : 'stalled\n');
      return;
    }
    const text = metricsText(counts, loop.active, await sharedBy(queue, lanes));
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(text);
  });
  server.listen(numberSetting('METRICS_PORT'), process.env.METRICS_HOST);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      loop.stop();
      stop.abort();
    });
  }
  await Promise.all(lanes.map(({ provider }) => provider.prepare()));
  await loop.run();
  server.close();
  server.closeAllConnections();
  for (const { close } of lanes) close();
  await redis.quit();
}

/** What all senders share; nothing while Redis does not answer. */
async function sharedBy(queue: RedisQueue, lanes: readonly ContainerLaneMade[]): Promise<Shared | undefined> {
  try {
    const [sizes, ...states] = await Promise.all([queue.sizes(), ...lanes.map(({ bucket }) => bucket.state())]);
    return { sizes, buckets: Object.fromEntries(lanes.map(({ name }, at) => [name, states[at]])) };
  } catch {
    return undefined;
  }
}

function log(event: string, detail: Readonly<Record<string, string>>): void {
  console.warn(JSON.stringify({ event, ...detail }));
}

main().catch((error) => {
  // The text of an error may have the address of a server with its password.
  console.error(error instanceof Error ? error.name : 'failed');
  process.exit(1);
});
