/**
 * The webhook environment (case 15) on Google Cloud, a Pulumi program:
 *
 *   npm run prepare                                   # bundles the receiver
 *   docker build -t "$IMAGE" dist/runtime/webhook-receiver && docker push "$IMAGE"
 *   cd bin/gcp && pulumi stack init dev
 *   pulumi config set gcp:project <project> && pulumi config set receiverImage "$IMAGE"
 *   pulumi config set consumerImage <image> && pulumi config set --secret githubSecret <secret>
 *   pulumi up
 */
import * as pulumi from '@pulumi/pulumi';
import { webhookFlood } from '../../lib/cases/case-15-webhook-flood';
import { WebhookBuffer } from '../../lib/gcp/webhooks/webhook-buffer';

const { scenario } = webhookFlood;
if (scenario?.kind !== 'call') throw new Error('case 15 is no story of calls any more: say what this is sized from');

const config = new pulumi.Config();
const location = config.get('location') ?? 'europe-west1';
const channel = config.get('notificationChannel');

const webhooks = new WebhookBuffer('webhooks', {
  workload: scenario.workload,
  objective: scenario.after.objective,
  consumer: scenario.after.consumer,
  sources: [{ name: 'github', scheme: 'github', secret: { value: config.requireSecret('githubSecret') } }],
  location,
  allowedPersistenceRegions: [location],
  receiverImage: config.require('receiverImage'),
  consumerImage: config.require('consumerImage'),
  notificationChannels: channel ? [channel] : undefined,
});

/** Where senders post to: `POST <url>/github/<tenant>`. */
export const url = webhooks.url;
/** The account that the consumer runs as: grant it what its effect needs. */
export const consumerAccount = webhooks.worker.account.email;
/** Where dead letters wait for a person. */
export const deadLetterSubscription = webhooks.queue.deadLetterSubscription.id;
/** Every number with its reason. */
export const plan = webhooks.plan.explain();
