import { fluidPeak } from '../../../lib/flow/queue/forecast/fluid';
import { CONSUMER_DEFAULTS, type ResolvedConsumer, resolveWorkload } from '../../../lib/flow/queue/resolve';

/** λ 40 → 400/s, μ = 20/s and slot: 2 busy slots before, 20 in the peak. */
const workload = resolveWorkload({ steadyPerSecond: 40, peakPerSecond: 400, peakSeconds: 1800, serviceSeconds: 0.05 });
const consumer: ResolvedConsumer = {
  ...CONSUMER_DEFAULTS,
  slotsPerInstance: 4,
  startSeconds: 60,
  minInstances: 1,
  maxInstances: 6,
  backlogPerInstance: 1000,
};

test('one instance until the reaction is over, then six: 320/s too many for 105 s', () => {
  const path = fluidPeak(workload, consumer);
  expect(path.peakAtSeconds).toBeCloseTo(105, 6);
  expect(path.peakBacklog / (320 * 105)).toBeCloseTo(1, 3);
  expect(path.instances).toBe(6);
  expect(path.drainSeconds).toBe(0);
});

test('what came in is what is left and what was served', () => {
  for (const piece of fluidPeak(workload, consumer).pieces.filter(({ busy }) => busy)) {
    const change = (piece.arrivalsPerSecond - piece.slots * 20) * (piece.to - piece.from);
    expect(piece.endItems - piece.startItems).toBeCloseTo(change, 6);
  }
});

test('pieces follow each other without a gap', () => {
  const { pieces } = fluidPeak(workload, consumer);
  for (const [i, piece] of pieces.slice(1).entries()) expect(piece.from).toBe(pieces[i].to);
});

test('no more instances allowed: 320/s for half an hour, drained at 40/s of spare capacity', () => {
  const path = fluidPeak(workload, { ...consumer, maxInstances: 1 });
  expect(path.peakBacklog / (320 * 1800)).toBeCloseTo(1, 3);
  expect(path.drainSeconds / ((320 * 1800) / 40)).toBeCloseTo(1, 3);
});

test('a steady load that the most cannot serve never drains', () => {
  const path = fluidPeak({ ...workload, steadyPerSecond: 81 }, { ...consumer, maxInstances: 1 });
  expect(path.drainSeconds).toBe(Number.POSITIVE_INFINITY);
});

test('a backlog that grows look by look is asked for look by look', () => {
  const path = fluidPeak(workload, { ...consumer, backlogPerInstance: 7200 });
  // Looks at 30, 60, 90 … s find 9,600, 19,200, 28,800 … items: 2, 3, 5 (with the 800
  // in service at first), 6 instances, each 75 s later.
  expect(new Set(path.pieces.map((piece) => piece.slots))).toEqual(new Set([4, 8, 12, 20, 24]));
});

test('retries are load: 20 % failing attempts fill the slots as a quarter more items would', () => {
  const failing = fluidPeak({ ...workload, failureRatio: 0.2 }, { ...consumer, maxInstances: 1, maxAttempts: 100 });
  expect(failing.peakBacklog / ((400 - 80 * 0.8) * 1800)).toBeCloseTo(1, 3);
});

test('constant services: the slots are full when the work is, not an exponential later', () => {
  const slow = { ...workload, steadyPerSecond: 1, peakPerSecond: 3, serviceSeconds: 10, peakSeconds: 20 };
  const fixed = { ...consumer, slotsPerInstance: 25, minInstances: 1, maxInstances: 1 };
  const [rise] = fluidPeak({ ...slow, serviceVariation: 0 }, fixed).pieces;
  expect(rise.to).toBeCloseTo(7.5, 2);
  expect(fluidPeak({ ...slow, serviceVariation: 1 }, fixed).pieces[0].to).toBeCloseTo(10 * Math.log(4), 2);
});
