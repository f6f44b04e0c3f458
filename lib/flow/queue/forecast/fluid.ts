/**
 * One peak under autoscaling, as a fluid: items flow in at λ and out at μ·min(n, c), where n is the number of
 * outstanding items and c the slots that run. Between two events n is a straight line (every slot busy) or an
 * exponential (some idle), so a whole peak is a few pieces, each exact. Polls at which the scaler would change nothing
 * are skipped.
 *
 * The peak starts right after a poll: the worst phase, and the one that the simulation runs.
 *
 * Source: Newell, Applications of Queueing Theory (1982), chapter 2; Mandelbaum, Massey & Reiman, "Strong
 * approximations for Markovian service networks", Queueing Systems 30 (1998).
 */
import { residualQuantile, residualShare } from '../../numerics/gamma';
import type { ResolvedConsumer, ResolvedWorkload } from '../resolve';
import { workSeconds } from '../resolve';
import { averageItems, mostItems, pollInterval, Scaler, steadyInstances } from '../scaler';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { exp, floor, log, max, min } = Math;
const NEVER = Number.POSITIVE_INFINITY;

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
  /** Seconds from the peak's end to an empty backlog; `Infinity` when it never drains. */
  readonly drainSeconds: number;
  /** Items by which the line was ahead of the straight path when the slots had just filled. */
  readonly fillExcess: number;
  /** Instances requested at the end. */
  readonly instances: number;
}

/** A path that has not drained after so many events never drains: no plan asks for more instances than this. */
const MOST_EVENTS = 20_000;

/** The course of one peak of `peakSeconds` (above 0) from the steady state to the empty backlog. */
export function fluidPeak(workload: ResolvedWorkload, consumer: ResolvedConsumer): FluidPath {
  const work = workSeconds(workload, consumer.maxAttempts);
  const { steadyPerSecond, peakPerSecond, peakSeconds, serviceVariation: variation } = workload;
  const before = steadyInstances(workload, consumer);
  const scaler = new Scaler(consumer, before);
  const every = pollInterval(consumer);
  const delay = consumer.decideSeconds + consumer.startSeconds;
  const orders: { at: number; count: number }[] = [];
  const pieces: FluidPiece[] = [];
  let now = 0;
  let slots = before * consumer.slotsPerInstance;
  let items = min(slots, steadyPerSecond * work);
  let peakBacklog = 0;
  let peakAtSeconds = 0;
  let fillExcess = 0;
  let drained = NEVER;
  const rise: Ramp = { before: items, target: peakPerSecond * work, mean: work, variation };
  const fill = firstFill(rise, slots, peakPerSecond);
  // Exponential service is memoryless: its rise needs no separate law.
  let ramping = variation !== 1 && slots > 0;
  if (workload.burstItems > 0) {
    pieces.push(...burstPieces(workload, items, slots));
    now = peakSeconds;
    const fresh = min(workload.burstItems, slots - items);
    items += workload.burstItems;
    peakBacklog = max(0, items - slots);
    peakAtSeconds = now;
    // The slots that it has filled have all just begun.
    if (items > slots) items = max(slots, items + fresh * lateStart(variation));
    ramping = false;
  }
  for (let event = 0; event < MOST_EVENTS; event += 1) {
    const inPeak = now < peakSeconds;
    const rate = inPeak ? peakPerSecond : steadyPerSecond;
    const target = rate * work;
    const busy = items > slots || (items === slots && target > slots);
    if (!inPeak && items <= slots) {
      drained = now - peakSeconds;
      break;
    }
    const ramp = ramping && !busy && now < fill.seconds ? rise : undefined;
    const course: Course = { now, items, target, slots, work, rate, busy, ramp };
    const ordered = orders.length > 0 ? orders[0].at : NEVER;
    const poll = nextPoll(now, every, crossing(course, averageItems(scaler.asksAbove, consumer)));
    const full = busy ? emptyAfter(course) : ramp !== undefined ? fill.seconds - now : fullAfter(course);
    const next = min(inPeak ? peakSeconds : NEVER, ordered, poll, now + full);
    if (next === NEVER) break;
    const after = next === now + full ? slots : itemsAfter(course, next - now);
    if (next > now) {
      pieces.push({ from: now, to: next, arrivalsPerSecond: rate, slots, startItems: items, endItems: after, busy });
    }
    items = after;
    if (next === now + full && ramp !== undefined) {
      fillExcess = fill.excess;
      items += fillExcess;
    }
    if (next === peakSeconds || next === ordered || busy) ramping = false;
    now = next;
    if (items - slots > peakBacklog) {
      peakBacklog = items - slots;
      peakAtSeconds = now;
    }
    if (orders.length > 0 && orders[0].at <= now) {
      const fresh = orders[0].count * consumer.slotsPerInstance;
      orders.shift();
      slots += fresh;
      if (items > slots) items = max(slots, items + fresh * lateStart(variation));
    }
    if (next === poll) {
      const change = scaler.poll(now, mostItems(items, consumer));
      if (change > 0) orders.push({ at: now + delay, count: change });
    }
  }
  return { pieces, peakBacklog, peakAtSeconds, drainSeconds: drained, fillExcess, instances: scaler.asked };
}

/** The slots that run from a moment on. */
export function slotsAt({ pieces }: FluidPath, seconds: number): number {
  let { slots } = pieces[0];
  for (const piece of pieces) if (piece.from <= seconds) slots = piece.slots;
  return slots;
}

/**
 * Items that a slot which has just begun serves fewer than one found at work would: the mean of what is left of a service
 * seen at random is (1 + cv²)/2 of a service.
 */
function lateStart(variation: number): number {
  return (1 - variation * variation) / 2;
}

/** A burst: it fills the slots that are free, and the rest waits. */
function burstPieces(workload: ResolvedWorkload, before: number, slots: number): FluidPiece[] {
  const { peakSeconds: to, peakPerSecond: arrivalsPerSecond, burstItems } = workload;
  const filled = to * min(1, (slots - before) / burstItems);
  const all = before + burstItems;
  const common = { arrivalsPerSecond, slots };
  return [
    { ...common, from: 0, to: filled, startItems: before, endItems: min(slots, all), busy: false },
    { ...common, from: filled, to, startItems: slots, endItems: all, busy: true },
  ].filter((piece) => piece.to > piece.from);
}

interface Course {
  readonly now: number;
  readonly items: number;
  readonly target: number;
  readonly slots: number;
  readonly work: number;
  readonly rate: number;
  readonly busy: boolean;
  readonly ramp: Ramp | undefined;
}

/** The rise from the steady state towards the load of the peak while slots are free. */
interface Ramp {
  readonly before: number;
  readonly target: number;
  readonly mean: number;
  readonly variation: number;
}

function itemsAfter(course: Course, seconds: number): number {
  const { now, items, target, slots, work, rate, busy, ramp } = course;
  if (busy) return items + (rate - slots / work) * seconds;
  if (ramp !== undefined) {
    return ramp.before + (ramp.target - ramp.before) * residualShare(now + seconds, ramp.mean, ramp.variation);
  }
  return target + (items - target) * exp(-seconds / work);
}

/** Seconds until the level is exceeded; 0 when it is already, `Infinity` when this course never exceeds it. */
function crossing(course: Course, level: number): number {
  const { now, items, target, slots, work, rate, busy, ramp } = course;
  if (items > level) return 0;
  if (busy) {
    const slope = rate - slots / work;
    return slope > 0 ? (level - items) / slope : NEVER;
  }
  if (target <= level) return NEVER;
  if (ramp !== undefined) return max(0, reached(ramp, level) - now);
  return work * log((target - items) / (target - level));
}

/** Seconds since the peak began at which the rise reaches a level below its target. */
function reached({ before, target, mean, variation }: Ramp, level: number): number {
  return residualQuantile((level - before) / (target - before), mean, variation);
}

/** Seconds until the backlog is empty. */
function emptyAfter({ items, slots, work, rate }: Course): number {
  const slope = rate - slots / work;
  return slope < 0 ? (items - slots) / -slope : NEVER;
}

/** Seconds until every slot is busy. */
function fullAfter({ items, target, slots, work }: Course): number {
  return target > slots ? work * log((target - items) / (target - slots)) : NEVER;
}

/**
 * The moment at which a peak has filled every slot, from the steady state. Until then nothing waits, and the mean is
 * exact for any service: n(t) = n(0) + (target − n(0)) · P(S_e ≤ t). The work in service at that moment is not that of
 * slots seen at random; the difference, in items, is the excess with which the line begins.
 *
 * Source: Eick, Massey & Whitt, "The physics of the Mₜ/G/∞ queue", Operations Research 41 (1993).
 */
function firstFill(ramp: Ramp, slots: number, rate: number): { seconds: number; excess: number } {
  const { before, target, mean, variation } = ramp;
  if (target <= slots || slots === 0) return { seconds: NEVER, excess: 0 };
  const seconds = reached(ramp, slots);
  const cuts = 8;
  let risen = 0;
  for (let i = 0; i < cuts; i += 1) risen += residualShare(((i + 0.5) * seconds) / cuts, mean, variation) / cuts;
  const inService = before + (target - before) * risen;
  const seen = (1 + variation * variation) / 2;
  const excess = before * seen + (rate - inService / mean) * seconds - slots * seen;
  // A line cannot begin below nothing: with a negative excess it begins later by as much.
  if (excess >= 0) return { seconds, excess };
  return { seconds: seconds - excess / (rate - slots / mean), excess: 0 };
}

/** The first poll after both `now` and `now + seconds`. */
function nextPoll(now: number, every: number, seconds: number): number {
  if (seconds === NEVER) return seconds;
  // A millionth of the interval, so that rounding does not return the poll that has just happened.
  return (floor((now + seconds) / every + 1e-6) + 1) * every;
}
