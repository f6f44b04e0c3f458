/**
 * A birth-and-death chain on levels that may lie apart: every whole number where precision matters, fewer further out.
 * On levels apart the steps keep the drift and the variance of the chain, so that a few hundred levels follow a line of
 * any length.
 *
 * The forward equation p′ = Qᵀp is integrated by TR-BDF2, which is of second order and damps changes faster than a
 * step: a step may be many events long. Q is tridiagonal, so that a step costs two sweeps over the levels.
 *
 * Source: Kushner & Dupuis, Numerical Methods for Stochastic Control Problems in Continuous Time (2001), 5.1 (local
 * consistency); Bank et al., "Transient simulation of silicon devices and circuits", IEEE Transactions on Electron
 * Devices 32 (1985) (TR-BDF2); Karlin & McGregor, "The classification of birth and death processes", Transactions of
 * the AMS 86 (1957) (settled law, ruin).
 */

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { abs, max, SQRT1_2, SQRT2 } = Math;

/** Share of a step that both stages of TR-BDF2 solve for, and the weights of the second one. */
const STAGE = 1 - SQRT1_2;
const LATER = 1 / (2 * (SQRT2 - 1));
const BEFORE = LATER * (SQRT2 - 1) ** 2;

/** Steps per second to the level above and to the level below. */
export interface Rates {
  readonly up: Float64Array;
  readonly down: Float64Array;
}

/**
 * The rates of steps between levels, of which the lowest is not left downwards and the highest not upwards.
 *
 * @param levels rising whole numbers
 * @param births per second at each level, as of a chain on every whole number
 * @param deaths as `births`
 */
export function ratesOn(levels: Float64Array, births: Float64Array, deaths: Float64Array): Rates {
  const up = new Float64Array(levels.length);
  const down = new Float64Array(levels.length);
  const last = levels.length - 1;
  for (let i = 0; i <= last; i += 1) {
    const above = i < last ? levels[i + 1] - levels[i] : 1;
    const below = i > 0 ? levels[i] - levels[i - 1] : 1;
    const drift = births[i] - deaths[i];
    // No rate may be negative: a drift that is too strong for so wide a step adds variance.
    const variance = max(births[i] + deaths[i], abs(drift) * max(above, below));
    up[i] = i < last ? (variance + drift * below) / (above * (above + below)) : 0;
    down[i] = i > 0 ? (variance - drift * above) / (below * (above + below)) : 0;
  }
  return { up, down };
}

/** The chain. Its rates may change from one step to the next. */
export class BirthDeath {
  private readonly factor: Float64Array;
  private readonly stage: Float64Array;

  constructor(public rates: Rates) {
    this.factor = new Float64Array(rates.up.length);
    this.stage = new Float64Array(rates.up.length);
  }

  /** The law to which the chain settles. */
  public settled(): Float64Array {
    const { up, down } = this.rates;
    const law = new Float64Array(up.length);
    law[0] = 1;
    let sum = 1;
    for (let i = 1; i < law.length; i += 1) {
      law[i] = (law[i - 1] * up[i - 1]) / down[i];
      sum += law[i];
      if (sum < 1e200) continue;
      for (let j = 0; j <= i; j += 1) law[j] /= sum;
      sum = 1;
    }
    for (let i = 0; i < law.length; i += 1) law[i] /= sum;
    return law;
  }

  /** Moves a law on by `seconds`, in place. Probability that leaves the levels `from` up to below `to` is dropped. */
  public advance(law: Float64Array, seconds: number, from = 0, to = law.length): void {
    const { stage } = this;
    const { up, down } = this.rates;
    const step = STAGE * seconds;
    for (let i = from; i < to; i += 1) {
      const comes = (i > from ? up[i - 1] * law[i - 1] : 0) + (i < to - 1 ? down[i + 1] * law[i + 1] : 0);
      stage[i] = law[i] + step * (comes - (up[i] + down[i]) * law[i]);
    }
    this.solve(stage, 1, step, from, to);
    for (let i = from; i < to; i += 1) stage[i] = LATER * stage[i] - BEFORE * law[i];
    this.solve(stage, 1, step, from, to);
    for (let i = from; i < to; i += 1) law[i] = stage[i];
  }

  /** Seconds spent at each level from a law on, until it has stepped below the level `from`. */
  public secondsSpent(law: Float64Array, from: number): Float64Array {
    const spent = law.slice();
    spent.fill(0, 0, from);
    this.solve(spent, 0, 1, from, law.length);
    return spent;
  }

  /** Probability of reaching the level `to` before the level `base`, from each level between them. */
  public climbs(base: number, to: number): Float64Array {
    const { up, down } = this.rates;
    const steps = new Float64Array(to);
    for (let i = base + 1; i < to; i += 1) steps[i] = up[i] / (up[i] + down[i] * (1 - steps[i - 1]));
    for (let i = to - 2; i > base; i -= 1) steps[i] *= steps[i + 1];
    return steps;
  }

  /** Of the probability that leaves the levels `from` up to below `to`, the share that leaves downwards. */
  public leavesBelow(law: Float64Array, from: number, to: number): number {
    const below = this.rates.down[from] * law[from];
    const leaves = below + this.rates.up[to - 1] * law[to - 1];
    return leaves > 0 ? below / leaves : 0;
  }

  /** Solves (unit − step·Qᵀ)x = x in place, on the levels `from` up to below `to`. */
  private solve(x: Float64Array, unit: number, step: number, from: number, to: number): void {
    const { factor } = this;
    const { up, down } = this.rates;
    let eliminated = 0;
    let carried = 0;
    for (let i = from; i < to; i += 1) {
      const below = i > from ? step * up[i - 1] : 0;
      const pivot = unit + step * (up[i] + down[i]) - below * eliminated;
      eliminated = i < to - 1 ? (step * down[i + 1]) / pivot : 0;
      carried = (x[i] + below * carried) / pivot;
      factor[i] = eliminated;
      x[i] = carried;
    }
    for (let i = to - 2; i >= from; i -= 1) x[i] += factor[i] * x[i + 1];
  }
}
