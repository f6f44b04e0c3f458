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

describe('charts within the chart', () => {
  /** A chart of its own for each half, as large charts are split. */
  class Mall extends Chart {
    constructor(secret = false) {
      super(Testing.app(), 'mall', { namespace: 'mall' });
      const floor = new Chart(this, 'floor', { namespace: 'floor' });
      const stand = new Chart(floor, 'stand', { namespace: 'stand' });
      for (const scope of [this, floor, stand]) {
        new ApiObject(scope, 'Settings', { apiVersion: 'v1', kind: 'ConfigMap' });
      }
      if (secret) new ApiObject(stand, 'Token', { apiVersion: 'v1', kind: 'Secret' });
    }
  }

  test('arrive too, each object once and in the namespace of its own chart', async () => {
    const { objs } = await group(new Mall());
    const namespaces = objs.map((one: { metadata: { namespace: string } }) => one.metadata.namespace);
    expect(namespaces).toEqual(['mall', 'floor', 'stand']);
  });

  test('make all of it secret when one of them has a Secret', async () => {
    const { objs } = await group(new Mall(true));
    expect(Object.keys(objs)).toEqual(['secret']);
    expect(objs.secret.map(({ kind }: { kind: string }) => kind)).toContain('Secret');
  });

  test('of which one is given, come without those around it', async () => {
    const floor = new Mall().node.findChild('floor') as Chart;
    expect((await group(floor)).objs).toHaveLength(2);
  });
});

test('it is the group of the Kubernetes provider of Pulumi', async () => {
  const { resources } = await program(() => fromChart('shop', new Shop()));
  expect(resources.map(({ type }) => type)).toEqual(['kubernetes:yaml/v2:ConfigGroup']);
});
