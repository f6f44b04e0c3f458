/**
 * How fast writers may commit, from how far the replica is behind. Additive increase and multiplicative decrease, with a hold
 * after each cut: a cut shows only when the replica reaches the commits that were made after it.
 *
 * Source: Chiu and Jain, Analysis of the increase and decrease algorithms for congestion avoidance, Computer Networks and
 * ISDN Systems 17 (1989).
 */

/** The numbers of a throttle; each is a knob. Rates are commits a second of all writers together. */
export interface ThrottleSettings {
  /** Lag from which the rate is cut. */
  readonly targetLagSeconds: number;
  /** Lag up to which the rate rises. */
  readonly releaseLagSeconds: number;
  /** What is left of the rate after a cut: above 0, below 1. */
  readonly decreaseRatio: number;
  /** Seconds from one cut to the next. */
  readonly holdSeconds: number;
  /** What is added in a second. */
  readonly increasePerSecond: number;
  /** Commits that are never throttled. */
  readonly floorPerSecond: number;
  /** What bulk writers get at least. */
  readonly leastBulkPerSecond: number;
  /** The rate when nothing is in the way. */
  readonly mostPerSecond: number;
  /** Ticks without a reading after which the lag counts as unknown. */
  readonly unknownTicks: number;
}

/** What the throttle is doing. */
export type ThrottleMode = 'open' | 'throttled' | 'unknown';

/**
 * What a throttle knows from one tick to the next. It is in memory only: one that is started anew begins with the least rate, so
 * a restart does not open it.
 */
export interface ThrottleState {
  /** Commits a second that all writers may make together. */
  readonly ratePerSecond: number;
  /** No further cut before this moment, in seconds. */
  readonly heldUntilSeconds: number;
  /** Ticks in a row without a reading. */
  readonly missed: number;
  readonly mode: ThrottleMode;
}

/** Before the first reading: bulk writers get the least until somebody has seen the replica. */
export function firstState(settings: ThrottleSettings): ThrottleState {
  return { ratePerSecond: leastRate(settings), heldUntilSeconds: 0, missed: settings.unknownTicks, mode: 'unknown' };
}

/**
 * The state after a tick.
 *
 * @param lagSeconds of the replica that is furthest behind; undefined when one could not be read
 * @param sinceSeconds seconds since the last tick
 */
export function nextState(
  settings: ThrottleSettings,
  state: ThrottleState,
  lagSeconds: number | undefined,
  nowSeconds: number,
  sinceSeconds: number,
): ThrottleState {
  if (lagSeconds === undefined) return unread(settings, state);
  const { targetLagSeconds, releaseLagSeconds, mostPerSecond } = settings;
  const read = { ...state, missed: 0 };
  if (lagSeconds >= targetLagSeconds) return cut(settings, read, nowSeconds);
  const rising = lagSeconds <= releaseLagSeconds;
  const ratePerSecond = rising
    ? Math.min(mostPerSecond, state.ratePerSecond + settings.increasePerSecond * sinceSeconds)
    : state.ratePerSecond;
  return { ...read, ratePerSecond, mode: ratePerSecond < mostPerSecond ? 'throttled' : 'open' };
}

/** What bulk writers may commit a second, all of them together. */
export function bulkRate(settings: ThrottleSettings, { ratePerSecond }: ThrottleState): number {
  return Math.max(settings.leastBulkPerSecond, ratePerSecond - settings.floorPerSecond);
}

function leastRate({ floorPerSecond, leastBulkPerSecond }: ThrottleSettings): number {
  return floorPerSecond + leastBulkPerSecond;
}

/** A reading that is missing may be one slow answer; several mean that nobody sees the replica. */
function unread(settings: ThrottleSettings, state: ThrottleState): ThrottleState {
  const missed = Math.min(settings.unknownTicks, state.missed + 1);
  if (missed < settings.unknownTicks) return { ...state, missed };
  return { ...state, missed, ratePerSecond: leastRate(settings), mode: 'unknown' };
}

function cut(settings: ThrottleSettings, state: ThrottleState, nowSeconds: number): ThrottleState {
  if (nowSeconds < state.heldUntilSeconds) return { ...state, mode: 'throttled' };
  return {
    ...state,
    ratePerSecond: Math.max(leastRate(settings), settings.decreaseRatio * state.ratePerSecond),
    heldUntilSeconds: nowSeconds + settings.holdSeconds,
    mode: 'throttled',
  };
}
