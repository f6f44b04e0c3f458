/** What a flood with faults leaves waiting, by the numbers of the plan: a fluid that drains as fast as consumers are there. */
import type { Sizing } from './engine';

/** Consumers that are away. */
export interface Away {
  readonly from: number;
  readonly to: number;
  /** When the fault was over, where they come back later than that. */
  readonly over?: number;
  /** Which consumer; all of them when none is named. */
  readonly consumer?: number;
}

/** What is foreseen. */
export interface Foreseen {
  /** The most that wait. The plan's own peak is the least: chance is in it, and not in a fluid. */
  readonly mostBacklog: number;
  /** When the last letter is done. */
  readonly emptyAt: number;
  /** When no more wait than without a fault, after the last one. */
  readonly recoveredAt: number;
}

const STEP_SECONDS = 0.1;
const MOST_SECONDS = 36_000;

/** What waits while nothing is broken: the plan's peak, and what comes in a second, because nobody looks more often. */
export const settledBacklog = ({ perSecond, peakBacklog }: Sizing) => Math.max(peakBacklog, perSecond);

/** When the last fault was over. */
export const lastOverOf = (away: readonly Away[]) => Math.max(0, ...away.map(({ to, over = to }) => over));

/**
 * Letters come evenly. With shares of their own, those of a consumer that is away wait for it; otherwise the others take what
 * comes. A consumer that is away in two ways is away once.
 */
export function foreseen(sizing: Sizing, floodSeconds: number, away: readonly Away[]): Foreseen {
  const { perSecond, clearedPerSecond, instances, shares } = sizing;
  const lastOver = lastOverOf(away);
  const settled = settledBacklog(sizing);
  const waits = Array.from({ length: shares === 'own' ? instances : 1 }, () => 0);
  let [most, recoveredAt] = [0, Number.NaN];
  for (let at = 0; at < MOST_SECONDS; at += STEP_SECONDS) {
    const gone = (consumer: number) =>
      away.some((one) => at >= one.from && at < one.to && (one.consumer ?? consumer) === consumer);
    const there = Array.from({ length: instances }, (_, consumer) => (gone(consumer) ? 0 : 1));
    const arrives = at < floodSeconds ? perSecond : 0;
    for (const share of waits.keys()) {
      const hands = shares === 'own' ? there[share] : there.reduce<number>((sum, one) => sum + one, 0);
      waits[share] = Math.max(
        0,
        waits[share] + STEP_SECONDS * (arrives / waits.length - (clearedPerSecond * hands) / instances),
      );
    }
    const backlog = waits.reduce((sum, one) => sum + one, 0);
    most = Math.max(most, backlog);
    if (Number.isNaN(recoveredAt) && at >= lastOver && backlog <= settled) recoveredAt = at;
    if (at >= floodSeconds && at >= lastOver && backlog === 0)
      return { mostBacklog: Math.max(most, sizing.peakBacklog), emptyAt: at, recoveredAt };
  }
  throw new Error(`the consumers never drain ${perSecond} letters/s at ${clearedPerSecond}/s`);
}
