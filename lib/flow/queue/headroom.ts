/**
 * Head-room: a queue is sized for more than the stated load, and the plan says at what multiple of it the promise
 * breaks. A size without head-room fails with the first item that takes a little longer.
 */
import { DEFAULT_HEADROOM } from '../headroom';
import { smallestAbove } from '../search';
import type { Promised } from './crew';
import type { ResolvedConsumer, ResolvedWorkload } from './resolve';
import { keepsPromise, type Sizing, type Solve } from './sizing';
import type { Consumer, Objective, Workload } from './workload';

/** Halvings in the search for the head-room that fits: to a thousandth. */
const STEPS = 8;

/** A size with its head-room. */
export interface SparedSizing {
  readonly sizing: Sizing;
  /** Times the load that the size was made for; 1 when it could not be made for more. */
  readonly headroom: number;
}

/**
 * Sizes for `headroom` times the load, and forecasts the load itself. Head-room that was given is part of the promise.
 * The default yields to bounds given by hand, such as a number of partitions: then it is as much as fits.
 */
export function sizeWithHeadroom(
  solve: Solve,
  subject: string,
  workload: Workload,
  objective: Objective,
  given: Consumer,
): SparedSizing {
  const { headroom = DEFAULT_HEADROOM } = objective;
  const spared = sparing(headroom, solve)(subject, workload, objective, given);
  if (spared.refusal() === undefined || objective.headroom !== undefined) return { sizing: spared, headroom };
  const bare = solve(subject, workload, objective, given);
  if (bare.refusal() !== undefined) return { sizing: bare, headroom };
  let best: SparedSizing = { sizing: { ...bare, given }, headroom: 1 };
  let failing = headroom;
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (best.headroom + failing) / 2;
    const sizing = sparing(middle, solve)(subject, workload, objective, given);
    if (sizing.refusal() === undefined) best = { sizing, headroom: middle };
    else failing = middle;
  }
  return best;
}

/** As `sizeWithHeadroom`, without the default head-room: whether there is a plan does not depend on it. */
export const sizeAsAsked: typeof sizeWithHeadroom = (solve, subject, workload, objective, given) => {
  const { headroom } = objective;
  const asked = headroom === undefined ? solve : sparing(headroom, solve);
  return { sizing: asked(subject, workload, objective, given), headroom: headroom ?? 1 };
};

/** As `solve`, for a multiple of the load; the result forecasts the load itself. */
function sparing(headroom: number, solve: Solve): Solve {
  return (subject, workload, objective, given) => {
    const spared = solve(subject, times(workload, headroom), objective, given);
    const refusal = spared.refusal();
    if (refusal !== undefined) {
      return { ...spared, given, refusal: () => () => `with a head-room of ${headroom}, ${refusal()}` };
    }
    const { minInstances, maxInstances } = spared.consumer;
    const { decidedBy } = spared;
    return { ...solve(subject, workload, objective, { ...given, minInstances, maxInstances }), given, decidedBy };
  };
}

function times(workload: Workload, factor: number): Workload {
  const { steadyPerSecond, peakPerSecond, burstItems } = workload;
  return {
    ...workload,
    steadyPerSecond: steadyPerSecond * factor,
    ...(peakPerSecond === undefined ? {} : { peakPerSecond: peakPerSecond * factor }),
    ...(burstItems === undefined ? {} : { burstItems: burstItems * factor }),
  };
}

/** A size and what it promises. */
export interface PromisedSize {
  /** Seconds of the service time that are not the item's own and do not grow with it. */
  readonly startSecondsWithin: number;
  readonly workload: ResolvedWorkload;
  readonly consumer: ResolvedConsumer;
  readonly promised: Promised;
}

/** The multiple of the load at which this size breaks its promise, to 1 %; `Infinity` when none up to 10⁹ does. */
export function breaksAtLoad({ workload, consumer, promised }: PromisedSize): number {
  return firstBroken((factor) => keepsPromise(loaded(workload, factor), consumer, promised));
}

/** The workload with so many times its arrivals. */
export function loaded(workload: ResolvedWorkload, factor: number): ResolvedWorkload {
  return {
    ...workload,
    steadyPerSecond: workload.steadyPerSecond * factor,
    peakPerSecond: workload.peakPerSecond * factor,
    burstItems: workload.burstItems * factor,
  };
}

/** The multiple of the service time at which this size breaks its promise, to 1 %. */
export function breaksAtServiceTime({ workload, consumer, promised, startSecondsWithin }: PromisedSize): number {
  const { serviceSeconds: busy, serviceVariation } = workload;
  const slowed = (factor: number) => {
    const serviceSeconds = (busy - startSecondsWithin) * factor + startSecondsWithin;
    // The standard deviation is the item's, and grows with it.
    return { ...workload, serviceSeconds, serviceVariation: (serviceVariation * busy * factor) / serviceSeconds };
  };
  return firstBroken((factor) => keepsPromise(slowed(factor), consumer, promised));
}

function firstBroken(holds: (factor: number) => boolean): number {
  return smallestAbove(1, (factor) => !holds(factor)) ?? Number.POSITIVE_INFINITY;
}
