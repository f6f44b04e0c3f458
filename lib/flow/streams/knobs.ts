/** The knobs of a stream, with their reasons. */
import { chosenKnob } from '../alarms';
import { figure } from '../figures';
import { byteRateKnob, deadMessageKnob, maxMessageKnob, segmentKnob } from '../kafka';
import { given, type Knob, unlessGiven } from '../plan';
import { WEEK_SECONDS } from '../ranges';
import type { Settings } from './lines';
import {
  busiestShare,
  DEFAULT_GROWTH,
  DEFAULT_OUTAGE_SECONDS,
  keySkew,
  loadOf,
  partitionShare,
  recordSecondsIn,
} from './load';
import { KAFKA_POLLER, REBALANCE_SECONDS, SESSION_SECONDS, type StreamPlatformFacts } from './platforms';
import { drainSecondsOf, retentionSecondsOf } from './retention';
import { maxPollIntervalSeconds, retryAttempts, retryWaitSeconds } from './run-time';
import { BUSIEST_RATIO, batchTimeout, minimumPollers, type Sizing } from './sizing';
import type { StreamQuestion } from './workload';

const HERE = 'this library, docs/constructs/k8s-partitioned-stream.md; docs/constructs/partitioned-stream.md';
const BINS = 'Raab and Steger, "Balls into Bins" (1998)';
/** What consumers fetch, as a multiple of what they handle: the batch in work, and as much again. */
const FETCHED_AHEAD = 2;
/** As long as a message of Amazon SQS may wait. */
const DEAD_RETENTION_SECONDS = 2 * WEEK_SECONDS;
/** Amazon ECS developer guide, stopTimeout: at most 120 s on Fargate. */
const LONGEST_STOP_SECONDS = 120;

/** Every knob, in the order in which they follow from each other. */
export function streamKnobs(question: StreamQuestion, sizing: Sizing): Knob[] {
  const { platform } = loadOf(question);
  const { settings } = sizing;
  return [
    given('latencySeconds', question.objective.latencySeconds, 's', 'what is promised'),
    ...(question.objective.maxLag === undefined
      ? []
      : [given('maxLag', question.objective.maxLag, 'records', 'what is promised')]),
    headroomKnob(sizing),
    batchKnob(question, settings),
    instancesKnob(question, sizing),
    partitionsKnob(question, sizing),
    ...(platform.consumer === 'keda' ? [leastKnob(question, sizing), consumerQuotaKnob(question, sizing)] : []),
    ...(platform.perPartition > 1 ? [factorKnob(settings)] : []),
    busiestKnob(question, settings),
    ...consumerKnobs(question, settings),
    ...retentionKnobs(question, settings),
    ...topicKnobs(question, settings),
  ];
}

function headroomKnob({ headroom }: Sizing): Knob {
  return chosenKnob(
    'headroom',
    headroom,
    '× the load',
    'partitions and consumers are counted for so many times the load that is told',
    'this library, docs/decisions/0022-head-room.md',
  );
}

function batchKnob(question: StreamQuestion, { batchSize, partitions, parallelizationFactor }: Settings): Knob {
  const load = loadOf(question);
  return {
    name: 'batchSize',
    value: batchSize,
    unit: 'records',
    ...unlessGiven(
      question.batchSize,
      'the smallest batch in which a record costs at most 1.25 × its own work; at most a quarter of what a partition gets within the latency, and what is handed over at once',
      {
        batchSeconds: load.batchSeconds,
        recordSeconds: load.recordSeconds,
        latencySeconds: load.latencySeconds,
        peakPerSecond: load.peakPerSecond,
        partitions: partitions * parallelizationFactor,
      },
    ),
    source: HERE,
  };
}

function instancesKnob(question: StreamQuestion, { settings, headroom, pooledInstances }: Sizing): Knob {
  const load = loadOf(question);
  return {
    name: 'instances',
    value: settings.instances,
    unit: 'consumers',
    ...unlessGiven(
      question.instances,
      `the fewest, from those of one queue (Erlang C) on, of which the busiest keeps the latency at head-room × the load in a line of its own, and works at most ${BUSIEST_RATIO} of its time at the load${load.platform.perPartition > 1 ? '; as many batches of a shard at once as all shards have' : ''}`,
      {
        pooledInstances,
        headroom,
        peakPerSecond: load.peakPerSecond,
        recordSecondsInBatch: recordSecondsIn(load, settings.batchSize),
      },
    ),
    source: `Kleinrock, Queueing Systems I (1975), 3.5; ${BINS}`,
  };
}

/** What a broker hands the consumers at most. */
function consumerQuotaKnob(question: StreamQuestion, { settings }: Sizing): Knob {
  const load = loadOf(question);
  const { instances, batchSize } = settings;
  const seconds = recordSecondsIn(load, batchSize);
  return byteRateKnob(
    'consumerByteRate',
    {
      value: (FETCHED_AHEAD * instances * load.recordBytes) / seconds,
      formula: `${FETCHED_AHEAD} × bytes that all consumers handle in a second, as they fetch ahead`,
      inputs: { instances, recordBytes: load.recordBytes, recordSecondsInBatch: seconds },
    },
    { input: 'maxMessageBytes', bytes: largestOf(question).value, what: 'of the largest batches' },
  );
}

function largestOf({ maxMessageBytes, existingTopic }: StreamQuestion): Knob {
  return maxMessageKnob(maxMessageBytes, existingTopic);
}

function partitionsKnob(question: StreamQuestion, { settings }: Sizing): Knob {
  const load = loadOf(question);
  const { instances, partitions } = settings;
  const kafka = load.platform.transport === 'kafka';
  const growth = question.objective.growthFactor ?? DEFAULT_GROWTH;
  return {
    name: 'partitions',
    value: partitions,
    unit: kafka ? 'partitions' : 'shards',
    ...unlessGiven(
      question.partitions,
      kafka
        ? 'growth × max(⌈bytes a second ÷ those of a partition⌉, consumers), up to a number that the consumers share evenly, and that has many divisors: partitions are never fewer later'
        : `the fewest of which the fullest takes its bytes and records a second with head-room, and that feed the consumers${question.onDemand ? '; at least those that a stream on demand begins with' : ''}`,
      {
        ...(kafka && { growthFactor: growth }),
        peakPerSecond: load.peakPerSecond,
        recordBytes: load.recordBytes,
        partitionBytesPerSecond: load.partitionBytesPerSecond,
        ...(kafka ? {} : { partitionRecordsPerSecond: load.partitionRecordsPerSecond }),
        instances,
        ...(question.currentPartitions !== undefined && { currentPartitions: question.currentPartitions }),
      },
    ),
    source: load.platform.source,
  };
}

function leastKnob(question: StreamQuestion, { settings }: Sizing): Knob {
  const load = loadOf(question);
  return {
    name: 'minInstances',
    value: settings.minInstances,
    unit: 'consumers',
    ...unlessGiven(
      question.minInstances,
      `the fewest that share the partitions evenly and from which no more than the lag that is allowed piles up until the others work: (peak − their capacity) × reaction, and peak × ${REBALANCE_SECONDS} s in each of two rebalances`,
      {
        peakPerSecond: load.peakPerSecond,
        consumerPerSecond: 1 / recordSecondsIn(load, settings.batchSize),
        startSeconds: load.startSeconds,
        ...(Number.isFinite(load.maxLag) && { maxLag: load.maxLag }),
      },
    ),
    source: 'fluid model of a peak under autoscaling: Newell, Applications of Queueing Theory (1982), 2',
  };
}

function factorKnob({ parallelizationFactor, instances, partitions }: Settings): Knob {
  return {
    name: 'parallelizationFactor',
    value: parallelizationFactor,
    unit: 'batches',
    formula: '⌈consumers ÷ shards⌉: batches of one shard that are worked on at once, each with its own keys',
    inputs: { instances, shards: partitions },
    source: 'AWS Lambda developer guide, Amazon Kinesis: ParallelizationFactor, 1 to 10',
  };
}

function busiestKnob(question: StreamQuestion, { partitions, parallelizationFactor, instances }: Settings): Knob {
  const load = loadOf(question);
  const all = partitions * parallelizationFactor;
  const share = partitionShare(all, instances);
  return {
    name: 'busiestShare',
    value: busiestShare(load, all, instances),
    unit: 'ratio',
    formula: '⌈partitions ÷ consumers⌉ ÷ partitions × skew of the keys, and the most frequent key besides',
    inputs: {
      partitions: all,
      instances,
      keySkew: keySkew(load.keys, 1 / share),
      ...(load.hottestKeyRatio > 0 && { hottestKeyRatio: load.hottestKeyRatio }),
    },
    source: BINS,
  };
}

function attemptsKnob(consumer: StreamPlatformFacts['consumer'], batchSize: number): Knob {
  const isHalved = consumer === 'lambda';
  const attempts = retryAttempts(batchSize, isHalved);
  return isHalved
    ? {
        name: 'retryAttempts',
        value: attempts,
        unit: 'attempts',
        formula: '⌈log₂ of the batch⌉ + 5: a batch that fails is halved until the record is alone',
        inputs: { batchSize },
        source: 'AWS Lambda developer guide, Amazon Kinesis: BisectBatchOnFunctionError',
      }
    : chosenKnob(
        'retryAttempts',
        attempts,
        'attempts',
        `at the record that failed, and at no other of its batch; the waits between them take ${figure(retryWaitSeconds(attempts))} s on average`,
        HERE,
      );
}

function consumerKnobs(question: StreamQuestion, settings: Settings): Knob[] {
  const load = loadOf(question);
  const { batchSize, instances } = settings;
  const { consumer, transport } = load.platform;
  const timeout: Knob = {
    name: 'batchTimeoutSeconds',
    value: batchTimeout(load, batchSize),
    unit: 's',
    formula: '6 × the mean time of a full batch, rounded up, at least 30: after that it hangs',
    inputs: { batchSeconds: load.batchSeconds, recordSeconds: load.recordSeconds, batchSize },
    source: HERE,
  };
  return [
    timeout,
    attemptsKnob(consumer, batchSize),
    ...(consumer === 'lambda' && transport === 'kafka' && !settings.onDemandPollers
      ? pollerKnobs(question, settings)
      : []),
    ...(consumer === 'fargate' ? taskKnobs(timeout.value, instances) : []),
    ...(consumer !== 'lambda' && transport === 'kafka'
      ? [
          chosenKnob(
            'sessionTimeoutSeconds',
            SESSION_SECONDS,
            's',
            'a consumer without a heartbeat for as long has left its group: the default',
            'Apache Kafka documentation, Consumer Configs: session.timeout.ms',
          ),
          {
            name: 'maxPollIntervalSeconds',
            value: maxPollIntervalSeconds(timeout.value),
            unit: 's',
            formula: '2 × the time of a batch that hangs, at least the default of 5 minutes',
            inputs: { batchTimeoutSeconds: timeout.value },
            source: 'Apache Kafka documentation, Consumer Configs: max.poll.interval.ms',
          },
        ]
      : []),
  ];
}

function pollerKnobs(question: StreamQuestion, settings: Settings): Knob[] {
  const load = loadOf(question);
  const least = minimumPollers(load, settings);
  return [
    {
      name: 'minimumPollers',
      value: least,
      unit: 'pollers',
      formula: `max(⌈bytes a second ÷ ${KAFKA_POLLER.bytesPerSecond / 1e6} MB⌉, ⌈consumers ÷ ${KAFKA_POLLER.batches}⌉), at most the partitions: they are there before the peak`,
      inputs: { peakPerSecond: load.peakPerSecond, recordBytes: load.recordBytes, instances: settings.instances },
      source: load.platform.source,
    },
    {
      name: 'maximumPollers',
      value: Math.min(KAFKA_POLLER.most, Math.max(least, Math.ceil(settings.partitions / KAFKA_POLLER.batches))),
      unit: 'pollers',
      formula: `⌈partitions ÷ ${KAFKA_POLLER.batches}⌉, at least the minimum: more would be idle`,
      inputs: { partitions: settings.partitions, minimumPollers: least },
      source: load.platform.source,
    },
  ];
}

/** A group of fixed size: one that is scaled, or doubled by a deployment, deals out its partitions anew. */
function taskKnobs(batchTimeoutSeconds: number, instances: number): Knob[] {
  return [
    chosenKnob(
      'maximumPercent',
      100,
      '%',
      'a deployment replaces tasks one after the other: 200 % would double the members of the group',
      'Amazon ECS developer guide, deployment configuration; Apache Kafka documentation, Consumers',
    ),
    {
      name: 'minimumHealthyPercent',
      value: Math.floor((100 * (instances - 1)) / instances),
      unit: '%',
      formula: '⌊100 × (consumers − 1) ÷ consumers⌋: one task at a time is replaced',
      inputs: { instances },
      source: 'Amazon ECS developer guide, deployment configuration: the lower limit is rounded up',
    },
    {
      name: 'stopTimeoutSeconds',
      value: Math.min(LONGEST_STOP_SECONDS, batchTimeoutSeconds),
      unit: 's',
      formula:
        'the time of a batch that hangs, at most 120 s: a task that is stopped finishes its batch and leaves the group',
      inputs: { batchTimeoutSeconds },
      source: 'Amazon ECS developer guide, stopTimeout: at most 120 s on Fargate',
    },
  ];
}

/** Seconds that records are kept. */
function keptSeconds(question: StreamQuestion, settings: Settings): number {
  const { outageSeconds = DEFAULT_OUTAGE_SECONDS, retentionSeconds } = question;
  return retentionSeconds ?? retentionSecondsOf(question, settings, outageSeconds);
}

/** Of a topic of Kafka, and of that of the records that were set aside. */
function topicKnobs(question: StreamQuestion, settings: Settings): Knob[] {
  const { transport, consumer } = loadOf(question).platform;
  if (transport !== 'kafka') return [];
  const largest = largestOf(question);
  return [
    segmentKnob(keptSeconds(question, settings), question.existingTopic),
    largest,
    // A function sends them to a queue.
    ...(consumer === 'lambda'
      ? []
      : [segmentKnob(DEAD_RETENTION_SECONDS, false, 'deadSegmentSeconds'), deadMessageKnob(largest.value)]),
  ];
}

function retentionKnobs(question: StreamQuestion, settings: Settings): Knob[] {
  const outageSeconds = question.outageSeconds ?? DEFAULT_OUTAGE_SECONDS;
  const kept = keptSeconds(question, settings);
  const lambda = loadOf(question).platform.consumer === 'lambda';
  return [
    {
      name: 'retentionSeconds',
      value: kept,
      unit: 's',
      ...unlessGiven(
        question.retentionSeconds,
        'twice an outage and what makes up for it at the steady rate, in whole hours, at least a day',
        { outageSeconds, drainSeconds: drainSecondsOf(question, settings, outageSeconds) },
      ),
      source: HERE,
    },
    chosenKnob(
      'deadRetentionSeconds',
      DEAD_RETENTION_SECONDS,
      's',
      'two weeks: what was set aside waits for a person',
      HERE,
    ),
    ...(lambda
      ? [
          {
            name: 'maxRecordAgeSeconds',
            value: Math.min(WEEK_SECONDS, kept / 2),
            unit: 's',
            formula:
              'half the retention, at most 7 days: what could not be handled until then is named at its destination while it can still be read',
            inputs: { retentionSeconds: kept },
            source: 'AWS Lambda API reference, CreateEventSourceMapping: MaximumRecordAgeInSeconds, 60 s to 7 days',
          },
        ]
      : []),
  ];
}
