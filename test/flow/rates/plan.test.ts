/** The plan of a sender: known answers, promises kept or refused, ways out that lead to a plan. */
import fc from 'fast-check';
import { MAILING } from '../../../lib/cases/case-07-mail-rate-limit';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { Random } from '../../../lib/flow/numerics/random';
import { planRates } from '../../../lib/flow/rates/plan';
import { sendInSlots } from '../../../lib/flow/rates/simulation';
import type { RatesPlan, RatesQuestion } from '../../../lib/flow/rates/workload';
import { runs } from '../../support/property';

const call = { callSeconds: 0.15 };

function refusal(question: unknown): CapacityError {
  try {
    planRates('Mailing', question as RatesQuestion);
  } catch (error) {
    return error as CapacityError;
  }
  throw new Error('it was planned');
}

describe('senders in pods that pause by themselves', () => {
  const pods = (workload: Partial<RatesQuestion['workload']>, more: Partial<RatesQuestion> = {}) =>
    planRates('Mailing', {
      workload: { ...call, campaignMessages: 500_000, ...workload },
      limit: { perSecond: 100 },
      sender: 'deployment',
      ...more,
    });

  /** The probability that a list as planned is paused: a walk over every count of refused calls, call by call. */
  function pausedByChance(refused: number, ratio: number, least: number, calls: number): number {
    let counts = [1];
    let paused = 0;
    for (let n = 1; n <= calls; n += 1) {
      const next = new Array<number>(counts.length + 1).fill(0);
      for (const [count, probability] of counts.entries()) {
        next[count] += probability * (1 - refused);
        next[count + 1] += probability * refused;
      }
      counts = next;
      if (n < least) continue;
      for (let count = Math.ceil(ratio * n - 1e-9); count < counts.length; count += 1) paused += counts[count];
      counts = counts.slice(0, Math.ceil(ratio * n - 1e-9));
    }
    return paused;
  }

  test.each([0.001, 0.005, 0.01, 0.015, 0.02])(
    'of a million lists with %d refused, one is paused by chance',
    (share) => {
      const least = pods({ undeliverableRatio: share }).value('pauseLeastMessages');
      expect(pausedByChance(share, 0.05, least, 3 * least)).toBeLessThanOrEqual(1e-6);
      // And not because it waits far too long: with a third of the calls there would be many more.
      if (least > 300) expect(pausedByChance(share, 0.05, Math.ceil(least / 3), least)).toBeGreaterThan(1e-5);
    },
  );

  test.each<[string, RatesPlan]>([
    ['an hour at 95 a second', pods({ undeliverableRatio: 0.015 })],
    ['a list near the ratio', pods({ undeliverableRatio: 0.0499 })],
    ['a provider that takes a mail a minute', pods({}, { limit: { perSecond: 1 / 60 } })],
    ['mails that arrive one an hour', pods({ campaignMessages: 0, steadyPerSecond: 1 / 3600 })],
    ['a second provider that is slow', pods({}, { standby: { perSecond: 0.01 } })],
    ['a day of 1,000', pods({ campaignMessages: 5000 }, { limit: { perSecond: 100, perDay: 1000 } })],
  ])('a window has twice the calls that are counted before it says something: %s', (_, plan) => {
    const inputs = plan.knobs.find(({ name }) => name === 'pauseWindowSeconds')!.inputs;
    const window = plan.value('pauseWindowSeconds');
    expect(window).toBeGreaterThanOrEqual(3600);
    expect(window * inputs.callsPerSecond).toBeGreaterThanOrEqual(2 * plan.value('pauseLeastMessages') * (1 - 1e-9));
  });

  test('the calls a second are those of the slowest: limit, day, second provider, arrivals', () => {
    const calls = (plan: RatesPlan) =>
      plan.knobs.find(({ name }) => name === 'pauseWindowSeconds')!.inputs.callsPerSecond;
    expect(calls(pods({ campaignMessages: 0, steadyPerSecond: 0.25 }))).toBe(0.25);
    expect(calls(pods({}, { limit: { perSecond: 1 / 60 } }))).toBeLessThanOrEqual(1 / 60);
    expect(calls(pods({}, { standby: { perSecond: 0.01 } }))).toBeLessThanOrEqual(0.01);
    const daily = pods({ campaignMessages: 5000 }, { limit: { perSecond: 100, perDay: 1000 } });
    expect(calls(daily) * 86_400).toBeLessThanOrEqual(1000);
  });

  test('a campaign that is over before the count says something: the plan says so', () => {
    const remarks = (plan: RatesPlan) => plan.remarks.join(' ');
    expect(remarks(pods({ campaignMessages: 90 }))).toContain(
      'after 100 calls at the earliest, and the campaign has 90',
    );
    expect(remarks(pods({ campaignMessages: 101 }))).not.toContain('at the earliest');
    expect(remarks(pods({ campaignMessages: 90, steadyPerSecond: 1 }))).not.toContain('at the earliest');
  });
});

describe('known answers', () => {
  test.each([
    [100, 'lambda', 95.238],
    [14, 'lambda', 13.333],
    [0.2, 'deployment', 0.198],
    [10_000, 'deployment', 9523.8],
    // Its bucket saves a fifth of a second.
    [100, 'cloud-tasks', 80.8],
    [100, 'cloud-run', 95.238],
    [2000, 'cloud-tasks', 500],
  ] as const)('a limit of %d/s by %s: %d/s', (perSecond, sender, rate) => {
    const plan = planRates('Mailing', { workload: { ...call, campaignMessages: 1000 }, limit: { perSecond }, sender });
    expect(plan.value('messagesPerSecond')).toBeCloseTo(rate, rate > 1000 ? 1 : 3);
  });

  test('case 7: 23 in flight by one function while the other waits for its last call, 88 minutes, pause at 5 %', () => {
    const plan = planRates('Mailing', MAILING);
    expect(plan.value('inFlight')).toBe(23);
    expect(plan.value('senders')).toBe(2);
    expect(plan.value('messagesPerSender')).toBe(23);
    // 46 slots at 0.01 of the rate, 5 s for the longest call, 20 s for the table.
    expect(plan.value('functionTimeoutSeconds')).toBe(74);
    expect(plan.value('horizonSeconds')).toBeCloseTo(0.966, 3);
    expect(plan.value('bucketWritesPerSecond')).toBeCloseTo(4.14, 2);
    expect(plan.value('callTimeoutSeconds')).toBe(5);
    expect(plan.value('batchWindowSeconds')).toBe(1);
    expect(plan.value('maxReceiveCount')).toBe(106);
    expect(plan.value('recordSeconds')).toBe(28 * 86_400);
    expect(plan.value('connections')).toBe(15);
    expect(plan.predictions.campaignSeconds).toBeCloseTo(5250, 0);
    expect(plan.value('retentionSeconds')).toBe(345_600);
    expect(plan.value('pauseAtBounceRatio')).toBe(0.05);
    expect(plan.predictions.breaksAtLoad).toBeCloseTo(7200 / 5250, 1);
    expect(plan.explain()).toContain('95.2 % of the limit, in any window');
  });

  test('each recipient counts: two messages of 50 in a second of 100', () => {
    const workload = { ...call, campaignMessages: 1000, recipientsPerMessage: 50 };
    expect(planRates('Mailing', { workload, limit: { perSecond: 100 } }).value('messagesPerSecond')).toBeCloseTo(
      2 / 1.05,
      9,
    );
  });

  test('a share of the limit, and a burst that costs rate', () => {
    const question = { workload: { ...call, campaignMessages: 1000 }, limit: { perSecond: 100, share: 0.5 } };
    expect(planRates('Mailing', question).value('messagesPerSecond')).toBeCloseTo(50 / 1.05, 9);
    expect(planRates('Mailing', { ...question, burst: 5 }).value('messagesPerSecond')).toBeCloseTo(46 / 1.05, 9);
  });

  test('a daily limit spreads a campaign over days, the last of them at the rate', () => {
    const limit = { perSecond: 100, perDay: 200_000 };
    const { predictions } = planRates('Mailing', { workload: { ...call, campaignMessages: 500_000 }, limit });
    expect(predictions.campaignDays).toBe(3);
    expect(predictions.campaignSeconds).toBeCloseTo(2 * (97 * 900 + 60) + 1050, 0);
  });

  test('a second provider is slower, and the plan says so', () => {
    const plan = planRates('Mailing', { ...MAILING, standby: { perSecond: 50 } });
    expect(plan.predictions.standbyCampaignSeconds).toBeCloseTo(10_500, 0);
    expect(plan.remarks.join()).toContain('the second provider alone takes 2.92 h');
  });

  test.each([
    [1, 0.952, 'messages in a window − (burst − 1)'],
    [100, 80.8, 'messages in a window + 1'],
    [2000, 500, 'the most of Google Cloud Tasks'],
  ])('Cloud Tasks with a limit of %d/s: the formula is that of the number', (perSecond, rate, formula) => {
    const plan = planRates('Mailing', {
      workload: { ...call, campaignMessages: 1000 },
      limit: { perSecond },
      sender: 'cloud-tasks',
    });
    const knob = plan.knobs.find(({ name }) => name === 'messagesPerSecond')!;
    expect(knob.value).toBeCloseTo(rate, 3);
    expect(knob.formula).toContain(formula);
  });
});

describe('a second provider', () => {
  const standby = { perSecond: 2 };

  test('a burst that its window does not hold is refused by name', () => {
    expect(refusal({ ...MAILING, standby, burst: 5 }).message).toContain(
      'burst must be at most the 2 messages of a window of 1 s of standby, got 5',
    );
    const plan = planRates('Mailing', { ...MAILING, standby, burst: 2 });
    expect(plan.value('standbyMessagesPerSecond')).toBeCloseTo(1 / 1.05, 3);
  });

  test('that is faster gets the senders that it needs for what is predicted', () => {
    const plan = planRates('Mailing', {
      workload: { ...call, campaignMessages: 1e6 },
      limit: { perSecond: 14 },
      standby: { perSecond: 1000 },
    });
    const rate = plan.value('standbyMessagesPerSecond');
    expect(plan.value('inFlight')).toBeGreaterThanOrEqual(rate * 0.2);
    expect(plan.predictions.standbyCampaignSeconds).toBeCloseTo(1e6 / rate, 0);
  });
});

describe('refusals', () => {
  test.each([
    ['a campaign that is late', { ...MAILING, objective: { completeSeconds: 3600 } }],
    ['a daily limit', { ...MAILING, limit: { perSecond: 100, perDay: 400_000 } }],
    [
      'a campaign whose mails would expire',
      {
        ...MAILING,
        workload: { ...MAILING.workload, campaignMessages: 1e6 },
        limit: { perSecond: 14, perDay: 50_000 },
        objective: undefined,
      },
      2,
    ],
    [
      'the same, promised in a year',
      {
        ...MAILING,
        workload: { ...MAILING.workload, campaignMessages: 1e6 },
        limit: { perSecond: 14, perDay: 50_000 },
        objective: { completeSeconds: 3e7 },
      },
      2,
    ],
    ['a rate by hand that is too low', { ...MAILING, messagesPerSecond: 50 }],
    ['a head-room that the limit does not leave', { ...MAILING, objective: { completeSeconds: 7200, headroom: 2 } }],
  ])('%s: every way out leads to a plan', (_, question: RatesQuestion, least = 3) => {
    const { waysOut } = refusal(question);
    const planned = waysOut.map((way) => planRates('Mailing', taken(question, way)));
    expect(planned.length).toBeGreaterThanOrEqual(least);
  });

  test('how long Amazon SQS keeps a message is part of the promise; a queue in Redis keeps it as long as it takes', () => {
    const question = {
      workload: { ...call, campaignMessages: 500_000 },
      limit: { perSecond: 14, perDay: 50_000 },
    };
    const { breaksAtLoad } = planRates('Mailing', question).predictions;
    expect(breaksAtLoad).toBeCloseTo(1.3, 1);
    const larger = { ...question, workload: { ...call, campaignMessages: 1e6 } };
    expect(refusal(larger).message).toContain(
      '1,000,000 messages take 19.3 days at 13.33/s and 50,000 a day, Amazon SQS keeps',
    );
    expect(planRates('Mailing', { ...larger, sender: 'deployment' }).predictions.breaksAtLoad).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  test('steady messages above the rate', () => {
    const question = { workload: { ...call, steadyPerSecond: 99 }, limit: { perSecond: 100 } };
    const { message, waysOut } = refusal(question);
    expect(message).toContain('99 messages/s arrive and the limit leaves 95.24/s: they would never catch up');
    for (const way of waysOut) expect(() => planRates('Mailing', taken(question, way))).not.toThrow();
  });

  test('addresses that do not exist are cured by no rate', () => {
    const error = refusal({ ...MAILING, workload: { ...MAILING.workload, undeliverableRatio: 0.08 } });
    expect(error).toBeInstanceOf(CapacityError);
    expect(error.message).toContain('no rate cures addresses that do not exist');
  });

  test('a message a minute is too slow for a function that waits, and no matter for a Deployment', () => {
    const question = { workload: { ...call, campaignMessages: 10 }, limit: { perSecond: 1 / 600 } };
    expect(refusal(question).message).toContain('a function waits for its slot up to 1,226 s, and may run 900 s');
    expect(() => planRates('Mailing', { ...question, sender: 'deployment' })).not.toThrow();
  });

  test('every failure at once', () => {
    const error = refusal({
      workload: { campaignMessages: -1, callSeconds: 'x', recipientsPerMesage: 2 },
      limit: { perSecond: 100, windowSeconds: 0.001, share: 2 },
      objective: { bounceRatio: 0.2, completeSeconds: 60, hedroom: 2 },
      sender: 'pigeon',
      messagesPerSecond: 0,
    });
    expect(error).toBeInstanceOf(InvalidInputError);
    for (const part of [
      'campaignMessages must be between 0 and 1000000000, got -1',
      "callSeconds is text, 'x'",
      'recipientsPerMesage is unknown; did you mean recipientsPerMessage?',
      'limit.share must be above 0, at most 1, got 2',
      'objective.bounceRatio must be above 0 and below 0.1, got 0.2',
      'hedroom is unknown; did you mean headroom?',
      'sender must be one of lambda, deployment, cloud-tasks, cloud-run',
      'messagesPerSecond must be above 0',
    ])
      expect(error.message).toContain(part);
  });

  test('a rate by hand above what the limit leaves', () => {
    expect(refusal({ ...MAILING, messagesPerSecond: 99 }).message).toContain(
      'messagesPerSecond must be at most 95.24, above which some window of 1 s has more than 100 messages, got 99',
    );
  });
});

/** The question with that way out taken. */
function taken(question: RatesQuestion, way: string): RatesQuestion {
  const numbers = (text: string) => (text.match(/[\d.,]+/g) ?? []).map((one) => Number(one.replace(/,/g, '')));
  const [first, second] = numbers(way);
  const { workload, limit, objective } = question;
  if (way.startsWith('a limit of')) {
    // The text has four digits.
    return { ...question, limit: { ...limit, perSecond: first * 1.001, ...(second && { perDay: second }) } };
  }
  if (way.startsWith('completeSeconds')) return { ...question, objective: { ...objective, completeSeconds: first } };
  if (way.startsWith('leave messagesPerSecond out')) return { ...question, messagesPerSecond: undefined };
  if (way.startsWith('leave headroom out')) return { ...question, objective: { ...objective, headroom: undefined } };
  const of = (messages: number | undefined) => messages && (messages * first) / 100;
  return {
    ...question,
    workload: {
      ...workload,
      campaignMessages: of(workload.campaignMessages),
      steadyPerSecond: of(workload.steadyPerSecond),
    },
  };
}

describe('over random limits', () => {
  const questions = fc.record({
    perSecond: fc.double({ min: Math.log(0.2), max: Math.log(2000), noNaN: true }).map(Math.exp),
    windowFactor: fc.option(fc.double({ min: 1, max: 60, noNaN: true }), { nil: undefined }),
    recipientsPerMessage: fc.integer({ min: 1, max: 5 }),
    burst: fc.constantFrom(1, 2),
    jitterSeconds: fc.constantFrom(0.002, 0.02, 0.05, 0.3),
    campaignMessages: fc.integer({ min: 50, max: 3000 }),
  });

  test('in no window is the limit exceeded, and the campaign takes as long as predicted', () => {
    fc.assert(
      fc.property(questions, fc.nat(), (drawn, seed) => {
        const { perSecond, windowFactor, recipientsPerMessage, campaignMessages, ...choices } = drawn;
        const least = Math.max(1, recipientsPerMessage / perSecond);
        const question: RatesQuestion = {
          workload: { ...call, campaignMessages, recipientsPerMessage },
          limit: { perSecond, ...(windowFactor && { windowSeconds: least * windowFactor }) },
          sender: 'deployment',
          ...choices,
        };
        let plan: RatesPlan;
        try {
          plan = planRates('Random', question);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidInputError);
          expect((error as Error).message).toContain('burst must be at most');
          return;
        }
        const run = sendInSlots(
          {
            messages: campaignMessages,
            windowMessages: plan.value('windowMessages'),
            windowSeconds: (windowFactor ?? 1) * least,
            undeliverableRatio: 0,
          },
          {
            messagesPerSecond: plan.value('messagesPerSecond'),
            burst: plan.value('burst'),
            slotSeconds: plan.value('slotSeconds'),
            inFlight: plan.value('inFlight'),
            messagesPerDay: Number.POSITIVE_INFINITY,
          },
          0.15,
          new Random(seed),
        );
        expect(run.mostInWindow).toBeLessThanOrEqual(plan.value('windowMessages'));
        expect(run.refusedRatio).toBe(0);
        const predicted = plan.predictions.campaignSeconds!;
        expect(run.seconds).toBeGreaterThan(0.97 * predicted - 2 / plan.value('messagesPerSecond'));
        expect(run.seconds).toBeLessThan(1.03 * predicted + 0.5);
      }),
      { numRuns: runs },
    );
  });

  test('more allowed is never slower', () => {
    fc.assert(
      fc.property(questions, fc.double({ min: 1, max: 10, noNaN: true }), ({ perSecond, campaignMessages }, factor) => {
        const seconds = (limit: number) =>
          planRates('Random', {
            workload: { ...call, campaignMessages },
            limit: { perSecond: limit, windowSeconds: 10 },
            sender: 'deployment',
          }).predictions.campaignSeconds!;
        expect(seconds(perSecond * factor)).toBeLessThanOrEqual(seconds(perSecond) * (1 + 1e-9));
      }),
      { numRuns: runs },
    );
  });
});
