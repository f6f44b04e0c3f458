/** The depth that an alarm reads counts items in work on most brokers: its threshold has to count them too. */
import fc from 'fast-check';
import { CapacityError } from '../../../lib/flow/errors';
import type { BrokerName } from '../../../lib/flow/queue/brokers/facts';
import { solveQueue } from '../../../lib/flow/queue/plan';
import type { PlatformName } from '../../../lib/flow/queue/platforms/facts';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import { simulate } from '../../../lib/flow/queue/simulation/simulate';
import { runs, spread } from '../../support/property';

/** Where the number that alerts and graphs read counts items in work: KEDA's, and those of these brokers. */
const COUNTED: readonly (readonly [PlatformName, BrokerName])[] = [
  ['keda', 'rabbitmq'],
  ['keda', 'kafka'],
  ['keda', 'redis'],
  // KEDA's scaler adds those in flight, `scaleOnInFlight`.
  ['keda', 'sqs'],
  ['keda-job', 'rabbitmq'],
  ['cloud-run', 'pubsub'],
  ['other', 'pubsub'],
];

/** Thresholds that a depth is compared with. */
const THRESHOLDS = ['alarmBacklog', 'alarmDrainBacklog', 'alarmNearlyFull'];

const LONG_ITEMS = {
  workload: { steadyPerSecond: 0.2, peakPerSecond: 2, peakSeconds: 900, serviceSeconds: 60, serviceVariation: 0.3 },
  objective: { latencySeconds: 160 },
};
const STEADY = { workload: { steadyPerSecond: 10, serviceSeconds: 10 }, objective: { latencySeconds: 160 } };

function depths(question: QueueQuestion) {
  const { plan, sizing } = solveQueue('Orders', question);
  const { workload, consumer, workSeconds } = sizing;
  const slots = consumer.maxInstances * consumer.slotsPerInstance;
  // Little's law for those in work; no more than there are slots.
  const inWork = (perSecond: number) => Math.min(slots, perSecond * workSeconds);
  const knobs = new Map(plan.knobs.map(({ name, value }) => [name, value]));
  return {
    plan,
    sizing,
    slots,
    steady: inWork(workload.steadyPerSecond),
    peak: plan.predictions.peakBacklog + inWork(workload.peakPerSecond),
    thresholds: THRESHOLDS.filter((name) => knobs.has(name)).map((name) => [name, knobs.get(name) ?? 0] as const),
  };
}

describe.each(COUNTED)('%s from %s', (platform, broker) => {
  test('no threshold is below the depth predicted for the planned load, steady and at its peak', () => {
    let planned = 0;
    fc.assert(
      fc.property(
        fc.record({
          steadyPerSecond: spread(0.01, 5),
          burst: spread(1, 20),
          peakSeconds: fc.constantFrom(0, 60, 600, 3600),
          serviceSeconds: spread(0.05, 60),
          patience: spread(4, 40),
          consumerOutageSeconds: fc.constantFrom(undefined, 1, 60),
        }),
        ({ steadyPerSecond, burst, peakSeconds, serviceSeconds, patience, consumerOutageSeconds }) => {
          const question: QueueQuestion = {
            workload: { steadyPerSecond, peakPerSecond: steadyPerSecond * burst, peakSeconds, serviceSeconds },
            objective: { latencySeconds: serviceSeconds * patience + 60 },
            ...{ platform, broker, consumerOutageSeconds: broker === 'rabbitmq' ? consumerOutageSeconds : undefined },
          };
          try {
            const { steady, peak, thresholds } = depths(question);
            for (const [name, value] of thresholds) {
              expect([name, value >= steady, value >= peak]).toEqual([name, true, true]);
            }
            planned += 1;
          } catch (error) {
            if (!(error instanceof CapacityError)) throw error;
          }
        },
      ),
      { numRuns: runs / 4 },
    );
    expect(planned).toBeGreaterThan(runs / 16);
  });

  test.each([
    ['long items', LONG_ITEMS],
    ['a steady load', STEADY],
  ])('%s, simulated: no run of the planned load is above a threshold', (_what, question) => {
    const { sizing, slots, thresholds } = depths({ ...question, platform, broker });
    for (let seed = 1; seed <= 5; seed += 1) {
      const { timeline, peakBacklog } = simulate({
        workload: sizing.workload,
        consumer: sizing.consumer,
        seed,
        timelinePoints: 1000,
      });
      const most = Math.max(
        ...timeline.map(({ backlog, instances }) => backlog + instances * sizing.consumer.slotsPerInstance),
      );
      // The run of one seed may be worse than the mean of all, which is what is predicted.
      const [name, value] = thresholds[0];
      expect([name, Math.max(most, Math.min(slots, peakBacklog)) <= value]).toEqual(['alarmBacklog', true]);
    }
  });

  test('the line on the dashboard is what is predicted: all that waits, and every slot', () => {
    const { plan, slots } = depths({ ...LONG_ITEMS, platform, broker });
    expect(plan.value('peakOutstanding')).toBe(Math.ceil(plan.predictions.peakBacklog + slots));
    expect(plan.knob('peakOutstanding').formula).toContain('in work');
    expect(plan.knob('alarmBacklog').formula).toContain('in work');
  });
});

describe('on Kafka, where members of a group have a line each', () => {
  const kafka = { ...LONG_ITEMS, platform: 'keda', broker: 'kafka' } as const;
  const values = (peakLag?: number) => {
    const { plan } = depths({ ...kafka, ...(peakLag !== undefined && { peakLag }) });
    return ['peakOutstanding', 'alarmDrainBacklog', 'alarmBacklog'].map((name) => plan.value(name));
  };

  test('thresholds are above the lag that is planned for all lines', () => {
    const [outstanding, drain, backlog] = values(5000.5);
    expect([outstanding, drain]).toEqual([5001, 5002]);
    expect(backlog).toBeGreaterThan(5002);
  });

  test('a lag that is shorter than that of one line changes nothing', () => {
    expect(values(1)).toEqual(values());
  });

  test('it is a number of this broker alone', () => {
    expect(() => depths({ ...kafka, peakLag: -1 })).toThrow(/peakLag must be/);
    const redis = (peakLag?: number) => depths({ ...kafka, broker: 'redis', peakLag }).plan.value('peakOutstanding');
    expect(redis(5000)).toBe(redis());
  });
});

test.each<[string, QueueQuestion]>([
  ['CloudWatch counts what is visible', { ...LONG_ITEMS, platform: 'fargate', broker: 'sqs' }],
  [
    'also where KEDA scales the worker of a redrive queue',
    { ...LONG_ITEMS, platform: 'keda', broker: 'sqs', redrive: {} },
  ],
])('%s: its threshold has no items in work', (_what, question) => {
  const { plan, slots } = depths(question);
  const { clearableItems, peakBacklog } = plan.knob('alarmBacklog').inputs;
  const waiting = Math.max(1, 1.1 * peakBacklog, peakBacklog + 0.8 * (clearableItems - peakBacklog));
  expect(plan.value('alarmBacklog')).toBe(Math.ceil(waiting));
  expect(plan.knobs.some(({ name }) => name === 'peakOutstanding')).toBe(false);
  expect(slots).toBeGreaterThan(100);
});
