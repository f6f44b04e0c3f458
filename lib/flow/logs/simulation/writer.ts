import { bytesArriving } from '../../arrivals';
import { Random } from '../../numerics/random';
import { DAY_SECONDS } from '../../ranges';
import { LINE_BYTES } from '../sizing';
import type { LogsWorkload } from '../workload';

// Read once: in a sandbox (Jest, node:vm) every access to a global costs more than the function itself.
const { max, sqrt } = Math;

/** Bytes logged in a step: Poisson lines, approximated by a normal law because there are hundreds of them. */
export class Writer {
  /** Bytes a second, and the length of the peak. */
  public readonly rates: { readonly steady: number; readonly peak: number; readonly peakSeconds: number };
  /** Second of the day at which its peak begins. */
  public peakBegin = 0;
  private readonly random: Random;
  private readonly lineBytes: number;

  constructor(
    workload: LogsWorkload,
    seed: number,
    private readonly stepSeconds: number,
  ) {
    const { steadyPerSecond, peakPerSecond, peakSeconds } = bytesArriving(workload);
    this.rates = { steady: steadyPerSecond, peak: peakPerSecond, peakSeconds };
    this.lineBytes = workload.lineBytes ?? LINE_BYTES;
    this.random = new Random(seed);
  }

  /** One peak a day, at some time of it. */
  public during(now: number): number {
    const second = now % DAY_SECONDS;
    const { peakSeconds } = this.rates;
    if (second === 0) this.peakBegin = this.random.uniform() * (DAY_SECONDS - peakSeconds);
    return this.bytes(second >= this.peakBegin && second < this.peakBegin + peakSeconds);
  }

  /** A step in the peak, or outside it. */
  public bytes(busy: boolean): number {
    const lines = ((busy ? this.rates.peak : this.rates.steady) * this.stepSeconds) / this.lineBytes;
    return max(0, lines + sqrt(lines) * this.random.normal()) * this.lineBytes;
  }
}
