/**
 * Workload and consumer with every default filled in, and the validation table. All defaults are here, so that plan,
 * fluid model and simulation agree on them.
 */
import { ARRIVALS_FIELDS, arrivalsChecks, resolveArrivals } from '../arrivals';
import {
  atLeast,
  type Check,
  fromBelow,
  inRange,
  isKnown,
  positive,
  required,
  shown,
  wholeAtLeast,
  wholeNumber,
} from '../errors';
import { type Fields, objectChecks } from '../fields';
import { serviceQuantile } from '../numerics/gamma';
import {
  CENTURY_SECONDS,
  LEAST_SECONDS,
  MOST_ATTEMPTS,
  MOST_DOLLARS,
  MOST_HELD,
  SHORTEST_PEAK_SECONDS,
  YEAR_SECONDS,
} from '../ranges';
import type { RetryDelay } from './backoff';
import { PLATFORM_FACTS } from './platforms/facts';
import type { QueueQuestion, RedriveChoices } from './question';
import type { Consumer, Objective, Workload } from './workload';

/** Seconds planned and observed for a workload without a peak. */
export const STEADY_HORIZON_SECONDS = 600;

/**
 * Settling times that must fit into a peak for a plan to call it settled. Close to capacity the line changes so slowly
 * that a peak ends before any average holds: its line is then followed through time.
 */
export const SETTLES = 20;

/** A workload with every number set. */
export type ResolvedWorkload = Required<Workload>;

/** A consumer with every number set: the result of a plan, and the input of a simulation. */
export interface ResolvedConsumer {
  /** Items that one instance serves at the same time. */
  readonly slotsPerInstance: number;
  /** Seconds between two polls of the backlog. */
  readonly pollSeconds: number;
  /** Seconds from a poll to the request for more instances. */
  readonly decideSeconds: number;
  /** Seconds from the request to an instance's first item. */
  readonly startSeconds: number;
  /** The fewest instances. 0 lets the consumer sleep. */
  readonly minInstances: number;
  /** The most instances. */
  readonly maxInstances: number;
  /** Outstanding items for which one instance is asked. */
  readonly backlogPerInstance: number;
  /** Attempts at one item before it is set aside. */
  readonly maxAttempts: number;
  /** The delay before a failed item is delivered again. Default: `DEFAULT_RETRY_DELAY`. */
  readonly retryDelay?: RetryDelay;
}

/** How often a failed item is tried, and after which delay. */
export type Retries = Pick<ResolvedConsumer, 'maxAttempts' | 'retryDelay'>;

/** A consumer to size, with what the broker decides. */
export interface GivenConsumer extends Consumer {
  /** The delay before a failed item is delivered again. Default: `DEFAULT_RETRY_DELAY`. */
  readonly retryDelay?: RetryDelay;
}

/** The platform's defaults, overridden by what the user gave. An explicit `undefined` counts as not given. */
export function consumerOf<T extends Consumer>(defaults: T, given: Consumer): T & Consumer {
  const consumer: T & Consumer = { ...defaults, ...given };
  for (const name of Object.keys(defaults) as (keyof T & keyof Consumer)[]) {
    if (given[name] === undefined) consumer[name] = defaults[name];
  }
  return consumer;
}

/** A burst is a peak as short as a peak can be: everything of it has arrived before anything changes. */
export const BURST_SECONDS = SHORTEST_PEAK_SECONDS;

/** The workload with its defaults. */
export function resolveWorkload(workload: Workload): ResolvedWorkload {
  const { burstItems = 0, steadyPerSecond } = workload;
  const { peakPerSecond, peakSeconds } =
    burstItems > 0
      ? { peakPerSecond: steadyPerSecond + burstItems / BURST_SECONDS, peakSeconds: BURST_SECONDS }
      : resolveArrivals(workload);
  // Field by field: a plan resolves its workload in ten places, and a spread costs ten times as much.
  return {
    steadyPerSecond,
    peakPerSecond,
    peakSeconds,
    burstItems,
    serviceSeconds: workload.serviceSeconds,
    serviceVariation: workload.serviceVariation ?? 1,
    itemBytes: workload.itemBytes ?? 1024,
    failureRatio: workload.failureRatio ?? 0,
    poisonRatio: workload.poisonRatio ?? 0,
  };
}

/** Items a second that have to be served as they come: the peak, and of a burst the rate around it, for the rest can wait. */
export function lastingPerSecond({ burstItems, steadyPerSecond, peakPerSecond }: ResolvedWorkload): number {
  return burstItems > 0 ? steadyPerSecond : peakPerSecond;
}

/** A throttled delivery counts as a receive, so that fewer attempts would set good items aside (AWS Lambda developer guide). */
export const FEWEST_ATTEMPTS = 5;

/** Defaults for everything the plan does not derive, of a platform that was not named. */
export const CONSUMER_DEFAULTS = {
  slotsPerInstance: 1,
  pollSeconds: PLATFORM_FACTS.other.pollSeconds,
  decideSeconds: PLATFORM_FACTS.other.decideSeconds,
  startSeconds: PLATFORM_FACTS.other.startSeconds,
  maxAttempts: FEWEST_ATTEMPTS,
} as const;

/**
 * More busy slots than the consumers of any one queue have; up to here a refusal with all its ways out takes about a
 * second.
 */
const MOST_BUSY_SLOTS = 1e5;
const MOST_BURST = 1e9;

const WORKLOAD_FIELDS: Fields<Workload> = {
  ...ARRIVALS_FIELDS,
  serviceSeconds: true,
  serviceVariation: true,
  itemBytes: true,
  failureRatio: true,
  poisonRatio: true,
  burstItems: true,
};
const OBJECTIVE_FIELDS: Fields<Objective> = {
  latencySeconds: true,
  latencyQuantile: true,
  maxBacklog: true,
  monthlyCost: true,
  headroom: true,
};
const CONSUMER_FIELDS: Fields<Consumer> = {
  slotsPerInstance: true,
  pollSeconds: true,
  decideSeconds: true,
  startSeconds: true,
  minInstances: true,
  maxInstances: true,
  instanceLimit: true,
  maxAttempts: true,
  itemTimeoutSeconds: true,
  instanceHourCost: true,
};

const QUESTION_FIELDS: Fields<QueueQuestion> = {
  workload: true,
  objective: true,
  consumer: true,
  platform: true,
  broker: true,
  scaleToZero: true,
  nacksOnStop: true,
  cooldownSeconds: true,
  nodeProvisionSeconds: true,
  functionTimeoutSeconds: true,
  batchWindowSeconds: true,
  batchSize: true,
  maxReceiveCount: true,
  retentionSeconds: true,
  visibilityTimeoutSeconds: true,
  deadLetterRetentionSeconds: true,
  deadLetterVisibilitySeconds: true,
  customerKey: true,
  redrive: true,
  ackDeadlineSeconds: true,
  minimumBackoffSeconds: true,
  maximumBackoffSeconds: true,
  maxDeliveryAttempts: true,
  consumerOutageSeconds: true,
  roundTripSeconds: true,
  deliveryLimit: true,
  maxLength: true,
  brokerConnections: true,
  brokerStorageBytes: true,
  failoverSeconds: true,
  partitions: true,
  peakLag: true,
  depthAgeSeconds: true,
  depthCountsWork: true,
};

/** Choices that are numbers, and so are checked as numbers where no platform and no broker of the plan has them. */
const NUMBERS = [
  'cooldownSeconds',
  'nodeProvisionSeconds',
  'functionTimeoutSeconds',
  'batchWindowSeconds',
  'batchSize',
  'maxReceiveCount',
  'retentionSeconds',
  'visibilityTimeoutSeconds',
  'deadLetterRetentionSeconds',
  'deadLetterVisibilitySeconds',
  'ackDeadlineSeconds',
  'minimumBackoffSeconds',
  'maximumBackoffSeconds',
  'maxDeliveryAttempts',
  'consumerOutageSeconds',
  'roundTripSeconds',
  'deliveryLimit',
  'maxLength',
  'brokerConnections',
  'brokerStorageBytes',
  'failoverSeconds',
  'partitions',
  'peakLag',
  'depthAgeSeconds',
] as const;

/** A choice that is a number. */
export type NumericChoice = (typeof NUMBERS)[number];

/**
 * Checks of the question: that it is one, that no field is misspelt, and its parts.
 *
 * @param checked choices that the platform and the broker check
 */
export function questionChecks(question: QueueQuestion, checked: readonly NumericChoice[]): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, (asked) => [
    ...workloadChecks(asked.workload),
    ...objectiveChecks(asked.objective),
    ...consumerChecks(asked.consumer === undefined ? {} : asked.consumer),
    timeoutCheck(asked),
    ...(['scaleToZero', 'nacksOnStop', 'customerKey', 'depthCountsWork'] as const).map((name) => ({
      refused: asked[name] !== undefined && typeof asked[name] !== 'boolean',
      message: `${name} must be true or false, got ${shown(asked[name])}`,
    })),
    ...NUMBERS.filter((name) => asked[name] !== undefined && !checked.includes(name)).map((name) =>
      atLeast(name, asked[name], 0, CENTURY_SECONDS),
    ),
    ...redriveChecks(asked.redrive),
  ]);
}

/** An attempt that is given up before its mean time is hardly ever done. */
function timeoutCheck({ workload, consumer }: QueueQuestion): Check {
  const [timeout, service] = [consumer?.itemTimeoutSeconds, workload?.serviceSeconds];
  return {
    refused: isKnown(timeout) && isKnown(service) && timeout < service,
    message: `itemTimeoutSeconds must be at least serviceSeconds, ${shown(service)} s, got ${shown(timeout)} s`,
  };
}

const REDRIVE_FIELDS: Fields<RedriveChoices> = { maxRedrives: true, redrivesPerSecond: true, successRatioFloor: true };

function redriveChecks(redrive: RedriveChoices | undefined): Check[] {
  if (redrive === undefined) return [];
  return objectChecks('redrive', redrive, REDRIVE_FIELDS, ({ maxRedrives, redrivesPerSecond, successRatioFloor }) => [
    wholeNumber('maxRedrives', maxRedrives, 0, 100),
    inRange('redrivesPerSecond', redrivesPerSecond, 0.001, 500),
    inRange('successRatioFloor', successRatioFloor, 0, 1),
  ]);
}

/** Checks of a workload. */
export function workloadChecks(workload: Workload): Check[] {
  return objectChecks('workload', workload, WORKLOAD_FIELDS, workloadNumbers);
}

function workloadNumbers(workload: Workload): Check[] {
  const busySlots = mostBusySlots(workload);
  return [
    ...arrivalsChecks(workload),
    ...serviceChecks(workload),
    positive('itemBytes', workload.itemBytes, Number.MIN_VALUE, MOST_HELD),
    fromBelow('failureRatio', workload.failureRatio, 0, 1),
    fromBelow('poisonRatio', workload.poisonRatio, 0, 1),
    inRange('burstItems', workload.burstItems, 0, MOST_BURST),
    {
      refused: Boolean(workload.burstItems) && workload.peakPerSecond !== undefined,
      message: `burstItems (${shown(workload.burstItems)}) takes the place of peakPerSecond (${shown(workload.peakPerSecond)}): give one of them`,
    },
    {
      // A value that is not a number is named above.
      refused: busySlots > MOST_BUSY_SLOTS,
      message: `peakPerSecond × serviceSeconds must be at most ${MOST_BUSY_SLOTS} busy slots, got ${busySlots}; split the workload`,
    },
  ];
}

/** Checks of the time of one item. */
export function serviceChecks({ serviceSeconds, serviceVariation }: Workload): Check[] {
  return [
    required(positive, 'serviceSeconds', serviceSeconds, LEAST_SECONDS, YEAR_SECONDS),
    inRange('serviceVariation', serviceVariation, 0, 10),
  ];
}

/** Slots that are busy on average at the peak; NaN when an input is not a number. */
export function mostBusySlots(workload: Workload): number {
  const { steadyPerSecond, peakPerSecond = 0, peakSeconds = 0, serviceSeconds } = workload;
  if (![steadyPerSecond, peakPerSecond, peakSeconds, serviceSeconds].every(isKnown)) return Number.NaN;
  return Math.max(steadyPerSecond, resolveArrivals(workload).peakPerSecond) * serviceSeconds;
}

/** Checks of an objective. */
export function objectiveChecks(objective: Objective): Check[] {
  return objectChecks('objective', objective, OBJECTIVE_FIELDS, objectiveNumbers);
}

function objectiveNumbers(objective: Objective): Check[] {
  const { headroom } = objective;
  return [
    required(positive, 'latencySeconds', objective.latencySeconds, LEAST_SECONDS, YEAR_SECONDS),
    fromBelow('latencyQuantile', objective.latencyQuantile, 0.5, 1),
    positive('maxBacklog', objective.maxBacklog, Number.MIN_VALUE, MOST_HELD),
    positive('monthlyCost', objective.monthlyCost, Number.MIN_VALUE, MOST_DOLLARS),
    {
      refused: headroom !== undefined && !(isKnown(headroom) && headroom > 1 && headroom <= 10),
      message: `headroom must be above 1 and at most 10, got ${shown(headroom)}`,
    },
  ];
}

/** Checks of a consumer. */
export function consumerChecks(consumer: Consumer): Check[] {
  return objectChecks('consumer', consumer, CONSUMER_FIELDS, consumerNumbers);
}

function consumerNumbers(consumer: Consumer): Check[] {
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
    wholeAtLeast('itemTimeoutSeconds', consumer.itemTimeoutSeconds, 1, YEAR_SECONDS),
    positive('instanceHourCost', consumer.instanceHourCost, Number.MIN_VALUE, MOST_DOLLARS),
    {
      refused: isKnown(min) && isKnown(max) && min > max,
      message: `minInstances must be at most maxInstances (${shown(max)}), got ${shown(min)}`,
    },
  ];
}

/** Checks of workload and consumer together: items that fail keep slots busy with every attempt. */
export function retryChecks(workload: Workload, consumer: Consumer): Check[] {
  const attempts = consumer.maxAttempts ?? CONSUMER_DEFAULTS.maxAttempts;
  const resolved = resolveWorkload(workload);
  const busySlots = lastingPerSecond(resolved) * workSeconds(resolved, attempts);
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

/** Above this many attempts, failures must fall off quickly enough for a plan to follow them all. */
const MANY_ATTEMPTS = 20;
const MOST_FAILING = 0.75;

/**
 * Attempts that one item costs on average. A healthy item is tried until it succeeds, at most `maxAttempts` times:
 * (1 − fᵐ) ÷ (1 − f). A poison item costs all of them.
 */
function attemptsPerItem(workload: ResolvedWorkload, maxAttempts: number): number {
  const { failureRatio: f, poisonRatio: p } = workload;
  return (1 - p) * ((1 - f ** maxAttempts) / (1 - f)) + p * maxAttempts;
}

/** Slot-seconds that one item costs on average, every attempt counted. */
export function workSeconds(workload: ResolvedWorkload, maxAttempts: number): number {
  const { serviceSeconds, failureRatio, poisonRatio } = workload;
  const triedOnce = failureRatio === 0 && poisonRatio === 0;
  return triedOnce ? serviceSeconds : serviceSeconds * attemptsPerItem(workload, maxAttempts);
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

/** Queues and functions take whole seconds; a time-out also needs room for an item of constant service. */
const TIMEOUT_ROOM = 2;

/** P99.9 of the service time in seconds, and the whole seconds after which an attempt is abandoned. */
export function attemptSeconds({
  serviceSeconds: mean,
  serviceVariation: variation,
}: Pick<ResolvedWorkload, 'serviceSeconds' | 'serviceVariation'>): { longest: number; timeout: number } {
  const longest = serviceQuantile(0.999, mean, variation);
  return { longest, timeout: Math.ceil(Math.max(longest, TIMEOUT_ROOM * mean)) };
}
