/**
 * Workload and consumer with every default filled in, and the table of what is refused. Defaults stand here and
 * nowhere else, so that plan, fluid model and simulation cannot disagree on them.
 */
import { atLeast, type Check, fromBelow, inRange, positive, wholeAtLeast } from '../errors';
import {
  LEAST_RATE,
  LEAST_SECONDS,
  MOST_ATTEMPTS,
  MOST_DOLLARS,
  MOST_HELD,
  MOST_ITEMS_PER_SECOND,
  SHORTEST_PEAK_SECONDS,
  YEAR_SECONDS,
} from '../ranges';
import type { Consumer, Objective, Workload } from './workload';

/** Seconds that stand for "all the time": what is planned and observed of a workload without a peak. */
export const STEADY_HORIZON_SECONDS = 600;

/**
 * Settling times that fit into whatever a plan calls settled. The line of a stage that runs close to its capacity
 * wanders so slowly that a peak ends before any average holds: its line is then followed through time.
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

/** More at once is beyond the consumers of any one queue; up to here a refusal with all its ways out takes about a second. */
const MOST_BUSY_SLOTS = 1e5;

/** Everything that is wrong with a workload. */
export function workloadChecks(workload: Workload): Check[] {
  const { steadyPerSecond, peakPerSecond } = workload;
  const busySlots = Math.max(steadyPerSecond, peakPerSecond ?? 0) * workload.serviceSeconds;
  return [
    positive('steadyPerSecond', required(steadyPerSecond), LEAST_RATE, MOST_ITEMS_PER_SECOND),
    atLeast('peakPerSecond', peakPerSecond, boundOf(steadyPerSecond), MOST_ITEMS_PER_SECOND),
    peakLength('peakSeconds', workload.peakSeconds),
    positive('serviceSeconds', required(workload.serviceSeconds), LEAST_SECONDS, YEAR_SECONDS),
    inRange('serviceVariation', workload.serviceVariation, 0, 10),
    positive('itemBytes', workload.itemBytes, Number.MIN_VALUE, MOST_HELD),
    fromBelow('failureRatio', workload.failureRatio, 0, 1),
    fromBelow('poisonRatio', workload.poisonRatio, 0, 1),
    {
      refused: peakPerSecond !== undefined && peakPerSecond > steadyPerSecond && workload.peakSeconds === undefined,
      message: `peakSeconds must be given with a peakPerSecond (${peakPerSecond}) above steadyPerSecond (${steadyPerSecond})`,
    },
    {
      // One of them may be no number, and is named above.
      refused: busySlots > MOST_BUSY_SLOTS,
      message: `peakPerSecond × serviceSeconds must be at most ${MOST_BUSY_SLOTS} busy slots, got ${busySlots}; split the workload`,
    },
  ];
}

/** Everything that is wrong with an objective. */
export function objectiveChecks(objective: Objective): Check[] {
  return [
    positive('latencySeconds', required(objective.latencySeconds), LEAST_SECONDS, YEAR_SECONDS),
    fromBelow('latencyQuantile', objective.latencyQuantile, 0.5, 1),
    positive('maxBacklog', objective.maxBacklog, Number.MIN_VALUE, MOST_HELD),
    positive('monthlyCost', objective.monthlyCost, Number.MIN_VALUE, MOST_DOLLARS),
  ];
}

/** Everything that is wrong with a consumer. */
export function consumerChecks(consumer: Consumer): Check[] {
  const { minInstances: min, maxInstances: max } = consumer;
  return [
    wholeAtLeast('slotsPerInstance', consumer.slotsPerInstance, 1, Number.MAX_SAFE_INTEGER),
    atLeast('pollSeconds', consumer.pollSeconds, 0, YEAR_SECONDS),
    atLeast('decideSeconds', consumer.decideSeconds, 0, YEAR_SECONDS),
    atLeast('startSeconds', consumer.startSeconds, 0, YEAR_SECONDS),
    wholeAtLeast('minInstances', min, 0, Number.MAX_SAFE_INTEGER),
    wholeAtLeast('maxInstances', max, 1, Number.MAX_SAFE_INTEGER),
    wholeAtLeast('instanceLimit', consumer.instanceLimit, 1, Number.MAX_SAFE_INTEGER),
    wholeAtLeast('maxAttempts', consumer.maxAttempts, 1, MOST_ATTEMPTS),
    positive('instanceHourCost', consumer.instanceHourCost, Number.MIN_VALUE, MOST_DOLLARS),
    {
      refused: min !== undefined && max !== undefined && min > max,
      message: `minInstances must be at most maxInstances (${max}), got ${min}`,
    },
  ];
}

/** What is wrong with workload and consumer together: items that fail keep slots busy once an attempt. */
export function retryChecks(workload: Workload, consumer: Consumer): Check[] {
  const attempts = consumer.maxAttempts ?? CONSUMER_DEFAULTS.maxAttempts;
  const resolved = resolveWorkload(workload);
  const busySlots = resolved.peakPerSecond * workSeconds(resolved, attempts);
  const { failureRatio } = resolved;
  return [
    {
      refused: attempts > CONSUMER_DEFAULTS.maxAttempts && busySlots > MOST_BUSY_SLOTS,
      message: `maxAttempts (${attempts}) × poisonRatio (${resolved.poisonRatio}) must keep at most ${MOST_BUSY_SLOTS} slots busy, got ${busySlots}; allow fewer attempts`,
    },
    {
      refused: attempts > MANY_ATTEMPTS && failureRatio > MOST_FAILING,
      message: `maxAttempts must be at most ${MANY_ATTEMPTS} with a failureRatio above ${MOST_FAILING}, got ${attempts} with ${failureRatio}`,
    },
  ];
}

/** Above so many attempts the failures of each have to fall off quickly enough for a plan to follow them all. */
const MANY_ATTEMPTS = 20;
const MOST_FAILING = 0.75;

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

/** The lower bound that one number sets for another; 0 when it is itself refused. */
export function boundOf(value: number): number {
  return Number.isFinite(value) ? value : 0;
}

/** A check of the length of a peak: none at all, or one that can be told from a single item. */
export function peakLength(name: string, value: number | undefined): Check {
  const some = typeof value === 'number' && value > 0;
  return atLeast(name, value, some ? SHORTEST_PEAK_SECONDS : 0, YEAR_SECONDS);
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
