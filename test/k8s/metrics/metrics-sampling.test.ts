import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration, Testing } from 'cdk8s';
import { TOO_MANY_METRICS } from '../../../lib/cases/case-19-too-many-metrics';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { MetricKind } from '../../../lib/flow/metrics/workload';
import { MetricsSampling, type MetricsSamplingProps } from '../../../lib/k8s/metrics/metrics-sampling';
import { emptyChart, every, type Manifest, one, written } from '../../support/manifest';

const props: MetricsSamplingProps = { ...TOO_MANY_METRICS, scrapes: { pods: { podLabels: { app: 'api' } } } };

function make(given: Partial<MetricsSamplingProps> = {}) {
  const chart = emptyChart();
  const metrics = new MetricsSampling(chart, 'Metrics', { ...props, ...given });
  return { ...written(chart), metrics };
}

const made = make();
const value = (name: string) => made.metrics.plan.value(name);
const { spec } = one(made, 'PodMonitor');
const [endpoint] = spec.podMetricsEndpoints;

describe('the traps of case 19 are absent', () => {
  test('trap: dropping temporary pods after the scrape: relabelling goes by names of families, never by pods or labels', () => {
    for (const { sourceLabels, action } of endpoint.metricRelabelings) {
      expect(sourceLabels.filter((label: string) => !['__name__', 'le'].includes(label))).toEqual([]);
      expect(action).toBe('drop');
    }
    expect(JSON.stringify(spec)).not.toMatch(/labeldrop|labelkeep/);
  });

  test('trap: an interval above two minutes breaks the look-back: it is refused', () => {
    expect(endpoint.interval).toBe('30s');
    expect(() => make({ interval: Duration.seconds(121) })).toThrow(
      'intervalSeconds must be a whole number, between 1 and 120, got 121',
    );
  });
});

describe('a monitor', () => {
  test('has every limit of the plan, and native histograms where the plan has them', () => {
    expect(spec).toMatchObject({
      sampleLimit: value('sampleLimit.pods'),
      targetLimit: value('targetLimit.pods'),
      labelLimit: value('labelLimit'),
      labelValueLengthLimit: value('labelValueLengthLimit'),
      keepDroppedTargets: value('keepDroppedTargets'),
      convertClassicHistogramsToNHCB: true,
    });
  });

  test('drops what the plan drops, and names the job after the source', () => {
    expect(endpoint.metricRelabelings).toEqual(made.metrics.plan.scrapes[0].relabelings);
    expect(endpoint.relabelings).toEqual([{ action: 'replace', targetLabel: 'job', replacement: 'pods' }]);
    expect(made.metrics.scrapes.pods.kind).toBe('PodMonitor');
  });

  test('of Services, and of addresses outside of the cluster', () => {
    const families = [{ name: 'a_total', kind: MetricKind.COUNTER }];
    const other = make({
      workload: {
        sources: [
          { name: 'shop', targets: 2, families },
          { name: 'switches', targets: 2, families },
        ],
      },
      uses: [],
      recordings: [],
      scrapes: {
        shop: { serviceLabels: { app: 'shop' }, namespaces: ['shop'], port: 'http', path: '/stats' },
        switches: { addresses: ['10.0.0.1:9116'] },
      },
    });
    const service = one(other, 'ServiceMonitor').spec;
    expect(service).toMatchObject({
      selector: { matchLabels: { app: 'shop' } },
      namespaceSelector: { matchNames: ['shop'] },
    });
    expect(service.endpoints[0]).toMatchObject({ port: 'http', path: '/stats', interval: '30s' });
    expect(service.convertClassicHistogramsToNHCB).toBeUndefined();
    const config = one(other, 'ScrapeConfig');
    expect(config.apiVersion).toBe('monitoring.coreos.com/v1alpha1');
    expect(config.spec).toMatchObject({
      jobName: 'switches',
      staticConfigs: [{ targets: ['10.0.0.1:9116'] }],
      scrapeInterval: '30s',
      sampleLimit: other.metrics.plan.value('sampleLimit.switches'),
    });
    const { rules } = one(other, 'PrometheusRule').spec.groups[0];
    expect(rules.find(({ alert }: Manifest) => alert === 'MetricsSourceMissing').expr).toContain(
      '{job="shop",namespace="shop"}',
    );
  });
});

test('sums are recorded under level:metric:operations, evaluated as often as targets are scraped', () => {
  const rule = every(made, 'PrometheusRule').find(({ metadata }) => metadata.name === made.metrics.recordings?.name);
  expect(rule.spec.groups[0]).toMatchObject({
    interval: '30s',
    rules: [
      {
        record: 'job_code:http_requests:rate5m',
        expr: 'sum by (job, code) (rate(http_requests_total{job="pods",namespace="shop"}[5m]))',
        labels: { namespace: 'shop' },
      },
    ],
  });
  expect(make({ recordings: [] }).metrics.recordings).toBeUndefined();
});

describe('a sum by namespace', () => {
  const recordings = [{ metric: 'http_requests_total', by: ['namespace', 'code'], labelSets: 60 }];
  const scrapes = { pods: { podLabels: { app: 'api' }, namespaces: ['cart', 'search'] } };
  const byNamespace = make({ recordings, scrapes });
  const rules = every(byNamespace, 'PrometheusRule').flatMap(({ spec: { groups } }) => groups[0].rules);

  test('keeps the namespaces of the targets: a label of the rule would overwrite them', () => {
    const rule = rules.find(({ record }: Manifest) => record !== undefined);
    expect(rule).toEqual({
      record: 'namespace_code:http_requests:rate5m',
      expr: 'sum by (namespace, code) (rate(http_requests_total{job="pods",namespace=~"cart|search"}[5m]))',
    });
  });

  test('is missed by its own namespaces', () => {
    expect(rules.find(({ alert }: Manifest) => alert === 'MetricsRecordingMissing').expr).toBe(
      'absent(namespace_code:http_requests:rate5m{namespace=~"cart|search"})',
    );
  });
});

test('the budget is compared with active series: of all targets of two hours, with those of the scrape and the recorded ones', () => {
  const [{ expr }] = every(made, 'PrometheusRule')
    .flatMap(({ spec: { groups } }) => groups[0].rules)
    .filter(({ alert }: Manifest) => alert === 'MetricsSeriesAboveBudget');
  expect(expr).toBe(
    'sum((last_over_time(scrape_samples_post_metric_relabeling{job="pods",namespace="shop"}[7200s])) + 5) + (count(job_code:http_requests:rate5m{namespace="shop"}) or vector(0)) > 7600000',
  );
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-sampling-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'clients.json');
  writeFileSync(file, JSON.stringify({ panels: [{ targets: [{ expr: 'sum(rpc_client_messages_total)' }] }] }));

  test('what a dashboard needs stays', () => {
    const { scrapes } = make({ usedIn: [folder], objective: { activeSeries: 9e6 } }).metrics.plan;
    expect(made.metrics.plan.scrapes[0].dropped).toContain('rpc_client_messages_total');
    expect(scrapes[0].dropped).toEqual(['http_client_connections']);
  });

  test('what was to be dropped and is needed is an error that names the file', () => {
    expect(() => make({ usedIn: [file], dropped: ['rpc_client_messages_total'] })).toThrow(
      `dropped has rpc_client_messages_total, which 1 file needs: ${file} (sum(rpc_client_messages_total))`,
    );
  });

  test('what is left out is said in the plan', () => {
    const logs = join(folder, 'logs.json');
    writeFileSync(logs, JSON.stringify({ targets: [{ datasource: { type: 'loki' }, expr: '{app="x"}' }] }));
    const { plan } = make({ usedIn: [logs] }).metrics;
    rmSync(logs);
    expect(plan.remarks).toContain(
      `Of usedIn, 1 expression is for other data sources (loki) and not read, such as in ${logs}.`,
    );
    expect(plan.scrapes).toEqual(made.metrics.plan.scrapes);
  });

  test('a file that is not there is refused', () => {
    expect(() => make({ usedIn: [join(folder, 'none.json')] })).toThrow(InvalidInputError);
  });
});

test('a budget below what the files need is refused, with ways out', () => {
  expect(() => make({ objective: { activeSeries: 5e6 } })).toThrow(CapacityError);
  expect(() => make({ objective: { activeSeries: 5e6 } })).toThrow(
    /Metrics: what the queries need is [\d,]+ series, [\d,]+ with head-room 1.25, and 5,000,000 are allowed; activeSeries of \d+/,
  );
});

test.each<[string, Partial<MetricsSamplingProps>]>([
  ["scrapes lacks the source 'pods'", { scrapes: {} }],
  [
    "scrapes has 'others', which is no source; there are pods",
    { scrapes: { ...props.scrapes, others: { podLabels: { a: 'b' } } } },
  ],
  ['scrapes.pods must have exactly one of podLabels, serviceLabels and addresses, got none', { scrapes: { pods: {} } }],
  ['got podLabels and addresses', { scrapes: { pods: { podLabels: { a: 'b' }, addresses: ['10.0.0.1:9100'] } } }],
  ['scrapes.pods.podLabels must not be empty: it would select everything', { scrapes: { pods: { podLabels: {} } } }],
  [
    'scrapes.pods.path must be a path such as /metrics',
    { scrapes: { pods: { podLabels: { a: 'b' }, path: 'metrics' } } },
  ],
  ['scrapes.pods.port must be the name of a port', { scrapes: { pods: { podLabels: { a: 'b' }, port: '9100' } } }],
  [
    'scrapes.pods.port must not be given with addresses',
    { scrapes: { pods: { addresses: ['10.0.0.1:9100'], port: 'web' } } },
  ],
  ['prometheusVersion must be a whole number, between 2 and 3, got 4', { prometheusVersion: 4 }],
])('%s', (message, given) => {
  expect(() => make(given)).toThrow(InvalidInputError);
  expect(() => make(given)).toThrow(message);
});

test('two budgets beside each other share no name', () => {
  const chart = emptyChart();
  for (const id of ['Metrics', 'Other']) new MetricsSampling(chart, id, props);
  const names = Testing.synth(chart).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  expect(new Set(names).size).toBe(names.length);
});
