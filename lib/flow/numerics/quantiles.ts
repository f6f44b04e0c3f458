/**
 * Quantiles of a stream in bounded memory: a histogram whose buckets grow in proportion to the value, so that every
 * quantile is within half a percent of the value recorded at that rank, for any number of values.
 *
 * Source: the idea of HdrHistogram (Gil Tene) and DDSketch (Masson, Rim, Lee, VLDB 2019), with the bucket read straight
 * from the bits of the floating-point number: no logarithm on the hot path.
 */

/** Mantissa bits kept: a bucket is 2^-7 = 0.78 % wide at most, its middle at most 0.39 % from any value in it. */
const MANTISSA_BITS = 7;
const SHIFT = 20 - MANTISSA_BITS;
/**
 * Values are distinguished from 2^-40 s (a picosecond) to 2^40 s (35,000 years); the rest goes to the outer buckets.
 */
const LOWEST = (1023 - 40) << MANTISSA_BITS;
const BUCKETS = 80 << MANTISSA_BITS;

/** Counts of values by size, from which any quantile can be read. Fixed size, about 80 KB. */
export class Quantiles {
  private readonly counts = new Float64Array(BUCKETS);
  private readonly float = new Float64Array(1);
  private readonly words = new Uint32Array(this.float.buffer);
  private total = 0;
  private sumOfValues = 0;

  /** Number of values recorded. */
  public get count(): number {
    return this.total;
  }

  /** Mean of the values recorded, exact; 0 when there are none. */
  public get mean(): number {
    return this.total === 0 ? 0 : this.sumOfValues / this.total;
  }

  /** Records one value; below 2^-40 it counts as 0. */
  public record(value: number): void {
    this.float[0] = value;
    // Index 1 is the high word on every little-endian machine that runs Node.
    const bucket = (this.words[1] >>> SHIFT) - LOWEST;
    this.counts[bucket < 0 || value < 0 ? 0 : bucket < BUCKETS ? bucket : BUCKETS - 1] += 1;
    this.total += 1;
    this.sumOfValues += value;
  }

  /** Adds everything that another histogram has recorded. */
  public merge(other: Quantiles): void {
    for (let i = 0; i < BUCKETS; i += 1) this.counts[i] += other.counts[i];
    this.total += other.total;
    this.sumOfValues += other.sumOfValues;
  }

  /** The share (0 to 1) of the recorded values above `value`, to within the width of one bucket. */
  public shareAbove(value: number): number {
    this.float[0] = value;
    let above = 0;
    for (let i = Math.max(0, (this.words[1] >>> SHIFT) - LOWEST + 1); i < BUCKETS; i += 1) above += this.counts[i];
    return this.total === 0 ? 0 : above / this.total;
  }

  /** The value that a share `quantile` (0 to 1) of the recorded ones does not exceed; 0 when there are none. */
  public quantile(quantile: number): number {
    const rank = Math.max(1, Math.ceil(quantile * this.total));
    let seen = 0;
    for (let i = 0; i < BUCKETS && this.total > 0; i += 1) {
      seen += this.counts[i];
      if (seen >= rank) return i === 0 ? 0 : middle(i);
    }
    return 0;
  }
}

/** The middle of a bucket, back from its bits. */
function middle(bucket: number): number {
  const float = new Float64Array(1);
  const words = new Uint32Array(float.buffer);
  words[1] = (((bucket + LOWEST) << 1) | 1) << (SHIFT - 1);
  return float[0];
}
