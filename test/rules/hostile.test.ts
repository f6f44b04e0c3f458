// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation's Fn::Sub is written so
/** Documents that were made to do harm: what is over a limit is refused by name, the rest is judged, and all of it ends. */
import { judgeEach, type Verdict } from '../../lib/rules/check';
import { MAX_DEPTH, MAX_FILE_BYTES, MAX_VALUES, Total } from '../../lib/rules/limits';
import { parse } from '../../lib/rules/parse';
import { matches, matchesWildcards, patternOf } from '../../lib/rules/patterns';
import { readEach, readingOf } from '../../lib/rules/read';
import { RULES } from '../../lib/rules/table';

const judged = (text: string, file = 'file.yaml'): Verdict => judgeEach(readEach([{ file, text }]));
const template = (resources: object, rest: object = {}) => JSON.stringify({ Resources: resources, ...rest });
const manifest = (kind: string, apiVersion: string, spec: unknown) =>
  JSON.stringify({ apiVersion, kind, metadata: { name: 'a' }, spec });

/** `a` nine times in `b`, `b` nine times in `c`, twelve levels of it: 9¹² values in some 600 bytes. */
const bomb = (inner: string, level: (alias: string) => string) =>
  ['l0: &l0', inner]
    .join(' ')
    .concat('\n', Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} ${level(`*l${i}`)}\n`).join(''));
const nine = (one: (i: number) => string) => Array.from({ length: 9 }, (_, i) => one(i)).join(', ');

describe('what is over a limit is refused by name, with the limit', () => {
  test.each([
    ['lists of aliases', bomb('[x]', (alias) => `[${nine(() => alias)}]`), `more than ${MAX_VALUES} values`],
    [
      'mappings of aliases',
      bomb('{a: x}', (alias) => `{${nine((i) => `k${i}: ${alias}`)}}`),
      `more than ${MAX_VALUES} values`,
    ],
    [
      'functions of aliases',
      bomb('x', (alias) => `!If [c, ${alias}, ${alias}, ${nine(() => alias)}]`),
      `more than ${MAX_VALUES} values`,
    ],
    ['a value in itself', '&a [*a]', 'a value contains itself'],
    ['a mapping in itself', 'Resources: &r {Q: {Type: AWS::SQS::Queue, Properties: *r}}', 'a value contains itself'],
    ['deep YAML', `${'['.repeat(5000)}${']'.repeat(5000)}`, `more than ${MAX_DEPTH} levels deep`],
    [
      'deep block YAML',
      Array.from({ length: 5000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      `more than ${MAX_DEPTH} levels deep`,
    ],
    [
      'deep JSON',
      `{"Resources":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}`,
      `more than ${MAX_DEPTH} levels deep`,
    ],
    [
      'depth by aliases',
      `a: &a ${'['.repeat(150)}${']'.repeat(150)}\nb: ${'['.repeat(150)}*a${']'.repeat(150)}`,
      `more than ${MAX_DEPTH} levels deep`,
    ],
    [
      'merged keys',
      `a: &a {${Array.from({ length: 5000 }, (_, i) => `k${i}: 1`).join(', ')}}\n${Array.from({ length: 50 }, (_, i) => `x${i}: {<<: *a}`).join('\n')}`,
      'keys by merge keys (<<)',
    ],
    [
      'documents of one file',
      Array.from({ length: 2 }, () =>
        bomb('[x]', (alias) => `[${nine(() => alias)}]`)
          .split('\n', 6)
          .join('\n'),
      )
        .map((document) => `---\n${document}\n`)
        .join('')
        .repeat(20),
      `more than ${MAX_VALUES} values`,
    ],
    ['too many bytes', ' '.repeat(MAX_FILE_BYTES + 1), 'is larger than 32 MiB'],
  ])('%s', (_, text, limit) => {
    const { findings, failures } = judged(text);
    expect(findings).toEqual([]);
    expect(failures).toEqual([{ file: 'file.yaml', ours: false, message: expect.stringContaining(limit) }]);
  });

  test('objects of a program that contain themselves are refused too', () => {
    const body: Record<string, unknown> = { Resources: {} };
    body.Resources = { Q: { Type: 'AWS::SQS::Queue', Properties: body } };
    expect(judgeEach(readingOf([{ file: 'app', parsed: body }])).failures).toHaveLength(1);
  });
});

describe('all files of a run are in memory at once and have limits together; what is over one is named, the rest is read', () => {
  const file = (name: string, text: string) => ({ name, text });
  const SMALL = file('small', '[1]');
  const read = (total: Total, ...files: readonly { readonly name: string; readonly text: string }[]) =>
    files.map(({ name, text }) => {
      try {
        total.addText(name, text);
        return parse(name, text, total).length;
      } catch (error) {
        return (error as Error).message;
      }
    });

  test('characters', () => {
    const large = file('large', `[${' '.repeat(100)}]`);
    expect(read(new Total({ characters: 150, values: 1000 }), large, large, SMALL)).toEqual([
      1,
      'large: does not fit: all files together have more than 150 characters, which is the limit; check fewer at a time',
      1,
    ]);
  });

  test('values', () => {
    const large = file('large', `[${'1,'.repeat(99)}1]`);
    expect(read(new Total({ characters: 1000, values: 150 }), large, large, SMALL)).toEqual([
      1,
      'large: does not fit: all files together have more than 150 values, which is the limit; check fewer at a time',
      1,
    ]);
  });
});

test('one bad file takes nothing from the findings of the others', () => {
  const wrong = {
    file: 'wrong.yaml',
    text: template({
      A: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: { EventSourceArn: { 'Fn::GetAtt': ['Q', 'Arn'] }, FunctionName: 'f' },
      },
      Q: { Type: 'AWS::SQS::Queue' },
    }),
  };
  const alone = judgeEach(readEach([wrong])).findings;
  const { findings, failures } = judgeEach(
    readEach([{ file: 'bad.yaml', text: '&a [*a]' }, wrong, { file: 'cut.json', text: '{' }]),
  );
  expect(alone.length).toBeGreaterThan(0);
  expect(findings).toEqual(alone);
  expect(failures.map(({ file }) => file)).toEqual(['bad.yaml', 'cut.json']);
});

describe('a name that every object inherits is a name like any other', () => {
  const NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'];
  test.each(NAMES)('%s', (name) => {
    const resources = `{"${name}": {"Type": "${name}", "Condition": "${name}", "Properties": {"${name}": {"Ref": "${name}"}}}`;
    const functions = `"B": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::FindInMap": ["${name}", "${name}", "${name}"]}, "MessageRetentionPeriod": {"Ref": "${name}"}, "X": {"Fn::${name}": 1}}}}`;
    const text = `{"Resources": ${resources}, ${functions}, "Parameters": {"P": {}}, "Mappings": {"M": {"${name}": {}}}}`;
    expect(judged(text).failures).toEqual([]);
    expect(judged(manifest('CronJob', 'batch/v1', { schedule: name })).failures).toEqual([]);
    expect(judged(manifest(name, name, { [name]: 1 })).failures).toEqual([]);
    const scaler = { scaleTargetRef: { kind: name, name: 'a' }, maxReplicas: 3 };
    expect(
      judged(`[${manifest('HorizontalPodAutoscaler', 'autoscaling/v2', scaler)}, ${manifest(name, 'apps/v1', {})}]`)
        .failures,
    ).toEqual([]);
  });
});

describe('functions that do not end, or are none, decide nothing', () => {
  const queue = (value: unknown, rest?: object) =>
    judged(
      template(
        {
          Q: { Type: 'AWS::SQS::Queue', Properties: { QueueName: value } },
          F: { Type: 'AWS::Lambda::Function', Properties: { Code: { ZipFile: value } } },
        },
        rest,
      ),
    );
  const twice = (value: unknown): unknown => ({ 'Fn::Sub': ['${a}${a}${a}${a}', { a: value }] });
  test.each<[string, unknown, object]>(
    (<[string, unknown, object?][]>[
      ['a Ref as the index of Fn::Select', { 'Fn::Select': [{ Ref: 'Q' }, ['a', 'b']] }],
      [
        'a parameter whose only value is itself',
        { Ref: 'P' },
        { Parameters: { P: { AllowedValues: [{ Ref: 'P' }] } } },
      ],
      [
        'a mapping that finds itself',
        { 'Fn::FindInMap': ['M', 'a', 'b'] },
        { Mappings: { M: { a: { b: { 'Fn::FindInMap': ['M', 'a', 'b'] } } } } },
      ],
      ['a text that doubles sixty times', Array.from({ length: 60 }).reduce(twice, 'x')],
      ['a million open brackets', { 'Fn::Sub': '${'.repeat(500_000) }],
      [
        'a hundred nested Fn::If',
        Array.from({ length: 90 }).reduce<unknown>((value) => ({ 'Fn::If': ['c', value, 'x'] }), 'x'),
      ],
    ]).map(([name, value, rest]) => [name, value, rest ?? {}] as [string, unknown, object]),
  )('%s', (_, value, rest) => {
    expect(queue(value, rest).failures).toEqual([]);
  });

  test('an alias of a function that is its own alias is no function', () => {
    const alias = { Type: 'AWS::Lambda::Alias', Properties: { FunctionName: { Ref: 'A' } } };
    const mapping = { Type: 'AWS::Lambda::EventSourceMapping', Properties: { FunctionName: { Ref: 'A' } } };
    expect(judged(template({ A: alias, M: mapping })).failures).toEqual([]);
  });

  test('the id of a metric is compared and not run as an expression', () => {
    const stat = { Metric: { Namespace: 'AWS/SQS', MetricName: 'ApproximateNumberOfMessagesVisible' } };
    const metrics = [
      { Id: '(', MetricStat: stat },
      { Id: 'e', Expression: 'm / (a - b)' },
    ];
    const alarm = {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: { ComparisonOperator: 'GreaterThanThreshold', Metrics: metrics },
    };
    expect(judged(template({ A: alarm })).failures).toEqual([]);
  });
});

describe('an expression of a document takes no longer than the document is long', () => {
  test.each(['(a+)+$', '(a|a)*b', '.*.*.*x', '(?:x+x+)+y', '\\1(a)', 'x{1,5}{1,5}{1,5}', '('])(
    '%s is not used',
    (text) => {
      expect(patternOf(text)).toBeUndefined();
    },
  );

  test.each(['^orders$', '^dlq\\..*', 'a[*+]b', '.*'])('%s is', (text) => {
    expect(patternOf(text)).toEqual(new RegExp(text));
  });

  test('a name longer than any broker takes may match', () => {
    expect(matches(/^x$/, 'y'.repeat(256))).toBe(true);
  });

  test.each([
    ['sqs:*', 'SQS:SendMessage', true],
    ['sqs:Send*', 'sqs:ReceiveMessage', false],
    ['*', '', true],
    ['s?s:*e', 'sqs:SendMessage', true],
    ['*a*a*a*a*a*a*a*a*a*a*b', 'a'.repeat(40), false],
    ['sqs.SendMessage', 'sqs:SendMessage', false],
  ])('%s matches %s: %s', (pattern, text, expected) => {
    expect(matchesWildcards(pattern, text)).toBe(expected);
  });

  // A quadratic expression takes some 10¹⁰ steps for these, and a cubic one does not end.
  test.each([
    'shuf ',
    'XREAD STREAMS ',
    'basic_nack( ',
    'xread(',
    'tokens = min(',
    '.set(nx=True ',
    'or smallest',
    'setInterval(()=>tokens,',
    '\n',
    'on:\n  a\n  b\n',
    'rate(',
    'sleep $RANDOM shuf ',
  ])('a text of %j alone', (piece) => {
    const text = `on:\n${piece.repeat(Math.ceil(100_000 / piece.length))}`;
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: text } };
    const start = performance.now();
    expect(judged(JSON.stringify(map), 'file.json').failures).toEqual([]);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('work grows with the document and not with its square', () => {
  const arn = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] });
  const chain = (length: number, target: (i: number) => number | undefined) =>
    template(
      Object.fromEntries(
        Array.from({ length }, (_, i) => {
          const next = target(i);
          const policy =
            next === undefined ? {} : { RedrivePolicy: { deadLetterTargetArn: arn(`Q${next}`), maxReceiveCount: 9 } };
          return [`Q${i}`, { Type: 'AWS::SQS::Queue', Properties: policy }];
        }),
      ),
    );

  test.each<[string, (length: number) => string]>([
    ['a chain of queues', (length) => chain(length, (i) => (i + 1 < length ? i + 1 : undefined))],
    ['a circle of queues', (length) => chain(length, (i) => (i + 1) % length)],
  ])('%s of 4,000', (_, make) => {
    const start = performance.now();
    expect(judged(make(4000)).failures).toEqual([]);
    // About a second; the square of it was a minute.
    expect(performance.now() - start).toBeLessThan(15_000);
  });

  test('a circle is reported once, from its first queue, with its length shortened', () => {
    const circle = judged(chain(40, (i) => (i + 1) % 40)).findings.filter(({ ruleId }) => ruleId === 'BP-SQS-005');
    expect(circle).toEqual([
      expect.objectContaining({ resource: 'Q0', message: expect.stringMatching(/^Q0 → Q1 → .* → … → Q39 → Q0:/) }),
    ]);
  });
});

test('a rule that fails on a document is named as a fault of ours, and takes nothing from the other rules', () => {
  const rule = RULES.find(({ id }) => id === 'BP-SQS-003')!;
  const spy = jest.spyOn(rule, 'check').mockImplementation(() => {
    throw new TypeError('x is not a function');
  });
  try {
    const text = template({
      A: {
        Type: 'AWS::SQS::Queue',
        Properties: { RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['B', 'Arn'] } } },
      },
      B: { Type: 'AWS::SQS::Queue' },
    });
    const { findings, failures } = judged(text);
    expect(findings.map(({ ruleId }) => ruleId)).toContain('BP-SQS-002');
    expect(failures).toEqual([
      {
        file: 'file.yaml',
        ruleId: 'BP-SQS-003',
        ours: true,
        message: 'rule BP-SQS-003 could not judge it, a bug of backpressure, please report it: x is not a function',
      },
    ]);
  } finally {
    spy.mockRestore();
  }
});

test('values of YAML that no field has a meaning for decide nothing', () => {
  const queue = (value: string) =>
    judged(
      `Resources:\n  Q: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: ${value}, RedrivePolicy: { maxReceiveCount: ${value}, deadLetterTargetArn: x } } }\n`,
    );
  for (const value of ['.nan', '.inf', '-.inf', '1e999', '2026-11-28', '~']) {
    expect(queue(value).failures).toEqual([]);
    expect(JSON.stringify(queue(value).findings)).not.toMatch(/NaN|Infinity/);
  }
});
