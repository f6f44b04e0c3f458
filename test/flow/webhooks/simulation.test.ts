import { erlangB } from '../../../lib/flow/numerics/erlang';
import { simulateCallers } from '../../../lib/flow/webhooks/simulation';

const peak = (peakPerSecond: number, peakSeconds: number) => ({
  steadyPerSecond: 1,
  peakPerSecond,
  peakSeconds,
  serviceSeconds: 0.1,
});

describe('callers on the line', () => {
  // Nobody waits at all: the loss system, whose loss has a closed form.
  test.each([
    [8, 80],
    [10, 80],
    [20, 150],
  ])('without patience, %d slots lose of %d calls a second what Erlang B says', (slots, rate) => {
    const { lost, processed } = simulateCallers(peak(rate, 3_000), slots, 0, 7);
    expect(lost / (lost + processed)).toBeCloseTo(erlangB(slots, rate * 0.1), 2);
  });

  test('nobody is lost whose turn comes in time', () => {
    expect(simulateCallers(peak(50, 600), 10, 20, 1).lost).toBe(0);
  });

  test('nobody who is answered has waited longer than its patience', () => {
    const { latency } = simulateCallers({ ...peak(120, 600), serviceVariation: 0 }, 10, 5, 1);
    expect(latency.quantile(1)).toBeLessThanOrEqual(5.1 * 1.004); // patience, one service, half a bucket
  });

  test('in lasting overload the loss is what does not fit: 1 − capacity ÷ arrivals', () => {
    const { lost, processed } = simulateCallers(peak(200, 3_000), 10, 1, 1);
    expect(lost / (lost + processed)).toBeCloseTo(0.5, 1.5);
  });

  test('the same seed gives the same calls', () => {
    const run = (seed: number) => simulateCallers(peak(105, 300), 10, 5, seed).processed;
    expect(run(3)).toBe(run(3));
    expect(run(3)).not.toBe(run(4));
  });
});
