/**
 * How long the requests of a bounded queue wait before they begin.
 *
 * A request that finds `j` others waiting begins after `j + 1` departures, which follow each other every `service ÷ slots` in
 * the mean. Their count varies as renewal processes do in that time: by cv² + (1 − 1 ÷ slots)(1 − cv⁴) ÷ 6τ, τ departures of each
 * slot, between one (a Poisson process) and cv²; one slot has just begun, the others are anywhere in their work. What would wait longer than it may leaves, so that the rest waits less.
 *
 * Source: Cox, Renewal Theory (1962), 4.5 (equilibrium renewal process); checked against simulation.ts in
 * test/flow/services/bounded.test.ts.
 */
import { erlangB, variationFactor } from '../numerics/erlang';
import { gammaTail } from '../numerics/gamma';
import { normalTail } from '../numerics/reflected';

/** Places of the queue that are told apart: a longer one is read in strides. */
const MOST_PLACES = 100;
/** Parts of the time that is waited. */
const CELLS = 64;
/** Standard deviations of a wait beyond which nothing is. */
const SPREADS = 6;
/** From this shape on the cube root of a gamma is normal to four digits. */
const LARGE_SHAPE = 50;
/** Places with less than this share of the largest weight say nothing. */
const NO_WEIGHT = 1e-9;

/** Slots with a queue in front of them, and Poisson arrivals. */
export interface BoundedStage {
  readonly arrivalsPerSecond: number;
  readonly serviceSeconds: number;
  readonly serviceVariation: number;
  readonly slots: number;
  /** Requests that wait at most. */
  readonly queueBound: number;
  /**
   * Seconds after which a request leaves the queue.
   *
   * @default - it stays
   */
  readonly waitSeconds?: number;
  /**
   * Seconds from its arrival after which a request is told that it takes too long. The work on it goes on.
   *
   * @default - it is answered at any time
   */
  readonly deadlineSeconds?: number;
}

/** The requests that begin, by how long they have waited. The shares are of these and add up to 1. */
export interface Waits {
  readonly atOnce: number;
  readonly cells: readonly { readonly seconds: number; readonly share: number }[];
}

interface Place {
  readonly weight: number;
  readonly meanSeconds: number;
  readonly spreadSeconds: number;
}

/** The waits of a stage. */
export function waitsOf(stage: BoundedStage): Waits {
  const { free, places } = placesOf(stage);
  if (!Number.isFinite(free)) return { atOnce: 1, cells: [] };
  const { waitSeconds: most = Number.POSITIVE_INFINITY } = stage;
  const least = Math.max(NO_WEIGHT * Math.max(...places.map(({ weight }) => weight)), Number.MIN_VALUE);
  const heavy = places.filter(({ weight }) => weight >= least);
  const ends = (sign: 1 | -1) =>
    heavy.map(({ meanSeconds, spreadSeconds }) => meanSeconds + sign * SPREADS * spreadSeconds);
  const from = Math.max(0, Math.min(...ends(-1)));
  const to = Math.min(most, Math.max(...ends(1)));
  // Nothing waits, or nothing that waits begins in time.
  if (!(to > from)) return { atOnce: 1, cells: [] };
  const width = (to - from) / CELLS;
  const weights = new Array<number>(CELLS).fill(0);
  for (const place of heavy) {
    let before = beyond(place, from);
    for (let cell = 0; cell < CELLS; cell += 1) {
      const after = beyond(place, from + (cell + 1) * width);
      weights[cell] += place.weight * (before - after);
      before = after;
    }
  }
  const sum = weights.reduce((total, weight) => total + weight, free);
  if (sum <= 0) return { atOnce: 1, cells: [] };
  return {
    atOnce: free / sum,
    cells: weights
      .map((weight, cell) => ({ seconds: from + (cell + 0.5) * width, share: weight / sum }))
      .filter(({ share }) => share > NO_WEIGHT),
  };
}

/**
 * The places of the queue, and what it is to find a slot free, by how often a request finds them. Of a long queue in overload
 * only the end has any weight, so the largest is 1.
 */
function placesOf(stage: BoundedStage): { readonly free: number; readonly places: readonly Place[] } {
  const { slots, queueBound, serviceSeconds, serviceVariation } = stage;
  const load = stage.arrivalsPerSecond * serviceSeconds;
  const each = serviceSeconds / slots;
  const decay = Math.log(load / slots) / variationFactor(serviceVariation);
  const stride = Math.max(1, Math.ceil(queueBound / MOST_PLACES));
  const highest = Math.max(0, decay * queueBound);
  const places: Place[] = [];
  for (let first = 0; first < queueBound; first += stride) {
    const count = Math.min(stride, queueBound - first);
    // A geometric series, from its largest place: the last one in overload, else the first.
    const largest = decay > 0 ? first + count - 1 : first;
    const inwards = meanOfSeries(Math.abs(decay), count);
    const departures = 1 + (decay > 0 ? largest - inwards : largest + inwards);
    places.push({
      weight: Math.exp(decay * largest - highest) * sumOfSeries(Math.abs(decay), count),
      meanSeconds: departures * each,
      spreadSeconds: Math.sqrt(departures * dispersion(departures, slots, serviceVariation)) * each,
    });
  }
  const blocking = erlangB(slots, load);
  // Without a queue: a slot is free, or the last one is taken and the queue is empty, which the first place stands for.
  const free = blocking > 0 ? ((1 - blocking) / blocking) * Math.exp(-highest) : Number.POSITIVE_INFINITY;
  return { free, places };
}

/** Variance ÷ mean of the departures of all slots in the time of so many. */
function dispersion(departures: number, slots: number, variation: number): number {
  const squared = variation * variation;
  const settling = squared + ((1 - squared * squared) * (slots - 1)) / (6 * departures);
  return variation < 1 ? Math.min(1, settling) : Math.max(1, settling);
}

/** P(wait > seconds) at a place: a gamma of its mean and spread. */
function beyond({ meanSeconds, spreadSeconds }: Place, seconds: number): number {
  if (seconds <= 0) return 1;
  const shape = (meanSeconds / spreadSeconds) ** 2;
  const relative = seconds / meanSeconds;
  if (shape < LARGE_SHAPE) return gammaTail(shape, relative * shape);
  // Wilson & Hilferty, "The distribution of chi-square", PNAS 17 (1931).
  return normalTail((Math.cbrt(relative) - 1 + 1 / (9 * shape)) * Math.sqrt(9 * shape));
}

/** Σ e^(−decay·i) over i below `count`. */
function sumOfSeries(decay: number, count: number): number {
  return decay * count < 1e-9 ? count : Math.expm1(-decay * count) / Math.expm1(-decay);
}

/** The mean of i with those weights. */
function meanOfSeries(decay: number, count: number): number {
  return decay * count < 1e-3 ? (count - 1) / 2 : 1 / Math.expm1(decay) - count / Math.expm1(decay * count);
}
