/** What the model says of a flood, from the rates as they were. */
import { floodWorkload, offPace, pacesOf, predict } from '../../bin/local/prediction';

const SLOTS = 8;
/** 50 a second for 36 s onto 8 slots that serve 32 a second: 18 a second are left over. */
const [ARRIVALS, SECONDS, SERVED] = [50, 36, 32];
const flood = floodWorkload(ARRIVALS, SLOTS / SERVED, ARRIVALS * SECONDS);
const left = (ARRIVALS - SERVED) * SECONDS;

test('the figures are those of a queue that grows by what is not served, and then drains', () => {
  const { figures } = predict(flood, SLOTS / SERVED, SLOTS);
  expect(figures.peakBacklog / left).toBeCloseTo(1, 1);
  expect(figures.drainSeconds / (left / SERVED)).toBeCloseTo(1, 1);
  // Half of the deliveries came by the middle of the flood, and those of that moment wait for what was left over by then.
  expect(figures.latencyP50Seconds / (left / 2 / SERVED + SLOTS / SERVED)).toBeCloseTo(1, 1);
  expect(figures.latencyP99Seconds / (left / SERVED)).toBeCloseTo(1, 1);
});

test('what is served faster after the flood drains sooner, and leaves the peak and the median as they were', () => {
  const [same, faster] = [SERVED, 2 * SERVED].map((pace) => predict(flood, SLOTS / pace, SLOTS).figures);
  expect(faster.drainSeconds / same.drainSeconds).toBeCloseTo(0.5, 1);
  expect(faster.peakBacklog).toBe(same.peakBacklog);
  expect(faster.latencyP50Seconds).toBe(same.latencyP50Seconds);
});

test('the predicted curve reaches the predicted peak at the end of the flood', () => {
  const { depth, figures } = predict(flood, SLOTS / SERVED, SLOTS);
  const highest = depth.reduce((most, sample) => (sample.backlog > most.backlog ? sample : most));
  expect(highest.backlog / figures.peakBacklog).toBeCloseTo(1, 1);
  expect(highest.seconds).toBeGreaterThan(SECONDS - 2);
  expect(highest.seconds).toBeLessThan(SECONDS + 2);
});

describe('paces', () => {
  const sent = { accepted: 1800, turnedAway: 0, startedAt: 0, endedAt: 36_000 };
  const depth = [10, 20, 35.9, 50].map((seconds) => ({ seconds, backlog: 18 * Math.min(seconds, 36) }));

  test('are what was accepted and not left over, and what was left over by the time of the drain', () => {
    const pace = pacesOf({ sent, depth, drainSeconds: 20 }, SLOTS);
    expect(pace.during).toBeCloseTo((1800 - 18 * 35.9) / 36);
    expect(pace.after).toBeCloseTo((18 * 35.9) / 20);
  });

  test('a drain of a handful says nothing of the pace', () => {
    const pace = pacesOf({ sent, depth: [{ seconds: 30, backlog: 20 }], drainSeconds: 0.1 }, SLOTS);
    expect(pace.after).toBe(pace.during);
  });

  test('that differ by more than a fifth are said', () => {
    expect(offPace({ during: 30, after: 35 })).toEqual([]);
    expect(offPace({ during: 30, after: 40 })).toEqual([
      expect.stringContaining('served 30/s during the flood and 40/s after it'),
    ]);
  });
});
