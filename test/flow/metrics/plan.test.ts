import fc from 'fast-check';
import { PODS, TOO_MANY_METRICS, TOO_MANY_METRICS_ON_AWS } from '../../../lib/cases/case-19-too-many-metrics';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { ingestionCost } from '../../../lib/flow/metrics/costs';
import { planMetrics } from '../../../lib/flow/metrics/plan';
import { boundTexts } from '../../../lib/flow/metrics/relabeling';
import { activeSeries, untouched } from '../../../lib/flow/metrics/simulation';
import { type MetricFamily, MetricKind, type MetricsQuestion } from '../../../lib/flow/metrics/workload';
import { small, use } from '../../support/metrics';
import { optional, runs } from '../../support/property';

const question: MetricsQuestion = { ...TOO_MANY_METRICS, platform: 'prometheus' };
const asked = (changed: Partial<MetricsQuestion> = {}) => planMetrics('Metrics', { ...question, ...changed });
/** The same where programs expose native histograms themselves. */
const managed = () => planMetrics('Metrics', { ...TOO_MANY_METRICS_ON_AWS, platform: 'amp' });

function refusal(make: () => unknown): CapacityError {
  try {
    make();
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('known answers', () => {
  test('8,000 targets of 2,000 series, an eighth replaced in an hour, are 20 M; with native histograms 7.96 M, and no counter is lost', () => {
    const plan = asked({ objective: { activeSeries: 8e6, headroom: 1 } });
    expect(plan.predictions.seriesBefore).toBe(20e6);
    expect(plan.predictions.activeSeries).toBe(7.96e6 + 60);
    expect(plan.scrapes[0]).toMatchObject({ nativeHistograms: true, dropped: [], relabelings: [] });
  });

  test('with head-room the largest families that no file queries go, and not one more than needed', () => {
    const plan = asked();
    expect(plan.scrapes[0].dropped).toEqual(['http_client_connections', 'rpc_client_messages_total']);
    expect(plan.predictions.activeSeries).toBe(5.96e6 + 60);
    expect(plan.predictions.breaksAtLoad).toBeCloseTo(8 / 5.96, 4);
  });

  test('Prometheus 2 misses 8 M: 4 of 12 buckets are 7 of 15 series', () => {
    const uses = [
      use('histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))'),
      ...question.uses!.slice(3),
    ];
    const { reason } = refusal(() =>
      asked({ prometheusVersion: 2, uses: uses.filter(({ expression }) => !expression.includes('db_query')) }),
    );
    expect(reason).toMatch(/and 8,000,000 are allowed/);
  });

  test('samples: 20 M series are 666,667 a second at 30 s', () => {
    const workload = { sources: [{ ...PODS, targets: 10_000, churnPerHour: 0 }] };
    const plan = planMetrics('Metrics', {
      ...question,
      workload,
      uses: [],
      recordings: [],
      objective: { activeSeries: 25e6 },
    });
    expect(Math.round(plan.predictions.samplesPerSecond)).toBe(666_667);
    expect(plan.value('intervalSeconds')).toBe(30);
    expect(plan.value('rateWindowSeconds')).toBe(300);
  });

  test('a managed workspace: 2 × 10⁹ samples for 0.90, the next 250 × 10⁹ for 0.35, others for 0.16 per 10 million', () => {
    const perSecond = (samples: number) => samples / (730 * 3600);
    expect(ingestionCost(perSecond(2e9))).toBeCloseTo(180, 6);
    expect(ingestionCost(perSecond(252e9))).toBeCloseTo(180 + 8750, 6);
    expect(ingestionCost(perSecond(262e9))).toBeCloseTo(180 + 8750 + 160, 6);
    expect(managed().predictions.monthlyCost).toBeGreaterThan(0);
    expect(asked().predictions.monthlyCost).toBeUndefined();
  });

  test('targets that are replaced count for two more hours: half of them an hour doubles the series', () => {
    const { sources } = small().workload;
    const plan = planMetrics('M', small({ workload: { sources: [{ ...sources[0], churnPerHour: 0.5 }] } }));
    // 4 × 8 + 7 + 9 + 5 = 53.
    expect(plan.predictions.seriesBefore).toBe(10 * 53 * 2);
  });

  test('limits: 1.5 × the samples of a target, twice the targets with head-room', () => {
    const plan = planMetrics('M', small());
    expect(plan.value('samplesPerTarget.api')).toBe(48);
    expect(plan.value('sampleLimit.api')).toBe(72);
    expect(plan.value('targetLimit.api')).toBe(25);
  });

  test('each source may grow by the same factor in a managed workspace', () => {
    const plan = managed();
    expect(plan.value('maxSeries.pods')).toBeLessThanOrEqual(8e6);
    expect(plan.value('maxSeries.pods') / 5.96e6).toBeCloseTo(plan.predictions.breaksAtLoad, 3);
  });

  test('recorded series are called level:metric:operations, and take the form that the histogram has', () => {
    const recordings = [
      { metric: 'work_total', by: ['job', 'code'] },
      { metric: 'idle', by: ['job'] },
      { metric: 'wait_seconds', by: ['job'] },
    ];
    const records = (changed: Partial<MetricsQuestion>) =>
      planMetrics('M', small({ recordings, ...changed })).recordings;
    expect(records({}).map(({ record }) => record)).toEqual([
      'job_code:work:rate5m',
      'job:idle:sum',
      'job_le:wait_seconds_bucket:rate5m',
    ]);
    expect(records({})[2].expression).toBe('sum by (job, le) (rate(wait_seconds_bucket[5m]))');
    expect(records({ nativeHistograms: true })[2]).toMatchObject({
      record: 'job:wait_seconds:rate5m',
      expression: 'sum by (job) (rate(wait_seconds[5m]))',
    });
    expect(records({ intervalSeconds: 120 })[0].record).toBe('job_code:work:rate8m');
  });
});

describe('the interval', () => {
  test.each<[string, number, Partial<MetricsQuestion>]>([
    ['30 s without a query', 30, {}],
    ['a quarter of the shortest window', 15, { uses: [use('rate(work_total[1m])')] }],
    ['not longer for a long window', 30, { uses: [use('rate(work_total[1h])')] }],
    ['as given', 60, { intervalSeconds: 60 }],
  ])('%s', (_what, seconds, changed) => {
    expect(planMetrics('M', small(changed)).value('intervalSeconds')).toBe(seconds);
  });

  test.each<[string, Partial<MetricsQuestion>, RegExp]>([
    [
      'a window that is too short for it names the file',
      { intervalSeconds: 60, uses: [use('rate(work_total[2m])', 'alerts/a.yaml')] },
      /alerts\/a\.yaml \(rate\(work_total\[2m\]\)\) takes a rate over 120 s, and 4 scrapes take 240 s/,
    ],
    [
      'also where the database takes no shorter one',
      { platform: 'amp', uses: [use('rate(work_total[1m])')] },
      /dashboards\/x\.json .* takes a rate over 60 s, and 4 scrapes take 120 s \(Amazon Managed Service for Prometheus/,
    ],
    [
      'above the look-back',
      { intervalSeconds: 121 },
      /intervalSeconds must be a whole number, between 1 and 120, got 121/,
    ],
    ['below 30 s in a managed workspace', { platform: 'amp', intervalSeconds: 15 }, /between 30 and 120, got 15/],
  ])('%s', (_what, changed, message) => {
    expect(() => planMetrics('M', small(changed))).toThrow(InvalidInputError);
    expect(() => planMetrics('M', small(changed))).toThrow(message);
  });
});

describe('nothing is dropped that a file needs', () => {
  const tight = { activeSeries: 200, headroom: 1 };

  test('what was named and is needed is refused with the file and the expression', () => {
    expect(() =>
      planMetrics(
        'M',
        small({ dropped: ['work_total'], uses: [use('sum(rate(work_total[5m]))', 'alerts/load.yaml')] }),
      ),
    ).toThrow(/dropped has work_total, which 1 file need.*alerts\/load\.yaml \(sum\(rate\(work_total\[5m\]\)\)\)/);
  });

  test.each<[string, string]>([
    ['by its name', 'idle'],
    ['by a pattern', '{__name__=~"id.*"}'],
    ['by labels alone', '{job="api"}'],
    ['by a variable', '$metric'],
  ])('a family that is needed %s stays', (_what, expression) => {
    const plan = planMetrics('M', small({ uses: [use(expression)] }));
    expect(plan.scrapes[0].dropped).not.toContain('idle');
    expect(
      refusal(() => planMetrics('M', small({ objective: tight, uses: [use(expression), use('work_total')] }))).reason,
    ).toMatch(/200 are allowed/);
  });

  test('without any query nothing is taken away, and the error says so', () => {
    const { message } = refusal(() => planMetrics('M', small({ objective: tight })));
    expect(message).toMatch(/no query is given and nothing may go/);
    expect(planMetrics('M', small()).scrapes[0].relabelings).toEqual([]);
  });

  test('what is kept by hand, or recorded, stays', () => {
    const fits = { objective: { activeSeries: 300, headroom: 1 }, uses: [use('wait_seconds')] };
    // 4 + 7 + 9 + 5 = 25 of a target with native histograms: 250 of 300, and nothing has to go.
    expect(planMetrics('M', small(fits)).scrapes[0].dropped).toEqual([]);
    const less = { ...fits, objective: { activeSeries: 200, headroom: 1 } };
    expect(planMetrics('M', small(less)).scrapes[0].dropped).toEqual(['idle']);
    expect(planMetrics('M', small({ ...less, kept: ['idle'] })).scrapes[0].dropped).toEqual(['work_total']);
    expect(
      planMetrics('M', small({ ...less, recordings: [{ metric: 'idle', by: ['job'] }] })).scrapes[0].dropped,
    ).toEqual(['work_total']);
  });

  test('the pattern of a histogram has all its names, and no other name that begins like it', () => {
    const plan = planMetrics('M', small({ dropped: ['wait_seconds', 'idle'] }));
    const [{ sourceLabels, regex, action }] = plan.scrapes[0].relabelings;
    expect([sourceLabels, action]).toEqual([['__name__'], 'drop']);
    const drops = (name: string) => new RegExp(`^(?:${regex})$`).test(name);
    expect(['wait_seconds_bucket', 'wait_seconds_sum', 'wait_seconds_count', 'wait_seconds', 'idle'].every(drops)).toBe(
      true,
    );
    expect(['wait_seconds_total', 'idle_seconds', 'work_total'].some(drops)).toBe(false);
  });
});

describe('histograms', () => {
  test('a query for _bucket keeps them classic, one for the name makes them native', () => {
    const native = (expression: string) =>
      planMetrics('M', small({ uses: [use(expression)] })).scrapes[0].nativeHistograms;
    expect(native('histogram_quantile(0.9, rate(wait_seconds[5m]))')).toBe(true);
    expect(native('histogram_quantile(0.9, rate(wait_seconds_bucket[5m]))')).toBe(false);
    expect(native('work_total')).toBe(false);
  });

  test.each<[string, Partial<MetricsQuestion>, RegExp]>([
    [
      'both forms in one source name both files',
      { uses: [use('wait_seconds_count', 'a.json'), use('rate(wait_seconds[5m])', 'b.json')] },
      /a\.json \(wait_seconds_count\) needs wait_seconds_bucket, _sum or _count, and b\.json .* as a native one/,
    ],
    [
      'asked for by hand, with a query in the way',
      { nativeHistograms: true, uses: [use('rate(wait_seconds_sum[5m])', 'a.json')] },
      /the histograms of api cannot become native: a\.json/,
    ],
    [
      'a query for a native one on Prometheus 2',
      { prometheusVersion: 2, uses: [use('rate(wait_seconds[5m])', 'b.json')] },
      /b\.json .* as a native histogram, and Prometheus 2 cannot convert it; query wait_seconds_bucket instead/,
    ],
    [
      'native ones of Prometheus 2',
      { prometheusVersion: 2, nativeHistograms: true },
      /nativeHistograms must not be true: Prometheus 2 cannot convert it/,
    ],
  ])('%s', (_what, changed, message) => {
    expect(() => planMetrics('M', small(changed))).toThrow(message);
  });

  test('a thinned one keeps the last bound, those that a query selects by le, and is written in every notation', () => {
    const uses = [
      use('wait_seconds_bucket{le="0.5"} / ignoring(le) wait_seconds_count'),
      use('work_total'),
      use('idle'),
    ];
    const plan = planMetrics('M', small({ uses, objective: { activeSeries: 480, headroom: 1 }, keptBuckets: 2 }));
    expect(plan.scrapes[0].thinned).toEqual(['wait_seconds']);
    const [{ sourceLabels, regex }] = plan.scrapes[0].relabelings;
    expect(sourceLabels).toEqual(['__name__', 'le']);
    const drops = (le: string) => new RegExp(`^(?:${regex})$`).test(`wait_seconds_bucket;${le}`);
    expect(['0.1', '5', '5.0'].map(drops)).toEqual([true, true, true]);
    expect(['0.5', '1', '1.0', '10', '10.0', '+Inf', '051'].map(drops)).toEqual(Array(7).fill(false));
    // 5 + 7 + 9 + 4 × (3 + 3) = 45.
    expect(plan.predictions.activeSeries).toBe(450);
  });

  test('one with buckets by a pattern of le loses none', () => {
    const uses = [use('wait_seconds_bucket{le=~"0.5|1"}'), use('work_total'), use('idle')];
    expect(() => planMetrics('M', small({ uses, objective: { activeSeries: 480, headroom: 1 } }))).toThrow(
      CapacityError,
    );
  });

  test.each<[number, string[]]>([
    [0.5, ['0.5']],
    [5, ['5', '5.0']],
    [1e6, ['1000000', '1000000.0', '1e+06', '1.0E6']],
    [1e-5, ['0.00001', '1e-05', '1.0E-5']],
    [2.5, ['2.5']],
  ])('the bound %d is written as %j', (bound, texts) => {
    expect(boundTexts(bound)).toEqual(texts);
  });
});

describe('what does not fit is refused, with ways out', () => {
  test('queries in the way are named, and each way out was solved', () => {
    const classic = use(
      'histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))',
      'old.json',
    );
    const uses = [classic, ...question.uses!.filter(({ expression }) => !expression.includes('quantile'))];
    const { waysOut } = refusal(() => asked({ uses }));
    expect(waysOut).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^activeSeries of \d+$/),
        expect.stringMatching(/^these queries for native histograms: old\.json/),
      ]),
    );
    const budget = Number(/activeSeries of (\d+)/.exec(waysOut.join())![1]);
    expect(() => asked({ uses, objective: { activeSeries: budget } })).not.toThrow();
    expect(() => asked({ uses, objective: { activeSeries: Math.floor(0.99 * budget) } })).toThrow(CapacityError);
  });

  test.each<[string, Partial<MetricsQuestion>]>([
    ["platform must be one of prometheus, amp, got 'influx'", { platform: 'influx' }],
    [
      'objective.activeSeries must be a whole number, between 1 and 1000000000, got 0',
      { objective: { activeSeries: 0 } },
    ],
    ['objective.headroom must be between 1 and 10, got 0.5', { objective: { activeSeries: 1e6, headroom: 0.5 } }],
    ['workload.sources must be 1 to 1000, got 0', { workload: { sources: [] } }],
    ["workload.sources must have different names, got 'pods' twice", { workload: { sources: [PODS, PODS] } }],
    ["dropped has 'nothing', which is no family of a source", { dropped: ['nothing'] }],
    ["recordings has 'nothing', which is no family of a source", { recordings: [{ metric: 'nothing', by: ['job'] }] }],
    [
      "recordings.by of 'http_requests_total' must be at least one name of a label",
      { recordings: [{ metric: 'http_requests_total', by: [] }] },
    ],
  ])('%s', (message, changed) => {
    expect(() => asked(changed)).toThrow(InvalidInputError);
    expect(() => asked(changed)).toThrow(message);
  });

  test.each<[string, Partial<MetricFamily>]>([
    ["buckets of 'wait' is missing", { buckets: undefined }],
    ["buckets of 'wait' must be finite numbers, ascending, without +Inf", { buckets: [1, 1] }],
    ["buckets of 'wait' must not be given: it is no histogram", { kind: MetricKind.GAUGE }],
    ["a histogram is named without _bucket, _sum or _count, got 'wait_sum'", { name: 'wait_sum' }],
    ["families.name must be 1 to 200 letters, digits and underscores, no digit first, got 'a-b'", { name: 'a-b' }],
    ["labelSets of 'wait' must be a whole number, between 1 and 10000000, got 0", { labelSets: 0 }],
  ])('%s', (message, changed) => {
    const family: MetricFamily = { name: 'wait', kind: MetricKind.HISTOGRAM, buckets: [1, 2], ...changed };
    const workload = { sources: [{ name: 'a', targets: 1, families: [family] }] };
    expect(() => planMetrics('M', { platform: 'prometheus', workload, objective: { activeSeries: 1e6 } })).toThrow(
      message,
    );
  });
});

const FAMILIES = ['a', 'b', 'c', 'd'];
const questions: fc.Arbitrary<MetricsQuestion> = fc.record({
  platform: fc.constantFrom('prometheus', 'amp'),
  prometheusVersion: optional(fc.constantFrom(2, 3)),
  workload: fc.record({
    sources: fc
      .array(
        fc.record({
          targets: fc.integer({ min: 1, max: 50 }),
          churnPerHour: optional(fc.constantFrom(0, 0.5, 2)),
          otherSeries: optional(fc.integer({ min: 0, max: 20 })),
          families: fc.subarray(FAMILIES, { minLength: 1 }).chain((names) =>
            fc.tuple(
              ...names.map((name) =>
                fc.record({
                  name: fc.constant(name),
                  // A family is of one kind everywhere.
                  kind: fc.constant(name < 'c' ? MetricKind.HISTOGRAM : MetricKind.COUNTER),
                  labelSets: fc.integer({ min: 1, max: 20 }),
                  ...(name < 'c' && { buckets: fc.constant<number[]>([0.1, 0.2, 0.5, 1, 2, 5, 10]) }),
                }),
              ),
            ),
          ),
        }),
        { minLength: 1, maxLength: 3 },
      )
      .map((sources) => sources.map((source, index) => ({ ...source, name: `s${index}` }))),
  }),
  objective: fc.record({
    activeSeries: fc.integer({ min: 100, max: 60_000 }),
    headroom: optional(fc.constantFrom(1, 1.5)),
  }),
  uses: fc.subarray([
    use('rate(a[5m])'),
    use('b_bucket'),
    use('rate(c[5m])'),
    use('{__name__=~"d|e"}'),
    use('b_bucket{le="0.5"}'),
  ]),
});

describe('over random questions', () => {
  const planOf = (one: MetricsQuestion) => {
    try {
      return planMetrics('M', one);
    } catch (error) {
      if (error instanceof CapacityError || error instanceof InvalidInputError) return undefined;
      throw error;
    }
  };

  test('a plan keeps the budget with head-room, and the series that are enumerated are those that it predicts', () => {
    fc.assert(
      fc.property(questions, (one) => {
        const plan = planOf(one);
        if (plan === undefined) return;
        const { activeSeries: budget, headroom = 1.25 } = one.objective;
        expect(plan.predictions.activeSeries * headroom).toBeLessThanOrEqual(budget);
        const { sources } = one.workload;
        const still = sources.map((source) => ({ ...source, churnPerHour: 0 }));
        const predicted = planOf({ ...one, workload: { sources: still } })!;
        expect(activeSeries(still, predicted.scrapes, 1)).toBe(predicted.predictions.activeSeries);
        expect(activeSeries(still, still.map(untouched), 1)).toBe(predicted.predictions.seriesBefore);
      }),
      { numRuns: runs },
    );
  });

  test('more targets never mean fewer exposed series, and a larger budget never drops or thins more', () => {
    fc.assert(
      fc.property(questions, (one) => {
        const plan = planOf(one);
        if (plan === undefined) return;
        const wider = planOf({
          ...one,
          objective: { ...one.objective, activeSeries: 2 * one.objective.activeSeries },
        })!;
        expect(wider.predictions.activeSeries).toBeGreaterThanOrEqual(plan.predictions.activeSeries);
        wider.scrapes.forEach(({ dropped, thinned }, index) => {
          expect(plan.scrapes[index].dropped).toEqual(expect.arrayContaining(dropped));
          // What the smaller budget drops, it need not thin.
          const left = thinned.filter((name) => !plan.scrapes[index].dropped.includes(name));
          expect(plan.scrapes[index].thinned).toEqual(expect.arrayContaining(left));
        });
        const sources = one.workload.sources.map((source) => ({ ...source, targets: 2 * source.targets }));
        const more = planMetrics('M', {
          ...one,
          workload: { sources },
          objective: { ...one.objective, activeSeries: 1e9 },
        });
        expect(more.predictions.seriesBefore).toBeGreaterThan(plan.predictions.seriesBefore);
      }),
      { numRuns: runs },
    );
  });
});

test('targets that are replaced at random come close to what is predicted', () => {
  const sources = [{ name: 'api', targets: 200, churnPerHour: 0.5, families: [{ name: 'a', kind: MetricKind.GAUGE }] }];
  const plan = planMetrics('M', { platform: 'prometheus', workload: { sources }, objective: { activeSeries: 1e6 } });
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
  const mean = seeds.reduce((sum, seed) => sum + activeSeries(sources, plan.scrapes, 100 * seed), 0) / seeds.length;
  expect(mean / plan.predictions.activeSeries).toBeGreaterThan(0.97);
  expect(mean / plan.predictions.activeSeries).toBeLessThan(1.03);
});

test('a bucket that a query selects stays, also where another source has other buckets under the name', () => {
  const histogram = (buckets: number[]): MetricFamily => ({
    name: 'lat',
    kind: MetricKind.HISTOGRAM,
    labelSets: 10,
    buckets,
  });
  const [a, b] = [
    { name: 'a', targets: 100, families: [histogram([0.1, 0.2, 0.5, 1])] },
    { name: 'b', targets: 100, families: [histogram([2, 4, 8, 16, 32, 64, 128])] },
  ];
  const plan = planMetrics('Metrics', {
    platform: 'prometheus',
    prometheusVersion: 2,
    workload: { sources: [a, b] },
    objective: { activeSeries: 15_000, headroom: 1 },
    uses: [use('rate(lat_bucket{job="a",le="0.5"}[5m])')],
  });
  const dropped = plan.scrapes.flatMap(({ source, relabelings }) =>
    source === 'a' ? relabelings.map(({ regex }) => regex) : [],
  );
  expect(dropped.filter((regex) => new RegExp(`^(?:${regex})$`).test('lat_bucket;0.5'))).toEqual([]);
  expect(dropped.filter((regex) => new RegExp(`^(?:${regex})$`).test('lat_bucket;+Inf'))).toEqual([]);
});
