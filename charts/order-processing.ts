import { Chart, type ChartProps, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { ORDERS } from '../lib/cases/case-02-order-peak';
import type { QueueQuestion } from '../lib/flow/queue/question';
import type { Objective, Workload } from '../lib/flow/queue/workload';
import { stockImage } from '../lib/k8s/images';
import { QueueTrigger } from '../lib/k8s/queue/queue-trigger';
import { QueueWorker } from '../lib/k8s/queue/queue-worker';
import { scriptConfigMap } from '../lib/k8s/script';
import { restrictedNamespace } from './namespace';

/** What the orders are sized from. */
const ORDERS_QUESTION = { workload: ORDERS.workload, ...ORDERS.on.k8s };

/** What the rendering is sized from: an item takes longer than a node waits for a pod to end. */
const RENDERING: { workload: Workload; objective: Objective } = {
  workload: {
    steadyPerSecond: 1 / 600,
    peakPerSecond: 1 / 60,
    peakSeconds: 3600,
    serviceSeconds: 900,
    serviceVariation: 0.5,
  },
  objective: { latencySeconds: 7200, latencyQuantile: 0.95 },
};

/** Differences between a run on a laptop and the real environment, and between installations. */
export interface OrderProcessingProps extends ChartProps {
  /** @default - the question of case 2 */
  readonly orders?: Pick<QueueQuestion, 'workload' | 'objective' | 'consumer'>;
  /** @default - 5 minutes */
  readonly cooldown?: Duration;
  /**
   * Virtual host of the queues. Two installations on one broker need one each.
   *
   * @default /
   */
  readonly vhost?: string;
}

/**
 * Order processing: orders from a RabbitMQ queue, processed by pods that KEDA scales (case 2), and long rendering
 * jobs, one job an item (case 6). Expects KEDA, RabbitMQ's cluster operator and messaging topology operator, the
 * Prometheus operator, and the Secrets `orders-broker` (keys `amqp`, `management`).
 */
export class OrderProcessingChart extends Chart {
  /** The worker of the orders. */
  public readonly orders: QueueWorker;

  constructor(
    scope: Construct,
    id: string,
    { orders = ORDERS_QUESTION, cooldown, vhost, ...props }: OrderProcessingProps = {},
  ) {
    super(scope, id, { namespace: 'orders', ...props });
    restrictedNamespace(this);
    const broker = (key: string) => ({ secretName: 'orders-broker', key });
    const rabbit = { clusterName: 'orders', clusterNamespace: 'rabbitmq', vhost };
    const { workload, objective, consumer } = orders;
    this.orders = new QueueWorker(this, 'Orders', {
      workload,
      objective,
      consumer,
      cooldown,
      trigger: QueueTrigger.rabbitMq({
        ...rabbit,
        queueName: 'orders',
        connection: broker('amqp'),
        management: broker('management'),
      }),
      image: stockImage('node'),
      command: ['node', '/opt/worker/index.js'],
      environment: { SERVICE_SECONDS: kplus.EnvValue.fromValue(String(workload.serviceSeconds)) },
    });
    const script = scriptConfigMap(this, 'OrderWorker', 'order-worker/index.js');
    this.orders.container.mount('/opt/worker', kplus.Volume.fromConfigMap(this, 'Script', script));

    new QueueWorker(this, 'Rendering', {
      ...RENDERING,
      trigger: QueueTrigger.rabbitMq({
        ...rabbit,
        queueName: 'rendering',
        connection: broker('amqp'),
        management: broker('management'),
        consumerOutage: Duration.hours(24),
      }),
      image: 'docker.io/example/renderer:1.0.0',
    });
  }
}
