import {
  bulkRate,
  firstState,
  nextState,
  type ThrottleSettings,
  type ThrottleState,
} from '../../../lib/flow/replication/control';
import { runReplica } from '../../../lib/flow/replication/simulation';

const settings: ThrottleSettings = {
  targetLagSeconds: 8,
  releaseLagSeconds: 4,
  decreaseRatio: 0.8,
  holdSeconds: 14,
  increasePerSecond: 80,
  floorPerSecond: 1200,
  leastBulkPerSecond: 12,
  mostPerSecond: 2400,
  unknownTicks: 3,
};
const open: ThrottleState = { ratePerSecond: 2400, heldUntilSeconds: 0, missed: 0, mode: 'open' };
const next = (state: ThrottleState, lag: number | undefined, now = 100) => nextState(settings, state, lag, now, 1);

describe('a tick', () => {
  test('cuts at the target, and not again before the hold is over', () => {
    const cut = next(open, 8, 100);
    expect(cut).toMatchObject({ ratePerSecond: 1920, heldUntilSeconds: 114, mode: 'throttled' });
    expect(next(cut, 20, 113).ratePerSecond).toBe(1920);
    expect(next(cut, 20, 114).ratePerSecond).toBe(1536);
  });

  test('raises below the release, to the most and no further; between the two the rate stays', () => {
    const slow: ThrottleState = { ...open, ratePerSecond: 2300, mode: 'throttled' };
    expect(next(slow, 6).ratePerSecond).toBe(2300);
    expect(next(slow, 4)).toMatchObject({ ratePerSecond: 2380, mode: 'throttled' });
    expect(next(next(slow, 4), 4)).toMatchObject({ ratePerSecond: 2400, mode: 'open' });
  });

  test('bulk writers get what is above the floor, and something always', () => {
    expect(bulkRate(settings, open)).toBe(1200);
    expect(bulkRate(settings, { ...open, ratePerSecond: 1000 })).toBe(12);
    let state = open;
    for (let now = 0; now < 1000; now += 1) state = next(state, 60, now);
    expect(state.ratePerSecond).toBe(1212);
  });

  test('one reading that is missing changes nothing, three close it for bulk writers and leave the others alone', () => {
    const twice = next(next(open, undefined), undefined);
    expect(twice).toMatchObject({ ratePerSecond: 2400, mode: 'open' });
    const lost = next(twice, undefined);
    expect(lost).toMatchObject({ ratePerSecond: 1212, mode: 'unknown' });
    expect(next(lost, 1)).toMatchObject({ ratePerSecond: 1292, mode: 'throttled', missed: 0 });
    // A reading in between begins again.
    expect(next(next(twice, 1), undefined).mode).toBe('open');
  });

  test('a start opens nothing before the replica was seen', () => {
    expect(firstState(settings)).toMatchObject({ ratePerSecond: 1212, mode: 'unknown' });
  });
});

describe('the usual answer, which only halves', () => {
  test('ends at the least rate and stays there: most of the bulk writes are never made', () => {
    const peak = {
      steadyPerSecond: 1000,
      peakPerSecond: 2400,
      peakSeconds: 600,
      bulkShare: 0.5,
      appliedPerSecond: 2000,
    };
    const halving: typeof nextState = (its, state, lag, now) =>
      lag !== undefined && lag >= 5 && now >= state.heldUntilSeconds
        ? { ...state, ratePerSecond: state.ratePerSecond / 2, heldUntilSeconds: now + its.holdSeconds }
        : state;
    const gate = { settings, heartbeatSeconds: 0.5, tickSeconds: 1, followSeconds: 1.5, next: halving };
    const seen = runReplica(peak, gate, 3000);
    expect(seen.lastRatePerSecond).toBeLessThan(1300);
    expect(seen.bulkDelaySeconds).toBe(Number.POSITIVE_INFINITY);
    expect(runReplica(peak, { ...gate, next: nextState }, 3000).lastRatePerSecond).toBe(2400);
  });
});
