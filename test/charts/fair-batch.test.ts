import { Testing } from 'cdk8s';
import { FairBatchChart } from '../../charts/fair-batch';
import { RATING } from '../../lib/cases/case-20-tenant-starvation';
import { every, type Manifest, written } from '../support/manifest';

const chart = written(new FairBatchChart(Testing.app(), 'fair-batch'));

describe('fair batch', () => {
  test('gives each of the four tenants a namespace, a queue, a quota, a limit range and a default deny', () => {
    const namespaces = RATING.tenants.map(({ name }) => `batch-${name}`);
    const home = ({ metadata }: Manifest) => metadata.namespace;
    for (const kind of ['LocalQueue', 'LimitRange', 'NetworkPolicy']) {
      expect(every(chart, kind).map(home)).toEqual(namespaces);
    }
    expect(new Set(every(chart, 'ResourceQuota').map(home))).toEqual(new Set(namespaces));
    expect(every(chart, 'ClusterQueue').map(({ metadata }) => metadata.name)).toEqual(namespaces);
  });

  test('shares 208 cores: 38 are each tenant’s whenever it asks, up to 100 while the others leave room', () => {
    for (const queue of every(chart, 'ClusterQueue')) {
      const [cpu] = queue.spec.resourceGroups[0].flavors[0].resources;
      expect(cpu).toEqual({ name: 'cpu', nominalQuota: '38', borrowingLimit: '62' });
    }
  });

  test('puts no object into a namespace that it does not make', () => {
    const made = every(chart, 'Namespace').map(({ metadata }) => metadata.name);
    for (const { metadata } of chart.manifests) {
      if (metadata.namespace !== undefined) expect(made).toContain(metadata.namespace);
    }
  });

  test('is as it was', () => {
    expect(chart.manifests).toMatchSnapshot();
  });
});
