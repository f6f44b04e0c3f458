import { Testing } from 'cdk8s';
import { parse } from 'yaml';
import { LogShippingChart } from '../../charts/log-shipping';
import { NODE_DISK } from '../../lib/cases/case-01-log-flood';
import { every, one, written } from '../support/manifest';

const chart = new LogShippingChart(Testing.app(), 'log-shipping');
const made = written(chart);

test('is as it was', () => {
  // Scripts have tests of their own; here only that they are there.
  const shown = made.manifests.map((manifest) =>
    manifest.immutable ? { ...manifest, data: Object.keys(manifest.data) } : manifest,
  );
  expect(shown).toMatchSnapshot();
});

test('the disk stays below 70 % at the worst, by the plan, with whatever else is on it (case 1)', () => {
  expect(NODE_DISK.otherBytes).toBeGreaterThan(0);
  expect(NODE_DISK.otherBytes + chart.logs.plan.predictions.peakDiskBytes).toBeLessThan(0.7 * NODE_DISK.bytes);
});

test('what the files may take and what the queue may take is what the plan predicts', () => {
  const files = Object.assign({}, ...every(made, 'ConfigMap').map(({ data }) => data));
  const queue = Number(parse(files['filebeat.yml'])['queue.disk'].max_size.replace(/B$/, ''));
  const [cap, count] = ['maxsize', 'rotate'].map((name) =>
    Number(new RegExp(`^ *${name} (\\d+)$`, 'm').exec(files['logrotate.conf'])?.[1]),
  );
  const { plan } = chart.logs;
  expect([cap, count]).toEqual([plan.value('fileSizeCapBytes'), plan.value('fileCount')]);
  expect(plan.value('logFileBytes') + queue).toBe(plan.predictions.peakDiskBytes);
});

test('the namespace allows what hostPath needs, warns of the rest, and holds nothing else', () => {
  expect(one(made, 'Namespace').metadata.labels).toEqual({
    'pod-security.kubernetes.io/enforce': 'privileged',
    'pod-security.kubernetes.io/warn': 'restricted',
  });
  const workloads = made.manifests.filter(({ kind }) => /Deployment|StatefulSet|Job|DaemonSet/.test(kind));
  expect(workloads.map(({ kind }) => kind)).toEqual(['DaemonSet']);
});

test('no secret stands in it', () => {
  expect(every(made, 'Secret')).toEqual([]);
  expect(JSON.stringify(made.manifests)).not.toMatch(/password: [^$"\\]/);
});
