/** Nothing is sized to the knife's edge: a plan has head-room, and says at what multiple of the load it breaks. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { Quantiles } from '../../../lib/flow/numerics/quantiles';
import { solveQueue } from '../../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { simulate } from '../../../lib/flow/queue/simulation/simulate';

const orders: QueueQuestion = {
  workload: { steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 },
  objective: { latencySeconds: 90 },
  consumer: { slotsPerInstance: 4, startSeconds: 60 },
};
const plan = (question: QueueQuestion) => solveQueue('Orders', question).plan;

test('a steady load is not planned at 97 % busy without a word', () => {
  const { predictions } = plan({
    workload: { steadyPerSecond: 400, serviceSeconds: 0.09 },
    objective: { latencySeconds: 300 },
  });
  expect(predictions.utilisation).toBeLessThanOrEqual(0.8);
  expect(predictions.breaksAtLoad).toBeGreaterThanOrEqual(1.25);
});

test.each([
  ['the default', undefined, 1.25],
  ['more by hand', 2, 2],
  ['less by hand', 1.05, 1.05],
])('the promise holds at %s head-room', (_what, headroom, least) => {
  const { predictions } = plan({ ...orders, objective: { ...orders.objective, headroom } });
  expect(predictions.breaksAtLoad).toBeGreaterThanOrEqual(least);
});

test('the page of reasons says where the promise breaks, for the load and for the service time', () => {
  const made = plan(orders);
  const { breaksAtLoad = 0, breaksAtServiceTime = 0 } = made.predictions;
  const short = (value: number) => Number(value.toPrecision(3));
  expect(made.explain()).toContain(
    `${short(breaksAtLoad)} × the load, ${short(breaksAtServiceTime)} × the service time`,
  );
});

test('a bound given by hand leaves what it leaves, and the plan says so', () => {
  // 20 busy slots of 22.
  const bounded = plan({ ...orders, consumer: { startSeconds: 60, maxInstances: 22 } });
  expect(bounded.value('headroom')).toBeLessThan(1.25);
  expect(bounded.value('headroom')).toBeGreaterThan(1);
  expect(bounded.explain()).toMatch(/head-room is 1\.\d+ × the load, 1\.25 is usual/);
  expect(plan(orders).explain()).not.toContain('is usual');
});

test('head-room that was asked for is part of the promise: refused with ways out that each keep it', () => {
  const asked: QueueQuestion = {
    ...orders,
    objective: { ...orders.objective, headroom: 1.5 },
    consumer: { ...orders.consumer, maxInstances: 6 },
  };
  expect(() => plan(asked)).toThrow(CapacityError);
  expect(() => plan(asked)).toThrow(/^Orders: with a head-room of 1.5, 600\/s for 1,800 s .*allow \d+ instances/);
});

test.each([1, 0.9, 11, Number.NaN])('a head-room of %d is refused', (headroom) => {
  expect(() => plan({ ...orders, objective: { ...orders.objective, headroom } })).toThrow(InvalidInputError);
  expect(() => plan({ ...orders, objective: { ...orders.objective, headroom } })).toThrow(
    'headroom must be above 1 and at most 10',
  );
});

/** P99 over some peaks at so many times the load, with the crew of the plan. */
function simulatedP99(question: QueueQuestion, factor: number): number {
  const { sizing } = solveQueue('Orders', question);
  const { steadyPerSecond, peakPerSecond } = sizing.workload;
  const workload = {
    ...sizing.workload,
    steadyPerSecond: steadyPerSecond * factor,
    peakPerSecond: peakPerSecond * factor,
  };
  const all = new Quantiles();
  for (let seed = 1; seed <= 8; seed += 1) all.merge(simulate({ workload, consumer: sizing.consumer, seed }).latency);
  return all.quantile(0.99);
}

test('the simulation keeps the promise below the breaking point and breaks it above', () => {
  const { breaksAtLoad = 0 } = plan(orders).predictions;
  expect(simulatedP99(orders, 0.93 * breaksAtLoad)).toBeLessThanOrEqual(90);
  expect(simulatedP99(orders, 1.1 * breaksAtLoad)).toBeGreaterThan(90);
});

test('more head-room never takes fewer instances', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1.01, max: 3, noNaN: true }),
      fc.double({ min: 1, max: 2, noNaN: true }),
      (low, more) => {
        const crew = (headroom: number) =>
          plan({ ...orders, objective: { ...orders.objective, headroom: Math.min(10, headroom) } }).value(
            'maxInstances',
          );
        expect(crew(low * more)).toBeGreaterThanOrEqual(crew(low));
      },
    ),
    { numRuns: 25 },
  );
});

test('a job for each item: only its own time grows, the start of the job does not', () => {
  const job: QueueQuestion = {
    platform: 'keda-job',
    broker: 'rabbitmq',
    workload: { steadyPerSecond: 0.2, serviceSeconds: 20 },
    objective: { latencySeconds: 300 },
  };
  const { plan: made } = solveQueue('Orders', job);
  const { breaksAtServiceTime = 0 } = made.predictions;
  const keeps = (factor: number) => {
    try {
      plan({
        ...job,
        workload: { ...job.workload, serviceSeconds: 20 * factor },
        consumer: { maxInstances: made.value('maxInstances') },
      });
      return true;
    } catch {
      return false;
    }
  };
  expect([keeps(0.97 * breaksAtServiceTime), keeps(1.03 * breaksAtServiceTime)]).toEqual([true, false]);
});
