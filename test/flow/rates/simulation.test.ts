/** Senders and the provider that counts, against what is known of them. */
import { Random } from '../../../lib/flow/numerics/random';
import { planRates } from '../../../lib/flow/rates/plan';
import { DAY_WINDOW_SECONDS } from '../../../lib/flow/rates/run-time';
import { sendInSlots, sendUnlimited } from '../../../lib/flow/rates/simulation';
import { takeOfDay } from '../../../lib/runtime/sender/day';

const mailing = { messages: 100_000, windowMessages: 100, windowSeconds: 1, undeliverableRatio: 0.015 };
const slots = {
  messagesPerSecond: 100 / 1.05,
  burst: 1,
  slotSeconds: 0.025,
  inFlight: 23,
  messagesPerDay: Number.POSITIVE_INFINITY,
};

test('16 senders of 149.4 ms: what is above 100 in a second is lost', () => {
  const run = sendUnlimited(mailing, 16, 0.1494, new Random(7));
  const offered = 16 / 0.1494;
  expect(run.refusedRatio).toBeCloseTo(1 - 100 / offered, 2);
  expect(run.failedRatio).toBeCloseTo(1 - (100 / offered) * 0.985, 2);
  expect(run.seconds).toBeCloseTo(100_000 / offered, 0);
});

test('in slots: at most 100 in any second, and 95 of them used', () => {
  const run = sendInSlots(mailing, slots, 0.15, new Random(7));
  expect(run.mostInWindow).toBeLessThanOrEqual(100);
  expect(run.mostInWindow).toBeGreaterThanOrEqual(97);
  expect(run.refusedRatio).toBe(0);
  expect(run.seconds).toBeCloseTo(100_000 / slots.messagesPerSecond, 0);
});

describe('senders that stall for up to 0.4 s, one time in twenty', () => {
  const stalls = (random: Random) => (random.uniform() < 0.05 ? 0.4 : 0.05) * random.uniform();

  test('take a new slot, and the limit is kept', () => {
    const run = sendInSlots(mailing, slots, 0.15, new Random(7), stalls);
    expect(run.mostInWindow).toBeLessThanOrEqual(100);
    expect(run.refusedRatio).toBe(0);
  });

  test('break the limit when a slot is valid however late they are', () => {
    const valid = { ...slots, slotSeconds: 1 };
    expect(sendInSlots(mailing, valid, 0.15, new Random(7), stalls).mostInWindow).toBeGreaterThan(100);
  });
});

describe('a daily limit', () => {
  test('the rest leaves when the first of it is a day ago', () => {
    const run = sendInSlots(mailing, { ...slots, messagesPerDay: 60_000 }, 0.15, new Random(7));
    expect(run.seconds).toBeCloseTo(DAY_WINDOW_SECONDS + 40_000 / slots.messagesPerSecond, -1);
  });

  test.each([
    [3, 200_000],
    [12, 45_000],
  ])('plan, simulation and the running senders agree: %d days of %d', (days, perDay) => {
    const messages = 500_000;
    const plan = planRates('Mailing', {
      workload: { campaignMessages: messages, callSeconds: 0.15 },
      limit: { perSecond: 100, perDay },
    });
    const predicted = plan.predictions.campaignSeconds!;
    expect(plan.predictions.campaignDays).toBe(days);
    const run = sendInSlots({ ...mailing, messages }, { ...slots, messagesPerDay: perDay }, 0.15, new Random(7));
    expect(run.seconds / predicted).toBeCloseTo(1, 3);
    // What the senders count, in batches of 23, with a look at a full day once a minute; at worst they begin with a quarter.
    let [now, left, quarters] = [0, messages, {}];
    for (; left > 0; ) {
      const day = takeOfDay(quarters, Math.min(23, left), perDay, now);
      if ('retryMillis' in day) now = Math.ceil((now + day.retryMillis) / 60_000) * 60_000;
      else {
        quarters = day.quarters;
        left -= day.taken;
        now += (day.taken * 1000) / slots.messagesPerSecond;
      }
    }
    expect(now / 1000).toBeLessThanOrEqual(predicted);
    expect(now / 1000 / predicted).toBeCloseTo(1, 2);
  });
});
