/** What a torture run asks of an engine. */
import type { Effects } from './effects';
import type { FaultKind } from './faults';
import type { Letter } from './letters';
import type { Pods } from './pods';

/** The numbers of a run, from the plan of the engine's construct. */
export interface Sizing {
  readonly perSecond: number;
  /** Consumers that run. */
  readonly instances: number;
  /** Letters that all of them finish in a second. */
  readonly clearedPerSecond: number;
  /** Whether each consumer has letters of its own, as with partitions, or all take from one queue. */
  readonly shares: 'own' | 'common';
  /** Seconds for which the work of a killed consumer is not done: until it runs again, or another has taken it over. */
  readonly takeoverSeconds: number;
  /** Whether the work of a killed consumer goes on when it is ready again: then that is measured. Default: false. */
  readonly isBackWhenReady?: boolean;
  /** Seconds from when the engine is back until the consumers take letters again, on average. Default: 0. */
  readonly resumeSeconds?: number;
  /** Waiting letters at the peak without any fault, by the plan. */
  readonly peakBacklog: number;
  /** The rate by a changed plan, and from when on. Default: the plan is not changed, or clears as much. */
  readonly changed?: { readonly from: number; readonly clearedPerSecond: number };
  /** Work goes in rounds: each does what waited when it began, and the next begins so many seconds later. Default: it does not. */
  readonly pauseSeconds?: number;
  /** While a share of what comes is read by nobody, though its consumers are there. Default: never. */
  readonly unread?: Unread;
}

/** What comes meanwhile to a share of the partitions waits for the end. */
export interface Unread {
  readonly from: number;
  readonly to: number;
  /** 0 to 1. */
  readonly ratio: number;
}

/** Consumers that are away. */
export interface Away {
  readonly from: number;
  readonly to: number;
  /** When the fault was over, where they come back later than that. */
  readonly over?: number;
  /** Which consumer; all of them when none is named. */
  readonly consumer?: number;
}

/** An engine that runs, with its consumers. */
export interface Running {
  readonly sizing: Sizing;
  readonly pods: Pods;
  /** What stands in front of the engine and takes the letters; an upgrade replaces it too. */
  readonly front?: Pods;
  /** Letters that were refused for good where they were sent. */
  refused?(): ReadonlySet<string>;
  /** The effects that letters had; files in the folder of the run unless the engine keeps its own. */
  readonly effects?: Effects;
  /** Resolves when the engine has taken them all, in their order. Rejects when it is not known whether it has. */
  send(letters: readonly Letter[]): Promise<void>;
  /** Breaks the engine; resolves when it can be reached again. */
  strike(kind: EngineFault, seconds: number): Promise<void>;
  /** Resolves when others, or it, go on with the work of a consumer that was killed just now, where that is not when it is ready again. */
  takenOver?(consumer: number): Promise<unknown>;
  /** Carries out a changed plan while letters come; resolves to the settings that the consumers are to run with from now on. */
  replan?(): Promise<Readonly<Record<string, string>>>;
  /** Bodies of letters that were set aside, and all that is said of them. */
  aside(): Promise<{ readonly bodies: readonly string[]; readonly said: string }>;
  /** Letters that are left where consumers take them. */
  left(): Promise<number>;
  /**
   * Numbers of the sizing that were assumed, as this run has measured them.
   *
   * @param away what is not counted, in seconds from `beganAt`, which is in milliseconds since the epoch
   */
  measured?(away: readonly Away[], beganAt: number): Partial<Sizing>;
  stop(): Promise<void>;
}

/** What no repetition mends: it ends the run, with its reason. */
export class Broken extends Error {
  public override readonly name = 'Broken';
}

/** Faults that are the engine's; the others are the consumers'. */
export type EngineFault = Extract<FaultKind, 'restart' | 'crash' | 'cut' | 'store'>;

/** An engine by its name. */
export interface Engine {
  readonly title: string;
  /** Whether letters of a key keep their order. */
  readonly ordered: boolean;
  /** Whether what is said of a letter that failed quotes its error; secrets in it are masked then. */
  readonly quotes: boolean;
  /** Whether what came first is taken first: only then a longest wait can be foreseen. */
  readonly isFifo: boolean;
  /** Numbers that are in no plan, for the page: how they are told apart from what was measured. */
  readonly assumed: string;
  readonly kinds: readonly FaultKind[];
  /** What it takes besides, in a schedule that is given. */
  readonly given?: readonly FaultKind[];
  /** Cores that all of a run takes, measured on a machine of two. */
  readonly cores: number;
  /** Mean seconds between two kills: a group of Kafka needs a session to notice one. */
  readonly killEverySeconds: number;
  /** Why it cannot run here; undefined when it can. */
  missing(): string | undefined;
  start(messages: number, folder: string): Promise<Running>;
}
