/** What a flood with faults leaves waiting, by the numbers of the plan: a fluid that drains as fast as consumers are there. */
import type { Away, Sizing } from './engine';

/** What is foreseen. */
export interface Foreseen {
  /** The most that wait. The plan's own peak is the least: chance is in it, and not in a fluid. */
  readonly mostBacklog: number;
  /** Seconds that letters wait, where the first is taken first. Work and chance are not in a fluid. */
  readonly waits: { readonly p99: number; readonly most: number };
  /** When the last letter is done. */
  readonly emptyAt: number;
  /** When no more wait than without a fault, after the last one. */
  readonly recoveredAt: number;
}

const STEP_SECONDS = 0.1;
const MOST_SECONDS = 36_000;
/** Sums of floating-point numbers differ by less. */
const NOTHING = 1e-6;

/** What waits while nothing is broken: the plan's peak, and what comes in a second, because nobody looks more often. */
export const settledBacklog = ({ perSecond, peakBacklog }: Sizing) => Math.max(peakBacklog, perSecond);

/** When the last fault was over. */
export const lastOverOf = (away: readonly Away[]) => Math.max(0, ...away.map(({ to, over = to }) => over));

/**
 * Letters come evenly. With shares of their own, those of a consumer that is away wait for it; otherwise the others take what
 * comes. A consumer that is away in two ways is away once.
 */
export function foreseen(sizing: Sizing, floodSeconds: number, away: readonly Away[]): Foreseen {
  const { perSecond, instances, shares, unread, pauseSeconds } = sizing;
  const lastOver = lastOverOf(away);
  const settled = settledBacklog(sizing);
  const queues = Array.from({ length: shares === 'own' ? instances : 1 }, () => new Fluid(pauseSeconds));
  let [most, recoveredAt] = [0, Number.NaN];
  for (let step = 0; step * STEP_SECONDS < MOST_SECONDS; step += 1) {
    const at = step * STEP_SECONDS;
    const gone = (consumer: number) =>
      away.some((one) => at >= one.from && at < one.to && (one.consumer ?? consumer) === consumer);
    const there = Array.from({ length: instances }, (_, consumer) => (gone(consumer) ? 0 : 1));
    const arrives = at < floodSeconds ? perSecond : 0;
    const { clearedPerSecond } = sizing.changed !== undefined && at >= sizing.changed.from ? sizing.changed : sizing;
    const held = unread !== undefined && at >= unread.from && at < unread.to ? unread.ratio : 0;
    for (const [share, queue] of queues.entries()) {
      const hands = shares === 'own' ? there[share] : there.reduce<number>((sum, one) => sum + one, 0);
      queue.flow((STEP_SECONDS * arrives) / queues.length, (STEP_SECONDS * clearedPerSecond * hands) / instances, held);
    }
    const backlog = queues.reduce((sum, { waiting }) => sum + waiting, 0);
    most = Math.max(most, backlog);
    if (Number.isNaN(recoveredAt) && at >= lastOver && backlog <= settled) recoveredAt = at;
    if (at >= floodSeconds && at >= lastOver && backlog === 0) {
      const waits = queues.flatMap((queue) => queue.waits()).sort((a, b) => a - b);
      return {
        mostBacklog: Math.max(most, sizing.peakBacklog),
        waits: { p99: waits[Math.floor(0.99 * (waits.length - 1))] ?? 0, most: waits.at(-1) ?? 0 },
        emptyAt: at,
        recoveredAt,
      };
    }
  }
  throw new Error(`the consumers never drain ${perSecond} letters/s at ${sizing.clearedPerSecond}/s`);
}

/** One queue, step by step. */
class Fluid {
  public waiting = 0;
  /** Of those that wait, the ones that nobody reads. */
  private held = 0;
  /** What the round that runs has not done yet, and seconds until the next one. */
  private taken = 0;
  private pause = 0;
  private arrivedInAll = 0;
  /** All that had arrived, and all that had left, at the end of each step. */
  private readonly arrived: number[] = [];
  private readonly left: number[] = [];

  /** @param pauseSeconds between two rounds; undefined: it does not work in rounds */
  constructor(private readonly pauseSeconds: number | undefined) {}

  /** @param heldRatio of what arrives is read by nobody, for as long as it is above 0 */
  public flow(arrives: number, leaves: number, heldRatio: number): void {
    this.held = heldRatio > 0 ? this.held + heldRatio * arrives : 0;
    this.waiting = Math.max(this.held, this.waiting + arrives - this.ofRound(leaves));
    if (this.waiting < NOTHING) this.waiting = 0;
    this.arrivedInAll += arrives;
    this.arrived.push(this.arrivedInAll);
    this.left.push(this.arrivedInAll - this.waiting);
  }

  /** Of so many that could leave, those that the round has taken. Who was away begins a round with all that waits. */
  private ofRound(leaves: number): number {
    if (this.pauseSeconds === undefined) return leaves;
    if (leaves === 0) {
      [this.taken, this.pause] = [0, 0];
      return 0;
    }
    if (this.pause > 0) {
      this.pause -= STEP_SECONDS;
      return 0;
    }
    if (this.taken === 0) this.taken = this.waiting;
    const done = Math.min(leaves, this.taken);
    this.taken -= done;
    if (this.taken < NOTHING) [this.taken, this.pause] = [0, this.pauseSeconds];
    return done;
  }

  /** Seconds until what came in a step has left, for each step in which something came. */
  public waits(): number[] {
    let [step, before] = [0, 0];
    return this.arrived.flatMap((sum, at) => {
      const came = sum > before;
      before = sum;
      if (!came) return [];
      step = Math.max(step, at);
      while (step < this.left.length - 1 && this.left[step] < sum - NOTHING) step += 1;
      return [STEP_SECONDS * (step - at)];
    });
  }
}
