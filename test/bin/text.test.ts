import { drain, duration, sparkline, table, wrap } from '../../bin/cli/text';
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

test("a table lines up numbers on the right and is cut at the terminal's edge", () => {
  const columns = [{ title: 'name' }, { title: 'value', right: true }];
  expect(
    table(columns, [
      ['a', '1'],
      ['long', '100'],
    ]),
  ).toBe('name  value\na         1\nlong    100');
  expect(table(columns, [['a', '1']], 8)).toBe('name  v…\na      …');
});
