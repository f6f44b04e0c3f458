/** A worker on Kubernetes that KEDA scales with its RabbitMQ queue, and the queue itself. */

import { k8s } from 'backpressure-constructs';
import { App, Chart } from 'cdk8s';

const app = new App();
const shop = new Chart(app, 'shop', { namespace: 'shop' });
const worker = new k8s.QueueWorker(shop, 'Orders', {
  workload: { steadyPerSecond: 20, peakPerSecond: 111, peakSeconds: 1800, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
  trigger: k8s.QueueTrigger.rabbitMq({
    queueName: 'orders',
    clusterName: 'rabbit',
    connection: { secretName: 'orders-broker', key: 'amqp' },
    management: { secretName: 'orders-broker', key: 'management' },
  }),
  image: 'shop/orders:1.4.2',
});
console.log(worker.plan.explain());
app.synth();
