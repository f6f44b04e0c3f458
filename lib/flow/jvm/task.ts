/** A JVM on Fargate, whose tasks come in sizes: the JVM and the container that reads its log share one. */
import { FARGATE_MEMORY, leastTaskMebibytes } from '../fargate';

const MIB = 2 ** 20;
export const UNITS_PER_PROCESSOR = 1024;

/** Memory of the container that reads the log. A program of Node.js with a heap of 32 MiB; 60 MiB were measured. */
export const EXPORTER_BYTES = 96 * MIB;

/** Whole processors that a task can have. */
export const FARGATE_PROCESSORS: readonly number[] = Object.keys(FARGATE_MEMORY)
  .map((units) => Number(units) / UNITS_PER_PROCESSOR)
  .filter((processors) => processors >= 1);

/**
 * Bytes of the task for a JVM: as given, or those of the smallest; undefined where they are too few, or where no task with
 * its processors has enough.
 */
export function taskMemoryBytes(
  { cpu, memoryBytes }: { cpu: number; memoryBytes: number },
  given?: number,
): number | undefined {
  if (given !== undefined) return given >= memoryBytes + EXPORTER_BYTES ? given : undefined;
  if (!FARGATE_PROCESSORS.includes(cpu)) return undefined;
  const least = leastTaskMebibytes(UNITS_PER_PROCESSOR * cpu, Math.ceil((memoryBytes + EXPORTER_BYTES) / MIB));
  return least === undefined ? undefined : least * MIB;
}

/** The most bytes of a task with so many processors. */
export function mostTaskBytes(cpu: number): number {
  return FARGATE_MEMORY[UNITS_PER_PROCESSOR * cpu].to * MIB;
}
