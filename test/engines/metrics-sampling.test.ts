/**
 * What a real Prometheus stores of a scaled case 19: as many series as predicted, by each lever, and the same sums. Dropping a
 * label, which the plan never does, is shown to lie.
 */
import { TOO_MANY_METRICS } from '../../lib/cases/case-19-too-many-metrics';
import { planMetrics } from '../../lib/flow/metrics/plan';
import { untouched } from '../../lib/flow/metrics/simulation';
import type { MetricsQuestion, ScrapePlan } from '../../lib/flow/metrics/workload';
import { EXACT, prove } from '../support/proof';
import { until } from '../support/until';
import { Exporter } from './prometheus/exporter';
import { PrometheusServer, prometheuses } from './prometheus/server';

const TARGETS = 5;
const SCALE = 10_000 / TARGETS;
const [pods] = TOO_MANY_METRICS.workload.sources;
const source = { ...pods, targets: TARGETS, churnPerHour: 0 };
const question: MetricsQuestion = {
  ...TOO_MANY_METRICS,
  platform: 'prometheus',
  workload: { sources: [source] },
  objective: { activeSeries: 8e6 / SCALE },
  recordings: [{ metric: 'process_resident_memory_bytes', by: ['job'] }],
};

const found = prometheuses();
const CLAIM = {
  case: 19,
  construct: 'k8s.MetricsSampling',
  how: `${TARGETS} targets of 2,000 series each, scraped with the relabelling and the conversion of the plan; series and sums by queries.`,
  scaledBy: 'as many series as 10,000 targets by 5: series are proportional to them. None is replaced.',
};

const exporter = new Exporter(source);
let address = '';
const servers: PrometheusServer[] = [];
beforeAll(async () => {
  address = await exporter.listen();
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await exporter.close();
});

/** The plan's scrape in Prometheus' own words: each target is a path of the one exporter. */
function configOf(scrape: ScrapePlan, sampleLimit?: number) {
  return {
    job_name: scrape.source,
    ...(scrape.convertsHistograms && { convert_classic_histograms_to_nhcb: true }),
    ...(sampleLimit !== undefined && { sample_limit: sampleLimit }),
    static_configs: Array.from({ length: TARGETS }, (_, target) => ({
      targets: [address],
      labels: { __metrics_path__: `/${target}`, target: `${target}` },
    })),
    metric_relabel_configs: scrape.relabelings.map(({ sourceLabels, regex, action }) => ({
      source_labels: sourceLabels,
      regex,
      action,
    })),
  };
}

/** A server that has scraped every target several times. */
async function scraped(program: string, config: object, groups: object[] = []): Promise<PrometheusServer> {
  const server = await PrometheusServer.start(program, [config], groups);
  servers.push(server);
  await until('every target was scraped three times', async () => {
    return (await server.value('count(count_over_time(scrape_samples_scraped[1m]) >= 3)')) === TARGETS;
  });
  return server;
}

const ALL = 'count({job="pods"})';
/** Sums that dashboards and alerts have, without windows: the same before and after. */
const SUMS = ['sum(http_requests_total)', 'sum(db_queries_total)', 'sum(process_resident_memory_bytes)'];

(found[3] === undefined ? describe.skip : describe)('Prometheus 3', () => {
  const program = found[3]!;

  test('stores a histogram as one series and drops two unused families: as many series as predicted, every sum as before', async () => {
    const plan = planMetrics('Metrics', question);
    const before = await scraped(program, configOf(untouched(source)));
    const [{ record, expression }] = plan.recordings;
    const rules = [{ name: 'recordings', rules: [{ record, expr: expression }] }];
    const after = await scraped(program, configOf(plan.scrapes[0], plan.value('sampleLimit.pods')), rules);
    await until('the sum is recorded', async () => (await after.value(`count(${record})`)) === 1);
    expect(await after.value(record)).toBe(await before.value('sum(process_resident_memory_bytes)'));
    prove(
      {
        ...CLAIM,
        engine: 'Prometheus 3.16',
        metric: 'series that are exposed',
        unit: 'series',
        predicted: plan.predictions.seriesBefore,
        measured: await before.value(ALL),
        tolerance: EXACT,
      },
      {
        ...CLAIM,
        engine: 'Prometheus 3.16',
        metric: 'series after native histograms and two unused families dropped',
        unit: 'series',
        predicted: plan.predictions.activeSeries,
        measured: await after.value(ALL),
        tolerance: EXACT,
      },
      {
        ...CLAIM,
        engine: 'Prometheus 3.16',
        metric: 'samples of a target, as its limit counts them',
        unit: 'samples',
        predicted: plan.value('samplesPerTarget.pods'),
        measured: await after.value('max(scrape_samples_post_metric_relabeling)'),
        tolerance: EXACT,
      },
    );
    for (const sum of SUMS) {
      expect([sum, await after.value(sum)]).toEqual([sum, await before.value(sum)]);
      expect(await after.value(sum)).toBeGreaterThan(0);
    }
    // Sum and count of a histogram are in the one series.
    const histogram = 'http_request_duration_seconds';
    expect(await after.value(`histogram_count(sum(${histogram}))`)).toBe(await before.value(`sum(${histogram}_count)`));
    expect(await after.value(`histogram_quantile(0.5, sum(${histogram}))`)).toBeCloseTo(
      await before.value(`histogram_quantile(0.5, sum by (le) (${histogram}_bucket))`),
      6,
    );
    expect(await after.value(`count(${histogram}_bucket)`)).toBe(0);
    expect(await after.value('count(http_client_connections) or vector(0)')).toBe(0);
    expect(await after.value('sum(up)')).toBe(TARGETS);
  }, 180_000);
});

(found[2] === undefined ? describe.skip : describe)('Prometheus 2', () => {
  const program = found[2]!;
  const classic: MetricsQuestion = {
    ...question,
    prometheusVersion: 2,
    recordings: [],
    uses: [
      ...question.uses!.filter(({ expression }) => !expression.includes('quantile')),
      {
        file: 'dashboards/requests.json',
        expression: 'histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))',
      },
      {
        file: 'dashboards/database.json',
        expression: 'histogram_quantile(0.9, rate(db_query_duration_seconds_bucket[5m]))',
      },
    ],
    // What 8 million leave out: with 4 of 12 buckets the queries need 11 million.
    objective: { activeSeries: Math.ceil((11.2e6 * 1.25) / SCALE) },
  };

  test('with fewer buckets: as many series as predicted, every sum as before, a quantile within the wider bucket', async () => {
    const plan = planMetrics('Metrics', classic);
    expect(plan.scrapes[0].thinned).toEqual(['db_query_duration_seconds', 'http_request_duration_seconds']);
    const before = await scraped(program, configOf(untouched(source)));
    const after = await scraped(program, configOf(plan.scrapes[0], plan.value('sampleLimit.pods')));
    prove({
      ...CLAIM,
      engine: 'Prometheus 2.42',
      metric: 'series after unused families were dropped and histograms have 4 of 12 buckets',
      unit: 'series',
      predicted: plan.predictions.activeSeries,
      measured: await after.value(ALL),
      tolerance: EXACT,
    });
    for (const sum of [...SUMS, 'sum(http_request_duration_seconds_count)', 'sum(http_request_duration_seconds_sum)']) {
      expect([sum, await after.value(sum)]).toEqual([sum, await before.value(sum)]);
    }
    const quantile = 'histogram_quantile(0.9, sum by (le) (http_request_duration_seconds_bucket))';
    const [exact, wide] = [await before.value(quantile), await after.value(quantile)];
    // The 0.9 quantile is between 5 and 10; of these bounds 10 stays, and the one below is 1.
    expect(exact).toBeGreaterThan(5);
    expect(wide).toBeGreaterThan(1);
    expect(wide).toBeLessThanOrEqual(30);
  }, 180_000);

  test('a target above its limit of samples is up, and nothing of it is stored: the alert sees it', async () => {
    const plan = planMetrics('Metrics', classic);
    const limit = plan.value('samplesPerTarget.pods') - 1;
    const server = await scraped(program, configOf(plan.scrapes[0], limit));
    expect(await server.value('sum(up)')).toBe(0);
    expect(await server.value('count(http_requests_total) or vector(0)')).toBe(0);
    expect(await server.value(`count(scrape_samples_post_metric_relabeling > ${limit} and up == 0)`)).toBe(TARGETS);
  }, 180_000);

  test('a label that is dropped lies: the sum falls, and no scrape fails', async () => {
    const before = await scraped(program, configOf(untouched(source)));
    const config = configOf(untouched(source));
    const after = await scraped(program, {
      ...config,
      metric_relabel_configs: [{ action: 'labeldrop', regex: 'set' }],
    });
    const sum = 'sum(http_requests_total)';
    expect(await before.value(sum)).toBe((TARGETS * 300 * 301) / 2);
    expect(await after.value(sum)).toBeLessThanOrEqual(TARGETS * 300);
    expect(await after.value('sum(up)')).toBe(TARGETS);
  }, 180_000);
});

if (found[2] === undefined) test.skip("no Prometheus 2: test/engines/install installs Debian's", () => undefined);
if (found[3] === undefined)
  test.skip('no Prometheus 3: PROMETHEUS_3=1 test/engines/install builds it, which needs Go and some ten minutes', () =>
    undefined);
