/**
 * The handler of `RateLimitedSender` of lib/gcp: a container on Cloud Run that tasks of Cloud Tasks call. The bucket and the
 * records of mails are in Redis, a provider is reached by SMTP or HTTP, parked mails go to a topic of Pub/Sub.
 *
 * Environment: REDIS_HOST, REDIS_PORT, REDIS_TLS; REDIS_USERNAME, REDIS_PASSWORD and REDIS_CA where there are any; QUEUE (prefix of
 * its keys), LANES (the providers in order, as JSON; `urlFrom` and `keyFrom` name the variables, PROVIDER_URL and PROVIDER_KEY), IN_FLIGHT,
 * MOST_RECIPIENTS, ON_UNKNOWN, CALL_TIMEOUT_SECONDS, REQUEST_TIMEOUT_SECONDS, PARK_AT_ATTEMPT, RECORD_SECONDS, BACKOFF_SECONDS,
 * BACKOFF_CAP_SECONDS, CLOSED_SECONDS, HOLD_SECONDS, PARKED_TOPIC, PORT, and HOST to listen on one address.
 */
import { PubSub } from '@google-cloud/pubsub';
import { logEvent } from '../cloud-log';
import { parkedCopy } from '../sender/parking';
import type { Ports } from '../sender/ports';
import { RedisClaims } from '../sender/redis';
import { senderSettings } from '../sender/sender-settings';
import { connectRedis, lanesOf } from '../sender-container/lanes';
import { untilStopped } from '../sender-container/until-stopped';
import { numberSetting, setting } from '../settings';
import { serve } from '../webhook-receiver/serve';
import { type TaskConfig, taskEndpoint } from './tasks';

async function main(): Promise<void> {
  const requestSeconds = numberSetting('REQUEST_TIMEOUT_SECONDS');
  const config: TaskConfig = {
    requestSeconds,
    parkAtAttempt: numberSetting('PARK_AT_ATTEMPT'),
    // No call begins that could end after its request.
    ...senderSettings(requestSeconds),
  };
  const log = (event: string, detail: Readonly<Record<string, string>>) => logEvent('WARNING', event, detail);
  const redis = connectRedis(log);
  const prefix = setting('QUEUE');
  const parkedTopic = setting('PARKED_TOPIC');
  const topic = new PubSub({ projectId: /^projects\/([^/]+)\//.exec(parkedTopic)?.[1] }).topic(parkedTopic);
  const { callSeconds } = config;
  const lanes = lanesOf(redis, prefix, { callSeconds, inFlight: numberSetting('IN_FLIGHT') }, log);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const ports: Ports = {
    claims: new RedisClaims(redis, prefix, numberSetting('RECORD_SECONDS')),
    lanes,
    async park(message, reason) {
      const { body, attributes } = parkedCopy(message, reason);
      await topic.publishMessage({ data: Buffer.from(body), attributes });
    },
    count: (name, value) => logEvent('INFO', 'count', { name, value }),
    log,
    ...untilStopped(stop),
  };
  await Promise.all(lanes.map(({ provider }) => provider.prepare()));
  serve(taskEndpoint(config, ports), Number(process.env.PORT ?? 8080), { host: process.env.HOST });
}

main().catch((error: unknown) => {
  // The text of an error may have the address of a server with its password.
  console.error(error instanceof Error ? error.name : 'failed');
  process.exit(1);
});
