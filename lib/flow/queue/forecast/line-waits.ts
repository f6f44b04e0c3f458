/**
 * The waits of a peak whose line is known as a distribution: an item that finds a line waits until the items before it
 * and the rest of the services in progress are done. That is a sum of so many services, and varies as such a sum.
 *
 * Source: Cox, Renewal Theory (1962), 5.2 (residual service); Wilson & Hilferty, "The distribution of chi-square", PNAS
 * 17 (1931) (the cube of a normal variable stands for a sum of services).
 */
import { departureVariation } from '../../numerics/departures';
import type { ResolvedWorkload } from '../resolve';
import { type Course, LineLaw } from './line-law';
import type { Waits } from './stretch';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { floor, log, max, sqrt } = Math;
const NEVER = Number.POSITIVE_INFINITY;

/** Growth of the distance between wait bins, with the wait and one service. */
const GROWTH = { fine: 0.06, coarse: 0.25 };
/** Steps of the law whose items are grouped where their time of arrival matters. */
const TOGETHER = 2;

/** A normal variable, as three points of the same five moments. */
const NORMAL = [
  { value: -sqrt(3), share: 1 / 6 },
  { value: 0, share: 2 / 3 },
  { value: sqrt(3), share: 1 / 6 },
] as const;

/** The waits on a course. */
export function lineWaits(course: Course, workload: ResolvedWorkload): Waits {
  const law = new LineLaw(course);
  const { levels } = law;
  const failing = workload.failureRatio > 0;
  const waits: Waits = { stretches: [], course: [], lasting: true };
  // Items that fail read their second wait by time; with so many groups the waits may be coarser.
  const emptyBins = () => new WaitBins(workload.serviceSeconds, failing ? GROWTH.coarse : GROWTH.fine);
  let bins = emptyBins();
  let found = new Float64Array(levels.length);
  let [spell, at, steps] = [0, 0, 0];
  const close = () => {
    const { slots } = course.spells[spell];
    for (let i = 0; i < levels.length; i += 1) {
      if (levels[i] < slots) bins.add(0, found[i]);
      else if (found[i] > 0) addWaits(course, workload, spell, at, levels[i] - slots, found[i], bins);
    }
    found = new Float64Array(levels.length);
    steps = 0;
    if (!failing) return;
    bins.into(waits, at);
    bins = emptyBins();
  };
  law.walk((index, moment, items, shares) => {
    const together = failing || moreComes(course, index) ? TOGETHER : NEVER;
    if (steps > 0 && (steps >= together || index !== spell)) close();
    [spell, at] = [index, moment];
    steps += 1;
    for (let i = 0; i < shares.length; i += 1) found[i] += items * shares[i];
  });
  close();
  if (!failing) bins.into(waits, at);
  return waits;
}

/** Whether more slots come before the end. */
function moreComes({ spells }: Course, index: number): boolean {
  return spells[spells.length - 1].slots > spells[index].slots;
}

/** Adds items that find `line` items waiting. */
function addWaits(
  course: Course,
  { serviceSeconds, serviceVariation: variation }: ResolvedWorkload,
  spell: number,
  at: number,
  line: number,
  items: number,
  bins: WaitBins,
): void {
  const squared = variation * variation;
  // The rest of the services in progress, in services: mean and variance.
  const left = (1 + squared) / 2;
  const leftVariance = ((1 + squared) * (1 + 2 * squared)) / 3 - left * left;
  const mean = secondsUntilServed(course, spell, at, line + left, serviceSeconds);
  const counted = variation === 1 ? 1 : departureVariation(mean, serviceSeconds, variation);
  const spread = (line * counted + leftVariance) / (line + left) ** 2;
  const waits = NORMAL.map(({ value }) => cubed(value, spread));
  const sum = NORMAL.reduce((total, { share }, i) => total + share * waits[i], 0);
  for (let i = 0; i < waits.length; i += 1) bins.add((mean * waits[i]) / sum, items * NORMAL[i].share);
}

/** A sum of services with that squared variation, as a share of its mean, where a normal variable has that value. */
function cubed(value: number, squaredVariation: number): number {
  return max(0, 1 - squaredVariation / 9 + (value * sqrt(squaredVariation)) / 3) ** 3;
}

/** Seconds until so many items are served, by the crew at a moment and the slots added later. */
function secondsUntilServed({ spells }: Course, index: number, at: number, ahead: number, service: number): number {
  let left = ahead;
  let now = at;
  for (let i = index; ; i += 1) {
    const { from, seconds, slots } = spells[i];
    const until = from + seconds;
    const served = ((until - now) * slots) / service;
    if (left <= served) return now + (left * service) / slots - at;
    // Slots that start take waiting items at once.
    left -= served + max(0, spells[i + 1].slots - slots);
    now = until;
    if (left <= 0) return now - at;
  }
}

/** Items by their wait. */
class WaitBins {
  private readonly items: number[] = [];
  private readonly waits: number[] = [];
  private none = 0;

  constructor(
    private readonly service: number,
    private readonly growth: number,
  ) {}

  /** Adds items to the two bins about their wait, so that the mean stays. */
  public add(wait: number, items: number): void {
    if (wait <= 0) {
      this.none += items;
      return;
    }
    const bin = floor(log(1 + wait / this.service) / log(1 + this.growth));
    const low = this.waitOf(bin);
    const share = (wait - low) / (this.waitOf(bin + 1) - low);
    this.items[bin] = (this.items[bin] ?? 0) + (1 - share) * items;
    this.items[bin + 1] = (this.items[bin + 1] ?? 0) + share * items;
  }

  /** Adds a stretch for each bin, and their mean to the course. */
  public into({ stretches, course }: Waits, at: number): void {
    const random = { waiting: 0, decay: 1 };
    let weight = this.none;
    let sum = 0;
    if (weight > 0) stretches.push({ at, weight, low: 0, high: 0, ...random });
    for (const [bin, items] of this.items.entries()) {
      if (!(items > 0)) continue;
      const wait = this.waitOf(bin);
      const low = bin > 0 ? (wait + this.waitOf(bin - 1)) / 2 : 0;
      stretches.push({ at, weight: items, low, high: (wait + this.waitOf(bin + 1)) / 2, ...random });
      weight += items;
      sum += items * wait;
    }
    const mean = weight > 0 ? sum / weight : 0;
    course.push({ at, weight, low: mean, high: mean, ...random });
  }

  private waitOf(bin: number): number {
    this.waits[bin] ??= this.service * ((1 + this.growth) ** bin - 1);
    return this.waits[bin];
  }
}
