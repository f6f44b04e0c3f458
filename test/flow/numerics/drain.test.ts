import { capacityToDrain, drainSeconds } from '../../../lib/flow/numerics/drain';

test.each([
  ['more capacity than arrivals', 3600, 20, 10, 360],
  ['nothing to drain', 0, 5, 10, 0],
  ['as much as arrives: never', 1, 10, 10, Number.POSITIVE_INFINITY],
  // The alarm of cdk-monitoring-constructs goes negative exactly here.
  ['producers win: never, not a negative number', 1, 5, 10, Number.POSITIVE_INFINITY],
])('%s', (_, backlog, capacity, arrivals, seconds) => expect(drainSeconds(backlog, capacity, arrivals)).toBe(seconds));

test('the capacity that drains in time does', () => {
  expect(drainSeconds(9000, capacityToDrain(9000, 300, 12), 12)).toBeCloseTo(300, 9);
});
