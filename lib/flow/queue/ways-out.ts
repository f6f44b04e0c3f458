/**
 * Changes that make an infeasible queue feasible. Each is found by solving the changed problem, so each leads to a
 * plan.
 */
import { figure } from '../figures';
import { largestBelow, smallestAbove } from '../search';
import { type Sizing, type Solve } from './sizing';
import type { Consumer, Objective, Workload } from './workload';

/** One change that makes it fit. */
export interface WayOut {
  /** The change in words, with its numbers. */
  readonly sentence: string;
  /** The question as changed. */
  readonly workload: Workload;
  readonly objective: Objective;
  readonly consumer: Consumer;
}

/**
 * Ways out of a refused sizing: more instances, faster items, more latency, a smaller peak, a higher bound.
 *
 * @param solve the sizing function, also used for every way out
 */
export function waysOut(refused: Sizing, workload: Workload, objective: Objective, solve: Solve): WayOut[] {
  const consumer = refused.given;
  const sized = (way: Question) => solve(refused.subject, way.workload, way.objective, way.consumer);
  const solves = (way: Question) => sized(way).refusal === undefined;
  const same = { workload, objective, consumer };
  return [
    moreInstances(same, sized),
    fasterItems(same, solves),
    moreLatency(refused, same, solves),
    smallerPeak(same, solves),
    higherBound(refused, same, solves),
  ].filter((way) => way !== undefined);
}

type Question = Omit<WayOut, 'sentence'>;
type Solves = (question: Question) => boolean;

function moreInstances(same: Question, sized: (question: Question) => Sizing): WayOut | undefined {
  const solves = (way: Question) => sized(way).refusal === undefined;
  const { minInstances, maxInstances, instanceLimit } = same.consumer;
  if (minInstances === undefined && maxInstances === undefined && instanceLimit === undefined) return undefined;
  const free: Consumer = {
    ...same.consumer,
    minInstances: undefined,
    maxInstances: undefined,
    instanceLimit: undefined,
  };
  const needed = sized({ ...same, consumer: free });
  if (needed.refusal !== undefined) return undefined;
  const most = Math.max(needed.consumer.maxInstances, maxInstances ?? 0);
  const limit = instanceLimit === undefined ? undefined : Math.max(instanceLimit, most);
  const withMost: Consumer = {
    ...same.consumer,
    instanceLimit: limit,
    maxInstances: maxInstances === undefined ? undefined : most,
  };
  if (solves({ ...same, consumer: withMost })) {
    return { ...same, consumer: withMost, sentence: `allow ${most} instances` };
  }
  const least = needed.consumer.minInstances;
  const withBoth: Consumer = { ...withMost, minInstances: minInstances === undefined ? undefined : least };
  if (minInstances === undefined || !solves({ ...same, consumer: withBoth })) return undefined;
  const both = most > (maxInstances ?? most) ? `allow ${most} instances and ` : '';
  return { ...same, consumer: withBoth, sentence: `${both}keep ${least} instances running` };
}

function fasterItems(same: Question, solves: Solves): WayOut | undefined {
  const changed = (serviceSeconds: number) => ({ ...same, workload: { ...same.workload, serviceSeconds } });
  const found = lower(same.workload.serviceSeconds, (s) => solves(changed(s)));
  return found === undefined ? undefined : { ...changed(found), sentence: `${figure(found)} s per item` };
}

function moreLatency(refused: Sizing, same: Question, solves: Solves): WayOut | undefined {
  const changed = (latencySeconds: number) => ({ ...same, objective: { ...same.objective, latencySeconds } });
  const found = higher(Math.max(same.objective.latencySeconds, refused.unhinderedSeconds), (s) => solves(changed(s)));
  return found === undefined ? undefined : { ...changed(found), sentence: `${span(found)} of latency` };
}

function smallerPeak(same: Question, solves: Solves): WayOut | undefined {
  const { steadyPerSecond, peakPerSecond = steadyPerSecond } = same.workload;
  const peaked = peakPerSecond > steadyPerSecond;
  const changed = (rate: number) => ({
    ...same,
    workload: peaked
      ? { ...same.workload, peakPerSecond: Math.max(rate, steadyPerSecond) }
      : { ...same.workload, steadyPerSecond: rate, peakPerSecond: rate },
  });
  const found = lower(peakPerSecond, (r) => (!peaked || r >= steadyPerSecond) && solves(changed(r)));
  if (found === undefined) return undefined;
  return { ...changed(found), sentence: `${figure(found)}/s at most` };
}

function higherBound(refused: Sizing, same: Question, solves: Solves): WayOut | undefined {
  const { mostMonthlyCost: monthlyCost = 0 } = refused.forecast;
  const peakBacklog = same.objective.maxBacklog === undefined ? 0 : refused.forecast.peakBacklog();
  const objective: Objective = { ...same.objective };
  const words: string[] = [];
  if (peakBacklog > (objective.maxBacklog ?? Number.POSITIVE_INFINITY) && Number.isFinite(peakBacklog)) {
    Object.assign(objective, { maxBacklog: roundUp(peakBacklog * 1.01) });
    words.push(`a backlog of ${figure(objective.maxBacklog ?? 0)} items`);
  }
  if (monthlyCost > (objective.monthlyCost ?? Number.POSITIVE_INFINITY) && Number.isFinite(monthlyCost)) {
    Object.assign(objective, { monthlyCost: roundUp(monthlyCost * 1.01) });
    words.push(`${figure(objective.monthlyCost ?? 0)} USD a month`);
  }
  const changed = { ...same, objective };
  return words.length > 0 && solves(changed) ? { ...changed, sentence: words.join(' and ') } : undefined;
}

/** About the largest number below `start` that holds, rounded to two digits where that holds too. */
function lower(start: number, holds: (value: number) => boolean): number | undefined {
  const found = largestBelow(start, holds);
  return found === undefined ? undefined : [roundDown(found), found, found * 0.9].find(holds);
}

/** About the smallest number above `start` that holds, rounded to two digits where that holds too. */
function higher(start: number, holds: (value: number) => boolean): number | undefined {
  const found = smallestAbove(start, holds);
  return found === undefined ? undefined : [roundUp(found), found, found * 1.1].find(holds);
}

function roundUp(value: number): number {
  return twoDigits(value, Math.ceil);
}

function roundDown(value: number): number {
  return twoDigits(value, Math.floor);
}

/** Two significant digits; the number printed is the number tried. */
function twoDigits(value: number, round: (value: number) => number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((round(value / unit - 1e-9 * Math.sign(round(0.5) - 0.5)) * unit).toPrecision(2));
}

/** Seconds in words: whole minutes from two minutes on. */
function span(seconds: number): string {
  return seconds >= 120 && seconds % 60 === 0 ? `${figure(seconds / 60)} min` : `${figure(seconds)} s`;
}
