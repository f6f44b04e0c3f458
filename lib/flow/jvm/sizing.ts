/** How large heap and container are, how long a collection takes, and what is left for the program. */
import { sojournQuantile } from '../numerics/erlang';
import { COLLECTORS, type CollectorName, isGenerational, SHORTEST_STOPPING_PAUSE_SECONDS } from './collectors';
import { taskMemoryBytes } from './task';
import type { JvmQuestion } from './workload';

export const MIB = 2 ** 20;

/** Processors where none are given: the fewest with which a JVM is of server class and a collection runs beside it. */
const DEFAULT_PROCESSORS = 2;
/** ZGC's own factor for a rate that rises while it collects: `ZAllocationSpikeTolerance`. */
const SPIKE_TOLERANCE = 2;
/** Bytes that one thread marks a second. Assumed; 3.2 GB/s were measured on an idle machine. */
export const MARK_BYTES_PER_SECOND = 1e9;
/** Bytes that one thread copies a second while the program stands still. Assumed. */
export const COPY_BYTES_PER_SECOND = 5e8;
/** Seconds of a young collection ÷ those of a whole one: 0.043 ÷ 0.135 as measured. */
export const YOUNG_RATIO = 1 / 3;
/** Bytes of the heap for each live byte, at least: fragments of regions, and what old objects left behind. */
export const OLD_RATIO = 1.1;
/**
 * Of a heap with generations that is collected beside the program, at most this much is live. Measured on Java 21 and 25: stalls
 * with 67 and 69 % live, none with 56 and 63 %, however short a young collection is; objects of several ages have pages of
 * their own.
 */
export const MOST_LIVE_RATIO = 0.6;
/** Above this it stalls: between the 63 % that did not and the 67 % that did. */
const STALLING_LIVE_RATIO = 0.65;
/**
 * A collection beside the program has phases that do not depend on the live set: 4 to 25 ms were measured beside 5 and 20 MB
 * with Java 17, 21 and 25.
 */
export const LEAST_CYCLE_SECONDS = 0.02;
/** Not each collector of each release starts with 2 MiB; with 4 they do. */
export const LEAST_HEAP_BYTES = 4 * MIB;
/** Of the processors: more than this for the collector, and the program is not what they are paid for. */
export const MOST_COLLECTOR_RATIO = 0.25;
/** Share of all processors that mark beside the program (HotSpot, `ConcGCThreads`). */
const CONCURRENT_RATIO = 4;

/** G1: the occupancy at which marking begins, the young generation's bounds, and the reserve; HotSpot's defaults. */
const G1 = { occupancy: 0.45, leastYoung: 0.05, mostYoung: 0.6, reserve: 0.1 };
/** Parallel: the heap for each live byte (Hunt and John, Java Performance, 2011, ch. 7: 3 to 4), and the old share of it. */
const PARALLEL = { heapRatio: 3, oldShare: 2 / 3 };

/** So long the program runs at least from one stop to the next, also at the tolerated rate, lest it stops too often. */
export const LEAST_RUN_SECONDS = SHORTEST_STOPPING_PAUSE_SECONDS * (1 / MOST_COLLECTOR_RATIO - 1);

/** Bytes of everything but the heap. */
export const STACK_BYTES = MIB;
/** The JVM itself, its symbols, the flight recorder's buffers, and what the C library keeps. */
export const OTHER_BYTES = 64 * MIB;
/** Containers are sized in whole steps, as nodes and people count. */
const STEP_BYTES = 64 * MIB;
/** Java buildpack memory calculator: bytes for each class, and at least. */
export const METASPACE = { classBytes: 5800, leastBytes: 14e6 };
const CODE_CACHE_BYTES = 128 * MIB;
const DIRECT_BYTES = 64 * MIB;
const THREADS = 200;
const CLASSES = 15_000;
const SURVIVORS = 0.1;

/** Everything that is fixed before the load comes. */
export interface Sizes {
  readonly collector: CollectorName;
  readonly generational: boolean;
  readonly cpu: number;
  /** Threads that collect beside the program; 0 where none do. */
  readonly concurrentThreads: number;
  readonly cycleSeconds: number;
  readonly spikeTolerance: number;
  readonly heapBytes: number;
  /** With less, the program stalls or the collector stops it for as long as it takes. */
  readonly leastHeapBytes: number;
  /** Bytes of the young generation of a collector that stops the program. */
  readonly youngBytes: number;
  readonly metaspaceBytes: number;
  readonly codeCacheBytes: number;
  readonly threads: number;
  readonly directBytes: number;
  readonly overheadBytes: number;
  readonly memoryBytes: number;
}

/** The sizes with a collector. */
export function sizesOf(question: JvmQuestion, collector: CollectorName): Sizes {
  const { workload, cpu = DEFAULT_PROCESSORS, spikeTolerance = SPIKE_TOLERANCE } = question;
  const { concurrent, overheadRatio } = COLLECTORS[collector];
  const generational = isGenerational(collector, question.jdk);
  const concurrentThreads = collector === 'Parallel' ? 0 : Math.max(1, Math.floor(cpu / CONCURRENT_RATIO));
  const cycleSeconds =
    question.cycleSeconds ?? cycleOf(workload.liveBytes, collector, generational, concurrentThreads, cpu);
  const cycle = { collector, generational, cycleSeconds };
  const heapBytes =
    question.heapBytes ?? up(Math.max(LEAST_HEAP_BYTES, comfortableHeap(question, cycle, spikeTolerance)), 2 * MIB);
  const metaspaceBytes = question.metaspaceBytes ?? metaspaceFor(workload.loadedClasses ?? CLASSES);
  const codeCacheBytes = question.codeCacheBytes ?? CODE_CACHE_BYTES;
  const threads = workload.threads ?? THREADS;
  // 0 would mean as much as the heap.
  const directBytes = Math.max(MIB, workload.directBytes ?? DIRECT_BYTES);
  const overheadBytes = overheadRatio * heapBytes;
  const all =
    heapBytes + metaspaceBytes + codeCacheBytes + threads * STACK_BYTES + directBytes + overheadBytes + OTHER_BYTES;
  return {
    collector,
    generational,
    cpu,
    concurrentThreads,
    cycleSeconds,
    spikeTolerance,
    heapBytes,
    leastHeapBytes: leastHeap(question, cycle, 1),
    youngBytes: concurrent ? 0 : youngOf(question, collector, heapBytes, cpu),
    metaspaceBytes,
    codeCacheBytes,
    threads,
    directBytes,
    overheadBytes,
    memoryBytes: up(all, STEP_BYTES),
  };
}

/** Up to a whole number of steps. */
function up(bytes: number, step: number): number {
  return step * Math.ceil(bytes / step);
}

function metaspaceFor(classes: number): number {
  return up(METASPACE.classBytes * classes + METASPACE.leastBytes, STEP_BYTES);
}

function cycleOf(live: number, collector: CollectorName, generational: boolean, threads: number, cpu: number): number {
  if (collector === 'Parallel') return Math.max(SHORTEST_STOPPING_PAUSE_SECONDS, live / (COPY_BYTES_PER_SECOND * cpu));
  const whole = live / (MARK_BYTES_PER_SECOND * threads);
  return Math.max(LEAST_CYCLE_SECONDS, generational && COLLECTORS[collector].concurrent ? YOUNG_RATIO * whole : whole);
}

/** What a heap follows from, beside the load. */
type Cycle = Pick<Sizes, 'collector' | 'generational' | 'cycleSeconds'>;

/** The smallest heap with which the program does not stall at so many times the allocation rate. */
function leastHeap({ workload }: JvmQuestion, { collector, generational, cycleSeconds }: Cycle, times: number): number {
  const { liveBytes, allocationBytesPerSecond, survivorRatio = SURVIVORS } = workload;
  const duringCycle = times * allocationBytesPerSecond * cycleSeconds;
  switch (collector) {
    case 'Parallel':
      return (OLD_RATIO * liveBytes) / PARALLEL.oldShare;
    case 'G1':
      return (OLD_RATIO * liveBytes + survivorRatio * duringCycle) / (1 - G1.reserve - G1.leastYoung);
    default:
      // What is allocated during a collection outlives it, while the next one is already being allocated.
      return generational
        ? Math.max(liveBytes / STALLING_LIVE_RATIO, OLD_RATIO * liveBytes + 2 * duringCycle)
        : Math.max(OLD_RATIO * liveBytes, liveBytes + 2 * duringCycle);
  }
}

/** The largest live set for which the heap is not too small, at the planned rate and cycle. */
export function mostLive({ workload }: JvmQuestion, sizes: Sizes): number {
  const { allocationBytesPerSecond, survivorRatio = SURVIVORS } = workload;
  const { collector, generational, cycleSeconds, heapBytes } = sizes;
  const duringCycle = allocationBytesPerSecond * cycleSeconds;
  switch (collector) {
    case 'Parallel':
      return (PARALLEL.oldShare * heapBytes) / OLD_RATIO;
    case 'G1':
      return ((1 - G1.reserve - G1.leastYoung) * heapBytes - survivorRatio * duringCycle) / OLD_RATIO;
    default:
      return generational
        ? Math.min(STALLING_LIVE_RATIO * heapBytes, (heapBytes - 2 * duringCycle) / OLD_RATIO)
        : Math.min(heapBytes / OLD_RATIO, heapBytes - 2 * duringCycle);
  }
}

/** The heap that is asked for: the smallest at the tolerated rate, and what the collector needs to collect rarely. */
function comfortableHeap(question: JvmQuestion, cycle: Cycle, spikeTolerance: number): number {
  const { liveBytes, allocationBytesPerSecond } = question.workload;
  const least = leastHeap(question, cycle, spikeTolerance);
  const young = spikeTolerance * allocationBytesPerSecond * LEAST_RUN_SECONDS;
  if (cycle.collector === 'Parallel')
    return Math.max(least, PARALLEL.heapRatio * liveBytes, young / (1 - PARALLEL.oldShare));
  if (cycle.collector === 'G1')
    return Math.max(
      least,
      liveBytes / G1.occupancy,
      young / G1.mostYoung,
      // As `youngOf` divides what is free.
      (liveBytes + 2 * young) / (1 - G1.reserve),
    );
  return cycle.generational ? Math.max(least, liveBytes / MOST_LIVE_RATIO) : least;
}

function youngOf({ workload, objective }: JvmQuestion, collector: CollectorName, heap: number, cpu: number): number {
  if (collector === 'Parallel') return (1 - PARALLEL.oldShare) * heap;
  const { survivorRatio = SURVIVORS, liveBytes } = workload;
  // Half of what is free beside the live set: in the other half old objects gather until marking has ended.
  const most = Math.min(G1.mostYoung * heap, ((1 - G1.reserve) * heap - liveBytes) / 2);
  const withinPause = survivorRatio > 0 ? (objective.pauseSeconds * COPY_BYTES_PER_SECOND * cpu) / survivorRatio : most;
  return Math.max(G1.leastYoung * heap, Math.min(most, withinPause));
}

/** What the program sees of its collector. */
export interface Behaviour {
  readonly pauseSeconds: number;
  readonly intervalSeconds: number;
  readonly stoppedRatio: number;
  readonly collectorCpuRatio: number;
  readonly latencySeconds?: number;
}

/** How it runs at so many times the load. */
export function behaviourOf(question: JvmQuestion, sizes: Sizes, times = 1): Behaviour {
  const collection = COLLECTORS[sizes.collector].concurrent
    ? besideProgram(question, sizes, times)
    : stoppingProgram(question, sizes, times);
  const latencySeconds = latencyOf(question, sizes, collection, times);
  return { ...collection, ...(latencySeconds !== undefined && { latencySeconds }) };
}

/**
 * ZGC begins a collection when what is free would last, at `spikeTolerance` times the rate, for as long as one takes. So
 * from the end of one to the beginning of the next the program fills what is free beyond that.
 *
 * Source: HotSpot, zDirector.cpp, rule_allocation_rate.
 */
function besideProgram(question: JvmQuestion, sizes: Sizes, times: number): Omit<Behaviour, 'latencySeconds'> {
  const { liveBytes, allocationBytesPerSecond } = question.workload;
  const { generational, heapBytes, cycleSeconds, spikeTolerance, cpu, concurrentThreads, collector } = sizes;
  const rate = times * allocationBytesPerSecond;
  const spare = heapBytes - (generational ? OLD_RATIO : 1) * liveBytes - (1 + spikeTolerance) * rate * cycleSeconds;
  const intervalSeconds = cycleSeconds + Math.max(0, spare) / rate;
  const pauseSeconds = COLLECTORS[collector].pauseSeconds!;
  return {
    pauseSeconds,
    intervalSeconds,
    stoppedRatio: pauseSeconds / (intervalSeconds + pauseSeconds),
    collectorCpuRatio: ((concurrentThreads / cpu) * cycleSeconds) / intervalSeconds,
  };
}

/** Young collections stop the program for what survives, and old ones of Parallel for the live set. */
function stoppingProgram(question: JvmQuestion, sizes: Sizes, times: number): Omit<Behaviour, 'latencySeconds'> {
  const { liveBytes, allocationBytesPerSecond, survivorRatio = SURVIVORS } = question.workload;
  const { collector, cpu, youngBytes, heapBytes, cycleSeconds, concurrentThreads } = sizes;
  const rate = times * allocationBytesPerSecond;
  const young = Math.max(SHORTEST_STOPPING_PAUSE_SECONDS, (youngBytes * survivorRatio) / (COPY_BYTES_PER_SECOND * cpu));
  const runs = youngBytes / rate;
  const growth = rate * survivorRatio;
  if (collector === 'Parallel') {
    const filled = Math.max(0, PARALLEL.oldShare * heapBytes - liveBytes) / growth;
    return {
      pauseSeconds: Math.max(young, cycleSeconds),
      intervalSeconds: runs + young,
      stoppedRatio: Math.min(1, young / (runs + young) + cycleSeconds / (filled + cycleSeconds)),
      collectorCpuRatio: 0,
    };
  }
  const filled = Math.max(0, (1 - G1.reserve) * heapBytes - youngBytes - liveBytes) / growth;
  return {
    pauseSeconds: young,
    intervalSeconds: runs + young,
    stoppedRatio: young / (runs + young),
    collectorCpuRatio: ((concurrentThreads / cpu) * cycleSeconds) / Math.max(cycleSeconds, filled),
  };
}

/**
 * Requests share the processors with the collector, wait for a thread, and for one pause at most. Stops make the work of
 * each longer on average; that a stop comes all at once is in the pause that is added.
 */
function latencyOf(
  { workload, objective }: JvmQuestion,
  { cpu }: Sizes,
  { pauseSeconds, stoppedRatio, collectorCpuRatio }: Omit<Behaviour, 'latencySeconds'>,
  times: number,
): number | undefined {
  const { requestsPerSecond, serviceSeconds, serviceVariation, requestThreads = cpu } = workload;
  if (requestsPerSecond === undefined || serviceSeconds === undefined) return undefined;
  const left = (1 - stoppedRatio) * (1 - collectorCpuRatio);
  if (left <= 0) return Number.POSITIVE_INFINITY;
  const stage = {
    arrivalsPerSecond: times * requestsPerSecond,
    serviceSeconds: serviceSeconds / left,
    slots: requestThreads,
    ...(serviceVariation !== undefined && { serviceVariation }),
  };
  return pauseSeconds + sojournQuantile({ ...stage, quantile: objective.latencyQuantile ?? 0.99 });
}

/** What is in the way of a promise. */
export type Obstacle = 'processors' | 'pause' | 'heap' | 'collector' | 'memory' | 'task' | 'latency';

/** The first promise that the sizes break at so many times the load; undefined when all hold. */
export function brokenBy(question: JvmQuestion, sizes: Sizes, times = 1): Obstacle | undefined {
  const { objective } = question;
  if (COLLECTORS[sizes.collector].concurrent && sizes.cpu < 2) return 'processors';
  const { pauseSeconds, stoppedRatio, collectorCpuRatio, latencySeconds } = behaviourOf(question, sizes, times);
  if (pauseSeconds > objective.pauseSeconds) return 'pause';
  if (sizes.heapBytes < leastHeap(question, sizes, times)) return 'heap';
  // A rule of sizing, not a promise: above the planned load the collector may take more.
  if (times === 1 && Math.max(stoppedRatio, collectorCpuRatio) > MOST_COLLECTOR_RATIO + 1e-9) return 'collector';
  if (sizes.memoryBytes > (objective.memoryBytes ?? Number.POSITIVE_INFINITY)) return 'memory';
  if (question.platform === 'fargate' && taskMemoryBytes(sizes, question.taskMemoryBytes) === undefined) return 'task';
  if (latencySeconds !== undefined && latencySeconds > (objective.latencySeconds ?? Number.POSITIVE_INFINITY))
    return 'latency';
  return undefined;
}
