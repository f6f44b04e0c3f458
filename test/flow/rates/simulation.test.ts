/** Senders and the provider that counts, against what is known of them. */
import { Random } from '../../../lib/flow/numerics/random';
import { sendInSlots, sendUnlimited } from '../../../lib/flow/rates/simulation';

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

test('a daily limit: the rest leaves 24 hours after the first', () => {
  const run = sendInSlots(mailing, { ...slots, messagesPerDay: 60_000 }, 0.15, new Random(7));
  expect(run.seconds).toBeCloseTo(86_400 + 40_000 / slots.messagesPerSecond, -1);
});
