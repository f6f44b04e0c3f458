/**
 * The reference environment "work" on Google Cloud (cases 2, 6 and 11), a Pulumi program:
 *
 *   cd bin/gcp/work && pulumi stack init dev
 *   pulumi config set gcp:project <project>
 *   pulumi config set orderImage <image> && pulumi config set imageImage <image>
 *   pulumi up
 */
import * as pulumi from '@pulumi/pulumi';
import { workEnvironment } from './environment';

const config = new pulumi.Config();
const channel = config.get('notificationChannel');

const { orders, orderQueue, images, imageQueue, archive } = workEnvironment({
  location: config.get('location') ?? 'europe-west1',
  orderImage: config.require('orderImage'),
  imageImage: config.require('imageImage'),
  notificationChannels: channel ? [channel] : undefined,
});

/** The topics to publish to. */
export const topics = { orders: orderQueue.topic.id, images: imageQueue.topic.id };
/** The accounts that the pools run as: grant them the permissions that their effects need. */
export const accounts = { orders: orders.account.email, images: images.account.email };
/** Where dead letters are. */
export const deadLetterSubscriptions = {
  orders: orderQueue.deadLetterSubscription.id,
  images: imageQueue.deadLetterSubscription.id,
};
/** Every number with its reason. */
export const ordersPlan = orders.plan.explain();
/** Every number of the images with its reason. */
export const imagesPlan = images.plan.explain();
/** The bucket of the cold data. */
export const archiveBucket = archive.bucket.name;
/** Every number of the cold data with its reason. */
export const archivePlan = archive.plan.explain();
