/**
 * The receiver's process on Kubernetes: settings from the environment that `WebhookBuffer` of lib/k8s writes, the client to
 * Kafka. It answers 2xx after `acks=all`, and 503 when the brokers do not confirm in time.
 *
 * Environment: WEBHOOK_SOURCES, MAX_BODY_BYTES, PUBLISH_TIMEOUT_SECONDS, CONCURRENCY, PORT, TOPIC, ORDERED_BY, BATCH_BYTES;
 * RECEIVER and METRICS_PORT, without which nothing is measured; and how brokers are reached, as `lib/runtime/stream-worker/client.ts`
 * reads it.
 */

import { metricsServer } from '../serve-metrics';
import { numberSetting, setting } from '../settings';
import { checkSecrets } from '../webhook-receiver/check-secrets';
import type { ReceiverSource } from '../webhook-receiver/contract';
import { webhookReceiver } from '../webhook-receiver/receiver';
import { SecretFiles } from '../webhook-receiver/secret-files';
import { serve } from '../webhook-receiver/serve';
import { ReceiverMetrics } from './metrics';
import { kafkaPublisher } from './publisher';
import { Readiness } from './readiness';
import { Slots } from './slots';

async function main(): Promise<void> {
  const sources = JSON.parse(setting('WEBHOOK_SOURCES')) as Record<string, ReceiverSource>;
  const concurrency = numberSetting('CONCURRENCY');
  const seconds = numberSetting('PUBLISH_TIMEOUT_SECONDS');
  const metrics = new ReceiverMetrics(process.env.RECEIVER ?? '', Object.keys(sources), concurrency, seconds);
  const secrets = new SecretFiles();
  await checkSecrets(sources, secrets);
  const maxBodyBytes = numberSetting('MAX_BODY_BYTES');
  const { publish, find } = await kafkaPublisher((took) => metrics.published(took));
  const readiness = new Readiness(find);
  const slots = new Slots({ concurrency, maxBodyBytes }, metrics);
  const receiver = webhookReceiver({
    sources,
    maxBodyBytes,
    publish: (message, { request, sinceMillis }) => publish(message, sinceMillis, (sent) => slots.hold(request, sent)),
    secrets,
    onAnswer: (answer) => metrics.answered(answer),
    room: (request, response) => slots.open(request, response),
    isReady: () => readiness.isReady,
  });
  if (process.env.METRICS_PORT) metricsServer(async () => metrics.text());
  // No sender waits longer for its answer, so none for its body.
  serve(receiver, Number(process.env.PORT ?? 8080), { requestSeconds: seconds });
  await readiness.begin();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : 'the receiver did not start');
  process.exit(1);
});
