/** When pushes, merges and deployments come, drawn beforehand. */
import type { Random } from '../numerics/random';
import { HOUR_SECONDS } from './load';

/** One push, and when a newer one of its branch makes it outdated. */
export interface Push {
  readonly at: number;
  readonly counted: boolean;
  outdatedAt: number;
}

/** A stretch of time with one rate of pushes. */
interface PushPhase {
  readonly seconds: number;
  readonly pushesPerHour: number;
  readonly counted: boolean;
}

/** Pushes of all phases; a share of them replaces the one that came about `repushSeconds` before. */
export function drawPushes(
  phases: readonly PushPhase[],
  repushRatio: number,
  repushSeconds: number,
  random: Random,
): Push[] {
  const pushes: Push[] = [];
  eachArrival(
    phases,
    ({ pushesPerHour }) => pushesPerHour,
    random,
    (at, { counted }) => {
      if (random.uniform() < repushRatio) outdate(pushes, at, repushSeconds * random.exponential());
      pushes.push({ at, counted, outdatedAt: Number.POSITIVE_INFINITY });
    },
  );
  return pushes;
}

/** Moments of all phases, as many an hour as `perHour` says of each; none where it says nothing. */
export function drawMoments<Phase extends { readonly seconds: number }>(
  phases: readonly Phase[],
  perHour: (phase: Phase) => number | undefined,
  random: Random,
): number[] {
  const moments: number[] = [];
  eachArrival(phases, perHour, random, (at) => moments.push(at));
  return moments;
}

function eachArrival<Phase extends { readonly seconds: number }>(
  phases: readonly Phase[],
  perHour: (phase: Phase) => number | undefined,
  random: Random,
  arrive: (at: number, phase: Phase) => void,
): void {
  let begin = 0;
  for (const phase of phases) {
    const rate = perHour(phase) ?? 0;
    for (let at = begin; rate > 0; ) {
      at += (random.exponential() * HOUR_SECONDS) / rate;
      if (at > begin + phase.seconds) break;
      arrive(at, phase);
    }
    begin += phase.seconds;
  }
}

/** Ends the push that is nearest to that age and was not replaced yet. */
function outdate(pushes: Push[], at: number, age: number): void {
  let nearest: Push | undefined;
  for (let i = pushes.length - 1; i >= 0; i -= 1) {
    const push = pushes[i];
    if (push.outdatedAt !== Number.POSITIVE_INFINITY) continue;
    if (nearest !== undefined && Math.abs(at - push.at - age) > Math.abs(at - nearest.at - age)) break;
    nearest = push;
  }
  if (nearest) nearest.outdatedAt = at;
}
