/** The sizes that a Fargate task can have: CPU units, 1,024 a vCPU, and for each of them the MiB. */

/** MiB from the first to the last, in steps. */
export interface FargateMemory {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  /** A smaller size that is no step. */
  readonly also?: number;
}

/** Source: Fargate developer guide, Task CPU and memory. */
export const FARGATE_MEMORY: Readonly<Record<number, FargateMemory>> = {
  256: { from: 1024, to: 2048, step: 1024, also: 512 },
  512: { from: 1024, to: 4096, step: 1024 },
  1024: { from: 2048, to: 8192, step: 1024 },
  2048: { from: 4096, to: 16_384, step: 1024 },
  4096: { from: 8192, to: 30_720, step: 1024 },
  8192: { from: 16_384, to: 61_440, step: 4096 },
  16384: { from: 32_768, to: 122_880, step: 8192 },
};

/** The smallest MiB of a task with those units in which so many find room; undefined where none do. */
export function leastTaskMebibytes(cpuUnits: number, mebibytes: number): number | undefined {
  const { from, to, step, also = from } = FARGATE_MEMORY[cpuUnits];
  if (mebibytes <= also) return also;
  const least = from + step * Math.max(0, Math.ceil((mebibytes - from) / step));
  return least <= to ? least : undefined;
}
