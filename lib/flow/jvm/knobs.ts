/** Every knob of a JVM with its reason, and the flags that they become. */
import { chosenKnob } from '../alarms';
import { type Knob, unlessGiven } from '../plan';
import { collectorFlags } from './collectors';
import {
  COPY_BYTES_PER_SECOND,
  LEAST_RUN_SECONDS,
  MARK_BYTES_PER_SECOND,
  METASPACE,
  MIB,
  OTHER_BYTES,
  type Sizes,
  STACK_BYTES,
  YOUNG_RATIO,
} from './sizing';
import type { JvmQuestion } from './workload';

/** Folder of the log and of the flight recorder. */
export const JVM_LOG_FOLDER = '/var/log/gc';
const LOG_FILES = 4;
const LOG_FILE_BYTES = 16 * MIB;
const RECORDER_BYTES = 64 * MIB;
/** The recorder drops a chunk only when it is full, and writes another meanwhile (JFR, `maxchunksize`). */
const RECORDER_CHUNK_BYTES = 12e6;

/** Heap, collector and the parts of the container. */
export function jvmKnobs(question: JvmQuestion, sizes: Sizes): Knob[] {
  return [...heapKnobs(question, sizes), ...memoryKnobs(question, sizes), ...logKnobs(question)];
}

/** How the heap follows, in the words of its collector. */
const HEAP_FORMULAS = {
  G1: 'max(live ÷ 0.45, (1.1 × live + spike × rate × survivors × marking) ÷ 0.85, young ÷ 0.6, (live + 2 × young) ÷ 0.9): marking begins at 45 %, and young = spike × rate × 0.15 s, so that it stops for a quarter of the time at most',
  Parallel:
    'max(3 × live, 3 × spike × rate × 0.15 s): a full collection stops the program for the live set, a young one for a quarter of the time at most',
  beside:
    'live + 2 × spike × rate × cycle: what is allocated during a collection outlives it, while the next is filled',
  young:
    'max(1.1 × live + 2 × spike × rate × young cycle, live ÷ 0.6): only young objects are collected each time, and objects of each age have pages of their own',
};

function heapKnobs(question: JvmQuestion, sizes: Sizes): Knob[] {
  const { workload, cycleSeconds, heapBytes, cpu, spikeTolerance } = question;
  const { liveBytes, allocationBytesPerSecond } = workload;
  const { collector, generational } = sizes;
  const kind = collector === 'G1' || collector === 'Parallel' ? collector : generational ? 'young' : 'beside';
  return [
    {
      name: 'jdk',
      value: question.jdk,
      unit: 'release',
      formula: 'given',
      inputs: {},
      source: 'set by hand',
    },
    {
      name: 'cpu',
      value: sizes.cpu,
      unit: 'processors',
      ...unlessGiven(cpu, '2: the fewest with which a collection runs beside the program'),
      source: 'HotSpot Garbage Collection Tuning Guide, Ergonomics; the flag ActiveProcessorCount',
    },
    {
      name: 'concurrentThreads',
      value: sizes.concurrentThreads,
      unit: 'threads',
      formula: collector === 'Parallel' ? '0: it stops the program' : 'max(1, processors ÷ 4)',
      inputs: { cpu: sizes.cpu },
      source: 'HotSpot, the flag ConcGCThreads; as JDK 17, 21 and 25 set it on 2 and 8 processors',
    },
    {
      name: 'cycleSeconds',
      value: sizes.cycleSeconds,
      unit: 's',
      ...unlessGiven(cycleSeconds, cycleFormula(sizes), {
        liveBytes,
        ...(collector === 'Parallel'
          ? { bytesPerSecond: COPY_BYTES_PER_SECOND, processors: sizes.cpu }
          : { bytesPerSecond: MARK_BYTES_PER_SECOND, threads: sizes.concurrentThreads }),
        ...(kind === 'young' && { youngRatio: YOUNG_RATIO }),
      }),
      source:
        'measured: 3.2 GB/s a thread and 1 ÷ 3 for the young, 4 to 25 ms beside 5 and 20 MB; a third of that speed is assumed',
    },
    {
      name: 'spikeTolerance',
      value: sizes.spikeTolerance,
      unit: 'ratio',
      ...unlessGiven(spikeTolerance, '2: the heap bears twice the rate'),
      source: 'HotSpot, the flag ZAllocationSpikeTolerance: 2',
    },
    {
      name: 'heapBytes',
      value: sizes.heapBytes,
      unit: 'bytes',
      ...unlessGiven(heapBytes, HEAP_FORMULAS[kind], {
        liveBytes,
        allocationBytesPerSecond,
        cycleSeconds: sizes.cycleSeconds,
        spikeTolerance: sizes.spikeTolerance,
        ...((collector === 'G1' || collector === 'Parallel') && { runSeconds: LEAST_RUN_SECONDS }),
      }),
      source: 'docs/constructs/k8s-jvm-service.md; measured with JDK 17, 21 and 25',
    },
  ];
}

function cycleFormula({ collector, generational }: Sizes): string {
  if (collector === 'Parallel') return 'max(50 ms, live ÷ (0.5 GB/s × processors)): the stop of a full collection';
  if (collector === 'G1' || !generational) return 'max(20 ms, live ÷ (1 GB/s × threads))';
  return 'max(20 ms, live ÷ (1 GB/s × threads) ÷ 3): a young collection';
}

function memoryKnobs(question: JvmQuestion, sizes: Sizes): Knob[] {
  const { metaspaceBytes, codeCacheBytes, workload } = question;
  const { threads, directBytes, overheadBytes, heapBytes } = sizes;
  return [
    {
      name: 'metaspaceBytes',
      value: sizes.metaspaceBytes,
      unit: 'bytes',
      ...unlessGiven(metaspaceBytes, '5,800 × classes + 14 MB, up to 64 MiB', {
        classes: workload.loadedClasses ?? 15_000,
        classBytes: METASPACE.classBytes,
      }),
      source: 'Cloud Foundry Java buildpack memory calculator, metaspace; 15,000 classes are assumed',
    },
    {
      name: 'codeCacheBytes',
      value: sizes.codeCacheBytes,
      unit: 'bytes',
      ...unlessGiven(codeCacheBytes, '128 MiB'),
      source: 'HotSpot, the flag ReservedCodeCacheSize: 240 MB by default; half of it is assumed',
    },
    {
      name: 'stackBytes',
      value: threads * STACK_BYTES,
      unit: 'bytes',
      formula: 'threads × 1 MiB',
      inputs: { threads },
      source: 'HotSpot, the flag Xss: 1 MB on Linux; 200 threads are assumed',
    },
    {
      name: 'directBytes',
      value: directBytes,
      unit: 'bytes',
      formula: 'as the workload says, at least 1 MiB: 0 would allow as much as the heap',
      inputs: { directBytes: workload.directBytes ?? directBytes },
      source: 'HotSpot, the flag MaxDirectMemorySize: the heap size by default; 64 MiB are assumed',
    },
    {
      name: 'memoryBytes',
      value: sizes.memoryBytes,
      unit: 'bytes',
      formula: 'heap + metaspace + code cache + stacks + direct + structures of the collector + 64 MiB, up to 64 MiB',
      inputs: {
        heapBytes,
        metaspaceBytes: sizes.metaspaceBytes,
        codeCacheBytes: sizes.codeCacheBytes,
        stackBytes: threads * STACK_BYTES,
        directBytes,
        overheadBytes,
        otherBytes: OTHER_BYTES,
      },
      source: 'Java buildpack memory calculator, turned around: it divides a container, this makes one',
    },
  ];
}

const LOG_SOURCE = 'JEP 158: Unified JVM Logging, filecount and filesize; the numbers are assumptions';
const RECORDER_SOURCE = 'Java Flight Recorder, maxsize and maxchunksize; 64 MiB are an assumption';

function logKnobs({ flightRecorder = true, platform }: JvmQuestion): Knob[] {
  const recorderBytes = flightRecorder ? RECORDER_BYTES : 0;
  return [
    chosenKnob('gcLogFiles', LOG_FILES, 'files', 'beside the one that is written', LOG_SOURCE),
    chosenKnob('gcLogFileBytes', LOG_FILE_BYTES, 'bytes', 'an hour and more of collections', LOG_SOURCE),
    ...(flightRecorder
      ? [chosenKnob('flightRecorderBytes', RECORDER_BYTES, 'bytes', 'what the recorder keeps', RECORDER_SOURCE)]
      : []),
    // The disk of a task is one for all containers, and has no smaller bound.
    ...(platform === 'fargate' ? [] : [logVolumeKnob(recorderBytes)]),
  ];
}

function logVolumeKnob(recorderBytes: number): Knob {
  return {
    name: 'logVolumeBytes',
    value: (LOG_FILES + 2) * LOG_FILE_BYTES + 2 * recorderBytes,
    unit: 'bytes',
    formula:
      '(files + 2) × size: the one that is written, and one to spare; twice what the recorder keeps: chunks in use come on top',
    inputs: { files: LOG_FILES, fileBytes: LOG_FILE_BYTES, recorderBytes, chunkBytes: RECORDER_CHUNK_BYTES },
    source: `${LOG_SOURCE}; ${RECORDER_SOURCE}`,
  };
}

/** The flags of `JDK_JAVA_OPTIONS`, each number a knob. */
export function flagsOf({ jdk, objective, flightRecorder = true }: JvmQuestion, sizes: Sizes): string[] {
  const { collector, cpu, concurrentThreads, spikeTolerance } = sizes;
  const heap = sizeFlag(sizes.heapBytes);
  const zgc = collector === 'ZGC';
  return [
    `-Xms${heap}`,
    `-Xmx${heap}`,
    '-XX:+AlwaysPreTouch',
    ...collectorFlags(collector, jdk),
    `-XX:ActiveProcessorCount=${cpu}`,
    ...(concurrentThreads > 0 ? [`-XX:ConcGCThreads=${concurrentThreads}`] : []),
    ...(zgc ? [`-XX:ZAllocationSpikeTolerance=${spikeTolerance}`, `-XX:SoftMaxHeapSize=${heap}`] : []),
    ...(collector === 'G1' ? [`-XX:MaxGCPauseMillis=${Math.floor(1000 * objective.pauseSeconds)}`] : []),
    `-XX:MaxMetaspaceSize=${sizeFlag(sizes.metaspaceBytes)}`,
    `-XX:ReservedCodeCacheSize=${sizeFlag(sizes.codeCacheBytes)}`,
    `-XX:MaxDirectMemorySize=${sizeFlag(sizes.directBytes)}`,
    '-Xss1m',
    '-XX:+ExitOnOutOfMemoryError',
    `-Xlog:gc*,safepoint:file=${JVM_LOG_FOLDER}/gc.log:uptime,level,tags:filecount=${LOG_FILES},filesize=${sizeFlag(LOG_FILE_BYTES)}`,
    ...(flightRecorder
      ? [
          `-XX:FlightRecorderOptions=repository=${JVM_LOG_FOLDER}/recording`,
          `-XX:StartFlightRecording=disk=true,maxsize=${sizeFlag(RECORDER_BYTES)}`,
        ]
      : []),
  ];
}

/** In whole MiB, or where it is none in KiB, upwards: with less than was planned a part runs out of memory. */
function sizeFlag(bytes: number): string {
  return bytes % MIB === 0 ? `${bytes / MIB}m` : `${Math.ceil(bytes / 1024)}k`;
}
