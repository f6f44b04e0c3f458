import type { Bounds } from '../../../lib/cases/exercises/exercise';
import { figure } from '../../../lib/flow/figures';

/** Bounds in words. */
export function boundText({ atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Bounds): string {
  return [
    ...(Number.isFinite(atLeast) ? [`at least ${figure(atLeast)}`] : []),
    ...(Number.isFinite(atMost) ? [`at most ${figure(atMost)}`] : []),
  ].join(', ');
}
