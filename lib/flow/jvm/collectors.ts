/** Collectors of HotSpot and flags that only some releases have: one table, which plan and rules read. */

/** Collectors that a plan chooses from. */
export const COLLECTOR_NAMES = ['G1', 'Parallel', 'Shenandoah', 'ZGC'] as const;

/** The name of a collector. */
export type CollectorName = (typeof COLLECTOR_NAMES)[number];

/** The first and the last release that a plan writes flags for. */
export const FIRST_RELEASE = 17;
export const LAST_RELEASE = 26;
/** Releases with long-term support: their flags are tested on a real JVM. */
export const TESTED_RELEASES = [17, 21, 25] as const;

/**
 * The shortest pause that is promised of a collector that stops the program, whatever its goal. G1 of JDK 25 paused for 22 to
 * 51 ms beside a live set of 427 MiB on two busy cores.
 */
export const SHORTEST_STOPPING_PAUSE_SECONDS = 0.05;

/**
 * A JVM with fewer processors, or with less memory, is no "server class machine", and takes Serial when no collector is
 * named.
 *
 * Source: HotSpot Virtual Machine Garbage Collection Tuning Guide, Ergonomics; `os::is_server_class_machine`.
 */
export const SERVER_CLASS = { processors: 2, bytes: 1792 * 2 ** 20 };

/** A collector. */
export interface Collector {
  /** The flag that selects it, without `-XX:+`. */
  readonly flag: string;
  /** Whether marking and moving go on beside the program. */
  readonly concurrent: boolean;
  /** The pause in seconds that a concurrent collector keeps below, whatever the heap. */
  readonly pauseSeconds?: number;
  /** Share of the heap for its own structures: marks, remembered sets, forwarding tables. */
  readonly overheadRatio: number;
  /** The first release in which it collects young objects by themselves. */
  readonly generationalFrom: number;
}

/**
 * The collectors, by name.
 *
 * Source of the pauses: JEP 376, ZGC: Concurrent Thread-Stack Processing (below 1 ms); JEP 379, Shenandoah (below 10 ms).
 */
export const COLLECTORS: Readonly<Record<CollectorName, Collector>> = {
  G1: { flag: 'UseG1GC', concurrent: false, overheadRatio: 0.1, generationalFrom: 0 },
  Parallel: { flag: 'UseParallelGC', concurrent: false, overheadRatio: 0.05, generationalFrom: 0 },
  Shenandoah: {
    flag: 'UseShenandoahGC',
    concurrent: true,
    pauseSeconds: 0.01,
    overheadRatio: 0.05,
    generationalFrom: 25,
  },
  ZGC: { flag: 'UseZGC', concurrent: true, pauseSeconds: 0.001, overheadRatio: 0.05, generationalFrom: 21 },
};

/** A flag that not every release has. */
export interface ReleasedFlag {
  /** As it is written, without a value: `ZGenerational`, or with the one that matters: `ShenandoahGCMode=generational`. */
  readonly flag: string;
  /** The first release that starts with it. */
  readonly first: number;
  /** The first release that needs no `-XX:+UnlockExperimentalVMOptions` for it. */
  readonly productFrom: number;
  /** The first release that ignores it, with a warning. */
  readonly ignoredFrom?: number;
  /** What to do in a release that has it not. */
  readonly instead: string;
  readonly source: string;
}

/** Flags of collectors that came or went since release 8. */
export const RELEASED_FLAGS: readonly ReleasedFlag[] = [
  {
    flag: 'ZGenerational',
    first: 21,
    productFrom: 21,
    ignoredFrom: 24,
    instead: 'remove it: ZGC has no generations before 21, and nothing else from 24 on',
    source: 'JEP 439: Generational ZGC; JEP 490: ZGC: Remove the Non-Generational Mode',
  },
  {
    flag: 'ShenandoahGCMode=generational',
    first: 24,
    productFrom: 25,
    instead: 'remove it, or use Java 25',
    source: 'JEP 404: Generational Shenandoah (Experimental), in 24; JEP 521, a product in 25',
  },
  {
    flag: 'UseCompactObjectHeaders',
    first: 24,
    productFrom: 25,
    instead: 'remove it, or use Java 25',
    source: 'JEP 450: Compact Object Headers (Experimental), in 24; JEP 519, a product in 25',
  },
  {
    flag: 'UseZGC',
    first: 11,
    productFrom: 15,
    instead: 'use -XX:+UseG1GC, or a newer Java',
    source: 'JEP 333: ZGC (Experimental), in 11; JEP 377, a product in 15',
  },
];

/** Whether a collector has generations in a release. */
export function isGenerational(name: CollectorName, release: number): boolean {
  return release >= COLLECTORS[name].generationalFrom;
}

/** The flags that select a collector with its generations, in a release. */
export function collectorFlags(name: CollectorName, release: number): string[] {
  const select = `-XX:+${COLLECTORS[name].flag}`;
  if (name === 'ZGC' && (release === 21 || release === 22)) return [select, '-XX:+ZGenerational'];
  if (name === 'Shenandoah' && isGenerational(name, release)) return [select, '-XX:ShenandoahGCMode=generational'];
  return [select];
}
