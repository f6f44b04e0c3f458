/**
 * Nothing that an expression names is dropped, whatever else is in it: expressions are generated from names that are then
 * known, with matchers, variables in every place, subqueries, functions, all kinds of quotes, and comments.
 */
import fc from 'fast-check';
import { CapacityError } from '../../../lib/flow/errors';
import { planMetrics } from '../../../lib/flow/metrics/plan';
import { seriesOf } from '../../../lib/flow/metrics/promql';
import { MetricKind, type MetricsQuestion } from '../../../lib/flow/metrics/workload';
import { use } from '../../support/metrics';
import { runs } from '../../support/property';

/** Names of families; as text in other places they must not count. */
const NAMES = ['a_seconds_bucket', 'b_seconds_sum', 'c_total', 'd', 'e_total', 'f'] as const;
type Name = (typeof NAMES)[number];

/** An expression with the names that it needs. */
interface Known {
  readonly text: string;
  readonly names: readonly Name[];
}

/** Of a variable of Grafana; the linter takes it for a template of our own. */
const DOLLAR = '$';
const VARIABLES = ['$x', `${DOLLAR}{x}`, `${DOLLAR}{x:regex}`, '[[x]]', '[[x:csv]]'];
const variable = fc.constantFrom(...VARIABLES);
const quoted = fc.tuple(
  fc.constantFrom('"', "'", '`'),
  fc.oneof(fc.constantFrom('api', '5..', '}', '{', 'x(', ')', '[5m]', '# f', ',', ''), variable),
);
const value = quoted.map(([quote, text]) => `${quote}${text}${quote}`);
const matcher = fc.oneof(
  fc
    .tuple(fc.constantFrom('job', 'le', 'code'), fc.constantFrom('=', '!=', '=~', '!~'), fc.oneof(value, variable))
    .map((parts) => parts.join('')),
  fc.tuple(variable, value).map(([label, text]) => `${label}=${text}`),
  variable,
);
const matchers = fc.array(matcher, { maxLength: 3 });
const comma = fc.constantFrom(',', ', ', ' ,\n');

/** One series, by every way to name it. */
const selector: fc.Arbitrary<Known> = fc
  .tuple(fc.constantFrom(...NAMES), matchers, matchers, comma, fc.nat(7))
  .map(([name, before, after, between, form]) => {
    const list = (...own: string[]) => `{${[...before, ...own, ...after].join(between)}}`;
    const texts = [
      name,
      name + list(),
      list(`__name__="${name}"`),
      list(`__name__='${name}'`),
      list(`__name__=~\`(x|${name})\``),
      list(`__name__=~"${name}\\\\b"`),
      `{${[`"${name}"`, ...after].join(between)}}`,
      `${name} ${list()}`,
    ];
    return { text: texts[form], names: [name] };
  });

const range = fc.constantFrom('[5m]', '[$__rate_interval]', `[${DOLLAR}{w}]`, '[[[w]]]', '[5m] offset 1h');
const { expression } = fc.letrec<{ expression: Known; selected: Known }>((tie) => ({
  selected: selector,
  expression: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'expression' },
    tie('selected'),
    fc
      .tuple(fc.constantFrom('rate', 'irate', 'increase', 'max_over_time', '$function'), tie('selected'), range)
      .map(([call, { text, names }, window]) => ({ text: `${call}(${text}${window})`, names })),
    fc
      .tuple(
        fc.constantFrom<[string, string]>(
          ['sum by (job, f) (', ')'],
          ['sum(', ') by (c_total)'],
          ['sum without(d)(', ')'],
          ['topk(5, ', ')'],
          ['histogram_quantile(0.9, ', ')'],
          ['label_replace(', ', "f", "$1", "d", "(.*)")'],
          ['max_over_time((', ')[1h:1m])'],
          ['(', ') @ end()'],
          ['-(', ') offset -$shift'],
          ['# f + d\n', ' # c_total'],
        ),
        tie('expression'),
      )
      .map(([[before, after], { text, names }]) => ({ text: `${before}${text}${after}\n`, names })),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('+', '/', ' and ', ' OR ', ' unless ', '> bool', ' / on (job, f) group_left (d) '),
        tie('expression'),
      )
      .map(([left, operator, right]) => ({
        text: `${left.text}${operator} ${right.text}`,
        names: [...left.names, ...right.names],
      })),
  ),
}));

const needs = (text: string, name: string) => {
  const { names, patterns, every } = seriesOf(text);
  return every || names.has(name) || patterns.some((pattern) => pattern.test(name));
};

test('every name that is in an expression is needed', () => {
  fc.assert(
    fc.property(expression, ({ text, names }) => {
      expect(names.filter((name) => !needs(text, name))).toEqual([]);
    }),
    { numRuns: 5 * runs },
  );
});

test('and no other one, where every selector has a name', () => {
  fc.assert(
    fc.property(expression, ({ text, names }) => {
      expect(NAMES.filter((name) => needs(text, name)).filter((name) => !names.includes(name))).toEqual([]);
    }),
    { numRuns: 5 * runs },
  );
});

/** The name of the family that has a series. */
const familyOf = (name: string) => name.replace(/_(bucket|sum)$/, '');

test('nothing that a query has is dropped', () => {
  const families = NAMES.map((name) =>
    /_(bucket|sum)$/.test(name)
      ? { name: familyOf(name), kind: MetricKind.HISTOGRAM, labelSets: 3, buckets: [0.1, 0.5, 1, 2, 5, 10] }
      : { name, kind: MetricKind.GAUGE, labelSets: 5 },
  );
  let dropped = 0;
  fc.assert(
    fc.property(
      fc.array(expression, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 20, max: 80 }),
      (all, budget) => {
        const question: MetricsQuestion = {
          platform: 'prometheus',
          workload: { sources: [{ name: 'api', targets: 10, families }] },
          objective: { activeSeries: 10 * budget, headroom: 1 },
          uses: all.map(({ text }) => use(text)),
        };
        try {
          const [scrape] = planMetrics('M', question).scrapes;
          dropped += scrape.dropped.length;
          const used = all.flatMap(({ names }) => names.map(familyOf));
          expect(scrape.dropped.filter((name) => used.includes(name))).toEqual([]);
        } catch (error) {
          if (!(error instanceof CapacityError)) throw error;
        }
      },
    ),
    { numRuns: runs },
  );
  // Or the claim would say nothing.
  expect(dropped).toBeGreaterThan(runs / 2);
});
