/**
 * The receiver's process: settings from the environment that `WebhookBuffer` of lib/gcp writes, the official client to
 * Pub/Sub. The client is bundled whole, so the image is this one file on a Node base image.
 */
import { PubSub } from '@google-cloud/pubsub';
import type { ReceiverSource } from './contract';
import { webhookReceiver } from './receiver';
import { SecretFiles } from './secret-files';
import { serve } from './serve';

const { WEBHOOK_SOURCES = '{}', TOPIC = '', MAX_BODY_BYTES = '1048576', PUBLISH_TIMEOUT_SECONDS = '8' } = process.env;
const { PORT = '8080' } = process.env;

if (TOPIC === '') throw new Error('TOPIC must name the topic, projects/<project>/topics/<name>');

const projectId = /^projects\/([^/]+)\//.exec(TOPIC)?.[1];
const topic = new PubSub({ projectId }).topic(TOPIC, {
  // A sender waits for every publish: gather for a few milliseconds at most.
  batching: { maxMilliseconds: 5 },
  gaxOpts: { timeout: 1000 * Number(PUBLISH_TIMEOUT_SECONDS) },
});
const secrets = new SecretFiles();

serve(
  webhookReceiver({
    sources: JSON.parse(WEBHOOK_SOURCES) as Record<string, ReceiverSource>,
    maxBodyBytes: Number(MAX_BODY_BYTES),
    publish: (message) => topic.publishMessage(message),
    secretsOf: (path) => secrets.of(path),
  }),
  Number(PORT),
);
