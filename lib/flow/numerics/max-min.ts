/**
 * Who gets how much of what there is: weighted max-min fairness.
 */
import { atLeast, type Check, validate } from '../errors';

/**
 * Shares one capacity among several demands. Nobody gets more than it asks for; what one leaves goes to the others by
 * weight; and no share can grow without one that is smaller for its weight shrinking (max-min).
 *
 * Progressive filling: everybody's share grows in proportion to its weight until its demand is met or nothing is left
 * (Bertsekas and Gallager, Data Networks, section 6.5.2).
 *
 * @param capacity what there is; 0 or more
 * @param demands what each asks for; 0 or more, infinite for "as much as there is"
 * @param weights what each counts when there is not enough; above 0, one for each demand
 * @throws InvalidInputError when a number is outside its range
 */
export function weightedMaxMin(capacity: number, demands: readonly number[], weights: readonly number[]): number[] {
  validate('weightedMaxMin', checks(capacity, demands, weights));
  const shares = demands.map(() => 0);
  // Those who are content soonest, for their weight, first: the level only ever rises.
  const open = demands.map((_, index) => index).sort((a, b) => demands[a] / weights[a] - demands[b] / weights[b]);
  // Summed from the back: taking one after the other away would leave the last with the rounding of all.
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
