/** What a plan promises, over random workloads; and that every way out of a refusal leads out. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planQueue } from '../../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { type Reason, type Solve, size } from '../../../lib/flow/queue/sizing';
import { waysOut } from '../../../lib/flow/queue/ways-out';
import type { Consumer, Objective, Workload } from '../../../lib/flow/queue/workload';
import { spread, zeroOr } from '../../support/property';

const RUNS = process.env.LONG ? 2000 : 300;

interface Question {
  readonly workload: Workload;
  readonly objective: Objective;
  readonly consumer: Consumer;
}

const question: fc.Arbitrary<Question> = fc
  .record({
    steadyPerSecond: spread(0.1, 200),
    ratio: fc.oneof(fc.constant(1), spread(1, 20)),
    peakSeconds: spread(60, 3600),
    serviceSeconds: spread(0.001, 5),
    serviceVariation: zeroOr(0.001, 2),
    poisonRatio: fc.oneof(fc.constant(0), spread(0.0005, 0.02)),
    failureRatio: fc.oneof(fc.constant(0), spread(0.001, 0.1)),
    looseness: spread(2, 400),
    slotsPerInstance: fc.integer({ min: 1, max: 16 }),
    startSeconds: spread(1, 180),
  })
  .map(({ ratio, looseness, slotsPerInstance, startSeconds, ...numbers }) => ({
    workload: { ...numbers, peakPerSecond: numbers.steadyPerSecond * ratio },
    objective: { latencySeconds: numbers.serviceSeconds * looseness },
    consumer: { slotsPerInstance, startSeconds },
  }));

function planned({ workload, objective, consumer }: Question) {
  try {
    return planQueue('Random', { workload, objective, consumer });
  } catch (error) {
    if (error instanceof CapacityError) return undefined;
    throw error;
  }
}

/** Slot-seconds of work that arrive per second at the peak, retries and poison counted. */
function offered({ workload }: Question): number {
  const { peakPerSecond = 0, serviceSeconds, failureRatio: f = 0, poisonRatio: p = 0 } = workload;
  return peakPerSecond * serviceSeconds * ((1 - p) * ((1 - f ** 5) / (1 - f)) + p * 5);
}

describe('over random workloads', () => {
  test('enough are feasible: the properties below are not about nothing', () => {
    const sample = fc.sample(question, RUNS);
    // 57 % of those drawn are; under 40 % of 300 would be six standard deviations away.
    expect(sample.filter((one) => planned(one)).length).toBeGreaterThan(0.4 * sample.length);
  });

  test('there are never fewer slots at the peak than λ·S', () => {
    fc.assert(
      fc.property(question, (one) => {
        const plan = planned(one);
        if (!plan) return;
        expect(plan.value('maxInstances') * plan.value('slotsPerInstance')).toBeGreaterThan(offered(one));
        expect(plan.predictions.utilisation).toBeLessThan(1);
      }),
      { numRuns: RUNS },
    );
  });

  test('what is predicted keeps what is promised', () => {
    fc.assert(
      fc.property(question, (one) => {
        const plan = planned(one);
        if (plan) expect(plan.predictions.latencyP99Seconds).toBeLessThanOrEqual(one.objective.latencySeconds);
      }),
      { numRuns: RUNS },
    );
  });

  test('more load never needs fewer workers', () => {
    fc.assert(
      fc.property(question, fc.double({ min: 1, max: 2, noNaN: true }), (one, factor) => {
        const { steadyPerSecond, peakPerSecond = steadyPerSecond } = one.workload;
        const more = { steadyPerSecond: steadyPerSecond * factor, peakPerSecond: peakPerSecond * factor };
        const [plan, larger] = [planned(one), planned({ ...one, workload: { ...one.workload, ...more } })];
        if (!plan || !larger) return;
        expect(larger.value('maxInstances')).toBeGreaterThanOrEqual(plan.value('maxInstances'));
        expect(larger.value('minInstances')).toBeGreaterThanOrEqual(plan.value('minInstances'));
      }),
      { numRuns: RUNS },
    );
  });

  test('more latency never costs more workers, and never turns what works into what does not', () => {
    fc.assert(
      fc.property(question, fc.double({ min: 1, max: 5, noNaN: true }), (one, factor) => {
        const plan = planned(one);
        if (!plan) return;
        const patient = planned({ ...one, objective: { latencySeconds: one.objective.latencySeconds * factor } });
        expect(patient).toBeDefined();
        expect(patient!.value('maxInstances')).toBeLessThanOrEqual(plan.value('maxInstances'));
        expect(patient!.value('minInstances')).toBeLessThanOrEqual(plan.value('minInstances'));
      }),
      { numRuns: RUNS },
    );
  });

  test('the alarm on age is in whole seconds, as CloudWatch has it: within the promise, and above what is predicted where a second lies between', () => {
    fc.assert(
      fc.property(question, (one) => {
        const plan = planned(one);
        if (!plan) return;
        const { latencySeconds } = one.objective;
        const age = plan.value('alarmAgeSeconds');
        const { latencyP99Seconds } = plan.predictions;
        expect(age).toBe(Math.round(age));
        expect(age).toBeLessThanOrEqual(Math.max(1, latencySeconds));
        if (Math.floor(latencySeconds) >= latencyP99Seconds) expect(age).toBeGreaterThanOrEqual(latencyP99Seconds);
      }),
      { numRuns: RUNS },
    );
  });

  test('every knob is a finite number with a formula and a source', () => {
    fc.assert(
      fc.property(question, (one) => {
        for (const knob of planned(one)?.knobs ?? []) {
          expect(Number.isFinite(knob.value)).toBe(true);
          expect(knob.formula.length).toBeGreaterThan(4);
          expect(knob.source.length).toBeGreaterThan(4);
          for (const input of Object.values(knob.inputs)) expect(Number.isNaN(input)).toBe(false);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('a refusal names ways out', () => {
    fc.assert(
      fc.property(question, fc.integer({ min: 1, max: 3 }), (one, maxInstances) => {
        try {
          planQueue('Random', {
            workload: one.workload,
            objective: one.objective,
            consumer: { ...one.consumer, maxInstances },
          });
        } catch (error) {
          expect(error).toBeInstanceOf(CapacityError);
          expect((error as CapacityError).waysOut.length).toBeGreaterThan(0);
          expect((error as CapacityError).message).toContain('Random: ');
        }
      }),
      { numRuns: RUNS },
    );
  });
});

describe('the order peak of the README: 40/s, 400/s for half an hour, 50 ms an item, four at a time, 90 s', () => {
  const workload = { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 };
  const objective = { latencySeconds: 90 };
  const consumer = { slotsPerInstance: 4, startSeconds: 60 };

  test('20 busy slots need six instances of four, and two of them always; a quarter more load needs seven', () => {
    const crew = (headroom?: number) => {
      const bare = planQueue('Orders', { workload, objective: { ...objective, headroom }, consumer });
      return [bare.value('minInstances'), bare.value('maxInstances')];
    };
    expect(crew(1.001)).toEqual([2, 6]);
    expect(crew()).toEqual([2, 7]);
    const plan = planQueue('Orders', { workload, objective, consumer });
    expect(plan.predictions.reactionSeconds).toBe(30 + 15 + 60);
  });

  test('the visibility timeout is six times the time-out, and attempts are five or more', () => {
    const plan = planQueue('Orders', { workload, objective, consumer });
    expect(plan.value('visibilityTimeoutSeconds')).toBe(6 * plan.value('itemTimeoutSeconds'));
    expect(plan.value('maxReceiveCount')).toBeGreaterThanOrEqual(5);
  });

  test('a time limit given by hand is kept, and is no shorter than the service time', () => {
    const given = (itemTimeoutSeconds: number) =>
      planQueue('Orders', { workload, objective, consumer: { ...consumer, itemTimeoutSeconds } });
    expect(given(100).knob('itemTimeoutSeconds')).toMatchObject({ value: 100, formula: 'given' });
    expect(given(100).value('visibilityTimeoutSeconds')).toBe(600);
    const slow = { ...workload, serviceSeconds: 2 };
    expect(() =>
      planQueue('Orders', { workload: slow, objective, consumer: { ...consumer, itemTimeoutSeconds: 1 } }),
    ).toThrow(/itemTimeoutSeconds must be at least serviceSeconds, 2 s, got 1 s/);
  });

  test('three instances are refused, and each of the ways out that are named leads out', () => {
    const refused = () => planQueue('Orders', { workload, objective, consumer: { ...consumer, maxInstances: 3 } });
    expect(refused).toThrow(CapacityError);
    expect(refused).toThrow(/allow 6 instances, or 0\.031 s per item, or 20 min of latency, or 250\/s at most/);
    const three = { ...consumer, maxInstances: 3 };
    expect(() =>
      planQueue('Orders', { workload, objective, consumer: { ...consumer, maxInstances: 6 } }),
    ).not.toThrow();
    expect(() =>
      planQueue('Orders', { workload: { ...workload, serviceSeconds: 0.031 }, objective, consumer: three }),
    ).not.toThrow();
    expect(() =>
      planQueue('Orders', { workload, objective: { latencySeconds: 20 * 60 }, consumer: three }),
    ).not.toThrow();
    expect(() =>
      planQueue('Orders', { workload: { ...workload, peakPerSecond: 250 }, objective, consumer: three }),
    ).not.toThrow();
  });

  test('a refusal writes its numbers as every other message does', () => {
    const refused = () => planQueue('Orders', { workload, objective, consumer: { ...consumer, maxInstances: 3 } });
    expect(refused).toThrow('400/s for 1,800 s × 0.05 s');
  });

  test('the search for ways out asks many times whether a promise is kept, and only once what of it is not', () => {
    const [solved, worded] = [jest.fn(), jest.fn()];
    const solve: Solve = (...asked) => {
      solved();
      const { refusal, ...sizing } = size(...asked);
      const sentence = (reason: Reason) => () => {
        worded();
        return reason();
      };
      return {
        ...sizing,
        refusal: () => {
          const reason = refusal();
          return reason && sentence(reason);
        },
      };
    };
    const three = { ...consumer, maxInstances: 3 };
    const refused = solve('Orders', workload, objective, three);
    const sized = (asked: QueueQuestion) => solve('Orders', asked.workload, asked.objective, asked.consumer ?? {});
    const fits = (asked: QueueQuestion) => sized(asked).refusal() === undefined;
    const question = { workload, objective, consumer: three };
    expect(waysOut({ question, sizing: refused, fits, sized }).length).toBeGreaterThan(0);
    expect(solved.mock.calls.length).toBeGreaterThan(20);
    expect(worded).not.toHaveBeenCalled();
    expect(() => planQueue('Orders', { workload, objective, consumer: three })).toThrow(refused.refusal()!());
    expect(worded).toHaveBeenCalledTimes(1);
  });

  test('an instance count given by hand is checked, and the knob says that it was given', () => {
    const plan = planQueue('Orders', { workload, objective, consumer: { ...consumer, maxInstances: 10 } });
    expect(plan.knob('maxInstances')).toMatchObject({ value: 10, formula: expect.stringContaining('given') });
  });

  test('the page of reasons names every knob with its source', () => {
    const plan = planQueue('Orders', { workload, objective, consumer });
    for (const knob of plan.knobs) expect(plan.explain()).toContain(`${knob.name} = `);
    expect(plan.explain()).toContain('Orders: expect');
  });
});

test.each<[string, Partial<Workload & Objective & Consumer>, string]>([
  ['no arrivals', { steadyPerSecond: 0 }, 'steadyPerSecond must be above 0, got 0'],
  ['a peak below the steady rate', { peakPerSecond: 1 }, 'peakPerSecond must be at least 10, got 1'],
  ['no service time', { serviceSeconds: Number.NaN }, 'serviceSeconds must be above 0, got NaN'],
  ['half a slot', { slotsPerInstance: 0.5 }, 'slotsPerInstance must be a whole number, at least 1, got 0.5'],
  ['a quantile of 1', { latencyQuantile: 1 }, 'latencyQuantile must be at least 0.5 and below 1, got 1'],
  ['a ceiling without a price', { monthlyCost: 100 }, 'monthlyCost needs instanceHourCost'],
  ['more slots than anybody has', { serviceSeconds: 1e9 }, 'must be at most 100000 busy slots'],
])('%s is refused by name, value and limit', (_what, wrong, message) => {
  const all = { steadyPerSecond: 10, serviceSeconds: 0.1, latencySeconds: 10, ...wrong };
  expect(() => planQueue('Wrong', { workload: all, objective: all, consumer: all })).toThrow(InvalidInputError);
  expect(() => planQueue('Wrong', { workload: all, objective: all, consumer: all })).toThrow(message);
});

test('everything that is wrong is said at once', () => {
  const plan = () =>
    planQueue('Wrong', { workload: { steadyPerSecond: -1, serviceSeconds: 0 }, objective: { latencySeconds: 0 } });
  expect(plan).toThrow(/steadyPerSecond .*; serviceSeconds .*; latencySeconds /);
});
