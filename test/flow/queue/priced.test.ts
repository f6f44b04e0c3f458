/** A price that is added to a solved queue gives the plan that is made with the price from the beginning. */
import { Random } from '../../../lib/flow/numerics/random';
import { planPriced, planQueue, solveQueue } from '../../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { size } from '../../../lib/flow/queue/sizing';
import { PAIRS, type Pair } from './random-questions';

jest.mock('../../../lib/flow/queue/sizing', () => {
  const actual = jest.requireActual('../../../lib/flow/queue/sizing');
  return { ...actual, size: jest.fn(actual.size) };
});

const random = new Random(11);
const spread = (low: number, high: number) => low * (high / low) ** random.uniform();

/** A question with a plan: the promise leaves room, and nothing is bounded. */
function looseQuestion({ platform, broker }: Pair): QueueQuestion {
  const serviceSeconds = spread(0.03, 10);
  const steadyPerSecond = Math.min(spread(0.05, 10), 50 / serviceSeconds);
  return {
    platform,
    broker,
    workload: {
      steadyPerSecond,
      peakPerSecond: steadyPerSecond * spread(1, 5),
      peakSeconds: spread(60, 3000),
      serviceSeconds,
      ...(random.uniform() < 0.3 ? { failureRatio: spread(0.01, 0.1) } : {}),
    },
    objective: { latencySeconds: 600 + serviceSeconds * spread(8, 20) },
    nacksOnStop: true,
  };
}

const SOLVED = PAIRS.flatMap((pair) => [1, 2].map(() => looseQuestion(pair))).map((question) => ({
  question,
  known: solveQueue('Orders', question),
}));
const priced = (question: QueueQuestion): QueueQuestion => ({ ...question, consumer: { instanceHourCost: 0.0412 } });

test('every knob, prediction and sentence is that of a plan made with the price', () => {
  for (const { question, known } of SOLVED) {
    const anew = planQueue('Worker', priced(question));
    const added = planPriced('Worker', priced(question), known);
    expect(added.predictions.monthlyCost).toBeGreaterThan(0);
    expect(added.explain()).toBe(anew.explain());
  }
});

test('a price that was in the question is taken out again', () => {
  const [{ question }] = SOLVED;
  const without = planPriced('Worker', question, solveQueue('Orders', priced(question)));
  expect(without.explain()).toBe(planQueue('Worker', question).explain());
});

describe('sizing', () => {
  const sizes = jest.mocked(size);
  const [{ question, known }] = SOLVED.filter((one) => one.question.platform === 'fargate');

  test('a price alone sizes nothing again', () => {
    sizes.mockClear();
    planPriced('Worker', priced(question), known);
    expect(sizes).not.toHaveBeenCalled();
  });

  test.each<[string, (asked: QueueQuestion) => QueueQuestion]>([
    ['another load', (asked) => ({ ...asked, workload: { ...asked.workload, steadyPerSecond: 0.001 } })],
    ['a longer promise', (asked) => ({ ...asked, objective: { ...asked.objective, latencySeconds: 1e5 } })],
    ['a bound given by hand', (asked) => ({ ...asked, consumer: { ...asked.consumer, instanceLimit: 900 } })],
    ['retention', (asked) => ({ ...asked, retentionSeconds: 1_000_000 })],
    ['a ceiling on the cost', (asked) => ({ ...asked, objective: { ...asked.objective, monthlyCost: 1e7 } })],
  ])('with %s it is planned anew', (_, change) => {
    const changed = change(priced(question));
    const plan = planQueue('Worker', changed);
    sizes.mockClear();
    expect(planPriced('Worker', changed, known).explain()).toBe(plan.explain());
    expect(sizes).toHaveBeenCalled();
  });
});
