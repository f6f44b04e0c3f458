import { planRetention } from '../../../lib/flow/retention/plan';
import { simulateCollection } from '../../../lib/flow/retention/simulation';

const DAY_SECONDS = 86_400;
/** Ten documents a second for a hundred days, of which ten are wanted. */
const workload = {
  insertsPerSecond: 10,
  documentBytes: 100,
  existingDocuments: 10 * 100 * DAY_SECONDS,
  spareWritesPerSecond: 500,
  deletesPerSecond: 200,
};
const plan = planRetention('Events', { workload, objective: { retentionSeconds: 10 * DAY_SECONDS } });
const forget = {
  retentionSeconds: 10 * DAY_SECONDS,
  backfillSeconds: plan.value('backfillSeconds'),
  drainSeconds: plan.value('drainSeconds'),
};
const run = (given = forget, seed = 1) => simulateCollection(workload, 100 * DAY_SECONDS, given, seed);

describe('a collection', () => {
  test('grows for ever while nothing is deleted: rate × age × bytes', () => {
    expect(run().bytesToday / (10 * 100 * DAY_SECONDS * 100)).toBeCloseTo(1, 3);
  });

  test('settles at rate × retention × bytes, when the plan says', () => {
    expect(run().steadyBytes / plan.predictions.steadyBytes).toBeCloseTo(1, 2);
    const { backfillSeconds, drainSeconds } = plan.predictions;
    expect(run().settledSeconds / (backfillSeconds + drainSeconds)).toBeCloseTo(1, 2);
  });

  test('whose old documents are spread as planned is never an hour late', () => {
    expect(run().deletionLagSeconds).toBeLessThan(3_600);
  });

  // What the spread is for, and why it has to count those that grow too old during the backfill.
  test.each([
    ['at once', 1],
    ['over what is needed for those that are too old today', plan.predictions.expiredDocuments / 190],
  ])('whose old documents expire %s is late by hours', (_, drainSeconds) => {
    expect(run({ ...forget, drainSeconds }).deletionLagSeconds).toBeGreaterThan(2 * 3_600);
  });

  test('is the same for the same seed', () => {
    expect(run(forget, 3)).toEqual(run(forget, 3));
    expect(run(forget, 3)).not.toEqual(run(forget, 4));
  });
});
