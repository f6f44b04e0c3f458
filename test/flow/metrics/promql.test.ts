import { seriesOf } from '../../../lib/flow/metrics/promql';

/** Of a variable of Grafana; the linter takes it for a template of our own. */
const DOLLAR = '$';

const names = (expression: string) => [...seriesOf(expression).names].sort();

describe('the names of an expression', () => {
  test.each<[string, string, string[]]>([
    ['a name', 'up', ['up']],
    ['a rate', 'rate(http_requests_total[5m])', ['http_requests_total']],
    [
      'labels are none',
      'sum by (job, code) (rate(http_requests_total{code=~"5..",job!="x"}[5m]))',
      ['http_requests_total'],
    ],
    ['a list after the operand', 'sum(rate(a_total[5m])) by (job)', ['a_total']],
    ['a list without a space', 'sum by(le)(rate(a_bucket[5m]))', ['a_bucket']],
    ['two sides', 'a_total / on (job) group_left (team) b_total', ['a_total', 'b_total']],
    ['group_left without a list', 'a * on(job) group_left b', ['a', 'b']],
    ['offset, bool, numbers', 'a offset 5m > bool 1e3 + b @ 1609746000 and c @ start()', ['a', 'b', 'c']],
    ['a subquery', 'max_over_time(rate(a_total[5m])[1h:1m])', ['a_total']],
    ['a comment', 'a # and b\n+ c', ['a', 'c']],
    ['text is none', 'label_replace(a, "b", "$1", "c", "(.*)")', ['a']],
    ['a parenthesis in text', 'a{path="/x(}[{"} + b', ['a', 'b']],
    ['a quote in text', 'a{path="\\"b"} + c', ['a', 'c']],
    ['a name in a matcher', '{__name__="a_total",job="x"}', ['a_total']],
    ['a name in quotes, as Prometheus 3 has it', '{"a.total", job="x"}', ['a.total']],
    ['a recorded series', 'job:http_requests:rate5m > 1', ['job:http_requests:rate5m']],
    ['aggregations with a parameter', 'topk by (job) (5, a) or count_values("version", b)', ['a', 'b']],
    ['capitals of words', 'a AND b UNLESS c', ['a', 'b', 'c']],
    ['a metric that is called as a function', 'rate + rate(a[5m])', ['a', 'rate']],
    ["Grafana's variables", 'rate(a_total{pod="$pod"}[$__rate_interval]) + b{x="[[y]]"}', ['a_total', 'b']],
    [
      "Grafana's label_values",
      'label_values(kube_pod_info{cluster="$cluster"}, namespace)',
      ['kube_pod_info', 'namespace'],
    ],
  ])('%s', (_what, expression, wanted) => {
    expect(names(expression)).toEqual(wanted);
    expect(seriesOf(expression).every).toBe(false);
  });
});

describe('what cannot be decided counts as needed', () => {
  const matches = (expression: string, name: string) => seriesOf(expression).patterns.some((one) => one.test(name));

  test('a pattern of names, anchored as Prometheus anchors it', () => {
    expect(matches('{__name__=~"http_.*"}', 'http_requests_total')).toBe(true);
    expect(matches('{__name__=~"http_.*"}', 'x_http_requests_total')).toBe(false);
    expect(matches('{__name__=~"a|b"}', 'ab')).toBe(false);
  });

  test.each<[string, string]>([
    [`${DOLLAR}{prefix}_requests_total`, 'http_requests_total'],
    ['rate($metric[5m])', 'anything'],
    ['rate([[metric]]_total[5m])', 'a_total'],
    [`{__name__=~"${DOLLAR}{prefix:regex}_.*"}`, 'http_requests'],
    ['metrics(node_cpu)', 'node_cpu_seconds_total'],
    ['metrics($prefix)', 'node_cpu_seconds_total'],
    ['{"$metric"}', 'a_total'],
  ])('a variable in a name: %s', (expression, name) => {
    expect(matches(expression, name)).toBe(true);
  });

  test.each([
    '{job="api"}',
    'count({job="api"}) by (__name__)',
    '{__name__!="a"}',
    '{__name__!~"a.*"}',
    '{__name__=~"(?i)a"}',
  ])('a selector without a name needs every series: %s', (expression) => {
    expect(seriesOf(expression).every).toBe(true);
  });

  test("between backticks nothing is an escape, and in quotes Go's escapes are", () => {
    expect(matches('{__name__=~`http_\\w+_total`}', 'http_requests_total')).toBe(true);
    expect(matches('{__name__=~"http_\\\\w+_total"}', 'http_requests_total')).toBe(true);
    expect(names('{__name__="\\x61_total"} + {__name__=\'b\\u005ftotal\'} + {__name__=`c`}')).toEqual([
      'a_total',
      'b_total',
      'c',
    ]);
  });

  test.each(['[[:alpha:]]+', '[_[:alnum:]]+', '\\pL+', '\\p{Latin}+', '\\Qa.b\\E', 'a\\z', '[]a]+', '\\x{61}'])(
    'a pattern that RE2 reads in another way needs every series: %s',
    (pattern) => {
      expect(seriesOf(`{__name__=~\`${pattern}\`}`).every).toBe(true);
    },
  );

  test.each([`[${DOLLAR}{x}]_total`, `a{$n}`, `${DOLLAR}{x}_[a-z]+`])(
    'a variable inside of a pattern that may be anything needs every series: %s',
    (pattern) => {
      expect(seriesOf(`{__name__=~"${pattern}"}`).every).toBe(true);
    },
  );

  test('buckets by le', () => {
    expect(seriesOf('a_bucket{le="0.5"} / b_bucket{le="1"}').bounds).toEqual(['0.5', '1']);
    expect(seriesOf('a_bucket{le="0.5"}').everyBound).toBe(false);
    for (const other of [
      'a_bucket{le=~"0.5|1"}',
      'a_bucket{le!="+Inf"}',
      'a_bucket{le="$le"}',
      'a_bucket{le="[[le]]"}',
      `a_bucket{le="${DOLLAR}{le}"}`,
      'a_bucket{le=$le}',
    ]) {
      expect([other, seriesOf(other).everyBound]).toEqual([other, true]);
    }
    expect(seriesOf('a_bucket{le="[[le]]"}').bounds).toEqual([]);
  });
});

test('windows of rates are known with their series, other ranges are none', () => {
  const windows = (expression: string) => seriesOf(expression).windows;
  expect(windows('rate(a[1m]) + irate(b{c="[9s]"}[1m30s])')).toEqual([
    { seconds: 60, name: 'a' },
    { seconds: 90, name: 'b' },
  ]);
  expect(windows('rate({__name__=~"a.*"}[1m])')).toEqual([{ seconds: 60, pattern: /^(?:a.*)$/s }]);
  expect(windows('rate({job="x"}[1m])')).toEqual([{ seconds: 60 }]);
  expect(windows('rate((a + b)[5m:1m])')).toEqual([{ seconds: 300 }]);
  expect(windows('max_over_time(a[10s])')).toEqual([]);
  expect(windows('max_over_time(rate(a[5m])[1h:])')).toEqual([{ seconds: 300, name: 'a' }]);
  expect(windows('rate(a[$__rate_interval])')).toEqual([]);
  expect(windows('rate(a[5m * 2])')).toEqual([]);
});

describe('a variable that stands for matchers loses nothing after it', () => {
  const FILTERS = ['$filters', `${DOLLAR}{filters:raw}`, '[[filters]]', `$a,${DOLLAR}{b}`];

  test.each(FILTERS)('%s', (filters) => {
    for (const selector of [`a_total{job="api",${filters}}`, `a_total{${filters}}`, `a_total{${filters},job="api"}`]) {
      const needed = seriesOf(`rate(${selector}[5m]) / rate(b_total{job="x"}[5m])`);
      expect([selector, [...needed.names]]).toEqual([selector, ['a_total', 'b_total']]);
      // The variable may select by `le`, but the names are known.
      expect([needed.every, needed.everyBound]).toEqual([false, true]);
    }
    expect(seriesOf(`{${filters}}`)).toMatchObject({ every: true, everyBound: true });
  });

  test('as a label or as a value', () => {
    const needed = seriesOf('a{$label="x"} / b{job=~$job,pod="y"} - c');
    expect([[...needed.names], needed.every, needed.everyBound]).toEqual([['a', 'b', 'c'], false, true]);
    expect(seriesOf('a{job=~$job} + b').everyBound).toBe(false);
  });

  test.each(['a{job "api"} + b', 'a{job=api} + b', 'a{job="api"', 'rate(a[5m', 'sum by (a + b', 'a{"'])(
    'what is no list of matchers may need anything: %s',
    (expression) => {
      expect(seriesOf(expression)).toMatchObject({ every: true, everyBound: true });
    },
  );

  test('a variable after offset or @ is a time', () => {
    const needed = seriesOf('a offset -$shift + b @ $to + c @ end()');
    expect([[...needed.names], needed.patterns]).toEqual([['a', 'b', 'c'], []]);
  });

  test('names that are words of the language are names where they stand alone', () => {
    expect(names('start + end + fill')).toEqual(['end', 'fill', 'start']);
  });
});

test('an expression with two operands of which one is enough says so', () => {
  expect(seriesOf('a_bucket or a').alternatives).toBe(true);
  expect(seriesOf('a_bucket + a').alternatives).toBe(false);
});

test('text that is no PromQL ends, whatever it is', () => {
  for (const text of ['', '{', 'a{', 'a{b', 'a{b=', 'sum by (', '[', ')', '"', "rate(a['", `${DOLLAR}{`, '[[x']) {
    expect(() => seriesOf(text)).not.toThrow();
  }
});
