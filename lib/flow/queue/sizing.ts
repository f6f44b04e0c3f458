/** From workload and promise to a crew: the numbers of a plan, before they get names and reasons. */
import { figure } from '../figures';
import { once } from '../once';
import { firstIndex } from '../search';
import { itemsAtFirstPoll, type Promised, planningHorizon, slotsForRate, slotsThroughReaction } from './crew';
import { type LatencyMix, unhinderedLatency } from './forecast/latency';
import { type Forecast, forecast } from './forecast/predict';
import {
  CONSUMER_DEFAULTS,
  type GivenConsumer,
  lastingPerSecond,
  type ResolvedConsumer,
  type ResolvedWorkload,
  resolveWorkload,
  SETTLES,
  STEADY_HORIZON_SECONDS,
  settlingSeconds,
  workSeconds,
} from './resolve';
import { reactionSeconds } from './scaler';
import type { Consumer, Objective, Workload } from './workload';

/** A sized consumer. */
export interface Sizing {
  readonly subject: string;
  readonly workload: ResolvedWorkload;
  /** The consumer as given by hand. */
  readonly given: Consumer;
  readonly promised: Promised;
  readonly consumer: ResolvedConsumer;
  /** Slot-seconds that one item costs, every attempt counted. */
  readonly workSeconds: number;
  /** Latency in seconds at the promised quantile of an item that never waits. */
  readonly unhinderedSeconds: number;
  readonly forecast: Forecast;
  /** Whether the peak is over before the queue settles, so that fewer instances keep the promise through it. */
  readonly passing: boolean;
  /**
   * Why the promise is broken, or undefined if it is kept. Found when first read: it costs the law of latency, and the
   * sentence a quantile besides.
   */
  readonly refusal: () => Reason | undefined;
  /** What decided on the most instances. */
  readonly decidedBy: Decision;
  /** Seconds of the workload's service time that are not the item's own, such as the start of a job. */
  readonly startSecondsWithin: number;
}

/** A sentence that is made when it is read. */
export type Reason = () => string;

/** What decides on the most instances: a number given by hand, the promise, the most items that may wait, or a limit. */
export type Decision = 'given' | 'latency' | 'minimum' | 'backlog' | 'limit';

/** How a platform differs from one that adds instances on any share of an item. */
export interface SizeOptions {
  /** The items for which one more instance is asked, as the platform's scaler compares with them. */
  readonly target?: (backlogPerInstance: number) => number;
  /** Seconds of the service time that are not the item's own. Default: 0. */
  readonly startSecondsWithin?: number;
  /** Whether only the most instances are wanted: those that always run are then all of them. Default: false. */
  readonly onlyMost?: boolean;
}

/** Sizes a consumer: `size`, or the platform's version of it. */
export type Solve = (subject: string, workload: Workload, objective: Objective, given: GivenConsumer) => Sizing;

const NEVER = Number.POSITIVE_INFINITY;

/**
 * The first poll of a peak must find more than enough outstanding items to ask for every instance: items come at
 * random, and asking in two steps costs a poll interval of the promise.
 */
export const FIRST_POLL_MARGIN = 0.7;

/** Sizes a consumer. A promise that cannot be kept is returned as a refusal. */
export function size(
  subject: string,
  givenWorkload: Workload,
  objective: Objective,
  given: GivenConsumer,
  { target = (items) => items, startSecondsWithin = 0, onlyMost = false }: SizeOptions = {},
): Sizing {
  const workload = resolveWorkload(givenWorkload);
  const timing = {
    slotsPerInstance: given.slotsPerInstance ?? CONSUMER_DEFAULTS.slotsPerInstance,
    pollSeconds: given.pollSeconds ?? CONSUMER_DEFAULTS.pollSeconds,
    decideSeconds: given.decideSeconds ?? CONSUMER_DEFAULTS.decideSeconds,
    startSeconds: given.startSeconds ?? CONSUMER_DEFAULTS.startSeconds,
    maxAttempts: given.maxAttempts ?? CONSUMER_DEFAULTS.maxAttempts,
    retryDelay: given.retryDelay,
  };
  const promised: Promised = {
    latencySeconds: objective.latencySeconds,
    latencyQuantile: objective.latencyQuantile ?? 0.99,
    maxBacklog: objective.maxBacklog ?? NEVER,
  };
  const work = workSeconds(workload, timing.maxAttempts);
  const unhinderedSeconds = unhinderedLatency(workload, timing, promised.latencyQuantile);
  const common = { subject, workload, given, promised, workSeconds: work, unhinderedSeconds, startSecondsWithin };
  let passing = false;
  let decidedBy: Decision = given.maxInstances === undefined ? 'latency' : 'given';
  const done = (consumer: ResolvedConsumer, refusal?: Reason): Sizing => {
    const seen = forecast(workload, consumer, STEADY_HORIZON_SECONDS, given.instanceHourCost);
    return {
      ...common,
      consumer,
      passing,
      decidedBy,
      forecast: seen,
      refusal: once(() => refusal ?? broken(seen, common, consumer, objective)),
    };
  };
  const crew = (minInstances: number, maxInstances: number): ResolvedConsumer => ({
    ...timing,
    minInstances,
    maxInstances,
    backlogPerInstance: target(backlogPerInstance(workload, work, promised, timing, minInstances, maxInstances)),
  });
  if (unhinderedSeconds >= promised.latencySeconds) {
    return done(crew(1, given.maxInstances ?? 1), () => tooSlow(workload, promised, unhinderedSeconds));
  }
  const slots = timing.slotsPerInstance;
  const offered = lastingPerSecond(workload) * work;
  const atPeak =
    workload.burstItems > 0
      ? offered + workload.burstItems
      : slotsForRate(workload.peakPerSecond, planningHorizon(workload), workload, timing, promised);
  const slotsForSteady = (horizon: number) =>
    slotsForRate(workload.steadyPerSecond, horizon, workload, timing, promised);
  const settled = Math.ceil(atPeak / slots);
  const stable = () => Math.max(Math.floor(offered / slots) + 1, Math.ceil(slotsForSteady(NEVER) / slots));
  const needed = throughPeak(
    stable,
    settled,
    workload,
    (all) => crew(Math.min(all, workload.burstItems > 0 ? (given.minInstances ?? all) : all), all),
    given,
    promised,
  );
  passing = needed < settled;
  const limit = given.instanceLimit ?? NEVER;
  // Those that always run may be more than the load needs.
  let most = given.maxInstances ?? Math.max(needed, given.minInstances ?? 0);
  if (given.maxInstances === undefined && most > needed) decidedBy = 'minimum';
  if (most > limit) decidedBy = 'limit';
  most = Math.min(most, limit);
  if (given.maxInstances === undefined && promised.maxBacklog !== NEVER) {
    // More slots than the latency needs, until the line due to chance is short enough.
    const sizes = stepsOfTwoPercent(most, Math.min(limit, 4 * needed + 16));
    const shortEnough = (index: number) =>
      forecast(workload, crew(sizes[index], sizes[index])).peakBacklog() <= promised.maxBacklog;
    const enough = Math.min(sizes[firstIndex(sizes.length - 1, shortEnough)], limit);
    if (enough > most) decidedBy = 'backlog';
    most = enough;
  }
  // Arrivals may exceed capacity during the peak, if the promised latency allows it; never in the steady state.
  const lasting = workload.peakSeconds > 0 ? workload.steadyPerSecond * work : offered;
  if (lasting >= most * slots || (offered >= most * slots && needed <= most)) {
    return done(crew(Math.min(most, given.minInstances ?? most), most), () => tooFew(workload, work, most, slots));
  }
  if (given.minInstances !== undefined) return done(crew(Math.min(given.minInstances, most), most));
  if (onlyMost) return done(crew(most, most));
  const steady = slotsForSteady(STEADY_HORIZON_SECONDS);
  const reacting = slotsThroughReaction(workload, timing, promised, unhinderedSeconds);
  const least = Math.min(most, Math.max(1, Math.ceil(Math.max(steady, reacting) / slots - 1e-9)));
  return smallest(least, most, (min) => done(crew(min, most)));
}

/**
 * Whether a crew whose every number is known keeps the promise. Cost is not checked: it depends on the crew, not on the
 * arrivals.
 */
export function keepsPromise(workload: ResolvedWorkload, consumer: ResolvedConsumer, promised: Promised): boolean {
  const work = workSeconds(workload, consumer.maxAttempts);
  const unhinderedSeconds = unhinderedLatency(workload, consumer, promised.latencyQuantile);
  if (unhinderedSeconds >= promised.latencySeconds) return false;
  const lasting = workload.peakSeconds > 0 ? workload.steadyPerSecond : workload.peakPerSecond;
  if (lasting * work >= consumer.maxInstances * consumer.slotsPerInstance) return false;
  return (
    broken(forecast(workload, consumer), { workload, promised, workSeconds: work, unhinderedSeconds }, consumer) ===
    undefined
  );
}

/**
 * The fewest instances, from those that are stable to those that have settled, that keep the promise through the peak:
 * fewer than keep it in the settled state, where the peak is over before that. A crew that sleeps has no state to start
 * from, and is sized as if it lasted.
 */
function throughPeak(
  stable: () => number,
  settled: number,
  workload: ResolvedWorkload,
  crew: (all: number) => ResolvedConsumer,
  given: Consumer,
  promised: Promised,
): number {
  const { peakPerSecond, peakSeconds, serviceVariation, burstItems } = workload;
  const fewer = crew(settled - 1);
  const capacity = (fewer.maxInstances * fewer.slotsPerInstance) / workSeconds(workload, fewer.maxAttempts);
  const settles = SETTLES * settlingSeconds(peakPerSecond, capacity, serviceVariation) <= peakSeconds;
  // A burst can be waited out by a crew that sleeps, too: it has no settled state to start from.
  if (burstItems === 0 && (settles || peakSeconds === 0 || given.minInstances === 0)) return settled;
  const least = stable();
  if (least >= settled) return settled;
  const keeps = (index: number) => keepsLatency(forecast(workload, crew(least + index)).latency(), promised);
  return least + firstIndex(settled - least, keeps);
}

/** Tolerance for rounding: the bounds and the check reach the promise from opposite sides. */
function keepsLatency(latency: LatencyMix, { latencySeconds, latencyQuantile }: Promised): boolean {
  return latency.tail(latencySeconds) <= (1 - latencyQuantile) * (1 + 1e-9);
}

/** From `first` in steps of 2 %, or of one, to the first that is `bound` or more. */
function stepsOfTwoPercent(first: number, bound: number): number[] {
  const steps = [first];
  for (let most = first; most < bound; steps.push(most)) most += Math.max(1, Math.floor(most / 50));
  return steps;
}

/**
 * The sizing with the fewest instances that keeps the promise. The bounds are usually enough, so the first try usually
 * succeeds; `most` always does.
 */
function smallest(least: number, most: number, at: (min: number) => Sizing): Sizing {
  const tried = new Map<number, Sizing>();
  const sized = (index: number) => {
    const known = tried.get(index) ?? at(least + index);
    tried.set(index, known);
    return known;
  };
  return sized(firstIndex(most - least, (index) => sized(index).refusal() === undefined));
}

/**
 * Acceptable wait ÷ service × slots. The acceptable wait is at most the latency; but an instance requested when the
 * wait has reached the latency comes too late. So it is small enough for the first poll of a peak to request all
 * instances.
 */
function backlogPerInstance(
  workload: ResolvedWorkload,
  work: number,
  promised: Promised,
  timing: { readonly slotsPerInstance: number; readonly pollSeconds: number },
  min: number,
  max: number,
): number {
  const patient = (promised.latencySeconds / workload.serviceSeconds) * timing.slotsPerInstance;
  if (min >= max) return patient;
  const first = itemsAtFirstPoll(workload, work, min * timing.slotsPerInstance, timing.pollSeconds);
  return Math.min(patient, (FIRST_POLL_MARGIN * first) / max);
}

type Common = Pick<Sizing, 'workload' | 'promised' | 'workSeconds' | 'unhinderedSeconds'>;

/** Which part of the promise is broken, if any. */
function broken(
  seen: Forecast,
  common: Common,
  consumer: ResolvedConsumer,
  objective: Pick<Objective, 'monthlyCost'> = {},
): Reason | undefined {
  const { workload, promised } = common;
  const { mostMonthlyCost = 0 } = seen;
  const crew = () => `${consumer.minInstances} to ${consumer.maxInstances} instances × ${consumer.slotsPerInstance}`;
  if (seen.path().drainSeconds === NEVER && workload.peakSeconds > 0) {
    return () => `${rate(workload)} never drains with ${crew()}`;
  }
  const latency = seen.latency();
  if (!keepsLatency(latency, promised)) {
    const p = `P${figure(promised.latencyQuantile * 100)}`;
    const reached = () => figure(latency.quantile(promised.latencyQuantile));
    return () =>
      `${rate(workload)} reaches ${p} of ${reached()} s with ${crew()} that take ${figure(reactionSeconds(consumer))} s to add, ${figure(promised.latencySeconds)} s is promised`;
  }
  if (promised.maxBacklog !== NEVER && seen.peakBacklog() > promised.maxBacklog) {
    return () =>
      `${rate(workload)} leaves ${figure(Math.ceil(seen.peakBacklog()))} items waiting with ${crew()}, ${figure(promised.maxBacklog)} are allowed`;
  }
  if (mostMonthlyCost > (objective.monthlyCost ?? NEVER)) {
    return () =>
      `${crew()} may cost ${figure(mostMonthlyCost)} USD a month, ${figure(objective.monthlyCost ?? 0)} are allowed`;
  }
  return undefined;
}

function tooSlow(workload: ResolvedWorkload, promised: Promised, unhinderedSeconds: number): string {
  const retries = workload.failureRatio > 0 ? ` and ${figure(workload.failureRatio * 100)} % failing attempts` : '';
  const p = `P${figure(promised.latencyQuantile * 100)}`;
  return `an item of ${figure(workload.serviceSeconds)} s${retries} takes ${figure(unhinderedSeconds)} s at ${p} without any waiting, ${figure(promised.latencySeconds)} s is promised`;
}

function tooFew(workload: ResolvedWorkload, work: number, instances: number, slots: number): string {
  const perSecond = lastingPerSecond(workload);
  return `${figure(perSecond)}/s × ${figure(work)} s needs more than ${figure(perSecond * work)} busy slots, ${instances} instances × ${slots} = ${instances * slots}`;
}

function rate(workload: ResolvedWorkload): string {
  if (workload.burstItems > 0)
    return `a burst of ${figure(workload.burstItems)} items × ${figure(workload.serviceSeconds)} s`;
  const peak = workload.peakSeconds > 0 ? ` for ${figure(workload.peakSeconds)} s` : '';
  return `${figure(workload.peakPerSecond)}/s${peak} × ${figure(workload.serviceSeconds)} s`;
}
