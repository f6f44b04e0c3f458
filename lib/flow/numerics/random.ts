/**
 * A seeded source of random numbers and the draws made from it: the same seed gives the same run, bit for bit, on
 * every machine.
 *
 * Source: sfc32 by Chris Doty-Humphrey (PractRand); Marsaglia & Tsang, "The ziggurat method for generating random
 * variables", Journal of Statistical Software 5 (2000), and "A simple method for generating gamma variables", ACM TOMS
 * 26 (2000).
 */
import { CONSTANT_BELOW } from './gamma';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { exp, floor, log, sqrt } = Math;

/** Where the last layer of the exponential ziggurat of 256 begins, and the area of each layer. */
const LAST = 7.697117470131487;
const AREA = 0.003949659822581572;
/** Places within a layer: 24 bits. */
const PLACES = 2 ** 24;
/** By layer: the places that surely lie below the curve, the width of a place, the height of the curve. */
const INSIDE = new Float64Array(256);
const SCALE = new Float64Array(256);
const HEIGHT = new Float64Array(256);
layZiggurat();

function layZiggurat(): void {
  let edge = LAST;
  let before = LAST;
  const width = AREA / exp(-LAST);
  INSIDE[0] = floor((LAST / width) * PLACES);
  SCALE[0] = width / PLACES;
  HEIGHT[0] = 1;
  SCALE[255] = LAST / PLACES;
  HEIGHT[255] = exp(-LAST);
  for (let layer = 254; layer >= 1; layer -= 1) {
    edge = -log(AREA / edge + exp(-edge));
    INSIDE[layer + 1] = floor((edge / before) * PLACES);
    before = edge;
    HEIGHT[layer] = exp(-edge);
    SCALE[layer] = edge / PLACES;
  }
  INSIDE[1] = 0;
}

/** Seeded random numbers (sfc32): 128 bits of state, period of 2^32 at the very least, about 2^127 on average. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;
  private spare = 0;

  /** @param seed any whole number; only its low 53 bits count */
  constructor(seed: number) {
    this.a = seed | 0;
    this.b = floor(seed / 4294967296) | 0;
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

  /**
   * Exponential with mean 1, by the ziggurat: 98 % of the draws cost one table look-up instead of a logarithm. Layer and
   * place within it come from different bits of one draw.
   */
  public exponential(): number {
    const bits = this.bits();
    const layer = bits & 255;
    const place = bits >>> 8;
    return place < INSIDE[layer] ? place * SCALE[layer] : this.exponentialEdge(layer, place);
  }

  /** The rare rest of the ziggurat: the edge of a layer, or beyond the last one, where the law begins anew. */
  private exponentialEdge(firstLayer: number, firstPlace: number): number {
    let layer = firstLayer;
    let place = firstPlace;
    for (;;) {
      if (layer === 0) return LAST - log(this.uniform());
      const x = place * SCALE[layer];
      if (HEIGHT[layer] + this.uniform() * (HEIGHT[layer - 1] - HEIGHT[layer]) < exp(-x)) return x;
      const bits = this.bits();
      layer = bits & 255;
      place = bits >>> 8;
      if (place < INSIDE[layer]) return place * SCALE[layer];
    }
  }

  /** Standard normal, by the polar method: two at a time, the second is kept for the next call. */
  public normal(): number {
    if (this.spare !== 0) {
      const kept = this.spare;
      this.spare = 0;
      return kept;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const r = x * x + y * y;
      if (r >= 1 || r === 0) continue;
      const scale = sqrt((-2 * log(r)) / r);
      this.spare = y * scale;
      return x * scale;
    }
  }

  /** Gamma with that shape (above 0) and scale 1. */
  public gamma(shape: number): number {
    // Below 1 the method does not apply: draw with shape + 1 and shrink by U^(1/shape) (Marsaglia & Tsang, section 6).
    if (shape < 1) return this.gamma(shape + 1) * exp(-this.exponential() / shape);
    const d = shape - 1 / 3;
    const c = 1 / sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const base = 1 + c * x;
      if (base <= 0) continue;
      const v = base * base * base;
      const u = this.uniform();
      // The squeeze saves the logarithms in 98 % of the draws.
      if (u < 1 - 0.0331 * x * x * x * x) return d * v;
      if (log(u) < 0.5 * x * x + d - d * v + d * log(v)) return d * v;
    }
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

  /** One service time in seconds. */
  public draw(random: Random): number {
    return this.variation === 1 ? this.mean * random.exponential() : this.other(random);
  }

  private other(random: Random): number {
    return this.shape === 0 ? this.mean : (this.mean / this.shape) * random.gamma(this.shape);
  }
}
