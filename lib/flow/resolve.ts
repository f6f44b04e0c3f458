/**
 * Workload and consumer with every default filled in, and the table of what is refused. Defaults stand here and
 * nowhere else, so that plan, fluid model and simulation cannot disagree on them.
 */
import { between, type Check, inRange, wholeNumber } from './errors';
import type { Consumer, Objective, Workload } from './workload';

/** Seconds that stand for "all the time": what is planned and observed of a workload without a peak. */
export const STEADY_HORIZON_SECONDS = 600;

/**
 * Settling times that fit into whatever a plan calls settled. The line of a stage that runs close to its capacity
 * wanders so slowly that a peak ends before any average holds: no quantile of it could be promised.
 */
export const SETTLES = 20;

/** A workload with every number set. */
export type ResolvedWorkload = Required<Workload>;

/** A consumer with every number set: what a plan settles on, and what a simulation runs. */
export interface ResolvedConsumer {
  /** Items that one instance serves at the same time. */
  readonly slotsPerInstance: number;
  /** Seconds between two looks at the backlog. */
  readonly pollSeconds: number;
  /** Seconds from a look to the order for more instances. */
  readonly decideSeconds: number;
  /** Seconds from the order to an instance's first item. */
  readonly startSeconds: number;
  /** The fewest instances. 0 lets the consumer sleep. */
  readonly minInstances: number;
  /** The most instances. */
  readonly maxInstances: number;
  /** Outstanding items for which one instance is asked. */
  readonly backlogPerInstance: number;
  /** Attempts at one item before it is set aside. */
  readonly maxAttempts: number;
}

/** The consumer with what its compute is known for; what was given by hand stays, and `undefined` was not given. */
export function consumerOf<T extends Consumer>(defaults: T, given: Consumer): T & Consumer {
  const consumer: T & Consumer = { ...defaults, ...given };
  for (const name of Object.keys(defaults) as (keyof T & keyof Consumer)[]) {
    if (given[name] === undefined) consumer[name] = defaults[name];
  }
  return consumer;
}

/** The workload with its defaults. */
export function resolveWorkload(workload: Workload): ResolvedWorkload {
  const peakSeconds = workload.peakSeconds ?? 0;
  return {
    steadyPerSecond: workload.steadyPerSecond,
    // A peak without a length is no peak.
    peakPerSecond: peakSeconds > 0 ? (workload.peakPerSecond ?? workload.steadyPerSecond) : workload.steadyPerSecond,
    peakSeconds,
    serviceSeconds: workload.serviceSeconds,
    serviceVariation: workload.serviceVariation ?? 1,
    itemBytes: workload.itemBytes ?? 1024,
    failureRatio: workload.failureRatio ?? 0,
    poisonRatio: workload.poisonRatio ?? 0,
  };
}

/** How consumers differ in nothing but what the plan derives. */
export const CONSUMER_DEFAULTS = {
  slotsPerInstance: 1,
  /** KEDA's polling interval, `withtriggers_types.go`. */
  pollSeconds: 30,
  /** Sync period of the Kubernetes horizontal pod autoscaler. */
  decideSeconds: 15,
  startSeconds: 30,
  maxAttempts: 5,
} as const;

/** Exact Erlang C walks slot by slot; a million of them is beyond any one consumer and still a matter of milliseconds. */
const MOST_BUSY_SLOTS = 1e6;

/** Everything that is wrong with a workload. */
export function workloadChecks(workload: Workload): Check[] {
  const { steadyPerSecond, peakPerSecond } = workload;
  const busySlots = Math.max(steadyPerSecond, peakPerSecond ?? 0) * workload.serviceSeconds;
  return [
    between('steadyPerSecond', required(steadyPerSecond), 0),
    inRange('peakPerSecond', peakPerSecond, Number.isFinite(steadyPerSecond) ? steadyPerSecond : 0),
    inRange('peakSeconds', workload.peakSeconds, 0),
    between('serviceSeconds', required(workload.serviceSeconds), 0),
    inRange('serviceVariation', workload.serviceVariation, 0, 10),
    between('itemBytes', workload.itemBytes, 0),
    ratio('failureRatio', workload.failureRatio),
    ratio('poisonRatio', workload.poisonRatio),
    {
      refused: peakPerSecond !== undefined && peakPerSecond > steadyPerSecond && workload.peakSeconds === undefined,
      message: `peakSeconds must be given with a peakPerSecond (${peakPerSecond}) above steadyPerSecond (${steadyPerSecond})`,
    },
    {
      refused: busySlots > MOST_BUSY_SLOTS,
      message: `peakPerSecond × serviceSeconds must be at most ${MOST_BUSY_SLOTS} busy slots, got ${busySlots}; split the workload`,
    },
  ];
}

/** Everything that is wrong with an objective. */
export function objectiveChecks(objective: Objective): Check[] {
  const { latencyQuantile: q } = objective;
  return [
    between('latencySeconds', required(objective.latencySeconds), 0),
    {
      refused: q !== undefined && !(q >= 0.5 && q < 1),
      message: `latencyQuantile must be at least 0.5 and below 1, got ${q}`,
    },
    between('maxBacklog', objective.maxBacklog, 0),
    between('monthlyCost', objective.monthlyCost, 0),
  ];
}

/** Everything that is wrong with a consumer. */
export function consumerChecks(consumer: Consumer): Check[] {
  const { minInstances: min, maxInstances: max } = consumer;
  return [
    wholeNumber('slotsPerInstance', consumer.slotsPerInstance, 1),
    inRange('pollSeconds', consumer.pollSeconds, 0),
    inRange('decideSeconds', consumer.decideSeconds, 0),
    inRange('startSeconds', consumer.startSeconds, 0),
    wholeNumber('minInstances', min, 0),
    wholeNumber('maxInstances', max, 1),
    wholeNumber('instanceLimit', consumer.instanceLimit, 1),
    wholeNumber('maxAttempts', consumer.maxAttempts, 1),
    between('instanceHourCost', consumer.instanceHourCost, 0),
    {
      refused: min !== undefined && max !== undefined && min > max,
      message: `minInstances must be at most maxInstances (${max}), got ${min}`,
    },
  ];
}

/**
 * Attempts that one item costs on average. A healthy item is tried until it succeeds, at most `maxAttempts` times:
 * (1 − fᵐ) ÷ (1 − f). A poison item costs all of them.
 */
export function attemptsPerItem(workload: ResolvedWorkload, maxAttempts: number): number {
  const { failureRatio: f, poisonRatio: p } = workload;
  return (1 - p) * ((1 - f ** maxAttempts) / (1 - f)) + p * maxAttempts;
}

/** Slot-seconds that one item costs on average, every attempt counted. */
export function workSeconds(workload: ResolvedWorkload, maxAttempts: number): number {
  const { serviceSeconds, failureRatio, poisonRatio } = workload;
  const triedOnce = failureRatio === 0 && poisonRatio === 0;
  return triedOnce ? serviceSeconds : serviceSeconds * attemptsPerItem(workload, maxAttempts);
}

function required(value: number | undefined): number {
  return value ?? Number.NaN;
}

function ratio(name: string, value: number | undefined): Check {
  const refused = value !== undefined && !(value >= 0 && value < 1);
  return { refused, message: `${name} must be at least 0 and below 1, got ${value}` };
}

/**
 * Seconds that a stage takes to forget where it started, 1 ÷ (√(cμ) − √λ)² × (1 + cv²) ÷ 2; `Infinity` at and above
 * its capacity.
 *
 * Source: Morse, Queues, Inventories and Maintenance (1958): the relaxation time of M/M/1.
 */
export function settlingSeconds(arrivalsPerSecond: number, capacityPerSecond: number, variation: number): number {
  if (capacityPerSecond <= arrivalsPerSecond) return Number.POSITIVE_INFINITY;
  const gap = Math.sqrt(capacityPerSecond) - Math.sqrt(arrivalsPerSecond);
  return (1 + variation * variation) / 2 / (gap * gap);
}
