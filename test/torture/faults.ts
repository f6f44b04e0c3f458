/** What is broken in a torture run, and when: seeded, so that a run can be repeated, and plain data, so that it can be shrunk. */
import { Random } from '../../lib/flow/numerics/random';

/**
 * kill: a consumer, with SIGKILL; its supervisor starts it again. upgrade: every consumer in turn is replaced by its new version.
 * replan: the engine gets the numbers of a changed plan, and then the consumers do. restart: the broker, after a clean stop.
 * crash: the broker, with SIGKILL. cut: the broker answers nobody for a while, and connections stay open.
 */
export const FAULT_KINDS = ['kill', 'upgrade', 'replan', 'restart', 'crash', 'cut'] as const;

/** One of them. */
export type FaultKind = (typeof FAULT_KINDS)[number];

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

/** When what happens once happens, as shares of the flood. */
const ONCE: readonly (readonly [FaultKind, number])[] = [
  ['upgrade', 0.1],
  ['replan', 0.25],
  ['restart', 0.4],
  ['crash', 0.52],
  ['cut', 0.7],
];
/** Consumers are killed until then: what is left when the network comes back is the cut's alone, and can be foreseen. */
const LAST_KILL = 0.6;

/**
 * No two faults of the broker overlap: what a broker does while it starts is its own. Consumers are killed all the time before
 * the cut, which comes last: the time to recover from it is compared with the plan's.
 */
export function faultsOf({ seconds, killEverySeconds, cutSeconds, kinds }: Torment, seed: number): Fault[] {
  const random = new Random(seed);
  const faults: Fault[] = [];
  for (const [kind, share] of ONCE) {
    const at = seconds * (share + 0.05 * (random.uniform() - 0.5));
    if (kinds.includes(kind)) faults.push({ at, kind, ...(kind === 'cut' && { seconds: cutSeconds }) });
  }
  if (kinds.includes('kill')) {
    const every = Math.min(killEverySeconds, LAST_KILL * seconds);
    for (let at = every * random.uniform(); at < LAST_KILL * seconds; at += every * (0.5 + random.uniform()))
      faults.push({ at, kind: 'kill', victim: Math.floor(random.uniform() * 2 ** 16) });
  }
  return faults.sort((a, b) => a.at - b.at);
}

/** As it is printed, and as `--faults` takes it. */
export function spoken(faults: readonly Fault[]): string {
  return faults.map(({ at, kind, seconds }) => `${kind}@${at.toFixed(1)}${seconds ? `+${seconds}` : ''}`).join(' ');
}

const WRITTEN = new RegExp(`^(${FAULT_KINDS.join('|')})@(\\d+(?:\\.\\d+)?)(?:\\+(\\d+(?:\\.\\d+)?))?$`);

/** The reverse of `spoken`. */
export function faultsIn(text: string): Fault[] {
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((word, index) => {
      const [, kind, at, seconds] = WRITTEN.exec(word) ?? [];
      if (kind === undefined) throw new Error(`a fault is written as kill@12.5 or cut@40+30, got ${word}`);
      return {
        at: Number(at),
        kind: kind as FaultKind,
        ...(seconds !== undefined && { seconds: Number(seconds) }),
        ...(kind === 'kill' && { victim: index }),
      };
    });
}
