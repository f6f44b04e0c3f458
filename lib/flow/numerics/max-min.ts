/**
 * Shares of a capacity: weighted max-min fairness.
 */
import { atLeast, type Check, validate } from '../errors';

/**
 * Shares one capacity among several demands. No share exceeds its demand; unused capacity goes to the others by weight;
 * and no share can grow unless a share that is smaller for its weight shrinks (max-min).
 *
 * Progressive filling: each share grows in proportion to its weight until its demand is met or nothing is left
 * (Bertsekas and Gallager, Data Networks, section 6.5.2).
 *
 * @param capacity the capacity to share; 0 or more
 * @param demands the demands; 0 or more, infinite for "no limit"
 * @param weights the weights when there is not enough; above 0, one for each demand
 * @throws InvalidInputError when a number is outside its range
 */
export function weightedMaxMin(capacity: number, demands: readonly number[], weights: readonly number[]): number[] {
  validate('weightedMaxMin', checks(capacity, demands, weights));
  const shares = demands.map(() => 0);
  // Demands that are met soonest, for their weight, first: the level only rises.
  const open = demands.map((_, index) => index).sort((a, b) => demands[a] / weights[a] - demands[b] / weights[b]);
  // Summed from the back: subtracting one after the other would leave the last with all rounding errors.
  const weightFrom = open.map(() => 0);
  for (let at = open.length - 1; at >= 0; at -= 1) weightFrom[at] = (weightFrom[at + 1] ?? 0) + weights[open[at]];
  let left = capacity;
  for (const [at, index] of open.entries()) {
    shares[index] = Math.min(demands[index], (left * weights[index]) / weightFrom[at], left);
    left = Math.max(0, left - shares[index]);
  }
  return shares;
}

function checks(capacity: number, demands: readonly number[], weights: readonly number[]): Check[] {
  return [
    atLeast('capacity', capacity, 0, Number.MAX_VALUE),
    {
      refused: demands.length !== weights.length,
      message: `weights must be one for each demand, got ${weights.length} for ${demands.length}`,
    },
    ...demands.map((demand) => ({ refused: !(demand >= 0), message: `demands must be at least 0, got ${demand}` })),
    ...weights.map((weight) => ({
      refused: !(weight > 0 && Number.isFinite(weight)),
      message: `weights must be above 0, got ${weight}`,
    })),
  ];
}
