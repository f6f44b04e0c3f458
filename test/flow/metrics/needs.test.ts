/** What queries need of a plan: forms of histograms, windows of rates, recorded series. */
import { InvalidInputError } from '../../../lib/flow/errors';
import { planMetrics } from '../../../lib/flow/metrics/plan';
import { type MetricFamily, MetricKind, type MetricsQuestion } from '../../../lib/flow/metrics/workload';
import { small, use } from '../../support/metrics';

const histogram = (name: string, buckets = [0.1, 0.5, 1, 5]): MetricFamily => ({
  name,
  kind: MetricKind.HISTOGRAM,
  labelSets: 4,
  buckets,
});
const work: MetricFamily = { name: 'work_total', kind: MetricKind.COUNTER, labelSets: 7 };

function refusal(question: MetricsQuestion): string {
  try {
    planMetrics('M', question);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('an expression with both forms of a histogram', () => {
  const quantile = (operator: string) =>
    use(
      `histogram_quantile(0.9, rate(wait_seconds_bucket[5m])) ${operator} histogram_quantile(0.9, rate(wait_seconds[5m]))`,
    );

  test.each<[string, boolean, Partial<MetricsQuestion>]>([
    ['asked for native ones', true, { nativeHistograms: true }],
    ['asked for classic ones', false, { nativeHistograms: false }],
    ['on Prometheus 2', false, { prometheusVersion: 2 }],
    ['on a budget that is wide', false, {}],
    // 4 + 7 + 9 + 5 = 25 of a target with native histograms.
    ['on a budget that needs native ones', true, { objective: { activeSeries: 250, headroom: 1 } }],
    ['beside a query for native ones', true, { uses: [quantile('or'), use('histogram_count(wait_seconds)')] }],
    ['beside a query for classic ones', false, { uses: [quantile('or'), use('wait_seconds_sum')] }],
  ])('is satisfied by either, joined by or: %s', (_what, native, changed) => {
    const uses = [quantile('or'), use('work_total'), use('idle')];
    const [scrape] = planMetrics('M', small({ uses, ...changed })).scrapes;
    expect([scrape.nativeHistograms, scrape.dropped]).toEqual([native, []]);
  });

  test('needs both, joined by anything else, and is refused', () => {
    for (const nativeHistograms of [true, undefined]) {
      expect(refusal(small({ uses: [quantile('+')], nativeHistograms }))).toMatch(/cannot become native/);
    }
  });
});

describe('a recording is of one form', () => {
  const sources = (...families: MetricFamily[][]) => ({
    sources: families.map((list, index) => ({ name: `s${index}`, targets: 10, families: list })),
  });
  const recordings = [{ metric: 'lat', by: ['job'], labelSets: 2 }];

  test('a source that could be native stays classic where the other one has to', () => {
    // Native histograms of the first would be enough for the budget, and the sum would lack it.
    const plan = planMetrics('M', {
      platform: 'prometheus',
      workload: sources([histogram('lat')], [histogram('lat'), histogram('other')]),
      objective: { activeSeries: 1100, headroom: 1 },
      uses: [use('other_bucket')],
      recordings,
    });
    expect(plan.scrapes.map(({ nativeHistograms }) => nativeHistograms)).toEqual([false, false]);
    expect(plan.recordings[0].record).toBe('job_le:lat_bucket:rate5m');
  });

  test('both become native together', () => {
    const plan = planMetrics('M', {
      platform: 'prometheus',
      workload: sources([histogram('lat')], [histogram('lat')], [histogram('another')]),
      // 660 + 330 series; native histograms of one would do.
      objective: { activeSeries: 900, headroom: 1 },
      uses: [use('work_total')],
      recordings,
    });
    expect(plan.scrapes.map(({ nativeHistograms }) => nativeHistograms)).toEqual([true, true, false]);
    expect(plan.recordings[0].record).toBe('job:lat:rate5m');
  });

  test('in a managed workspace a source whose programs expose native ones stays classic beside one whose do not', () => {
    const { sources: both } = sources([histogram('lat')], [histogram('lat')]);
    const plan = planMetrics('M', {
      platform: 'amp',
      workload: { sources: [{ ...both[0], exposesNative: true }, both[1]] },
      objective: { activeSeries: 700, headroom: 1 },
      uses: [use('work_total')],
      recordings,
    });
    expect(plan.scrapes.map(({ nativeHistograms }) => nativeHistograms)).toEqual([false, false]);
  });

  test('where one has to be native and the other cannot be, it is refused with both', () => {
    expect(
      refusal({
        platform: 'prometheus',
        workload: sources([histogram('lat'), histogram('x')], [histogram('lat'), histogram('y')]),
        objective: { activeSeries: 1e6 },
        uses: [use('histogram_count(x)'), use('y_bucket')],
        recordings,
      }),
    ).toContain(
      'recordings sums lat over s0, s1, and needs one form of it: the histograms of s0 have to be native ones, and those of s1 cannot be (a query needs y_bucket)',
    );
  });

  test('a classic sum has the buckets of every source', () => {
    const plan = planMetrics('M', {
      platform: 'prometheus',
      workload: sources([histogram('lat', [1, 2])], [histogram('lat', [2, 4, 8])]),
      objective: { activeSeries: 1e6 },
      recordings,
    });
    // 10 × (4 × 5 + 5) + 10 × (4 × 6 + 5) of the targets; 2 × (1, 2, 4, 8, +Inf) are recorded.
    expect(plan.predictions.activeSeries).toBe(250 + 290 + 10);
  });

  test('a name that is a histogram here and a counter there is not summed', () => {
    const workload = sources([histogram('lat')], [{ ...work, name: 'lat' }]);
    expect(refusal({ platform: 'prometheus', workload, objective: { activeSeries: 1e6 }, recordings })).toContain(
      "recordings has 'lat', which is a histogram and a counter",
    );
  });
});

describe('windows of rates', () => {
  const interval = (changed: Partial<MetricsQuestion>) => planMetrics('M', small(changed)).value('intervalSeconds');

  test.each<[string, number]>([
    ['rate(work_total[40s])', 10],
    ['rate(foreign_total[8s])', 30],
    ['rate(work_total[40s]) / rate(foreign_total[8s])', 10],
    ['rate({__name__=~"work.*"}[40s])', 10],
    ['rate({__name__=~"foreign.*"}[8s])', 30],
    ['rate({job="api"}[40s])', 10],
    ['rate((sum(foreign_total))[8s:4s])', 30],
    ['rate((sum(work_total))[40s:4s])', 10],
  ])('count for what the sources expose: %s', (expression, seconds) => {
    expect(interval({ uses: [use(expression)] })).toBe(seconds);
  });

  test('a shorter window of what another Prometheus has is not refused', () => {
    expect(interval({ uses: [use('rate(foreign_total[8s])')], intervalSeconds: 60 })).toBe(60);
  });

  test('where a source has series without a name here, every window counts but those of recorded series', () => {
    const [api] = small().workload.sources;
    const workload = { sources: [{ ...api, otherSeries: 3 }] };
    expect(interval({ workload, uses: [use('rate(foreign_total[40s])')] })).toBe(10);
    const uses = [{ ...use('deriv(job:foreign:sum[8s])'), record: 'job:foreign:sum' }];
    expect(interval({ workload, uses })).toBe(30);
  });
});

describe('a recorded series that a file needs', () => {
  const recordings = [{ metric: 'work_total', by: ['job'] }];
  const asked = (expression: string, changed: Partial<MetricsQuestion> = {}) =>
    small({ uses: [use(expression, 'dashboards/load.json')], recordings, ...changed });

  test.each<[string, Partial<MetricsQuestion>]>([
    ['job:work:rate5m', {}],
    ['sum(job:other:rate5m)', { uses: [{ ...use('rate(other[5m])'), record: 'job:other:rate5m' }] }],
    ['status:500 or http:code', {}],
  ])('is recorded by the plan or by a rule, or is none: %s', (expression, { uses = [] }) => {
    expect(() =>
      planMetrics('M', asked(expression, { uses: [use(expression, 'dashboards/load.json'), ...uses] })),
    ).not.toThrow();
  });

  test('is refused where nothing records it, with what is recorded', () => {
    expect(refusal(asked('sum(job:work:rate10m)'))).toBe(
      'M: dashboards/load.json (sum(job:work:rate10m)) needs job:work:rate10m, which no rule records: recorded is job:work:rate5m; give the file of its rule as well, so that what it sums stays, or add it to recordings',
    );
    expect(refusal(asked('job:work:rate5m', { recordings: [] }))).toContain('nothing is recorded');
  });

  test('has another name once the histogram is a native one', () => {
    const sums = [{ metric: 'wait_seconds', by: ['job'] }];
    const message = refusal(asked('job_le:wait_seconds_bucket:rate5m', { recordings: sums, nativeHistograms: true }));
    expect(message).toContain('recorded is job:wait_seconds:rate5m');
  });
});
