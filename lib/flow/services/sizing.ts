/** Slots, queue and instances of a service, and which promise they break. */

import { DEFAULT_HEADROOM } from '../headroom';
import { erlangC, fewestSlots, sojournTail, variationFactor, waitDecay } from '../numerics/erlang';
import { serviceQuantile } from '../numerics/gamma';
import { bisect, firstIndex } from '../search';
import { type BoundedForecast, boundedForecast, shedRatio } from './bounded';
import { unnested } from './calls';
import { MOST_INSTANCES } from './checks';
import type { LimitName } from './limit';
import { readSecondsOf, SERVICE_PLATFORM_FACTS, type ServicePlatform } from './platforms';
import { callsWithRetries } from './retries';
import type { BoundedStage } from './waits';
import type { ServiceDownstream, ServiceQuestion } from './workload';

const QUANTILE = 0.99;
const ERROR_RATIO = 0.01;
const PEAK_SECONDS = 1800;
/** One instance holds no more unless it is told to: above, a process that is lost takes too much with it. */
export const MOST_SLOTS_OF_INSTANCE = 30;
/** One answers while another is replaced. */
export const LEAST_INSTANCES = 2;
/** Times the planned work up to which a limit that follows lets it become slower. */
const LIMIT_TOLERANCE = 1.2;
/** Busy slots up to which one pool for all is counted. */
const MOST_LOAD = 100_000;

/** A question with its defaults. */
export interface Resolved {
  readonly platform: ServicePlatform;
  readonly peakPerSecond: number;
  readonly steadyPerSecond: number;
  readonly peakSeconds: number;
  readonly serviceSeconds: number;
  readonly serviceVariation: number;
  readonly latencySeconds: number;
  readonly quantile: number;
  readonly errorRatio: number;
  readonly headroom: number;
  readonly retryAttempts: number;
  readonly startSeconds: number;
  /** Who bounds the requests in work; undefined where it makes no difference. */
  readonly admission?: string;
  /** How the slots follow the work. */
  readonly limit: LimitName;
  /** Times the planned work that fits into the promise; 1 with fixed slots. */
  readonly tolerance: number;
  readonly downstreams: readonly ServiceDownstream[];
}

/** The question with what was left out. */
export function resolved(question: ServiceQuestion): Resolved {
  const { workload, objective, downstreams = [], retryAttempts = 1, limit = 'fixed' } = question;
  const platform = question.platform as ServicePlatform;
  return {
    platform,
    peakPerSecond: workload.peakPerSecond,
    steadyPerSecond: workload.steadyPerSecond ?? workload.peakPerSecond,
    peakSeconds: workload.peakSeconds ?? PEAK_SECONDS,
    serviceSeconds: workload.serviceSeconds,
    serviceVariation: workload.serviceVariation ?? 1,
    latencySeconds: objective.latencySeconds,
    quantile: objective.latencyQuantile ?? QUANTILE,
    errorRatio: objective.errorRatio ?? ERROR_RATIO,
    headroom: objective.headroom ?? DEFAULT_HEADROOM,
    retryAttempts,
    admission: question.admission,
    limit,
    tolerance: limit === 'fixed' ? 1 : LIMIT_TOLERANCE,
    startSeconds: workload.coldStartSeconds ?? SERVICE_PLATFORM_FACTS[platform].startSeconds,
    downstreams,
  };
}

/** What was sized. */
export interface Sizes {
  /** Slots that one pool for all would need at the peak. */
  readonly pooledSlots: number;
  readonly slots: number;
  /** The quantile of the service time alone. */
  readonly serviceQuantileSeconds: number;
  /** Seconds that a request may wait before it begins. */
  readonly waitSeconds: number;
  /** Requests that wait in one instance. */
  readonly queueBound: number;
  /** Requests per second that one instance takes within the promise. */
  readonly ratedPerSecond: number;
  readonly minInstances: number;
  readonly maxInstances: number;
  /** Of one reaction; a large jump takes several. */
  readonly reactionSeconds: number;
}

/** The sizes, whether or not they keep the promise. */
export function sizesOf(question: ServiceQuestion): Sizes {
  const asked = resolved(question);
  const { serviceSeconds, serviceVariation, quantile, latencySeconds } = asked;
  const serviceQuantileSeconds = serviceQuantile(quantile, serviceSeconds, serviceVariation);
  const waitSeconds = Math.max(0, latencySeconds - asked.tolerance * serviceQuantileSeconds);
  const load = asked.peakPerSecond * serviceSeconds;
  // No instance has as many, and the walk to such a count takes its time.
  const pooledSlots = waitSeconds > 0 && load < MOST_LOAD ? slotsAt(asked, asked.peakPerSecond) : Math.ceil(load) + 1;
  const slots = question.slotsPerInstance ?? Math.min(MOST_SLOTS_OF_INSTANCE, Math.ceil(pooledSlots / LEAST_INSTANCES));
  const queueBound = question.queueBound ?? boundWithin(slots, serviceSeconds, waitSeconds);
  const ratedPerSecond = waitSeconds > 0 ? ratedRate(asked, slots, queueBound) : 0;
  const reactionSeconds = reactionOf(asked);
  const most = question.maxInstances ?? instancesFor(asked.headroom * asked.peakPerSecond, ratedPerSecond);
  const maxInstances = Math.max(most, question.maxInstances === undefined ? (question.minInstances ?? 1) : 1);
  const partial = { slots, queueBound, ratedPerSecond, maxInstances, reactionSeconds };
  const minInstances = question.minInstances ?? Math.min(maxInstances, leastInstances(asked, partial));
  return { ...partial, pooledSlots, serviceQuantileSeconds, waitSeconds, minInstances };
}

/** The fewest slots of one pool with which a request takes longer than promised in so few cases as promised. */
export function slotsAt(asked: Resolved, ratePerSecond: number): number {
  const { serviceSeconds, serviceVariation, latencySeconds, quantile } = asked;
  return fewestSlots(ratePerSecond * serviceSeconds, (slots, waiting) => {
    const decay = (slots / serviceSeconds - ratePerSecond) / variationFactor(serviceVariation);
    return sojournTail(latencySeconds, serviceSeconds, serviceVariation, waiting, decay) <= 1 - quantile;
  });
}

/** Waiting places of so many slots: who takes the last one begins within the time. */
export function boundWithin(slots: number, serviceSeconds: number, waitSeconds: number): number {
  // A product such as 500 × 0.149 may be a hair below its whole number.
  return Math.floor((slots / serviceSeconds) * waitSeconds * (1 + 1e-12));
}

/** Whether an instance keeps both promises at a rate: without the bound few would be late, with it few are refused. */
export function keeps(asked: Resolved, slots: number, queueBound: number, ratePerSecond: number): boolean {
  const { serviceSeconds, serviceVariation, latencySeconds, quantile, errorRatio } = asked;
  const stage = { arrivalsPerSecond: ratePerSecond, serviceSeconds, serviceVariation, slots };
  const decay = waitDecay(stage);
  if (decay === 0) return false;
  const waiting = erlangC(slots, ratePerSecond * serviceSeconds);
  if (sojournTail(latencySeconds, serviceSeconds, serviceVariation, waiting, decay) > 1 - quantile) return false;
  return shedRatio({ ...stage, queueBound }) <= errorRatio;
}

function ratedRate(asked: Resolved, slots: number, queueBound: number): number {
  const full = slots / asked.serviceSeconds;
  const ends = { holding: 0, failing: full };
  return bisect(ends, { steps: 60, relative: 1e-6 }, (rate) => keeps(asked, slots, queueBound, rate)).holding;
}

function instancesFor(ratePerSecond: number, rated: number): number {
  if (rated <= 0) return MOST_INSTANCES + 1;
  return Math.max(LEAST_INSTANCES, Math.ceil((ratePerSecond / rated) * (1 - 1e-12)));
}

function reactionOf({ platform, admission, latencySeconds, startSeconds }: Resolved): number {
  const { decideSeconds } = SERVICE_PLATFORM_FACTS[platform];
  return readSecondsOf(platform, admission, latencySeconds) + decideSeconds + startSeconds;
}

/**
 * The fewest that bear the steady load, and with which a peak that begins at once still keeps its share of refusals; both with
 * head-room.
 */
function leastInstances(asked: Resolved, sizes: Omit<PeakSizes, 'minInstances'>): number {
  const steady = instancesFor(asked.headroom * asked.steadyPerSecond, sizes.ratedPerSecond);
  if (steady >= sizes.maxInstances) return steady;
  const higher = { ...asked, peakPerSecond: asked.headroom * asked.peakPerSecond };
  const more = firstIndex(
    sizes.maxInstances - steady,
    (index) => shedOfPeak(higher, { ...sizes, minInstances: steady + index }) <= asked.errorRatio,
  );
  return steady + more;
}

/** What decides how a peak begins. */
export type PeakSizes = Pick<
  Sizes,
  'slots' | 'queueBound' | 'ratedPerSecond' | 'minInstances' | 'maxInstances' | 'reactionSeconds'
>;

/** The share of a peak that is refused: by those of each reaction while it lasts, then by the most. */
export function shedOfPeak(asked: Resolved, sizes: PeakSizes): number {
  const { peakSeconds, steadyPerSecond, peakPerSecond } = asked;
  const shed = (instances: number) => shedAt(asked, sizes, peakPerSecond, instances);
  let left = peakSeconds;
  let refused = 0;
  for (const instances of steadyPerSecond === peakPerSecond ? [] : reactionsOf(asked, sizes)) {
    const seconds = Math.min(left, sizes.reactionSeconds);
    refused += seconds * shed(instances);
    left -= seconds;
    if (left <= 0) break;
  }
  return (refused + left * shed(sizes.maxInstances)) / peakSeconds;
}

/**
 * The instances during each reaction. An instance shows no more load than it holds, so a jump beyond that takes several: each
 * multiplies the instances by what one holds, over what one has in work when the next is started.
 */
export function reactionsOf(asked: Resolved, sizes: PeakSizes): number[] {
  const { minInstances, maxInstances } = sizes;
  const { peakPerSecond, serviceSeconds } = asked;
  const during: number[] = [];
  for (let instances = minInstances; instances < maxInstances; ) {
    during.push(instances);
    // Where every request finds its place the load is seen as it is.
    if (peakPerSecond * serviceSeconds < instances * sizes.slots) break;
    instances = Math.max(instances + 1, Math.ceil(instances * visibleTimes(asked, sizes) * (1 - 1e-12)));
  }
  // Until the first decision the fewest are there, however many that is.
  return during.length > 0 ? during : [minInstances];
}

/** Seconds from the beginning of a peak until as many instances run as it needs. */
export function wholeReaction(asked: Resolved, sizes: PeakSizes): number {
  return reactionsOf(asked, sizes).length * sizes.reactionSeconds;
}

/** Times the load of its target that an instance shows at most. */
function visibleTimes({ platform, admission, serviceSeconds, headroom }: Resolved, sizes: PeakSizes): number {
  const { slots, queueBound, ratedPerSecond } = sizes;
  const target = ratedPerSecond / headroom;
  // Requests in flight: those in work and those that wait. Where a limit has fallen they are counted for all of the slots.
  if (platform === 'kubernetes') return (slots + queueBound) / (target * serviceSeconds);
  // Requests that a target received: refusals of the program are among them, those of the load balancer are not.
  return admission === 'targetOptimizer' ? slots / serviceSeconds / target : Number.POSITIVE_INFINITY;
}

/** What happens at a rate of the whole service. */
export function forecastOf(
  asked: Resolved,
  sizes: Pick<Sizes, 'slots' | 'queueBound' | 'waitSeconds'>,
  ratePerSecond: number,
  instances: number,
): BoundedForecast {
  const { quantile, latencySeconds: deadlineSeconds } = asked;
  const { waitSeconds } = sizes;
  const stage = { ...stageOf(asked, sizes, ratePerSecond, instances), waitSeconds, deadlineSeconds };
  const one = boundedForecast(stage, quantile);
  return { ...one, goodputPerSecond: instances * one.goodputPerSecond };
}

/** The share that is refused at a rate of the whole service. */
export function shedAt(
  asked: Resolved,
  sizes: Pick<Sizes, 'slots' | 'queueBound'>,
  ratePerSecond: number,
  instances: number,
): number {
  return shedRatio(stageOf(asked, sizes, ratePerSecond, instances));
}

/** One instance: the balancer gives each its share at random. */
function stageOf(
  { serviceSeconds, serviceVariation }: Resolved,
  { slots, queueBound }: Pick<Sizes, 'slots' | 'queueBound'>,
  ratePerSecond: number,
  instances: number,
): BoundedStage {
  return { arrivalsPerSecond: ratePerSecond / instances, serviceSeconds, serviceVariation, slots, queueBound };
}

/** What is in the way of a promise. */
export type Obstacle = 'service' | 'queue' | 'slots' | 'capacity' | 'instances' | 'reaction' | 'limit' | 'timeouts';

/** The first promise that the sizes break; undefined when all hold. */
export function brokenBy(question: ServiceQuestion, sizes: Sizes): Obstacle | undefined {
  const asked = resolved(question);
  const { slots, queueBound, maxInstances, ratedPerSecond, waitSeconds } = sizes;
  if (waitSeconds <= 0) return 'service';
  if (queueBound > boundWithin(slots, asked.serviceSeconds, waitSeconds)) return 'queue';
  if (ratedPerSecond <= 0) return 'slots';
  if (maxInstances > MOST_INSTANCES) return 'instances';
  if (asked.peakPerSecond > maxInstances * ratedPerSecond * (1 + 1e-9)) return 'capacity';
  if (shedOfPeak(asked, sizes) > asked.errorRatio * (1 + 1e-9)) return 'reaction';
  if (limiting(asked) !== undefined) return 'limit';
  return unnested(asked, waitSeconds) === undefined ? undefined : 'timeouts';
}

/** The first downstream that takes fewer calls than the peak makes with its retries: a storm of them would keep it down. */
export function limiting(asked: Resolved): ServiceDownstream | undefined {
  return asked.downstreams.find(
    (one) =>
      asked.peakPerSecond * callsWithRetries(asked, one) >
      (one.limitPerSecond ?? Number.POSITIVE_INFINITY) * (1 + 1e-9),
  );
}
