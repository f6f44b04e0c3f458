import { Testing } from 'cdk8s';
import { DeliveryChart } from '../../charts/delivery';
import { caseOf } from '../../lib/cases/catalogue';
import { every, one, written } from '../support/manifest';

const chart = new DeliveryChart(Testing.app(), 'delivery');
const made = written(chart);

test('is as it was', () => {
  expect(made.manifests).toMatchSnapshot();
});

test('the headline of case 13 is predicted', () => {
  const [wait] = caseOf(13).headline.changes;
  expect(chart.runners.plan.predictions.waitSeconds).toBeLessThan(wait.after.value);
});

test('its namespace is restricted, and no secret stands in it', () => {
  expect(one(made, 'Namespace').metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  expect(every(made, 'Secret')).toEqual([]);
});
