import { ApiObject, Chart, Testing } from 'cdk8s';
import { fromChart } from '../../lib/gcp/from-chart';
import { inputsOf, program } from '../support/pulumi';

/** A chart as somebody else would write it. */
class Shop extends Chart {
  constructor(secret = false) {
    super(Testing.app(), 'shop', { namespace: 'shop' });
    const settings = new ApiObject(this, 'Settings', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      ...{ data: { prefetch: '20' } },
    });
    const worker = new ApiObject(this, 'Worker', {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      ...{ spec: { replicas: 2 } },
    });
    worker.addDependency(settings);
    if (secret) {
      new ApiObject(this, 'Token', { apiVersion: 'v1', kind: 'Secret', ...{ stringData: { token: 'sesame' } } });
    }
  }
}

const group = async (chart: Chart) => {
  const { resources } = await program(() => fromChart('shop', chart));
  return inputsOf(resources, 'ConfigGroup', 'shop');
};

test('every object of the chart arrives, as the chart makes it', async () => {
  const chart = new Shop();
  const { objs } = await group(chart);
  expect(objs).toEqual(chart.toJson());
  expect(objs.map(({ kind }: { kind: string }) => kind)).toEqual(['ConfigMap', 'Deployment']);
  expect(objs[1]).toMatchObject({ metadata: { namespace: 'shop' }, spec: { replicas: 2 } });
});

test('a chart with a Secret is secret as a whole', async () => {
  const { objs } = await group(new Shop(true));
  expect(Object.keys(objs)).toEqual(['secret']);
  expect(objs.secret).toEqual(new Shop(true).toJson());
});

test('it is the group of the Kubernetes provider of Pulumi', async () => {
  const { resources } = await program(() => fromChart('shop', new Shop()));
  expect(resources.map(({ type }) => type)).toEqual(['kubernetes:yaml/v2:ConfigGroup']);
});
