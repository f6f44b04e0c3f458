/** Charts without a script: where the lines are, and what is read beside them. */
import { lineChart } from '../../../bin/page/chart';
import { page, table } from '../../../bin/page/html';
import { roundSteps, timeUnit } from '../../../bin/page/scale';

const chart = (more: object = {}) =>
  lineChart({
    says: 'a line',
    xLabel: 'seconds',
    yLabel: 'items',
    lines: [{ name: 'measured', tone: 'first', points: [0, 5, 10].map((x) => ({ x, y: 10 * x })) }],
    ...more,
  });

test('a line goes through its points: x from the left, y from the bottom', () => {
  expect(chart()).toContain('d="M0,1000L500,500L1000,0"');
});

test('the axis ends at the round number above the highest point', () => {
  const high = chart({
    lines: [
      {
        name: 'a',
        tone: 'bad',
        points: [
          { x: 0, y: 0 },
          { x: 1, y: 95 },
        ],
      },
    ],
  });
  expect(high).toContain('<span style="bottom:100%">100</span>');
  expect(high).toContain('L1000,50"');
});

test('what is above a given end is cut off there', () => {
  expect(chart({ yEnd: 50 })).toContain('d="M0,1000L500,0L1000,0"');
});

test('a mark stands at its place, with its name on the side that has room', () => {
  expect(chart({ marks: [{ name: 'ends', x: 2 }] })).toContain('style="left:20%">ends');
  expect(chart({ marks: [{ name: 'ends', x: 9 }] })).toContain('style="right:10%">ends');
});

test('a chart of nothing is an empty one', () => {
  expect(chart({ lines: [{ name: 'none', tone: 'good', points: [] }] })).toContain('d="M0,0"');
});

test('text of users stays text', () => {
  const made = page('<b>', [
    chart({ says: '"<i>"' }),
    table([{ title: '<th>' }], [['<td>'], [{ text: '<u>', verdict: true }]]),
  ]);
  expect(made).not.toMatch(/<b>|<i>"|<u>|<th>|<td></);
});

test.each<[number, number, number[]]>([
  [100, 5, [0, 20, 40, 60, 80, 100]],
  [95, 4, [0, 25, 50, 75, 100]],
  [0, 4, [0, 1]],
])('round steps up to %s in about %s', (value, steps, expected) => {
  expect(roundSteps(value, steps)).toEqual(expected);
});

test.each<[number, string]>([
  [180, 'seconds'],
  [181, 'minutes'],
  [10_800, 'minutes'],
  [86_400, 'hours'],
])('an axis of %s s is in %s', (seconds, name) => {
  expect(timeUnit(seconds).name).toBe(name);
});
