import { Testing } from 'cdk8s';
import { OrderProcessingChart } from '../../charts/order-processing';
import { every, type Manifest, written } from '../support/manifest';
import { withoutScripts } from '../support/scripts';

const chart = written(new OrderProcessingChart(Testing.app(), 'order-processing'));

test('the manifests', () => {
  expect(withoutScripts(chart.manifests)).toMatchSnapshot();
});

describe('what must not be lost in a snapshot that somebody updates', () => {
  test('everything lives in one namespace, which enforces Pod Security restricted', () => {
    const [namespace] = every(chart, 'Namespace');
    expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const elsewhere = chart.manifests.filter(({ metadata }) => metadata.namespace !== namespace.metadata.name);
    expect(elsewhere.map(({ kind }) => kind)).toEqual(['Namespace']);
  });

  test('no manifest holds a credential: the broker is known by a Secret that is not here', () => {
    expect(every(chart, 'Secret')).toEqual([]);
    const [{ spec }] = every(chart, 'Deployment');
    const [{ env }] = spec.template.spec.containers;
    expect(env.find(({ name }: Manifest) => name === 'RABBITMQ_URL')).toEqual({
      name: 'RABBITMQ_URL',
      valueFrom: { secretKeyRef: { name: 'orders-broker', key: 'amqp' } },
    });
  });

  test('orders stay in a Deployment, rendering gets a job an item', () => {
    expect(every(chart, 'ScaledObject')).toHaveLength(1);
    expect(every(chart, 'ScaledJob')).toHaveLength(1);
  });

  test('each queue has a dead-letter queue, a delivery limit and a bound', () => {
    const policies = every(chart, 'Policy').map(({ spec }) => spec);
    expect(policies.map(({ name }) => name)).toEqual(['orders', 'rendering']);
    for (const { name, definition } of policies) {
      expect(definition).toMatchObject({ 'dead-letter-exchange': `${name}.dead`, 'delivery-limit': 4 });
      expect(definition['max-length']).toBeGreaterThan(0);
    }
  });
});
