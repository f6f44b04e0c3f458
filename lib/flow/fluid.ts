/**
 * One peak under autoscaling, as a fluid: items flow in at λ and out at μ·min(n, c), where n is what is outstanding
 * and c the slots that run. Between two events n is a straight line (every slot busy) or an exponential (some idle),
 * so that a whole peak is a handful of pieces, each exact. Looks at which the scaler would change nothing are skipped.
 *
 * The peak starts right after a look: the worst phase, and the one that the simulation runs.
 *
 * Source: Newell, Applications of Queueing Theory (1982), chapter 2; Mandelbaum, Massey & Reiman, "Strong
 * approximations for Markovian service networks", Queueing Systems 30 (1998).
 */
import { residualShare } from './gamma';
import type { ResolvedConsumer, ResolvedWorkload } from './resolve';
import { workSeconds } from './resolve';
import { lookInterval, Scaler, steadyInstances } from './scaler';

/** A stretch of time in which rate and capacity stay and slots are either all busy or never all busy. */
export interface FluidPiece {
  /** Seconds since the peak began. */
  readonly from: number;
  /** Seconds since the peak began. */
  readonly to: number;
  /** Items that arrive per second. */
  readonly arrivalsPerSecond: number;
  /** Slots that run. */
  readonly slots: number;
  /** Outstanding items at `from`. */
  readonly startItems: number;
  /** Outstanding items at `to`. */
  readonly endItems: number;
  /** Whether every slot is busy throughout. */
  readonly busy: boolean;
}

/** What one peak does. */
export interface FluidPath {
  /** From the peak's start to the empty backlog, without gaps. */
  readonly pieces: readonly FluidPiece[];
  /** The most items that wait. */
  readonly peakBacklog: number;
  /** Seconds since the peak began at which that is. */
  readonly peakAtSeconds: number;
  /** Seconds from the peak's end to an empty backlog; `Infinity` when it grows for ever. */
  readonly drainSeconds: number;
  /** Instances that were asked for in the end. */
  readonly instances: number;
}

/** A path that has not drained after so many events never will: no plan asks for more instances than this. */
const MOST_EVENTS = 20_000;

/** The course of one peak of `peakSeconds` (above 0) from the steady state to the empty backlog. */
export function fluidPeak(workload: ResolvedWorkload, consumer: ResolvedConsumer): FluidPath {
  const work = workSeconds(workload, consumer.maxAttempts);
  const { steadyPerSecond, peakPerSecond, peakSeconds, serviceVariation: variation } = workload;
  const before = steadyInstances(workload, consumer);
  const scaler = new Scaler(consumer, before);
  const every = lookInterval(consumer);
  const delay = consumer.decideSeconds + consumer.startSeconds;
  const orders: { at: number; count: number }[] = [];
  const pieces: FluidPiece[] = [];
  let now = 0;
  let slots = before * consumer.slotsPerInstance;
  let items = Math.min(slots, steadyPerSecond * work);
  let peakBacklog = 0;
  let peakAtSeconds = 0;
  let drained = Number.POSITIVE_INFINITY;
  for (let event = 0; event < MOST_EVENTS; event += 1) {
    const inPeak = now < peakSeconds;
    const rate = inPeak ? peakPerSecond : steadyPerSecond;
    const target = rate * work;
    const busy = items > slots || (items === slots && target > slots);
    if (!inPeak && items <= slots) {
      drained = now - peakSeconds;
      break;
    }
    const course: Course = { items, target, slots, work, rate, busy };
    const ordered = orders.length > 0 ? orders[0].at : Number.POSITIVE_INFINITY;
    const look = nextLook(now, every, crossing(course, scaler.asksAbove));
    const first = now === 0 && !busy && target > slots ? firstFill(course, steadyPerSecond * work, variation) : undefined;
    const full = busy ? emptyAfter(course) : (first?.seconds ?? fullAfter(course));
    const next = Math.min(inPeak ? peakSeconds : Number.POSITIVE_INFINITY, ordered, look, now + full);
    if (next === Number.POSITIVE_INFINITY) break;
    const after = next === now + full ? slots : itemsAfter(course, next - now);
    if (next > now) {
      pieces.push({ from: now, to: next, arrivalsPerSecond: rate, slots, startItems: items, endItems: after, busy });
    }
    items = next === now + full && first !== undefined ? after + first.excess : after;
    now = next;
    if (items - slots > peakBacklog) {
      peakBacklog = items - slots;
      peakAtSeconds = now;
    }
    if (orders.length > 0 && orders[0].at <= now) {
      const fresh = orders[0].count * consumer.slotsPerInstance;
      orders.shift();
      slots += fresh;
      // Slots that have all just begun serve (1 − cv²)/2 items fewer than slots found at work would: the mean of what
      // is left of a service seen at random is (1 + cv²)/2 of a service.
      if (items > slots) items = Math.max(slots, items + (fresh * (1 - variation * variation)) / 2);
    }
    if (next === look) {
      const change = scaler.look(now, items);
      if (change > 0) orders.push({ at: now + delay, count: change });
    }
  }
  return { pieces, peakBacklog, peakAtSeconds, drainSeconds: drained, instances: scaler.asked };
}

interface Course {
  readonly items: number;
  readonly target: number;
  readonly slots: number;
  readonly work: number;
  readonly rate: number;
  readonly busy: boolean;
}

function itemsAfter(course: Course, seconds: number): number {
  const { items, target, slots, work, rate, busy } = course;
  if (busy) return items + (rate - slots / work) * seconds;
  return target + (items - target) * Math.exp(-seconds / work);
}

/** Seconds until the level is exceeded; 0 when it is already, `Infinity` when it never will be in this course. */
function crossing(course: Course, level: number): number {
  const { items, target, slots, work, rate, busy } = course;
  if (items > level) return 0;
  if (busy) {
    const slope = rate - slots / work;
    return slope > 0 ? (level - items) / slope : Number.POSITIVE_INFINITY;
  }
  return target > level ? work * Math.log((target - items) / (target - level)) : Number.POSITIVE_INFINITY;
}

/** Seconds until the backlog is empty. */
function emptyAfter({ items, slots, work, rate }: Course): number {
  const slope = rate - slots / work;
  return slope < 0 ? (items - slots) / -slope : Number.POSITIVE_INFINITY;
}

/** Seconds until every slot is busy. */
function fullAfter({ items, target, slots, work }: Course): number {
  return target > slots ? work * Math.log((target - items) / (target - slots)) : Number.POSITIVE_INFINITY;
}

/**
 * The moment at which a peak has filled every slot, from the steady state. Until then nothing waits, and the mean is
 * exact for any service: n(t) = n(0) + (target − n(0)) · P(S_e ≤ t). The work in service at that moment is not that of
 * slots seen at random; the difference, in items, is the excess with which the line begins.
 *
 * Source: Eick, Massey & Whitt, "The physics of the Mₜ/G/∞ queue", Operations Research 41 (1993).
 */
function firstFill(course: Course, before: number, variation: number): { seconds: number; excess: number } {
  const { target, slots, work, rate } = course;
  if (variation === 1) return { seconds: fullAfter(course), excess: 0 };
  const share = (slots - before) / (target - before);
  let low = 0;
  let high = work;
  while (residualShare(high, work, variation) < share && high < 1e6 * work) high *= 2;
  for (let i = 0; i < 30; i += 1) {
    const middle = (low + high) / 2;
    if (residualShare(middle, work, variation) < share) low = middle;
    else high = middle;
  }
  const cuts = 8;
  let inService = 0;
  for (let i = 0; i < cuts; i += 1) inService += residualShare(((i + 0.5) * high) / cuts, work, variation) / cuts;
  const mean = before + (target - before) * inService;
  const seen = (1 + variation * variation) / 2;
  const excess = before * seen + (rate - mean / work) * high - slots * seen;
  // A line cannot begin below nothing: with a negative excess it begins later by as much.
  if (excess >= 0) return { seconds: high, excess };
  return { seconds: high - excess / (rate - slots / work), excess: 0 };
}

/** The first look after both `now` and `now + seconds`. */
function nextLook(now: number, every: number, seconds: number): number {
  if (seconds === Number.POSITIVE_INFINITY) return seconds;
  // A millionth of the interval keeps rounding from taking the look that has just been for the next one.
  return (Math.floor((now + seconds) / every + 1e-6) + 1) * every;
}
