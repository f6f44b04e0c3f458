/** A burst: items that arrive at one moment, planned and predicted against the simulation. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { Quantiles } from '../../../lib/flow/numerics/quantiles';
import { planQueue, predictQueue, type SolvedQueue, solveQueue } from '../../../lib/flow/queue/plan';
import type { PlatformName } from '../../../lib/flow/queue/platforms/facts';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { simulate } from '../../../lib/flow/queue/simulation/simulate';
import { runs } from '../../support/property';

const crew = (instances: number) => ({
  slotsPerInstance: 1,
  pollSeconds: 30,
  decideSeconds: 15,
  startSeconds: 30,
  minInstances: instances,
  maxInstances: instances,
  backlogPerInstance: 1,
  maxAttempts: 5,
});

/** The latencies of many bursts, and the means of the rest. */
function simulated({ sizing }: SolvedQueue, { workload }: QueueQuestion, bursts: number) {
  const { serviceSeconds, serviceVariation } = sizing.workload;
  const all = new Quantiles();
  let [depth, drain] = [0, 0];
  for (let seed = 1; seed <= bursts; seed += 1) {
    const asked = { ...workload, serviceSeconds, serviceVariation };
    const result = simulate({ workload: asked, consumer: sizing.consumer, seed });
    all.merge(result.latency);
    depth += result.peakBacklog / bursts;
    drain += result.drainSeconds / bursts;
  }
  return { quantile: (quantile: number) => all.quantile(quantile), depth, drain };
}

describe('known answers', () => {
  test('36 runs of 300 s onto 4 slots: the last begins after eight others, and 32 wait at first', () => {
    const workload = { burstItems: 36, steadyPerSecond: 1e-6, serviceSeconds: 300, serviceVariation: 0 };
    const { peakBacklog, latencyP99Seconds, waitProbability, utilisation } = predictQueue(workload, crew(4));
    expect(peakBacklog).toBeCloseTo(32, 2);
    // 9 × 300 s, and at most half a run more: where the runs do not divide evenly by the slots.
    expect(latencyP99Seconds).toBeGreaterThan(2680);
    expect(latencyP99Seconds).toBeLessThan(2860);
    expect(waitProbability).toBeCloseTo(32 / 36, 3);
    expect(utilisation).toBe(1);
  });

  test('a slot for each item: nothing waits', () => {
    const workload = { burstItems: 10, steadyPerSecond: 1e-6, serviceSeconds: 5, serviceVariation: 0 };
    const { peakBacklog, latencyP99Seconds, waitProbability } = predictQueue(workload, crew(12));
    expect([peakBacklog, waitProbability]).toEqual([0, 0]);
    expect(latencyP99Seconds).toBeCloseTo(5, 6);
  });

  test('10,000 items of 50 ms within a minute: 11 slots, 1.25 × the burst', () => {
    const plan = planQueue('Export', {
      workload: { burstItems: 10_000, steadyPerSecond: 5, serviceSeconds: 0.05 },
      objective: { latencySeconds: 60 },
      platform: 'keda',
    });
    expect(plan.value('maxInstances')).toBe(11);
    expect(plan.predictions.breaksAtLoad).toBeGreaterThan(1.25);
    expect(plan.knob('maxInstances').inputs.burstItems).toBe(10_000);
    expect(plan.explain()).not.toMatch(/peakPerSecond/);
  });

  test('a promise that leaves time for a new instance is kept by those that come', () => {
    const workload = { burstItems: 10_000, steadyPerSecond: 5, serviceSeconds: 0.05, serviceVariation: 0.2 };
    const plan = planQueue('Export', { workload, objective: { latencySeconds: 300 }, platform: 'keda' });
    expect([plan.value('minInstances'), plan.value('maxInstances')]).toEqual([1, 3]);
  });
});

const platforms: PlatformName[] = ['other', 'lambda', 'fargate', 'keda', 'keda-job', 'cloud-run'];
const questions = fc.record({
  workload: fc
    .record({
      burstItems: fc.integer({ min: 20, max: 3000 }),
      // Seconds of work in all, at a time: from a second to an hour of one slot.
      serviceSeconds: fc.double({ min: Math.log(0.05), max: Math.log(60), noNaN: true }).map(Math.exp),
      serviceVariation: fc.constantFrom(0, 0.3, 1, 1.5),
      steadySlots: fc.double({ min: 0.001, max: 5, noNaN: true }),
    })
    .map(({ steadySlots, ...workload }) => ({ ...workload, steadyPerSecond: steadySlots / workload.serviceSeconds })),
  services: fc.double({ min: 15, max: 300, noNaN: true }),
  platform: fc.constantFrom(...platforms),
});
type Drawn = Parameters<Parameters<typeof questions.map>[0]>[0];
const asked = ({ workload, services, platform }: Drawn): QueueQuestion => ({
  workload,
  objective: { latencySeconds: Math.max(10, services * workload.serviceSeconds) },
  platform,
});

function solved(question: QueueQuestion): SolvedQueue | CapacityError {
  try {
    return solveQueue('Random', question);
  } catch (error) {
    if (error instanceof CapacityError) return error;
    throw error;
  }
}

describe('over random bursts', () => {
  test('what is predicted is what the simulation shows, within 15 % or half a service', () => {
    let planned = 0;
    fc.assert(
      fc.property(questions, (drawn) => {
        const question = asked(drawn);
        const queue = solved(question);
        if (queue instanceof CapacityError) return;
        planned += 1;
        const { burstItems = 0 } = question.workload;
        const seen = simulated(queue, question, Math.ceil(6000 / burstItems));
        const { latencyP99Seconds, peakBacklog, drainSeconds } = queue.plan.predictions;
        const { serviceSeconds } = queue.sizing.workload;
        const p99 = seen.quantile(0.99);
        // Constant services end together, where a fluid flows on.
        expect(Math.abs(latencyP99Seconds - p99)).toBeLessThan(Math.max(0.15 * p99, 0.5 * serviceSeconds));
        // The line is empty when the last one begins: a service more or less is chance.
        expect(Math.abs(drainSeconds - seen.drain)).toBeLessThan(0.15 * seen.drain + 2 * serviceSeconds);
        expect(Math.abs(peakBacklog - seen.depth)).toBeLessThan(0.05 * seen.depth + 5);
        // The promise, which is made for 1.25 ×.
        expect(seen.quantile(0.99)).toBeLessThanOrEqual(question.objective.latencySeconds);
      }),
      { numRuns: runs / 2 },
    );
    expect(planned).toBeGreaterThan(runs / 6);
  });

  test('more at once never takes fewer instances', () => {
    fc.assert(
      fc.property(questions, fc.double({ min: 1, max: 4, noNaN: true }), (drawn, factor) => {
        const less = solved(asked(drawn));
        const { workload } = drawn;
        const more = solved(
          asked({ ...drawn, workload: { ...workload, burstItems: Math.ceil(workload.burstItems * factor) } }),
        );
        if (less instanceof CapacityError || more instanceof CapacityError) return;
        expect(more.plan.value('maxInstances')).toBeGreaterThanOrEqual(less.plan.value('maxInstances'));
      }),
      { numRuns: runs },
    );
  });
});

describe('refusals', () => {
  test('too many at once for the instances that there may be: fewer items, more instances or more time', () => {
    const question: QueueQuestion = {
      workload: { burstItems: 1000, steadyPerSecond: 0.1, serviceSeconds: 2 },
      objective: { latencySeconds: 60 },
      consumer: { maxInstances: 10 },
    };
    const error = solved(question) as CapacityError;
    expect(error.reason).toContain('a burst of 1,000 items × 2 s reaches P99 of');
    const number = (words: RegExp) => {
      const way = error.waysOut.map((text) => words.exec(text)?.[1]).find(Boolean);
      return Number(way?.replace(/,/g, ''));
    };
    const { workload, objective } = question;
    const fewer = number(/^a burst of ([\d,]+) items at most/);
    expect(solved({ ...question, workload: { ...workload, burstItems: fewer } })).not.toBeInstanceOf(CapacityError);
    const instances = number(/^allow ([\d,]+) instances/);
    expect(solved({ ...question, consumer: { maxInstances: instances } })).not.toBeInstanceOf(CapacityError);
    const seconds = number(/^([\d,.]+) s of latency/);
    expect(solved({ ...question, objective: { ...objective, latencySeconds: seconds } })).not.toBeInstanceOf(
      CapacityError,
    );
  });

  test('a burst and a peak, and a burst that is no number', () => {
    const failing = (workload: object) => () =>
      planQueue('Random', { workload: workload as never, objective: { latencySeconds: 60 } });
    const rates = { steadyPerSecond: 1, serviceSeconds: 1 };
    expect(failing({ ...rates, burstItems: 5, peakPerSecond: 9, peakSeconds: 3 })).toThrow(
      'burstItems (5) takes the place of peakPerSecond (9): give one of them',
    );
    expect(failing({ ...rates, burstItems: -5 })).toThrow('burstItems must be between 0 and 1000000000, got -5');
    expect(failing({ ...rates, burstItems: '5' })).toThrow(InvalidInputError);
    expect(failing({ ...rates, burstItem: 5 })).toThrow('burstItem is unknown; did you mean burstItems?');
  });
});
