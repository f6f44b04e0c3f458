/** Three tenants on one Kafka cluster of Strimzi's: what one of them leaves unused, no other can take from the rest. */

import { k8s } from 'backpressure-constructs';
import { App, Chart } from 'cdk8s';

const app = new App();
const quotas = new k8s.KafkaQuotas(new Chart(app, 'streaming', { namespace: 'streaming' }), 'Quotas', {
  clusterName: 'events',
  capacity: { brokers: 3, brokerBytesPerSecond: 60_000_000 },
  tenants: [
    { name: 'billing', steadyBytesPerSecond: 1_000_000, weight: 3 },
    { name: 'orders', steadyBytesPerSecond: 4_000_000 },
    { name: 'clicks', steadyBytesPerSecond: 6_000_000, peakBytesPerSecond: 60_000_000, peakSeconds: 900 },
  ],
  topics: [
    { topicName: 'billing.events', tenant: 'billing', partitions: 6 },
    { topicName: 'orders.events', tenant: 'orders', partitions: 6 },
    { topicName: 'clicks.raw', tenant: 'clicks', partitions: 12 },
  ],
});
console.log(quotas.plan.explain());
// What the producers of a tenant are configured with, so that a throttled one waits and does not give up.
console.log(quotas.producerProperties('clicks'));
app.synth();
