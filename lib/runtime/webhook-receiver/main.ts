/**
 * The receiver's process: settings from the environment that `WebhookBuffer` of lib/gcp writes, the official client to
 * Pub/Sub. The client is bundled whole, so the image is this one file on a Node base image.
 */
import { PubSub } from '@google-cloud/pubsub';
import { checkSecrets } from './check-secrets';
import type { ReceiverSource } from './contract';
import { inTime } from './in-time';
import { type ReceivedMessage, webhookReceiver } from './receiver';
import { SecretFiles } from './secret-files';
import { serve } from './serve';

const { WEBHOOK_SOURCES = '{}', TOPIC = '', MAX_BODY_BYTES = '1048576', PUBLISH_TIMEOUT_SECONDS = '8' } = process.env;
const { PORT = '8080' } = process.env;

if (TOPIC === '') throw new Error('TOPIC must name the topic, projects/<project>/topics/<name>');

const projectId = /^projects\/([^/]+)\//.exec(TOPIC)?.[1];
const topic = new PubSub({ projectId }).topic(TOPIC, {
  // A sender waits for every publish: batch for a few milliseconds at most.
  batching: { maxMilliseconds: 5 },
});
const secrets = new SecretFiles();

const publish = (message: ReceivedMessage) => inTime(topic.publishMessage(message), Number(PUBLISH_TIMEOUT_SECONDS));

async function main(): Promise<void> {
  const sources = JSON.parse(WEBHOOK_SOURCES) as Record<string, ReceiverSource>;
  await checkSecrets(sources, secrets);
  serve(webhookReceiver({ sources, maxBodyBytes: Number(MAX_BODY_BYTES), publish, secrets }), Number(PORT));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : 'the receiver did not start');
  process.exit(1);
});
