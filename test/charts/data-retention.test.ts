import { Testing } from 'cdk8s';
import { DataRetentionChart } from '../../charts/data-retention';
import { EVENTS } from '../../lib/cases/case-16-collection-swells';
import { caseOf } from '../../lib/cases/catalogue';
import { every, one, written } from '../support/manifest';

const chart = new DataRetentionChart(Testing.app(), 'data-retention');
const made = written(chart);
const { predictions } = chart.events.plan;

test('is as it was', () => {
  // Scripts have tests of their own; here only that they are there.
  const shown = made.manifests.map((manifest) =>
    manifest.immutable ? { ...manifest, data: Object.keys(manifest.data) } : manifest,
  );
  expect(shown).toMatchSnapshot();
});

test('the headline of case 16 is predicted from rate, size and retention', () => {
  const [{ before, after }] = caseOf(16).headline.changes;
  expect(predictions.bytesToday).toBe(before.value);
  expect(predictions.steadyBytes).toBeLessThan(after.value);
  expect(EVENTS.objective.collectionBytes).toBe(after.value);
});

test('its namespace is restricted, its pods run to completion, and no secret stands in it', () => {
  expect(one(made, 'Namespace').metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  expect(made.manifests.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['Job', 'CronJob', 'PrometheusRule']));
  expect(every(made, 'Secret')).toEqual([]);
});
