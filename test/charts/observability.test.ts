import { Testing } from 'cdk8s';
import { ObservabilityChart } from '../../charts/observability';
import { caseOf } from '../../lib/cases/catalogue';
import { every, type Manifest, one, written } from '../support/manifest';

const chart = new ObservabilityChart(Testing.app(), 'observability');
const made = written(chart);
const { plan } = chart.metrics;

test('is as it was', () => {
  expect(made.manifests).toMatchSnapshot();
});

test('the headline of case 19 is predicted, and no lever but the names of families takes anything away', () => {
  const [series] = caseOf(19).headline.changes;
  expect(plan.predictions.activeSeries).toBeLessThan(series.after.value);
  expect(one(made, 'PodMonitor').spec.podMetricsEndpoints[0].metricRelabelings).toEqual([
    { action: 'drop', sourceLabels: ['__name__'], regex: 'http_client_connections|rpc_client_messages_total' },
  ]);
});

test('two installations record under labels that tell them apart', () => {
  const rules = (namespace: string) =>
    every(written(new ObservabilityChart(Testing.app(), 'observability', { namespace })), 'PrometheusRule')
      .flatMap(({ spec }) => spec.groups.flatMap((group: Manifest) => group.rules))
      .filter(({ record }) => record !== undefined);
  const [[first], [second]] = [rules('one'), rules('two')];
  expect([first.labels, second.labels]).toEqual([{ namespace: 'one' }, { namespace: 'two' }]);
  expect(first.expr).toContain('namespace="one"');
});

test('no secret stands in it, and its namespace is restricted', () => {
  expect(one(made, 'Namespace').metadata.labels['pod-security.kubernetes.io/enforce']).toBe('restricted');
  expect(every(made, 'Secret')).toEqual([]);
});
