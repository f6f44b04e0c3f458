/** Whole campaigns by the plan of case 7: no mail is lost, none is sent twice, and the limit holds, in every failure below. */
import { planRates } from '../../../lib/flow/rates/plan';
import { runCampaign } from '../../support/campaign';

const plan = planRates('Mailing', {
  workload: { campaignMessages: 500_000, callSeconds: 0.15 },
  limit: { perSecond: 100 },
});

test('a limit as planned: never above it, and at least 95 % of it', async () => {
  const run = await runCampaign({ plan, mails: 3000 });
  expect(run).toMatchObject({ sent: 3000, deadLetters: 0, twice: 0, givenBack: 0 });
  expect(run.mostInSecond).toBeLessThanOrEqual(100);
  expect(run.perSecond).toBeGreaterThanOrEqual(94.5);
});

describe('a provider that takes less than was planned', () => {
  test.each([
    [70, 'oldest', 3000, 0.94],
    [30, 'oldest', 3000, 0.94],
    [14, 'oldest', 3000, 0.9],
    [14, 'random', 3000, 0.9],
    // A hundredth of the rate: mails wait longer after their refusals than for a slot.
    [1, 'oldest', 600, 0.35],
  ] as const)('%d/s, %s message first: no mail is dead-lettered', async (takesPerSecond, order, mails, least) => {
    const run = await runCampaign({ plan, mails, takesPerSecond, order });
    expect(run).toMatchObject({ sent: mails, deadLetters: 0, twice: 0 });
    expect(run.mostInSecond).toBeLessThanOrEqual(100);
    // Waiting costs no receive: only what the provider refused comes back.
    expect(run.givenBack).toBe(0);
    // The rate goes up and down below what the provider takes.
    expect(run.perSecond).toBeGreaterThanOrEqual(least * takesPerSecond);
  });
});

describe('a clock that is ahead', () => {
  const ran = (seconds: number) => runCampaign({ plan, mails: 6000, skews: [0, seconds * 1000], seconds: 30 });

  test.each([1, 3, 30])('by %d s: the limit holds, its sender goes on, and no receive is spent', async (seconds) => {
    const run = await ran(seconds);
    expect(run.mostInSecond).toBeLessThanOrEqual(100);
    expect(run).toMatchObject({ deadLetters: 0, givenBack: 0 });
    expect(run.sent).toBeGreaterThanOrEqual(30 * 55);
  });

  test('by an hour: the other sender gives a batch back in the time of a call, hidden for a quarter of an hour', async () => {
    const run = await ran(3600);
    expect(run.mostInSecond).toBeLessThanOrEqual(100);
    expect(run.sent).toBeGreaterThanOrEqual(30 * 55);
    expect(run.counts.Busy).toBe(run.givenBack);
    expect(run.givenBack).toBeLessThanOrEqual((23 * 30) / plan.value('holdSeconds'));
  });
});

test('a provider that is away for a day, and nothing stops receiving: no mail is dead-lettered', async () => {
  const run = await runCampaign({ plan, mails: 30, answer: { kind: 'away', millis: 900_000 }, seconds: 24 * 3600 });
  expect(run).toMatchObject({ sent: 0, deadLetters: 0 });
  expect(run.counts.Closed).toBeGreaterThan(30 * 90);
});
