/**
 * The reference environment on Google Cloud (cases 15, 14, 4 and 7), a Pulumi program:
 *
 *   npm run prepare                                   # bundles the receiver
 *   docker build -t "$IMAGE" dist/runtime/webhook-receiver && docker push "$IMAGE"
 *   cd bin/gcp && pulumi stack init dev
 *   pulumi config set gcp:project <project> && pulumi config set receiverImage "$IMAGE"
 *   pulumi config set consumerImage <image> && pulumi config set --secret githubSecret <secret>
 *   pulumi up
 */
import * as pulumi from '@pulumi/pulumi';
import { referenceEnvironment } from './environment';

const config = new pulumi.Config();
const channel = config.get('notificationChannel');

const { webhooks, messages, chores, mailing } = referenceEnvironment({
  location: config.get('location') ?? 'europe-west1',
  receiverImage: config.require('receiverImage'),
  consumerImage: config.require('consumerImage'),
  githubSecret: config.requireSecret('githubSecret'),
  notificationChannels: channel ? [channel] : undefined,
});

/** Where senders post to: `POST <url>/github/<tenant>`. */
export const url = webhooks.url;
/** The account that the consumer runs as: grant it the permissions that its effect needs. */
export const consumerAccount = webhooks.worker.account?.email;
/** The dead-letter subscription of the webhooks. */
export const deadLetterSubscription = webhooks.redriveQueue.deadLetterSubscription.id;
/** The topic of the messages. */
export const messagesTopic = messages.topic.id;
/** Every number with its reason. */
export const plan = webhooks.plan.explain();
/** Every number of the messages with its reason. */
export const messagesPlan = messages.plan.explain();
/** The queue that runs of the chores wait in. */
export const choresQueue = chores.queue.id;
/** Every number of the chores with its reason. */
export const choresPlan = chores.plan.explain();
/** The queue that mails of a campaign wait in. */
export const mailingQueue = mailing.queue.id;
/** The account that its tasks call the sender as: a producer gives it to each task. */
export const mailingTaskAccount = mailing.taskAccount.email;
/** Every number of the campaign with its reason. */
export const mailingPlan = mailing.plan.explain();
