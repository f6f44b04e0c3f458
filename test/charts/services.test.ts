import { Testing } from 'cdk8s';
import { ServicesChart } from '../../charts/services';
import { caseOf } from '../../lib/cases/catalogue';
import { every, type Manifest, one, written } from '../support/manifest';

const chart = new ServicesChart(Testing.app(), 'services');
const made = written(chart);
const { predictions } = chart.api.plan;

test('is as it was', () => {
  // Programs have tests of their own; here only that they are there.
  const shown = made.manifests.map((manifest) =>
    manifest.immutable
      ? { ...manifest, data: Object.keys(manifest.data ?? {}), binaryData: Object.keys(manifest.binaryData ?? {}) }
      : manifest,
  );
  expect(shown).toMatchSnapshot();
});

test('the headline of case 10 is predicted', () => {
  const [latency, pause] = caseOf(10).headline.changes;
  expect(predictions.latencySeconds).toBeLessThan(latency.after.value);
  expect(predictions.pauseSeconds).toBeLessThan(pause.after.value);
});

test('the headline of case 12 is predicted', () => {
  const [latency, errors] = caseOf(12).headline.changes;
  expect(chart.bounded.plan.predictions.latencySeconds).toBeLessThan(latency.after.value);
  expect(chart.bounded.plan.predictions.shedRatio).toBeLessThan(errors.after.value);
});

test('the quotes work on fewer requests while they are slow: the plan of case 12, with a shorter queue and an alert', () => {
  const { plan } = chart.quotes;
  expect(plan.value('slotsPerInstance')).toBe(chart.bounded.plan.value('slotsPerInstance'));
  expect(plan.value('queueBound')).toBeLessThan(chart.bounded.plan.value('queueBound'));
  const alerts = every(made, 'PrometheusRule').flatMap(({ spec }) =>
    spec.groups.flatMap((group: Manifest) => group.rules.map(({ alert }: Manifest) => alert)),
  );
  expect(alerts.filter((alert) => alert === 'ServiceLimited')).toHaveLength(1);
  expect(plan.predictions.shedRatio).toBeLessThan(0.015);
});

test('the headline of case 8 is predicted', () => {
  const [lag] = caseOf(8).headline.changes;
  const { unthrottledLagSeconds, lagSeconds } = chart.ordersReplica.plan.predictions;
  expect(unthrottledLagSeconds).toBeGreaterThan(lag.after.value);
  expect(lagSeconds).toBeLessThan(lag.after.value);
});

test('its namespace is restricted, its pods may be drained one at a time, and no secret stands in it', () => {
  expect(one(made, 'Namespace').metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  expect(every(made, 'PodDisruptionBudget').map(({ spec }) => spec.maxUnavailable)).toEqual([1, 1, 1]);
  expect(every(made, 'Secret')).toEqual([]);
});
