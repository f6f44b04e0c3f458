/** No promise outlives the message: the retention follows from it, or the promise is refused. */
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RedriveQueue } from '../../../lib/aws/queue/redrive-queue';
import { CapacityError } from '../../../lib/flow/errors';
import { expectNoFindings } from '../../../lib/rules/expect-no-findings';
import { shop } from '../../support/stack';

const DAY = 86_400;
const workload = { steadyPerSecond: 1, serviceSeconds: 0.05 };
/** Ten times what one day's consumer serves, for two days: drained only days later. */
const flood = { steadyPerSecond: 1, peakPerSecond: 40, peakSeconds: 2 * DAY, serviceSeconds: 1 };

function queueOf(promisedDays: number, more: object = {}) {
  const stack = shop();
  const queue = new RedriveQueue(stack, 'Orders', {
    workload,
    objective: { latencySeconds: promisedDays * DAY },
    ...more,
  });
  return { queue, template: Template.fromStack(stack).toJSON() };
}

function refusal(make: () => unknown): CapacityError {
  try {
    make();
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

// Whole days of the promise and of three days for a person, at most 13: dead letters need the fourteenth.
test.each([
  [1, 4],
  [5.1, 9],
  [6, 9],
  [7, 10],
  [10, 13],
  [11, 13],
  [12.9, 13],
])('a promise of %p days keeps messages for %p days, and every rule agrees', (days, kept) => {
  const { queue, template } = queueOf(days);
  expect(queue.plan.value('retentionSeconds')).toBe(kept * DAY);
  expect(queue.plan.value('alarmAgeSeconds')).toBeLessThan(kept * DAY);
  expectNoFindings(template);
});

test.each([13, 14, 30])('a promise of %p days is refused with the longest retention, and the way out works', (days) => {
  const { message, waysOut } = refusal(() => queueOf(days));
  expect(message).toContain('is deleted after 13 days');
  expect(waysOut).toEqual(['promise less than 13 days']);
  expect(queueOf(13 - 0.01).queue.plan.value('retentionSeconds')).toBe(13 * DAY);
});

describe('a retention given by hand', () => {
  test('is refused when it is shorter than the promise, and each way out works', () => {
    const retention = Duration.minutes(1);
    const { message, waysOut } = refusal(() => queueOf(0.125, { retention }));
    expect(message).toBe(
      'Orders: an item may wait 3 h, as promised, and it is deleted after 60 s; retention of 2 days, or promise less than 60 s',
    );
    expect(waysOut).toHaveLength(2);
    queueOf(0.125, { retention: Duration.days(2) });
    queueOf(59 / DAY, { retention });
  });

  test('is refused when it is shorter than the peak, which more instances do not shorten', () => {
    const make = (days: number) => queueOf(0.02, { workload: flood, retention: Duration.days(days) });
    const { waysOut } = refusal(() => make(1));
    expect(waysOut).toEqual(['retention of 3 days', 'a peak shorter than 24 h']);
    make(3);
  });

  test('is refused when it is shorter than peak and drain, and each way out works', () => {
    const make = (days: number, maxInstances: number, peakSeconds = flood.peakSeconds) =>
      queueOf(2.4, {
        workload: { ...flood, peakSeconds },
        retention: Duration.days(days),
        consumer: { maxInstances },
      });
    const { message, waysOut } = refusal(() => make(3, 25));
    expect(message).toContain('the peak and its drain take 3.25 days');
    expect(waysOut).toEqual(['retention of 5 days', 'allow 28 instances', 'a peak of 150,000 s']);
    make(5, 25);
    make(3, 28);
    make(3, 25, 150_000);
  });

  test('that is longer is taken as it is', () => {
    const { queue, template } = queueOf(6, { retention: Duration.days(7) });
    expect(queue.plan.knob('retentionSeconds')).toMatchObject({ value: 7 * DAY, formula: 'given' });
    expectNoFindings(template);
  });
});
