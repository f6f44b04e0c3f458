/** A knob says `given` when, and only when, it was given: what `explain()` prints can be believed. */
import fc from 'fast-check';
import { CapacityError, InvalidInputError } from '../../../lib/flow/errors';
import type { BrokerName } from '../../../lib/flow/queue/brokers/facts';
import { BROKERS } from '../../../lib/flow/queue/brokers/table';
import { planQueue } from '../../../lib/flow/queue/plan';
import type { PlatformName } from '../../../lib/flow/queue/platforms/facts';
import { PLATFORMS } from '../../../lib/flow/queue/platforms/table';
import type { QueueQuestion } from '../../../lib/flow/queue/question';
import type { QueuePlan } from '../../../lib/flow/queue/workload';
import { optional, runs } from '../../support/property';

type Read = (question: QueueQuestion) => number | undefined;

/** Every choice that a knob of a plan is named after, and where it stands in the question. */
const CHOICES: Readonly<Record<string, Read>> = {
  slotsPerInstance: ({ consumer }) => consumer?.slotsPerInstance,
  minInstances: ({ consumer }) => consumer?.minInstances,
  maxInstances: ({ consumer }) => consumer?.maxInstances,
  headroom: ({ objective }) => objective.headroom,
  pollingIntervalSeconds: ({ consumer }) => consumer?.pollSeconds,
  startSeconds: ({ consumer }) => consumer?.startSeconds,
  maxReceiveCount: ({ maxReceiveCount }) => maxReceiveCount,
  retentionSeconds: ({ retentionSeconds }) => retentionSeconds,
  visibilityTimeoutSeconds: ({ visibilityTimeoutSeconds }) => visibilityTimeoutSeconds,
  // Pub/Sub has a knob of that name, which cannot be chosen.
  deadLetterRetentionSeconds: ({ broker, deadLetterRetentionSeconds }) =>
    broker === 'sqs' ? deadLetterRetentionSeconds : undefined,
  deadLetterVisibilitySeconds: ({ deadLetterVisibilitySeconds }) => deadLetterVisibilitySeconds,
  maxRedrives: ({ redrive }) => redrive?.maxRedrives,
  successRatioFloor: ({ redrive }) => redrive?.successRatioFloor,
  ackDeadlineSeconds: ({ ackDeadlineSeconds }) => ackDeadlineSeconds,
  minimumBackoffSeconds: ({ minimumBackoffSeconds }) => minimumBackoffSeconds,
  maximumBackoffSeconds: ({ maximumBackoffSeconds }) => maximumBackoffSeconds,
  maxDeliveryAttempts: ({ maxDeliveryAttempts }) => maxDeliveryAttempts,
  cooldownPeriodSeconds: ({ cooldownSeconds }) => cooldownSeconds,
  scaleDownStabilizationSeconds: ({ cooldownSeconds }) => cooldownSeconds,
  nodeProvisionSeconds: ({ nodeProvisionSeconds }) => nodeProvisionSeconds,
  batchWindowSeconds: ({ batchWindowSeconds }) => batchWindowSeconds,
  functionTimeoutSeconds: ({ functionTimeoutSeconds }) => functionTimeoutSeconds,
  batchSize: ({ batchSize }) => batchSize,
};

const whole = (min: number, max: number) => optional(fc.integer({ min, max }));

const questions: fc.Arbitrary<QueueQuestion> = fc
  .record({
    platform: fc.constantFrom(...(Object.keys(PLATFORMS) as PlatformName[])),
    broker: fc.constantFrom(...(Object.keys(BROKERS) as BrokerName[])),
    workload: fc.record({
      steadyPerSecond: fc.integer({ min: 1, max: 40 }),
      serviceSeconds: fc.constantFrom(0.05, 0.5, 2),
    }),
    objective: fc.record({
      latencySeconds: fc.integer({ min: 600, max: 90_000 }),
      headroom: optional(fc.constant(1.1)),
    }),
    consumer: fc.record(
      {
        slotsPerInstance: fc.constant(1),
        pollSeconds: fc.integer({ min: 5, max: 60 }),
        startSeconds: fc.integer({ min: 1, max: 90 }),
        minInstances: fc.integer({ min: 0, max: 5 }),
        maxInstances: fc.integer({ min: 120, max: 400 }),
      },
      { requiredKeys: [] },
    ),
    scaleToZero: optional(fc.boolean()),
    maxReceiveCount: whole(5, 20),
    retentionSeconds: whole(100_000, 1_100_000),
    visibilityTimeoutSeconds: whole(5400, 43_200),
    deadLetterRetentionSeconds: whole(172_800, 1_209_600),
    deadLetterVisibilitySeconds: whole(30, 900),
    redrive: optional(
      fc.record(
        {
          maxRedrives: fc.integer({ min: 0, max: 5 }),
          redrivesPerSecond: fc.constant(0.5),
          successRatioFloor: fc.constantFrom(0.3, 0.5),
        },
        { requiredKeys: [] },
      ),
    ),
    ackDeadlineSeconds: whole(60, 600),
    minimumBackoffSeconds: whole(0, 20),
    maximumBackoffSeconds: whole(30, 600),
    maxDeliveryAttempts: whole(5, 100),
    consumerOutageSeconds: whole(60, 7200),
    roundTripSeconds: optional(fc.constant(0.01)),
    cooldownSeconds: whole(300, 900),
    nodeProvisionSeconds: whole(0, 900),
    functionTimeoutSeconds: whole(60, 900),
    batchWindowSeconds: whole(0, 60),
    batchSize: whole(1, 10),
  })
  .map((question) => question as QueueQuestion);

function planned(question: QueueQuestion): QueuePlan | undefined {
  try {
    return planQueue('Orders', question);
  } catch (error) {
    if (error instanceof CapacityError || error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

function isGiven({ formula, source }: { formula: string; source: string }): boolean {
  return /^given\b/.test(formula) || /^(given\b|set by hand)/.test(source);
}

/** What is wrong with the provenance of a plan, knob by knob. */
function faults(plan: QueuePlan, question: QueueQuestion): string[] {
  return plan.knobs.flatMap((knob) => {
    const choice = CHOICES[knob.name]?.(question);
    const origin = `${knob.name}: ${knob.formula} | ${knob.source}`;
    if (choice === undefined) {
      // A switch that was set is named in full: it is what was given, not the number.
      const bySwitch = knob.source === 'given: scaleToZero' && question.scaleToZero === true;
      return isGiven(knob) && !bySwitch ? [`${origin} was not given`] : [];
    }
    const bySwitch = knob.source === 'given: scaleToZero' && knob.value === 0;
    if (bySwitch) return [];
    return knob.value === choice && /^given\b/.test(knob.formula)
      ? []
      : [`${origin} was given as ${choice}, is ${knob.value}`];
  });
}

test('a knob says given when, and only when, it was given', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(questions, (question) => {
      const plan = planned(question);
      if (plan === undefined) return;
      for (const { name } of plan.knobs) if (CHOICES[name]?.(question) !== undefined) seen.add(name);
      expect(faults(plan, question)).toEqual([]);
    }),
    { numRuns: 10 * runs },
  );
  // Otherwise the rest would say nothing.
  expect(Object.keys(CHOICES).filter((name) => !seen.has(name))).toEqual([]);
});

test('instances that always run are as many as were given, also where fewer would do', () => {
  const plan = planQueue('Orders', {
    workload: { steadyPerSecond: 1, serviceSeconds: 0.05 },
    objective: { latencySeconds: 600 },
    consumer: { minInstances: 3 },
  });
  expect([plan.value('minInstances'), plan.value('maxInstances')]).toEqual([3, 3]);
});

describe('a redrive', () => {
  const redriven = (redrive: QueueQuestion['redrive']) =>
    planQueue('Orders', {
      workload: { steadyPerSecond: 1, serviceSeconds: 0.05 },
      objective: { latencySeconds: 600 },
      redrive,
    }).knob('maxRedrives');

  test('that was not given is not set by hand', () => {
    expect(redriven({})).toMatchObject({ value: 2, source: expect.not.stringContaining('by hand') });
    expect(redriven({}).formula).not.toBe('given');
  });

  test('that was given is', () => {
    expect(redriven({ maxRedrives: 1 })).toMatchObject({ value: 1, formula: 'given', source: 'set by hand' });
  });
});
