/** The validation table of a JVM. */
import {
  above0,
  type Check,
  fromBelow,
  inRange,
  oneOf,
  positive,
  present,
  required,
  shown,
  wholeNumber,
} from '../errors';
import { type Fields, objectChecks } from '../fields';
import {
  LEAST_RATE,
  LEAST_SECONDS,
  MOST_BYTES_PER_SECOND,
  MOST_HELD,
  MOST_ITEMS_PER_SECOND,
  YEAR_SECONDS,
} from '../ranges';
import { COLLECTOR_NAMES, FIRST_RELEASE, LAST_RELEASE } from './collectors';
import { LEAST_HEAP_BYTES, MIB } from './sizing';
import { FARGATE_PROCESSORS } from './task';
import type { JvmChoices, JvmObjective, JvmQuestion, JvmWorkload } from './workload';

/** ZGC's own: `ZAllocationSpikeTolerance` has no bound, and above this a heap is mostly empty. */
const MOST_SPIKE = 10;
/** HotSpot's `ActiveProcessorCount`; a larger machine is divided. */
const MOST_PROCESSORS = 256;
const MOST_THREADS = 100_000;
/** With 1 MiB a JVM does not start, with 4 it does. */
const LEAST_METASPACE_BYTES = 4 * MIB;
/** HotSpot refuses to start with a `ReservedCodeCacheSize` outside of these. */
const CODE_CACHE_BYTES = { least: 2496 * 1024, most: 2048 * MIB };

const QUESTION_FIELDS: Fields<JvmQuestion> = {
  workload: true,
  objective: true,
  jdk: true,
  collector: true,
  cpu: true,
  cycleSeconds: true,
  heapBytes: true,
  metaspaceBytes: true,
  codeCacheBytes: true,
  spikeTolerance: true,
  flightRecorder: true,
  platform: true,
  taskMemoryBytes: true,
};
const WORKLOAD_FIELDS: Fields<JvmWorkload> = {
  allocationBytesPerSecond: true,
  liveBytes: true,
  survivorRatio: true,
  requestsPerSecond: true,
  serviceSeconds: true,
  serviceVariation: true,
  requestThreads: true,
  directBytes: true,
  threads: true,
  loadedClasses: true,
};
const OBJECTIVE_FIELDS: Fields<JvmObjective> = {
  pauseSeconds: true,
  latencySeconds: true,
  latencyQuantile: true,
  memoryBytes: true,
};

/** Checks what the JVM does, the promise, and what was chosen by hand. */
export function jvmChecks(question: JvmQuestion): Check[] {
  return objectChecks('question', question, QUESTION_FIELDS, ({ workload, objective, ...choices }) => [
    ...objectChecks('workload', workload, WORKLOAD_FIELDS, workloadChecks),
    ...objectChecks('objective', objective, OBJECTIVE_FIELDS, (promise) => objectiveChecks(promise, workload)),
    ...choiceChecks(choices),
  ]);
}

function workloadChecks(workload: JvmWorkload): Check[] {
  return [
    required(above0, 'allocationBytesPerSecond', workload.allocationBytesPerSecond, MOST_BYTES_PER_SECOND),
    required(above0, 'liveBytes', workload.liveBytes, MOST_HELD),
    inRange('survivorRatio', workload.survivorRatio, 0, 1),
    positive('requestsPerSecond', workload.requestsPerSecond, LEAST_RATE, MOST_ITEMS_PER_SECOND),
    positive('serviceSeconds', workload.serviceSeconds, LEAST_SECONDS, YEAR_SECONDS),
    inRange('serviceVariation', workload.serviceVariation, 0, 10),
    wholeNumber('requestThreads', workload.requestThreads, 1, 10_000),
    inRange('directBytes', workload.directBytes, 0, MOST_HELD),
    wholeNumber('threads', workload.threads, 1, MOST_THREADS),
    wholeNumber('loadedClasses', workload.loadedClasses, 1, 1e7),
  ];
}

function objectiveChecks(objective: JvmObjective, workload: JvmWorkload | undefined): Check[] {
  const promised = objective.latencySeconds !== undefined;
  const lacking = ([name, value]: [string, unknown]) => (promised && value === undefined ? [present(name, value)] : []);
  const { requestsPerSecond, serviceSeconds } = workload ?? {};
  return [
    required(inRange, 'pauseSeconds', objective.pauseSeconds, 0.001, YEAR_SECONDS),
    positive('latencySeconds', objective.latencySeconds, LEAST_SECONDS, YEAR_SECONDS),
    fromBelow('latencyQuantile', objective.latencyQuantile, 0.5, 1),
    above0('memoryBytes', objective.memoryBytes, MOST_HELD),
    // A latency follows from these; without them the promise could not be checked.
    ...Object.entries({ requestsPerSecond, serviceSeconds }).flatMap(lacking),
  ];
}

function choiceChecks(choices: JvmChoices): Check[] {
  return [
    required(wholeNumber, 'jdk', choices.jdk, FIRST_RELEASE, LAST_RELEASE),
    oneOf('collector', choices.collector, COLLECTOR_NAMES),
    wholeNumber('cpu', choices.cpu, 1, MOST_PROCESSORS),
    ...(choices.platform === 'fargate' && choices.cpu !== undefined ? [fargateProcessors(choices.cpu)] : []),
    oneOf('platform', choices.platform, ['kubernetes', 'fargate']),
    above0('taskMemoryBytes', choices.taskMemoryBytes, MOST_HELD),
    positive('cycleSeconds', choices.cycleSeconds, 1e-6, 3600),
    inRange('heapBytes', choices.heapBytes, LEAST_HEAP_BYTES, MOST_HELD),
    inRange('metaspaceBytes', choices.metaspaceBytes, LEAST_METASPACE_BYTES, MOST_HELD),
    inRange('codeCacheBytes', choices.codeCacheBytes, CODE_CACHE_BYTES.least, CODE_CACHE_BYTES.most),
    inRange('spikeTolerance', choices.spikeTolerance, 1, MOST_SPIKE),
    oneOf('flightRecorder', choices.flightRecorder, [true, false]),
  ];
}

/** Half and quarter processors are left out: a JVM counts whole ones. */
function fargateProcessors(cpu: number): Check {
  return {
    refused: !FARGATE_PROCESSORS.includes(cpu),
    message: `cpu must be ${FARGATE_PROCESSORS.slice(0, -1).join(', ')} or ${FARGATE_PROCESSORS.at(-1)} on Fargate, got ${shown(cpu)}`,
  };
}

/** What the plan sets; a JVM takes the last of two, and its command comes after `JDK_JAVA_OPTIONS`. */
const PLANNED_FLAG =
  /(?:^|[\s"'=])(-Xm[snx]\d\S*|-Xlog(?=[:\s]|$)\S*|-XX:[+-]Use\w+GC\b|-XX:(?:Max|Initial|Min)(?:HeapSize|RAMPercentage)=\S+)/;

/** That a command has no flag of its own for heap, collector or log. */
export function commandFlagChecks(words: readonly string[]): Check[] {
  return words.flatMap((word) => {
    const flag = PLANNED_FLAG.exec(word)?.[1];
    const message = `the command has ${flag}, which would replace what the plan sets; leave it out, or give heap and collector as props`;
    return flag === undefined ? [] : [{ refused: true, message }];
  });
}
