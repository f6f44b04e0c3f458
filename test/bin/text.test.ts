import { drain, duration, hang, sparkline, table, wrap } from '../../bin/cli/text';
import { percent } from '../../lib/flow/figures';

test.each([
  [0, '0 s'],
  [0.00035, '350 µs'],
  [0.05, '50 ms'],
  [0.9999, '1 s'],
  [1, '1 s'],
  [90, '90 s'],
  [720, '12 min'],
  [5_400, '90 min'],
  [7_200, '2 h'],
  [345_600, '4 days'],
  [Number.POSITIVE_INFINITY, 'never'],
])('%d seconds are said as %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('a drain below a second is at once, one without end is never', () => {
  expect([drain(0.2), drain(42), drain(Number.POSITIVE_INFINITY)]).toEqual(['at once', '42 s', 'never']);
});

test.each([
  [0.008, '0.8 %'],
  [0.0001, '0.01 %'],
  [0, '0 %'],
  [1, '100 %'],
])('%d is %s', (ratio, text) => {
  expect(percent(ratio)).toBe(text);
});

describe('a sparkline', () => {
  test('runs from the lowest bar at nothing to the highest at the most', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
  });

  test('of nothing at all stays flat', () => {
    expect(sparkline([0, 0, 0])).toBe('▁▁▁');
    expect(sparkline([])).toBe('');
  });

  // The one bar that matters most must not fall between two columns.
  test('shows the peak however few its columns are', () => {
    const values = Array.from({ length: 997 }, (_, index) => (index === 500 ? 100 : 1));
    expect(sparkline(values, 10)).toHaveLength(10);
    expect(sparkline(values, 10)).toContain('█');
  });
});

test('prose is broken at spaces, within the columns and the indent', () => {
  const text = wrap('one two three four five six seven', 20, 2);
  expect(text).toBe('  one two three four\n  five six seven');
});

describe('a table', () => {
  const columns = [{ title: 'name' }, { title: 'value', right: true }, { title: 'because' }];
  const rows = [
    ['a', '1', 'one two three four five six'],
    ['  long', '100', 'seven'],
  ];

  test('lines up numbers on the right', () => {
    expect(
      table(columns.slice(0, 2), [
        ['a', '1'],
        ['long', '100'],
      ]),
    ).toBe('name  value\na         1\nlong    100');
  });

  test('breaks the widest column of text at spaces where the terminal is narrower', () => {
    expect(table(columns, rows, 40)).toBe(
      [
        'name    value  because',
        'a           1  one two three four five',
        '               six',
        '  long    100  seven',
      ].join('\n'),
    );
  });

  test('has its last column below the rows where little room is left for it', () => {
    expect(table(columns, rows, 31)).toBe(
      [
        'name    value',
        '    because',
        'a           1',
        '    one two three four five six',
        '  long    100',
        '      seven',
      ].join('\n'),
    );
  });

  test('is not broken without a terminal, and no word is', () => {
    expect(table(columns, rows)).not.toContain('five\n');
    const long = 'https://example.com/a/path/that/has/no/space/in/it';
    expect(table([{ title: 'a' }, { title: 'b' }], [['x', long]], 20)).toContain(long);
  });
});

describe('a line', () => {
  test('that fits stays as it is, spaces and all', () => {
    expect(hang('  a    b', 20, 4)).toBe('  a    b');
    expect(hang(`  ${'a    '.repeat(30)}`, undefined, 4)).toBe(`  ${'a    '.repeat(30)}`);
  });

  test('that does not is broken at spaces, and what follows is indented', () => {
    expect(hang('  one    two three four', 15, 4)).toBe('  one    two\n    three four');
  });

  test('whose word is longer than the terminal keeps the word whole', () => {
    expect(hang('see https://example.com/long now', 12, 2)).toBe('see\n  https://example.com/long\n  now');
  });

  test('is measured without its colours', () => {
    expect(hang('\u001b[31merror\u001b[0m and more', 14, 2)).toBe('\u001b[31merror\u001b[0m and more');
  });
});
