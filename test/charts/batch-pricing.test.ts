import { Testing } from 'cdk8s';
import { BatchPricingChart } from '../../charts/batch-pricing';
import { DataRetentionChart } from '../../charts/data-retention';
import { ImageProcessingChart } from '../../charts/image-processing';
import { RATING } from '../../lib/cases/case-20-tenant-starvation';
import type { QueueWorker } from '../../lib/k8s/queue/queue-worker';
import { every, type Manifest, written } from '../support/manifest';

const made = new BatchPricingChart(Testing.app(), 'batch-pricing');
const chart = written(made);

describe('batch pricing', () => {
  test('gives each of the four tenants a namespace, a queue, a quota, a limit range and a default deny', () => {
    const namespaces = RATING.tenants.map(({ name }) => `batch-${name}`);
    const home = ({ metadata }: Manifest) => metadata.namespace;
    for (const kind of ['LocalQueue', 'LimitRange', 'NetworkPolicy']) {
      const ofTenants = every(chart, kind).filter((one) => home(one) !== 'pricing');
      expect(ofTenants.map(home)).toEqual(namespaces);
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

  test('has the images and the events of the charts that deploy them alone, with the same plans', () => {
    const retention = new DataRetentionChart(Testing.app(), 'data-retention');
    const images = new ImageProcessingChart(Testing.app(), 'images').node.findChild('Images') as QueueWorker;
    expect(made.events.plan.knobs).toEqual(retention.events.plan.knobs);
    expect(made.images.plan.knobs).toEqual(images.plan.knobs);
    for (const kind of ['ScaledObject', 'Job', 'CronJob']) {
      expect(every(chart, kind).map(({ metadata }) => metadata.namespace)).toEqual(['pricing']);
    }
  });

  test('images and events are in no namespace of a tenant, whose quota would stop them', () => {
    const names = every(chart, 'Namespace').map(({ metadata }) => metadata.name);
    expect([...new Set(names)]).toEqual(names);
    expect(every(chart, 'ResourceQuota').map(({ metadata }) => metadata.namespace)).not.toContain('pricing');
  });

  test('puts no object into a namespace that it does not make', () => {
    const made = every(chart, 'Namespace').map(({ metadata }) => metadata.name);
    for (const { metadata } of chart.manifests) {
      if (metadata.namespace !== undefined) expect(made).toContain(metadata.namespace);
    }
  });

  test('is as it was', () => {
    // Scripts have tests of their own; here only that they are there.
    const shown = chart.manifests.map((manifest) =>
      manifest.immutable ? { ...manifest, data: Object.keys(manifest.data) } : manifest,
    );
    expect(shown).toMatchSnapshot();
  });
});
