/**
 * The receiver's process on Kubernetes: settings from the environment that `WebhookBuffer` of lib/k8s writes, the client to
 * Kafka. It answers 2xx after `acks=all`, and 503 when the brokers do not confirm in time.
 *
 * Environment: WEBHOOK_SOURCES, MAX_BODY_BYTES, PUBLISH_TIMEOUT_SECONDS, CONCURRENCY, PORT, TOPIC, ORDERED_BY; RECEIVER and
 * METRICS_PORT, without which nothing is measured; and how brokers are reached, as `lib/runtime/stream-worker/client.ts`
 * reads it.
 */

import { metricsServer } from '../serve-metrics';
import { numberSetting, setting } from '../settings';
import { checkSecrets } from '../webhook-receiver/check-secrets';
import type { ReceiverSource } from '../webhook-receiver/contract';
import { webhookReceiver } from '../webhook-receiver/receiver';
import { SecretFiles } from '../webhook-receiver/secret-files';
import { serve } from '../webhook-receiver/serve';
import { atMost, Slots } from './at-most';
import { ReceiverMetrics } from './metrics';
import { kafkaPublisher } from './publisher';

async function main(): Promise<void> {
  const sources = JSON.parse(setting('WEBHOOK_SOURCES')) as Record<string, ReceiverSource>;
  const concurrency = numberSetting('CONCURRENCY');
  const seconds = numberSetting('PUBLISH_TIMEOUT_SECONDS');
  const metrics = new ReceiverMetrics(process.env.RECEIVER ?? '', Object.keys(sources), concurrency, seconds);
  const secrets = new SecretFiles();
  await checkSecrets(sources, secrets);
  const { publish } = await kafkaPublisher((took) => metrics.published(took));
  const slots = new Slots(concurrency, metrics);
  const receiver = webhookReceiver({
    sources,
    maxBodyBytes: numberSetting('MAX_BODY_BYTES'),
    publish: (message, request) => publish(message, (sent) => slots.hold(request, sent)),
    secrets,
    onAnswer: (answer) => metrics.answered(answer),
  });
  if (process.env.METRICS_PORT) metricsServer(async () => metrics.text());
  serve(atMost(slots, receiver, metrics), Number(process.env.PORT ?? 8080));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : 'the receiver did not start');
  process.exit(1);
});
