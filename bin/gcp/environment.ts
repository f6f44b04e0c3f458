/**
 * The reference environment on Google Cloud: webhooks (case 15), messages, some of them poison (case 14), chores (case 4), a
 * campaign (case 7).
 */
import type * as pulumi from '@pulumi/pulumi';
import { CHORES } from '../../lib/cases/case-04-cron-stampede';
import { MAILING } from '../../lib/cases/case-07-mail-rate-limit';
import { MESSAGES } from '../../lib/cases/case-14-poison-messages';
import { WEBHOOKS } from '../../lib/cases/case-15-webhook-flood';
import { PushWorker } from '../../lib/gcp/queue/push-worker';
import { RedriveQueue } from '../../lib/gcp/queue/redrive-queue';
import { RateLimitedSender } from '../../lib/gcp/rates/rate-limited-sender';
import { SpreadSchedule } from '../../lib/gcp/schedule/spread-schedule';
import { WebhookBuffer } from '../../lib/gcp/webhooks/webhook-buffer';

/** Account-specific inputs of the environment. */
export interface EnvironmentArgs {
  readonly location: string;
  readonly receiverImage: string;
  readonly consumerImage: string;
  readonly githubSecret: pulumi.Input<string>;
  readonly notificationChannels?: string[];
}

/** Makes the environment. */
export function referenceEnvironment(args: EnvironmentArgs) {
  const { location, receiverImage, consumerImage, githubSecret, notificationChannels } = args;
  const allowedPersistenceRegions = [location];
  const webhooks = new WebhookBuffer('webhooks', {
    workload: WEBHOOKS.workload,
    objective: WEBHOOKS.on.gcp.objective,
    consumer: WEBHOOKS.on.gcp.consumer,
    sources: [{ name: 'github', scheme: 'github', secret: { value: githubSecret } }],
    location,
    receiver: { image: receiverImage },
    worker: { image: consumerImage },
    queue: { allowedPersistenceRegions },
    notificationChannels,
  });
  const queue = {
    workload: MESSAGES.workload,
    objective: MESSAGES.on.gcp.objective,
    consumer: MESSAGES.on.gcp.consumer,
    platform: MESSAGES.on.gcp.platform,
    allowedPersistenceRegions,
    notificationChannels,
  };
  const worker = new PushWorker('messages', {
    plan: RedriveQueue.planOf('messages', queue),
    image: consumerImage,
    location,
  });
  const messages = new RedriveQueue('messages', { ...queue, push: worker.target });
  const chores = new SpreadSchedule('chores', { ...CHORES, image: consumerImage, location, notificationChannels });
  const mailing = new RateLimitedSender('mailing', {
    ...MAILING,
    image: consumerImage,
    location,
    allowedPersistenceRegions,
    notificationChannels,
  });
  return { webhooks, messages, chores, mailing };
}
