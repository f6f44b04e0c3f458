import type { Engine } from '../../lib/cases/engine';
import type { Io } from './io';

/** Options of `simulate`, beside the workload. */
export type SimulateOptions = Record<string, unknown> & {
  readonly case?: string;
  readonly engine?: Engine;
  readonly seed: number;
  readonly seeds: number;
  readonly json?: boolean;
  readonly html?: string;
};

/** Runs once for every seed, and shows its progress. */
export function eachSeed<T>(given: SimulateOptions, io: Io, runOne: (seed: number) => T): T[] {
  const results: T[] = [];
  for (let index = 0; index < given.seeds; index += 1) {
    if (io.watched) io.err(`\r\x1b[Ksimulating ${index + 1} of ${given.seeds}`);
    results.push(runOne(given.seed + index));
  }
  if (io.watched) io.err('\r\x1b[K');
  return results;
}
