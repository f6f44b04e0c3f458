/**
 * How long the line is at every moment of a peak, as a distribution: the items outstanding are a birth-and-death chain
 * that starts settled at the steady load, is driven through the peak by its forward equation, and drains until the line
 * is empty. It is exact for exponential services. For others, where every slot is busy, births and deaths have the
 * variance of arrivals and departures, so that a long line is the reflected Brownian motion with the same drift; and
 * while the number in service rises, each busy slot ends as many services as in a stage with slots for all, whose
 * number in service is Poisson with a known mean.
 *
 * Source: Harrison, Brownian Motion and Stochastic Flow Systems (1985), 3.6; Eick, Massey & Whitt, "The physics of the
 * Mₜ/G/∞ queue", Operations Research 41 (1993); Whitt, "Approximating a point process by a renewal process", Operations
 * Research 30 (1982) (variance of departures).
 */
import { BirthDeath, type Rates, ratesOn } from '../../numerics/birth-death';
import { departureVariation } from '../../numerics/departures';
import { busyRates } from '../../numerics/first-passage';
import { residualShare } from '../../numerics/gamma';
import { lastWhole } from '../../search';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { abs, ceil, floor, max, min, sqrt } = Math;
const NEVER = Number.POSITIVE_INFINITY;

/** A time in which arrival rate and crew are constant. */
export interface Spell {
  /** Seconds since the peak began. */
  readonly from: number;
  /** Length in seconds; `Infinity` for the last one, which ends when the line is empty. */
  readonly seconds: number;
  /** Items that arrive per second. */
  readonly arrivalsPerSecond: number;
  /** Slots that run. */
  readonly slots: number;
  /** Whether the peak is over, so that counting ends when the line is empty. */
  readonly draining: boolean;
}

/** Everything that the law depends on. */
export interface Course {
  readonly spells: readonly Spell[];
  /** Items that arrive per second before the peak; the slots of the first spell serve them with room to spare. */
  readonly steadyPerSecond: number;
  /** Mean seconds of service of an item, every attempt counted. */
  readonly work: number;
  readonly variation: number;
}

/** Items that arrive together: when, how many, and with which probability at which level. */
export type Visit = (spell: number, at: number, items: number, law: Float64Array) => void;

/** Steps in which a spell is followed; they are shorter at its beginning, where the line rises with the root of time. */
const STEPS = 28;
/** Steps of a spell when only the longest line is computed, once for each length. */
const FEW_STEPS = 16;
/** Steps of a spell at least. */
const LEAST_STEPS = 6;
/** Growth of the distance between levels with the line. */
const GROWTH = 0.04;
/** Factor for services that vary more and so matter for longer; fitted to the simulation at variations of 1.3 to 2. */
const MEMORY = 4;

/** The law of the line on one course. */
export class LineLaw {
  /** Levels of outstanding items. */
  public readonly levels: Float64Array;
  private readonly chain: BirthDeath;
  private readonly known = new Map<Spell, Map<number, Rates>>();
  private readonly begun: Float64Array;

  constructor(private readonly course: Course) {
    const { spells, steadyPerSecond } = course;
    this.levels = levelsOf(course);
    this.chain = new BirthDeath(this.ratesAt({ ...spells[0], arrivalsPerSecond: steadyPerSecond }, NEVER, 0));
    this.begun = this.chain.settled();
  }

  /** Follows the law from the beginning of the peak until the line is empty. */
  public walk(visit: Visit): void {
    const law = this.begun.slice();
    const mean = new Float64Array(law.length);
    for (const [index, spell] of this.course.spells.entries()) {
      const idle = this.indexOf(spell.slots) + 1;
      const from = spell.draining ? idle : 0;
      law.fill(0, 0, from);
      if (spell.seconds === NEVER) {
        this.setRates(spell, NEVER);
        visit(index, spell.from, spell.arrivalsPerSecond, this.chain.secondsSpent(law, from));
        return;
      }
      this.through(spell, STEPS, (at, seconds) => {
        mean.set(law);
        this.chain.advance(law, seconds, from);
        for (let i = 0; i < law.length; i += 1) mean[i] = (mean[i] + law[i]) / 2;
        visit(index, at, spell.arrivalsPerSecond * seconds, mean);
      });
    }
  }

  /** P(the longest line of the peak and its drain ≥ items), `items` above 0. */
  public exceeds(items: number): number {
    const law = this.begun.slice();
    let never = 0;
    for (const spell of this.course.spells) {
      const idle = this.indexOf(spell.slots);
      const to = this.indexOf(spell.slots + items);
      const from = spell.draining ? idle + 1 : 0;
      for (let i = 0; i < from; i += 1) never += law[i];
      law.fill(0, 0, from);
      law.fill(0, to);
      if (spell.seconds === NEVER) {
        this.setRates(spell, NEVER);
        const climbs = this.chain.climbs(idle, to);
        for (let i = from; i < to; i += 1) never += law[i] * (1 - climbs[i]);
        return 1 - never;
      }
      this.through(spell, FEW_STEPS, (_, seconds) => {
        const before = spell.draining ? total(law) : 0;
        const downwards = spell.draining ? this.chain.leavesBelow(law, from, to) : 0;
        this.chain.advance(law, seconds, from, to);
        if (spell.draining) never += downwards * (before - total(law));
      });
    }
    return 1 - never - total(law);
  }

  /** The index of the first level that is not below. */
  public indexOf(items: number): number {
    return lastWhole(this.levels.length - 1, -1, (index) => this.levels[index] >= items);
  }

  /** Cuts a spell into steps, with the rates of each set. */
  private through(spell: Spell, most: number, step: (at: number, seconds: number) => void): void {
    const { spells } = this.course;
    // The first spell begins with a jump of the load; a later one needs the steps of its length.
    const share = spell === spells[0] ? 1 : spell.seconds / spells[spells.length - 1].from;
    const steps = max(LEAST_STEPS, ceil(share * most));
    let before = 0;
    for (let k = 1; k <= steps; k += 1) {
      const until = spell.seconds * (k / steps) ** 2;
      const middle = (before + until) / 2;
      this.setRates(spell, spell.from + middle, until - before);
      step(spell.from + middle, until - before);
      before = until;
    }
  }

  /**
   * Sets the rates of a spell at a moment; `Infinity` when everything has settled. The same moments are requested
   * often.
   */
  private setRates(spell: Spell, at: number, seconds = 0): void {
    // Exponential services are memoryless.
    const moment = this.course.variation === 1 ? NEVER : at;
    const known = this.known.get(spell) ?? new Map<number, Rates>();
    const rates = known.get(moment) ?? this.ratesAt(spell, moment, seconds);
    known.set(moment, rates);
    this.known.set(spell, known);
    this.chain.rates = rates;
  }

  private ratesAt(spell: Spell, at: number, seconds: number): Rates {
    const { levels } = this;
    const { work, variation } = this.course;
    const { arrivalsPerSecond: rate, slots } = spell;
    const each = this.endsPerSlot(spell, at, seconds);
    const drift = abs(rate - slots * each);
    const squared = variation * variation;
    const counted = at === NEVER ? squared : departureVariation(at / memory(variation), work, variation);
    const births = new Float64Array(levels.length).fill(rate);
    const deaths = levels.map((level) => level * each);
    for (let i = this.indexOf(slots); i < levels.length; i += 1) {
      const seen = departuresSeen(levels[i] - slots + 1, drift, slots * each, this.course);
      const { birth, death } = busyRates(rate, slots * each, squared < 1 ? max(counted, seen) : min(counted, seen));
      births[i] = birth;
      deaths[i] = death;
    }
    return ratesOn(levels, births, deaths);
  }

  /**
   * Services that a busy slot ends per second in a step of the first spell: with slots for all, what has arrived and does
   * not add to the number in service has ended.
   */
  private endsPerSlot(spell: Spell, at: number, seconds: number): number {
    const { spells, steadyPerSecond, work, variation } = this.course;
    if (variation === 1 || at === NEVER || spell !== spells[0]) return 1 / work;
    const { arrivalsPerSecond: rate } = spell;
    const busy = (moment: number) =>
      work * (steadyPerSecond + (rate - steadyPerSecond) * residualShare(moment, work, variation));
    const [before, middle, after] = [busy(at - seconds / 2), busy(at), busy(at + seconds / 2)];
    const ended = rate - (after - before) / seconds;
    return ended / ((before + 4 * middle + after) / 6);
  }
}

/**
 * Variance of the departures while a line of some length grows and shrinks: about the time that the drift takes; or,
 * where services are regular, the time that chance alone takes, if that is shorter.
 */
function departuresSeen(line: number, drift: number, capacity: number, { work, variation }: Course): number {
  const byChance = variation < 1 ? (line * line) / capacity : NEVER;
  return departureVariation(min(line / drift, byChance) / memory(variation), work, variation);
}

function memory(variation: number): number {
  return variation > 1 ? MEMORY : 1;
}

function total(law: Float64Array): number {
  let sum = 0;
  for (const share of law) sum += share;
  return sum;
}

/** Every whole number near the slots of each spell, and further apart where the line is long or no slot is needed. */
function levelsOf(course: Course): Float64Array {
  const { spells, steadyPerSecond, work } = course;
  const before = steadyPerSecond * work;
  const crews = [...new Set(spells.map(({ slots }) => slots))].sort((a, b) => a - b);
  const top = crews[crews.length - 1] + longestOf(course);
  const levels: number[] = [];
  let level = max(0, floor(before - 7 * sqrt(before) - 7));
  while (level < top) {
    levels.push(level);
    const crew = max(0, ...crews.filter((slots) => slots <= level));
    const above = min(...crews.filter((slots) => slots > level));
    const wide = crew === 0 ? sqrt(level) / 6 : GROWTH * (level - crew);
    level += max(1, floor(min(wide, (above - level) / 2)));
  }
  return Float64Array.from(levels);
}

/** A line that is almost never exceeded. */
function longestOf({ spells, steadyPerSecond, work, variation }: Course): number {
  const squared = max(1, variation * variation);
  const spare = spells[0].slots / work - steadyPerSecond;
  let longest = (7 * steadyPerSecond * (1 + squared)) / (2 * spare);
  for (const { seconds, arrivalsPerSecond: rate, slots, draining } of spells) {
    if (draining) break;
    const drift = rate - slots / work;
    const variance = rate + (slots / work) * squared;
    const spread = 5 * sqrt(variance * seconds);
    longest += drift >= 0 ? drift * seconds + spread : min(spread, (7 * variance) / -drift);
  }
  return longest + 10;
}
