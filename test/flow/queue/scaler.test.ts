import { CONSUMER_DEFAULTS, type ResolvedConsumer, resolveWorkload } from '../../../lib/flow/queue/resolve';
import {
  averageItems,
  desiredInstances,
  HOLD_SECONDS,
  mostItems,
  reactionSeconds,
  Scaler,
  steadyInstances,
} from '../../../lib/flow/queue/scaler';

const consumer: ResolvedConsumer = {
  ...CONSUMER_DEFAULTS,
  slotsPerInstance: 4,
  minInstances: 2,
  maxInstances: 10,
  backlogPerInstance: 100,
};

test.each([
  ['nothing outstanding: the minimum', 0, 2],
  ['exactly what three are for', 300, 3],
  ['one more item, one more instance', 301, 4],
  ['more than everybody can hold: the maximum', 1e6, 10],
])('%s', (_, outstanding, instances) => expect(desiredInstances(outstanding, consumer)).toBe(instances));

test('asks only for what it has not asked for yet', () => {
  const scaler = new Scaler(consumer, 2);
  expect(scaler.poll(0, 450)).toBe(3);
  expect(scaler.poll(30, 450)).toBe(0);
  expect(scaler.poll(60, 460)).toBe(0);
  expect(scaler.poll(90, 501)).toBe(1);
  expect(scaler.asked).toBe(6);
});

test('a smaller backlog alone gives nothing back: work in flight is never cut off', () => {
  const scaler = new Scaler(consumer, 8);
  expect(scaler.poll(0, 9)).toBe(0);
  expect(scaler.poll(10 * HOLD_SECONDS, 9)).toBe(0);
});

test('after the hold with no more than the minimum can serve, it is down to the minimum at once', () => {
  const scaler = new Scaler(consumer, 8);
  expect(scaler.poll(0, 8)).toBe(0);
  expect(scaler.poll(HOLD_SECONDS - 1, 3)).toBe(0);
  expect(scaler.poll(HOLD_SECONDS, 8)).toBe(-6);
});

test('one poll with more starts the hold anew', () => {
  const scaler = new Scaler(consumer, 8);
  scaler.poll(0, 0);
  scaler.poll(200, 9);
  expect(scaler.poll(HOLD_SECONDS, 0)).toBe(0);
  expect(scaler.poll(2 * HOLD_SECONDS, 0)).toBe(-6);
});

test('the reaction is poll + decide + start', () => expect(reactionSeconds(consumer)).toBe(30 + 15 + 30));

test.each([
  ['a stable minimum is what runs', 10, 2, 2],
  ['an outgrown minimum was raised long ago', 100, 2, 6],
  ['a minimum of 0 sleeps when hardly anything comes', 0.001, 0, 0],
  ['a minimum of 0 is awake when something comes all the time', 10, 0, 1],
])('when a peak begins: %s', (_, steadyPerSecond, minInstances, instances) => {
  const workload = resolveWorkload({ steadyPerSecond, serviceSeconds: 0.2 });
  expect(steadyInstances(workload, { ...consumer, minInstances })).toBe(instances);
});

describe('a law that asks for a slot for every item follows chance', () => {
  const each = { ...consumer, backlogPerInstance: consumer.slotsPerInstance };

  test('two standard deviations above the average; any other law follows the average', () => {
    expect(mostItems(100, each)).toBe(120);
    expect(mostItems(100, consumer)).toBe(100);
    expect(averageItems(100, consumer)).toBe(100);
  });

  test.each([0, 1, 7, 100, 1e6])('the average of which %d are the most', (most) => {
    expect(mostItems(averageItems(most, each), each)).toBeCloseTo(most, 6);
  });

  test('no poll asks for more once everything is requested', () => {
    expect(averageItems(Number.POSITIVE_INFINITY, each)).toBe(Number.POSITIVE_INFINITY);
  });
});
