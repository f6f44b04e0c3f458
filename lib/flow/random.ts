/**
 * A seeded source of random numbers and the draws made from it: the same seed gives the same run, bit for bit, on
 * every machine.
 *
 * Source: sfc32 by Chris Doty-Humphrey (PractRand); Marsaglia & Tsang, "A simple method for generating gamma
 * variables", ACM TOMS 26 (2000).
 */
import { CONSTANT_BELOW } from './gamma';

/** Seeded random numbers (sfc32): 128 bits of state, period of 2^32 at the very least, about 2^127 on average. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** @param seed any whole number; only its low 53 bits count */
  constructor(seed: number) {
    this.a = seed | 0;
    this.b = Math.floor(seed / 4294967296) | 0;
    this.c = 0x9e3779b9 | 0;
    for (let i = 0; i < 15; i += 1) this.bits();
  }

  /** 32 random bits as a signed whole number. */
  public bits(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (this.c << 21) | (this.c >>> 11);
    this.c = (this.c + t) | 0;
    return t;
  }

  /** Uniform on the open interval (0, 1): never 0, so that its logarithm is finite. */
  public uniform(): number {
    return ((this.bits() >>> 0) + 0.5) * 2.3283064365386963e-10;
  }

  /** Exponential with mean 1. */
  public exponential(): number {
    return -Math.log(((this.bits() >>> 0) + 0.5) * 2.3283064365386963e-10);
  }

  /** Fills the list with exponentials of mean 1. */
  public fillExponential(list: Float64Array): void {
    let { a, b, c, counter } = this;
    for (let i = 0; i < list.length; i += 1) {
      const t = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + t) | 0;
      list[i] = -Math.log(((t >>> 0) + 0.5) * 2.3283064365386963e-10);
    }
    this.a = a;
    this.b = b;
    this.c = c;
    this.counter = counter;
  }

  /** Standard normal, by the polar method; the second value of each pair is dropped to keep no hidden state. */
  public normal(): number {
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const r = x * x + y * y;
      if (r < 1 && r > 0) return x * Math.sqrt((-2 * Math.log(r)) / r);
    }
  }

  /** Gamma with that shape (above 0) and scale 1. */
  public gamma(shape: number): number {
    // Below 1 the method does not apply: draw with shape + 1 and shrink (Marsaglia & Tsang, section 6).
    const boost = shape < 1 ? this.uniform() ** (1 / shape) : 1;
    const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const base = 1 + c * x;
      if (base <= 0) continue;
      const v = base * base * base;
      if (Math.log(this.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v * boost;
    }
  }
}

/** Exponentials drawn ahead: the same numbers as one at a time, without a call and a boxed number for each. */
export class Exponentials {
  private readonly drawn = new Float64Array(256);
  private used = 256;

  constructor(private readonly random: Random) {}

  /** The next exponential with mean 1. */
  public next(): number {
    if (this.used === 256) {
      this.random.fillExponential(this.drawn);
      this.used = 0;
    }
    this.used += 1;
    return this.drawn[this.used - 1];
  }
}

/** How service times of one workload are drawn: constant, exponential or gamma, by its variation. */
export class ServiceTime {
  private readonly shape: number;

  constructor(
    private readonly mean: number,
    private readonly variation: number,
  ) {
    this.shape = variation < CONSTANT_BELOW ? 0 : 1 / (variation * variation);
  }

  /** One service time in seconds; `exponentials` serve the exponential law, `random` every other. */
  public draw(random: Random, exponentials: Exponentials): number {
    if (this.variation === 1) return this.mean * exponentials.next();
    if (this.shape === 0) return this.mean;
    return (this.mean / this.shape) * random.gamma(this.shape);
  }
}
