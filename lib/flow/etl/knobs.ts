/** The knobs of a Spark stream, each with its reason. */
import { chosenKnob } from '../alarms';
import { compactEveryBatches, DELTA_COMPACT_FILES } from '../compaction/inline';
import { byteRateKnob, maxMessageKnob } from '../kafka';
import { given, type Knob, unlessGiven } from '../plan';
import { DAY_SECONDS } from '../ranges';
import { batchOf, COMPUTE_SHARE, catchUpOf, type Sizing, type Stream, waitsForWindow } from './batch';
import { executorMib, heapStateBytes, STATE_SHARE, stateBytes, WORKER_HEAP_MIB } from './memory';
import type { EtlPlatformName } from './platforms';
import type { EtlQuestion } from './workload';

const OWN = 'this library, docs/constructs/k8s-streaming-etl.md';
const KAFKA_SOURCE = 'Apache Spark, Structured Streaming + Kafka Integration Guide';
/** What a partition takes in comfortably; measure yours. */
const PARTITION_BYTES_PER_SECOND = 5e6;
/** A weekend and a day to notice. */
const LEAST_RETENTION_SECONDS = 3 * DAY_SECONDS;
/** State of a shuffle partition that a task still handles well. */
const PARTITION_STATE_BYTES = 100e6;
/** Clocks of producers stray. An assumption. */
const LEAST_AHEAD_SECONDS = 60;
const MOST_ATTEMPTS_AN_HOUR = 10;
/** Beyond the longest batch, for the driver to end by itself. */
const STOP_MARGIN_SECONDS = 30;

/** All knobs of the job and of its topic. */
export function jobKnobs(question: EtlQuestion, stream: Stream, sizing: Sizing): Knob[] {
  return [
    ...computeKnobs(question, stream, sizing),
    ...batchKnobs(question, stream, sizing),
    ...topicKnobs(stream, sizing),
    ...tableKnobs(stream, sizing),
    ...restartKnobs(question.platform ?? 'emr-serverless', stream, sizing),
  ];
}

function computeKnobs(question: EtlQuestion, stream: Stream, { executors, cores }: Sizing): Knob[] {
  const { executorCores, peak, coreSeconds, platform } = stream;
  const executor = executorMib(executorCores);
  const driver = executorMib(platform.driverCores);
  return [
    {
      name: 'executorCores',
      value: executorCores,
      unit: 'cores',
      ...unlessGiven(question.executorCores, '4: a task a core, and a size that every platform has'),
      source: platform.source,
    },
    {
      name: 'executors',
      value: executors,
      unit: 'executors',
      ...unlessGiven(
        question.executors,
        `⌈peak × seconds of a core ÷ ${COMPUTE_SHARE} ÷ cores of an executor⌉, or more where the freshness or the catch-up needs them: half of the time computes, the rest is for the fixed part and the catch-up`,
        { peakPerSecond: peak, coreSecondsPerRecord: coreSeconds, executorCores },
      ),
      source: OWN,
    },
    {
      name: 'cores',
      value: cores,
      unit: 'cores',
      formula: 'executors × cores of an executor',
      inputs: { executors, executorCores },
      source: OWN,
    },
    chosenKnob(
      'driverCores',
      platform.driverCores,
      'cores',
      'the driver plans and commits; executors work',
      platform.source,
    ),
    {
      name: 'executorMemoryMib',
      value: executor.heap,
      unit: 'MiB',
      formula: `${WORKER_HEAP_MIB} MiB of heap for each core`,
      inputs: { executorCores },
      source:
        'Amazon EMR Serverless user guide, Worker configurations: 2 to 8 GB for each vCPU; the choice is an assumption',
    },
    {
      name: 'driverMemoryMib',
      value: driver.heap,
      unit: 'MiB',
      formula: 'the same for the driver',
      inputs: { driverCores: platform.driverCores },
      source: OWN,
    },
    {
      name: 'executorMemoryOverheadMib',
      value: executor.overhead,
      unit: 'MiB',
      formula: '10 % of the heap, at least 384 MiB',
      inputs: { executorMemoryMib: executor.heap },
      source: 'Apache Spark, Configuration, spark.executor.memoryOverheadFactor',
    },
    {
      name: 'driverMemoryOverheadMib',
      value: driver.overhead,
      unit: 'MiB',
      formula: 'the same for the driver',
      inputs: { driverMemoryMib: driver.heap },
      source: 'Apache Spark, Configuration, spark.driver.memoryOverheadFactor',
    },
  ];
}

function batchKnobs(question: EtlQuestion, stream: Stream, sizing: Sizing): Knob[] {
  const { peak, coreSeconds, fixedSeconds, freshness, headroom, windowSeconds, lateSeconds } = stream;
  const { cores, trigger, maxOffsets, mode } = sizing;
  const waits = waitsForWindow(stream, mode);
  const secondsPerRecord = coreSeconds / cores;
  const { catchUpSeconds } = question.objective;
  return [
    given('freshnessSeconds', freshness, 's', 'the objective'),
    {
      name: 'triggerSeconds',
      value: trigger,
      unit: 's',
      ...unlessGiven(
        question.triggerSeconds,
        waits
          ? '((freshness − window − lateness) ÷ head-room − fixed part) ÷ (2 + peak × seconds a record): a closed window waits for two triggers; another one where that leaves no time for a batch or for the catch-up'
          : '(freshness ÷ head-room − fixed part) ÷ (1 + peak × seconds a record): a record waits for its trigger and for its batch; another one where that leaves no time for a batch or for the catch-up',
        {
          freshnessSeconds: freshness,
          headroom,
          batchSeconds: fixedSeconds,
          peakPerSecond: peak,
          secondsPerRecord,
          ...(waits && { windowSeconds, lateSeconds }),
        },
      ),
      source: 'Apache Spark, Structured Streaming Programming Guide, Triggers: fixed interval',
    },
    {
      name: 'maxOffsetsPerTrigger',
      value: maxOffsets,
      unit: 'records',
      ...unlessGiven(
        question.maxOffsetsPerTrigger,
        catchUpSeconds === undefined
          ? 'head-room × peak × trigger; a batch of so many ends before the next trigger'
          : 'head-room × peak × trigger, or as many more as the catch-up needs; a batch of so many ends before the next trigger',
        {
          headroom,
          peakPerSecond: peak,
          triggerSeconds: trigger,
          batchSeconds: batchOf(stream, cores, maxOffsets),
          ...(catchUpSeconds !== undefined && { catchUpSeconds }),
        },
      ),
      source: `${KAFKA_SOURCE}: no default, so that the first batch is all that the topic holds`,
    },
  ];
}

function topicKnobs(stream: Stream, sizing: Sizing): Knob[] {
  const { peak, headroom, recordBytes, outage } = stream;
  const { cores } = sizing;
  const bytesPerSecond = headroom * peak * recordBytes;
  const least = Math.max(Math.ceil(bytesPerSecond / PARTITION_BYTES_PER_SECOND), cores);
  const catchUpSeconds = catchUpOf(stream, sizing);
  return [
    {
      name: 'retentionMilliseconds',
      value: 1000 * Math.ceil(Math.max(outage + catchUpSeconds, LEAST_RETENTION_SECONDS)),
      unit: 'ms',
      formula: 'outage + catch-up, at least 3 days: a weekend, and time to notice',
      inputs: { outageSeconds: outage, catchUpSeconds },
      source: 'Apache Kafka documentation, Topic configs, retention.ms; the least is an assumption',
    },
    {
      name: 'partitions',
      value: cores * Math.ceil(least / cores),
      unit: 'partitions',
      formula:
        'bytes/s with head-room ÷ 5 MB/s, at least as many as cores and a multiple of them: a task reads one partition',
      inputs: { bytesPerSecond, cores },
      source: `${KAFKA_SOURCE}: a 1-1 mapping of partitions to tasks; 5 MB/s is an assumption`,
    },
  ];
}

function tableKnobs(stream: Stream, sizing: Sizing): Knob[] {
  const { windowSeconds, lateSeconds, keysPerWindow } = stream;
  const state = stateBytes(stream, sizing.trigger);
  const shuffle = shufflePartitions(stream, sizing);
  return [
    {
      name: 'shufflePartitions',
      value: shuffle,
      unit: 'partitions',
      formula: 'cores, or more for a state above 100 MB each; the default of 200 writes 200 files a batch',
      inputs: { cores: sizing.cores, stateBytes: state },
      source: 'Apache Spark, Configuration, spark.sql.shuffle.partitions; it is fixed once a checkpoint has state',
    },
    {
      name: 'compactEveryBatches',
      value: compactEveryBatches(shuffle),
      unit: 'batches',
      formula: `⌈${DELTA_COMPACT_FILES} ÷ files of a batch⌉`,
      inputs: { filesABatch: shuffle },
      source: 'Delta Lake, Optimizations, autoCompact.minNumFiles',
    },
    {
      name: 'heapStateBytes',
      value: heapStateBytes(stream, sizing),
      unit: 'bytes',
      formula: `${STATE_SHARE} × heap of all executors: a larger state belongs in RocksDB`,
      inputs: { stateBytes: state, keysPerWindow },
      source: 'Apache Spark, Structured Streaming Programming Guide, RocksDB state store; the share is an assumption',
    },
    {
      name: 'aheadSeconds',
      value: Math.max(LEAST_AHEAD_SECONDS, lateSeconds),
      unit: 's',
      formula: `lateness, at least ${LEAST_AHEAD_SECONDS} s: a record dated further ahead is rejected, because it would make all others late`,
      inputs: { lateSeconds },
      source: OWN,
    },
    ...(windowSeconds === 0
      ? []
      : [
          given('windowSeconds', windowSeconds, 's', 'the workload'),
          given('watermarkSeconds', lateSeconds, 's', 'the workload'),
        ]),
  ];
}

function restartKnobs(platform: EtlPlatformName, stream: Stream, sizing: Sizing): Knob[] {
  const batch = batchOf(stream, sizing.cores, sizing.maxOffsets);
  return [
    {
      name: 'stopSeconds',
      value: Math.ceil(batch) + STOP_MARGIN_SECONDS,
      unit: 's',
      formula: `the longest batch + ${STOP_MARGIN_SECONDS} s: a driver that is told to end may finish its batch`,
      inputs: { batchSeconds: batch },
      source: OWN,
    },
    ...(platform === 'emr-serverless'
      ? [
          chosenKnob(
            'maxFailedAttemptsPerHour',
            MOST_ATTEMPTS_AN_HOUR,
            'attempts/h',
            'the most that the service takes: a stream that is given up stays behind',
            'Amazon EMR Serverless user guide, Job resiliency: 1 to 10, 5 by default',
          ),
        ]
      : []),
    ...(platform === 'spark-operator'
      ? [
          chosenKnob(
            'onFailureRetrySeconds',
            10,
            's',
            'an application that failed begins again after this',
            'Spark operator, restartPolicy',
          ),
          chosenKnob(
            'onSubmissionFailureRetrySeconds',
            20,
            's',
            'a submission that failed is repeated after this',
            'Spark operator, restartPolicy',
          ),
          maxMessageKnob(),
          consumerKnob(stream, sizing),
        ]
      : []),
  ];
}

/** Never in the way of the job, and a bound for a shared cluster: its cores take no more. */
function consumerKnob({ recordBytes, coreSeconds, windowSeconds }: Stream, { cores }: Sizing): Knob {
  // With a window one query counts, and another one looks for records that are bad.
  const queries = windowSeconds > 0 ? 2 : 1;
  return byteRateKnob(
    'consumerByteRate',
    {
      value: (queries * recordBytes * cores) / coreSeconds,
      formula: 'queries that read the topic × bytes of a record × records that the cores take a second',
      inputs: { queries, recordBytes, cores, coreSecondsPerRecord: coreSeconds },
    },
    { input: 'maxMessageBytes', bytes: maxMessageKnob().value, what: 'of the largest batches' },
  );
}

/** Partitions of the shuffle, each of which writes a file. */
export function shufflePartitions(stream: Stream, { cores, trigger }: Sizing): number {
  return Math.max(cores, Math.ceil(stateBytes(stream, trigger) / PARTITION_STATE_BYTES));
}
