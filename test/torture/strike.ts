/** Breaks what a schedule says, and keeps a record of what was broken, and of which consumers were away for how long. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Away, EngineFault, Running, Sizing } from './engine';
import type { Fault, FaultKind } from './faults';

/** Consumers that were away, as far as it was measured. */
interface Outage {
  readonly from: number;
  /** When they took letters again. */
  to?: number;
  /** When the engine answered again. */
  readonly over?: number;
  readonly consumer?: number;
}

/** Carries out one schedule. */
export class Striker {
  /** Faults that struck, at the time at which they did. */
  public readonly struck: Fault[] = [];
  /** Seconds until the work of each consumer that was killed went on, where that was measured. */
  public readonly takeovers: number[] = [];
  private readonly outages: Outage[] = [];
  private rollsLeft = 0;

  constructor(
    private readonly running: Pick<Running, 'pods' | 'front' | 'sizing' | 'takenOver' | 'replan' | 'strike'>,
    private readonly elapsed: () => number,
    private readonly say: (line: string) => void,
  ) {}

  /** Whether the consumers are what they will be at the end. */
  public get rolledOut(): boolean {
    return this.rollsLeft === 0;
  }

  /** Every fault at its time. They follow one another, but for kills at the same time; what the others took is measured. */
  public async strikeAll(faults: readonly Fault[], failed: AbortSignal): Promise<void> {
    this.rollsLeft = faults.filter(({ kind }) => isRoll(kind)).length;
    for (const together of volleysOf(faults)) {
      await wait(Math.max(0, 1000 * (together[0].at - this.elapsed())), undefined, { signal: failed }).catch(() => {});
      if (failed.aborted) return;
      await Promise.all(together.map((fault) => this.strike(fault)));
    }
  }

  /** Consumers that were away; for what was not measured the numbers of the run are taken. */
  public away({ takeoverSeconds, resumeSeconds = 0 }: Sizing): readonly Away[] {
    return this.outages.map((outage) => {
      const { from, over } = outage;
      return { ...outage, to: outage.to ?? (over === undefined ? from + takeoverSeconds : over + resumeSeconds) };
    });
  }

  private async strike(fault: Fault): Promise<void> {
    const { kind, seconds = 0, victim = 0 } = fault;
    if (kind === 'kill') return this.kill(fault, victim);
    const at = this.elapsed();
    this.say(`${at.toFixed(1)} s: ${kind}`);
    if (isRoll(kind)) {
      await this.roll(kind);
      this.rollsLeft -= 1;
    } else await this.breakEngine(kind, seconds, at);
    this.struck.push({ ...fault, at });
  }

  private async kill(fault: Fault, victim: number): Promise<void> {
    const from = this.elapsed();
    const killed = await this.running.pods.kill(victim);
    if (killed === undefined) {
      this.say(`${from.toFixed(1)} s: nothing was killed, consumer ${victim} was down`);
      return;
    }
    this.struck.push({ ...fault, at: from, victim: killed.number });
    const outage: Outage = { from, consumer: killed.number };
    this.outages.push(outage);
    const { sizing } = this.running;
    const back = this.running.takenOver?.(killed.number) ?? (sizing.isBackWhenReady ? killed.back : undefined);
    void back?.then(() => {
      outage.to = this.elapsed();
      this.takeovers.push(outage.to - from);
    });
  }

  private async roll(kind: 'upgrade' | 'replan'): Promise<void> {
    const { running } = this;
    const settings = kind === 'replan' ? await running.replan?.() : {};
    if (settings === undefined) throw new Error('the schedule has a changed plan, and the engine has none');
    if (kind === 'upgrade') await running.front?.roll({}, () => {});
    await running.pods.roll(settings, (consumer, leftAt) => {
      const to = this.elapsed();
      this.outages.push({ from: to - (Date.now() - leftAt) / 1000, to, consumer });
    });
  }

  private async breakEngine(kind: EngineFault, seconds: number, from: number): Promise<void> {
    await this.running.strike(kind, seconds);
    this.outages.push({ from, over: this.elapsed() });
  }
}

/** Whether it gives the consumers a new version. */
export function isRoll(kind: FaultKind): kind is 'upgrade' | 'replan' {
  return kind === 'upgrade' || kind === 'replan';
}

/**
 * The schedule with its kills of one time together. One after the other each would give its letters to those who are killed next, as
 * often as the machine is slow, and a broker that counts deliveries would count them all.
 */
function volleysOf(faults: readonly Fault[]): readonly (readonly [Fault, ...Fault[]])[] {
  const volleys: [Fault, ...Fault[]][] = [];
  for (const fault of faults) {
    const last = volleys.at(-1);
    if (last !== undefined && [last[0], fault].every(({ kind, at }) => kind === 'kill' && at === fault.at))
      last.push(fault);
    else volleys.push([fault]);
  }
  return volleys;
}
