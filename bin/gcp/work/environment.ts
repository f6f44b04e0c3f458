/** The reference environment "work" on Google Cloud: orders (case 2), images (case 6), cold data (case 11). */
import { ORDERS } from '../../../lib/cases/case-02-order-peak';
import { IMAGES } from '../../../lib/cases/case-06-image-jobs';
import { COLD_DATA } from '../../../lib/cases/case-11-cold-data';
import { QueueWorker } from '../../../lib/gcp/queue/queue-worker';
import { RedriveQueue } from '../../../lib/gcp/queue/redrive-queue';
import { ArchiveBucket } from '../../../lib/gcp/storage/archive-bucket';

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
  const { workload: written } = COLD_DATA.on.gcp;
  const archive = new ArchiveBucket('archive', { workload: written, location, notificationChannels });
  return { orders, orderQueue, images, imageQueue, archive };
}

/** The question of a case without its broker, which is Pub/Sub here. */
function planned<T extends { readonly broker: unknown }>({ broker: _, ...asked }: T): Omit<T, 'broker'> {
  return asked;
}
