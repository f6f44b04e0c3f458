/** What is broken in a torture run, and when: seeded, so that a run can be repeated, and plain data, so that it can be shrunk. */
import { Random } from '../../lib/flow/numerics/random';

/**
 * kill: a consumer, with SIGKILL; its supervisor starts it again. upgrade: every consumer in turn is replaced by its new version.
 * replan: the engine gets the numbers of a changed plan, and then the consumers do. restart: the broker, after a clean stop.
 * crash: the broker, with SIGKILL. cut: the broker answers nobody for a while, and connections stay open.
 */
export const FAULT_KINDS = ['kill', 'upgrade', 'replan', 'restart', 'crash', 'cut'] as const;

/**
 * Faults that come only when they are asked for. store: what the consumers keep their keys and effects in is away for a while, and
 * the queue is not.
 */
export const GIVEN_KINDS = ['store'] as const;

/** One of them. */
export type FaultKind = (typeof FAULT_KINDS)[number] | (typeof GIVEN_KINDS)[number];

/** One fault. */
export interface Fault {
  /** Seconds from the first letter, in tenths: so it is printed. */
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
  /** Consumers that run. */
  readonly consumers: number;
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
export function faultsOf(torment: Torment, seed: number): Fault[] {
  const { seconds, killEverySeconds, cutSeconds, consumers, kinds } = torment;
  const random = new Random(seed);
  const faults: Fault[] = [];
  for (const [kind, share] of ONCE) {
    const at = seconds * (share + 0.05 * (random.uniform() - 0.5));
    if (kinds.includes(kind))
      faults.push({ at: tenths(at), kind, ...(kind === 'cut' && { seconds: tenths(cutSeconds) }) });
  }
  if (kinds.includes('kill')) {
    const every = Math.min(killEverySeconds, LAST_KILL * seconds);
    for (let at = every * random.uniform(); at < LAST_KILL * seconds; at += every * (0.5 + random.uniform()))
      faults.push({ at: tenths(at), kind: 'kill', victim: Math.floor(random.uniform() * consumers) });
  }
  return faults.sort((a, b) => a.at - b.at);
}

const tenths = (seconds: number) => Math.round(10 * seconds) / 10;

/** As it is printed, and as `--faults` takes it: the very same schedule. */
export function spoken(faults: readonly Fault[]): string {
  return faults
    .map(({ at, kind, seconds, victim }) =>
      [kind, victim === undefined ? '' : `#${victim}`, `@${at}`, seconds === undefined ? '' : `+${seconds}`].join(''),
    )
    .join(' ');
}

const NUMBER = '(\\d+(?:\\.\\d+)?)';
const WRITTEN = new RegExp(`^(${[...FAULT_KINDS, ...GIVEN_KINDS].join('|')})(?:#(\\d+))?@${NUMBER}(?:\\+${NUMBER})?$`);

/** The reverse of `spoken`. A kill that names no consumer is of the one at its place in the list. */
export function faultsIn(text: string): Fault[] {
  return text
    .split(/\s+/)
    .filter(Boolean)
    .map((word, index) => {
      const [, kind, victim = String(index), at, seconds] = WRITTEN.exec(word) ?? [];
      if (kind === undefined) throw new Error(`a fault is written as kill#1@12.5 or cut@40+30, got ${word}`);
      return {
        at: Number(at),
        kind: kind as FaultKind,
        ...(seconds !== undefined && { seconds: Number(seconds) }),
        ...(kind === 'kill' && { victim: Number(victim) }),
      };
    });
}
