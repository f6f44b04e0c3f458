/** A Cloud Run worker pool: how late its scaler is, what that keeps standing, and what a stopped instance cuts off. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import { planQueue, solveQueue } from '../../../lib/flow/queue/plan';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { simulate } from '../../../lib/flow/queue/simulation/simulate';
import { runs } from '../../support/property';

const orders: QueueQuestion = {
  platform: 'cloud-run-pool',
  workload: { steadyPerSecond: 20, peakPerSecond: 111, peakSeconds: 1800, serviceSeconds: 0.05, serviceVariation: 0.5 },
  objective: { latencySeconds: 90, maxBacklog: 5000 },
  consumer: { slotsPerInstance: 2 },
};
const plan = (change: Partial<QueueQuestion> = {}) => planQueue('Orders', { ...orders, ...change });

test('it reacts within 200 s: a poll of 30, a metric that is 150 late, a start of 20', () => {
  const made = plan();
  expect(made.predictions.reactionSeconds).toBe(200);
  expect(made.value('pollingIntervalSeconds')).toBe(30);
  expect(made.value('metricDelaySeconds')).toBe(150);
  // 150 + 60 s: by default KEDA reads 2 minutes, in which there may be no sample.
  expect(made.value('metricWindowMinutes')).toBe(4);
});

test('orders keep three instances of two slots standing, KEDA on Kubernetes two', () => {
  expect(plan().value('minInstances')).toBe(3);
  expect(planQueue('Orders', { ...orders, platform: 'keda', broker: 'rabbitmq' }).value('minInstances')).toBe(2);
});

test('a metric that is later keeps more of them standing', () => {
  const least = (decideSeconds: number) =>
    plan({ consumer: { slotsPerInstance: 1, decideSeconds } }).value('minInstances');
  expect(least(150)).toBeGreaterThan(least(30));
});

describe('a stopped instance gets 10 s', () => {
  const long: QueueQuestion = {
    platform: 'cloud-run-pool',
    workload: { steadyPerSecond: 1, serviceSeconds: 30, serviceVariation: 0 },
    objective: { latencySeconds: 900 },
  };

  test('so an item of 30 s is refused, with what to do', () => {
    expect(() => planQueue('Long', long)).toThrow(CapacityError);
    expect(() => planQueue('Long', long)).toThrow(
      /a stopped instance gets 10 s.*modify the ack deadline to 0 on SIGTERM.*s per item.*or run Cloud Run jobs/,
    );
  });

  test('unless the worker returns it', () => {
    const made = planQueue('Long', { ...long, nacksOnStop: true });
    expect(made.value('stopSeconds')).toBe(10);
    expect(made.knob('stopSeconds').formula).toContain('returns what it cannot finish');
  });

  test('an item whose P99.9 is 10 s is finished', () => {
    expect(plan({ consumer: { itemTimeoutSeconds: 10 } }).value('maxExtensionSeconds')).toBe(10);
    expect(() => plan({ consumer: { itemTimeoutSeconds: 11 } })).toThrow(CapacityError);
  });
});

test('it takes from Pub/Sub alone', () => {
  expect(() => plan({ broker: 'sqs' })).toThrow(InvalidInputError);
  expect(() => plan({ broker: 'sqs' })).toThrow('broker of platform cloud-run-pool must be one of pubsub');
});

test('from none, the first item waits for a poll, the metric and a start', () => {
  const asleep = { consumer: { minInstances: 0 } };
  expect(() => plan({ ...asleep, objective: { latencySeconds: 199 } })).toThrow('waking up from zero takes 200 s');
  expect(plan({ ...asleep, objective: { latencySeconds: 600 } }).value('minInstances')).toBe(0);
});

test('what is planned keeps its promise in the simulation', () => {
  fc.assert(
    fc.property(
      fc.record({
        peakPerSecond: fc.integer({ min: 40, max: 300 }),
        serviceSeconds: fc.constantFrom(0.05, 0.2, 0.5),
        latencySeconds: fc.integer({ min: 60, max: 600 }),
        slotsPerInstance: fc.constantFrom(1, 2, 8),
      }),
      ({ peakPerSecond, serviceSeconds, latencySeconds, slotsPerInstance }) => {
        const { sizing } = solveQueue('Orders', {
          platform: 'cloud-run-pool',
          workload: { steadyPerSecond: 20, peakPerSecond, peakSeconds: 900, serviceSeconds },
          objective: { latencySeconds },
          consumer: { slotsPerInstance },
        });
        const run = simulate({ workload: sizing.workload, consumer: sizing.consumer, seed: 1 });
        expect(run.latencyP99Seconds).toBeLessThan(latencySeconds);
      },
    ),
    { numRuns: Math.max(5, Math.round(runs / 20)) },
  );
});
