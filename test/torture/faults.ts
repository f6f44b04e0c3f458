/** What is broken in a torture run, and when: seeded, so that a run can be repeated, and plain data, so that it can be shrunk. */
import { Random } from '../../lib/flow/numerics/random';

/**
 * kill: a consumer, with SIGKILL; its supervisor starts it again. restart: the broker, after a clean stop. crash: the broker,
 * with SIGKILL. cut: the broker answers nobody for a while, and connections stay open.
 */
export type FaultKind = 'kill' | 'restart' | 'crash' | 'cut';

/** One fault. */
export interface Fault {
  /** Seconds from the first letter. */
  readonly at: number;
  readonly kind: FaultKind;
  /** How long it lasts; none for what is over at once. */
  readonly seconds?: number;
  /** Which consumer, of those that run. */
  readonly victim?: number;
}

/** What an engine can take, and for how long its senders send. */
export interface Torment {
  readonly seconds: number;
  /** Mean seconds between two kills. */
  readonly killEverySeconds: number;
  readonly cutSeconds: number;
  readonly kinds: readonly FaultKind[];
}

/**
 * The broker is restarted before the half, crashes after it, and is cut off near the end; consumers are killed all the time. No
 * two faults of the broker overlap: what a broker does while it starts is its own.
 */
export function faultsOf({ seconds, killEverySeconds, cutSeconds, kinds }: Torment, seed: number): Fault[] {
  const random = new Random(seed);
  const faults: Fault[] = [];
  const near = (share: number) => seconds * (share + 0.05 * (random.uniform() - 0.5));
  const broker: readonly [FaultKind, number][] = [
    ['restart', 0.35],
    ['crash', 0.6],
    ['cut', 0.8],
  ];
  for (const [kind, share] of broker) {
    const at = near(share);
    if (kinds.includes(kind)) faults.push({ at, kind, ...(kind === 'cut' && { seconds: cutSeconds }) });
  }
  if (kinds.includes('kill')) {
    for (let at = killEverySeconds * random.uniform(); at < seconds; at += killEverySeconds * (0.5 + random.uniform()))
      faults.push({ at, kind: 'kill', victim: Math.floor(random.uniform() * 2 ** 16) });
  }
  return faults.sort((a, b) => a.at - b.at);
}

/** As it is printed, and as `--faults` takes it. */
export function spoken(faults: readonly Fault[]): string {
  return faults.map(({ at, kind, seconds }) => `${kind}@${at.toFixed(1)}${seconds ? `+${seconds}` : ''}`).join(' ');
}

/** The reverse of `spoken`. */
export function faultsIn(text: string): Fault[] {
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((word, index) => {
      const [, kind, at, seconds] = /^(kill|restart|crash|cut)@(\d+(?:\.\d+)?)(?:\+(\d+(?:\.\d+)?))?$/.exec(word) ?? [];
      if (kind === undefined) throw new Error(`a fault is written as kill@12.5 or cut@40+30, got ${word}`);
      return {
        at: Number(at),
        kind: kind as FaultKind,
        ...(seconds !== undefined && { seconds: Number(seconds) }),
        ...(kind === 'kill' && { victim: index }),
      };
    });
}
