/** The reference environment "work" on Google Cloud: orders (case 2) and images (case 6), pulled by worker pools. */
import { ORDERS } from '../../../lib/cases/case-02-order-peak';
import { IMAGES } from '../../../lib/cases/case-06-image-jobs';
import { QueueWorker } from '../../../lib/gcp/queue/queue-worker';
import { RedriveQueue } from '../../../lib/gcp/queue/redrive-queue';

/** Account-specific inputs of the environment. */
export interface WorkArgs {
  readonly location: string;
  /** Image that books an order. */
  readonly orderImage: string;
  /** Image that works on a photograph. */
  readonly imageImage: string;
  readonly notificationChannels?: string[];
}

/** Makes the environment. */
export function workEnvironment({ location, orderImage, imageImage, notificationChannels }: WorkArgs) {
  const common = { allowedPersistenceRegions: [location], notificationChannels };
  const { workload, on } = ORDERS;
  const orderQueue = new RedriveQueue('orders', { workload, ...planned(on.gcp), ...common });
  const orders = new QueueWorker('orders', { queue: orderQueue, image: orderImage, location, notificationChannels });
  const imageQueue = new RedriveQueue('images', { workload: IMAGES.workload, ...planned(IMAGES.on.gcp), ...common });
  const images = new QueueWorker('images', {
    queue: imageQueue,
    image: imageImage,
    location,
    notificationChannels,
    // A slot is a photograph, and each is a core's work.
    cpu: IMAGES.on.gcp.consumer.slotsPerInstance,
  });
  return { orders, orderQueue, images, imageQueue };
}

/** The question of a case without its broker, which is Pub/Sub here. */
function planned<T extends { readonly broker: unknown }>({ broker: _, ...asked }: T): Omit<T, 'broker'> {
  return asked;
}
