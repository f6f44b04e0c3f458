/**
 * How many different keys a number of events names, and how long a cycle of collecting and working takes.
 *
 * Source: Johnson and Kotz, "Urn Models and Their Application" (1977), occupancy; keys are drawn independently.
 */

/** Keys that are named equally often: how many, and the share of the events that each has. */
export interface KeyGroup {
  readonly count: number;
  readonly share: number;
}

/** Ranks up to here stand alone; beyond, ranks that differ by this factor are one group. */
const ALONE = 30;
const FACTOR = 1.1;

/**
 * The keys of Zipf's law with that exponent, most popular first.
 *
 * @param skew 0 for keys that are named equally often
 */
export function keyGroups(keys: number, skew: number): readonly KeyGroup[] {
  if (skew === 0) return [{ count: keys, share: 1 / keys }];
  const groups: { count: number; weight: number }[] = [];
  for (let first = 1; first <= keys; ) {
    const last = first <= ALONE ? first : Math.min(keys, Math.max(first, Math.floor(first * FACTOR)));
    const count = last - first + 1;
    // The midpoint rule for the sum over a group, exact to 10⁻³ of it beyond rank 30.
    const weight = count === 1 ? first ** -skew : integral(first - 0.5, last + 0.5, skew) / count;
    groups.push({ count, weight });
    first = last + 1;
  }
  const total = groups.reduce((sum, { count, weight }) => sum + count * weight, 0);
  return groups.map(({ count, weight }) => ({ count, share: weight / total }));
}

function integral(from: number, to: number, skew: number): number {
  return Math.abs(skew - 1) < 1e-9 ? Math.log(to / from) : (to ** (1 - skew) - from ** (1 - skew)) / (1 - skew);
}

/** What one reader sees: events a second, the keys, and the part of them that it has. */
export interface ReaderLoad {
  readonly perSecond: number;
  readonly groups: readonly KeyGroup[];
  /** The part of the keys that come to this reader; their share of the events counts among its own. */
  readonly keyRatio: number;
}

/** Different keys among the events of so many seconds. */
export function distinctKeys({ perSecond, groups, keyRatio }: ReaderLoad, seconds: number): number {
  const own = (perSecond * seconds) / keyRatio;
  return keyRatio * groups.reduce((sum, { count, share }) => sum - count * Math.expm1(-own * share), 0);
}

/** How fast their number grows then, in keys a second. */
function growth({ perSecond, groups, keyRatio }: ReaderLoad, seconds: number): number {
  const own = perSecond / keyRatio;
  return (
    keyRatio * groups.reduce((sum, { count, share }) => sum + count * own * share * Math.exp(-own * share * seconds), 0)
  );
}

/** A cycle: collect for the window, then work on what came since the last one ended. */
export interface Cycle {
  readonly seconds: number;
  readonly events: number;
  readonly keys: number;
  /** Seconds of work, the fixed part included. */
  readonly workSeconds: number;
  /** Seconds from an event just after the collecting ended until the end of the flush that has it. */
  readonly worstDelaySeconds: number;
}

/**
 * The cycle that repeats under a constant load: C = window + fixed part + distinct keys within C × seconds of a key.
 */
export function cycleOf(load: ReaderLoad, windowSeconds: number, fixedSeconds: number, keySeconds: number): Cycle {
  const base = windowSeconds + fixedSeconds;
  // The right side is concave, so Newton's steps from above all stay above the only solution.
  let seconds = base + keySeconds * distinctKeys(load, Number.MAX_VALUE);
  for (let step = 0; step < 100; step += 1) {
    const over = seconds - base - keySeconds * distinctKeys(load, seconds);
    const next = seconds - over / (1 - keySeconds * growth(load, seconds));
    if (!(next > 0) || Math.abs(next - seconds) <= 1e-12 * seconds) break;
    seconds = next;
  }
  const keys = distinctKeys(load, seconds);
  const workSeconds = fixedSeconds + keys * keySeconds;
  return { seconds, events: load.perSecond * seconds, keys, workSeconds, worstDelaySeconds: seconds + workSeconds };
}

/** Places at which the law of the gaps between reads is evaluated. */
const PLACES = 100;

/**
 * The merge ratio of so many readers of one stream, each of which takes all that waits when it begins to collect and when
 * its window ends. Their reads are at moments that have nothing to do with each other, so what a flush has is two of the
 * gaps between 2n random points on a circle: a share of the cycle by the law Beta(2, 2n − 2). Uneven gaps merge a little
 * more than even ones.
 *
 * @param load all events of the stream
 */
export function ratioInTurns(
  load: ReaderLoad,
  readers: number,
  windowSeconds: number,
  fixedSeconds: number,
  keySeconds: number,
): number {
  if (readers === 1) {
    const { events, keys } = cycleOf(load, windowSeconds, fixedSeconds, keySeconds);
    return events / keys;
  }
  const shape = 2 * readers - 3;
  const meanKeys = (cycleSeconds: number) => {
    let [sum, weights] = [0, 0];
    for (let place = 0; place < PLACES; place += 1) {
      const share = (place + 0.5) / PLACES;
      const weight = share * (1 - share) ** shape;
      sum += weight * distinctKeys(load, share * cycleSeconds);
      weights += weight;
    }
    return sum / weights;
  };
  let [seconds, before, keys] = [windowSeconds + fixedSeconds, 0, 0];
  // From below, so that each round is nearer to the only solution.
  for (let round = 0; round < 200 && seconds > before * (1 + 1e-6); round += 1) {
    keys = meanKeys(seconds);
    [before, seconds] = [seconds, windowSeconds + fixedSeconds + keySeconds * keys];
  }
  return (load.perSecond * before) / (readers * keys);
}
