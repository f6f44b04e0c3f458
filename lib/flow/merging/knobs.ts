/** The knobs of a queue that merges, with their reasons. */
import { chosenKnob } from '../alarms';
import { itemsDuringOutage } from '../arrivals';
import { given, type Knob, unlessGiven } from '../plan';
import { podProbeKnobs, probeTimeoutKnob } from '../probes';
import { SQS_LIMITS } from '../queue/brokers/sqs';
import { DAY_SECONDS, WEEK_SECONDS } from '../ranges';
import {
  BUSY_RATIO,
  batchLimit,
  flushTimeout,
  fullestCycle,
  fullestShare,
  LEAST_RATIO,
  type Load,
  loadOf,
  meanCycle,
  readersOf,
  type Sizing,
  windowBounds,
} from './sizing';
import type { MergingQuestion } from './workload';

const OCCUPANCY = 'Johnson and Kotz, Urn Models (1977): distinct keys among so many events';
const HERE = 'this library, docs/constructs/coalescing-queue.md';
/** Seconds that all readers may be away, unless said otherwise: a person is called, and restarts them. */
export const OUTAGE_SECONDS = 900;
/** Attempts at one key before it is set aside, and the longest wait before the second one. */
const ATTEMPTS = 5;
const BACKOFF_SECONDS = 0.2;
const BACKOFF_CAP_SECONDS = 5;
/** Events of a Redis stream that are read at once at least. */
const LEAST_BATCH = 10_000;
/** Seconds that a call may take beyond its work. */
const CALL_SPARE_SECONDS = 4;
/** Bytes that an entry of a Redis stream takes beside the event. */
const ENTRY_BYTES = 48;
/** Seconds that a merger has to end beside its flush. */
const GRACE_SPARE_SECONDS = 5;
const LEAST_STALLED_SECONDS = 120;
/** Calls that a worker makes for a flush at least, so that one that is slow keeps few keys waiting. */
const CALLS_PER_WORKER = 8;

/** Every knob, in the order in which they follow from each other. */
export function mergingKnobs(question: MergingQuestion, sizing: Sizing): Knob[] {
  const load = loadOf(question);
  return [
    given('freshnessSeconds', question.objective.freshnessSeconds, 's', 'what is promised'),
    shardsKnob(question, load, sizing),
    readersKnob(load, sizing),
    workersKnob(question, load, sizing),
    windowKnob(question, load, sizing),
    ...batchKnobs(question, load, sizing),
    ...attemptKnobs(),
    ...transportKnobs(question, load, sizing),
  ];
}

function shardsKnob(question: MergingQuestion, load: Load, { shards, headroom }: Sizing): Knob {
  const { perSecond, bytesPerSecond } = load.transport.shard;
  return {
    name: 'shards',
    value: shards,
    unit: 'shards',
    ...unlessGiven(
      question.shards,
      'the fewest of which the fullest, three standard deviations above the mean, takes its events and bytes a second with head-room, and hands over a cycle in one batch',
      {
        peakPerSecond: load.perSecond,
        headroom,
        fullestShare: fullestShare(load.groups, shards),
        shardPerSecond: perSecond,
        ...(Number.isFinite(bytesPerSecond) && { shardBytesPerSecond: bytesPerSecond, eventBytes: load.eventBytes }),
      },
    ),
    source: load.transport.source,
  };
}

function readersKnob(load: Load, { shards }: Sizing): Knob {
  return {
    name: 'readers',
    value: readersOf(load, shards),
    unit: 'readers',
    formula: load.transport.byKey
      ? 'one a shard, and no more: a key meets its own events only where one reader has all of them'
      : 'the fewest that the transport allows: each sees its part of the events of every key, and merges less',
    inputs: { shards },
    source: `${OCCUPANCY}; measured, test/engines/coalescer.test.ts`,
  };
}

function workersKnob(question: MergingQuestion, load: Load, { workers, headroom }: Sizing): Knob {
  return {
    name: 'workers',
    value: workers,
    unit: 'calls',
    ...unlessGiven(question.workers, 'the fewest calls at once of one reader that keep the freshness with head-room', {
      headroom,
      freshnessSeconds: question.objective.freshnessSeconds,
      keySeconds: load.keySeconds,
      distinctKeys: load.keys,
    }),
    source: HERE,
  };
}

function windowKnob(question: MergingQuestion, load: Load, sizing: Sizing): Knob {
  const { windowSeconds, workers } = sizing;
  const { step, least } = load.transport.window;
  const shorter = Math.max(least, windowSeconds - step);
  const bounds = windowBounds(question, load, { ...sizing, windowSeconds: shorter });
  const inputs = { peakPerSecond: load.perSecond, distinctKeys: load.keys, keySeconds: load.keySeconds, workers };
  const { inProgress } = load.invalidator;
  const why: { readonly formula: string; readonly inputs: Knob['inputs'] } = !bounds.cost
    ? {
        formula: 'the least with which the keys of a peak cost no more than the ceiling',
        inputs: {
          ...inputs,
          invalidationCost: question.objective.invalidationCost!,
          keyCost: load.invalidator.keyCost!,
        },
      }
    : !bounds.progress
      ? {
          formula: 'the least with which no more keys are in progress than the invalidator allows',
          inputs: { ...inputs, mostInProgress: inProgress!.keys, progressSeconds: inProgress!.seconds },
        }
      : !bounds.busy
        ? {
            formula: `the least with which all readers together work ${BUSY_RATIO} of the time of the calls of one: distinct keys of a cycle × seconds of a key ÷ (${BUSY_RATIO} × calls) ≤ cycle, cycle = window + flush + distinct keys × seconds of a key ÷ calls`,
            inputs,
          }
        : !bounds.ratio
          ? { formula: `the least with which a key stands for ${LEAST_RATIO} events`, inputs }
          : { formula: 'the least that the transport has', inputs: { least } };
  return {
    name: 'windowSeconds',
    value: windowSeconds,
    unit: 's',
    ...unlessGiven(question.windowSeconds, why.formula, why.inputs),
    source: OCCUPANCY,
  };
}

function batchKnobs(question: MergingQuestion, load: Load, sizing: Sizing): Knob[] {
  const mean = meanCycle(load, sizing);
  const fullest = fullestCycle(load, sizing);
  const { keysPerCall, source } = load.invalidator;
  const { batch } = load.transport;
  const limited = Number.isFinite(batch.events);
  const { workers } = sizing;
  const perCall =
    workers === 1
      ? keysPerCall
      : Math.max(1, Math.min(keysPerCall, Math.ceil(mean.keys / (CALLS_PER_WORKER * workers))));
  return [
    {
      name: 'maxBatch',
      value: question.maxBatch ?? (limited ? batch.events : Math.max(LEAST_BATCH, Math.ceil(2 * fullest.events))),
      unit: 'events',
      ...unlessGiven(
        question.maxBatch,
        limited
          ? 'the most that is handed over: what ends the window early un-merges'
          : `twice the events of a cycle, at least ${LEAST_BATCH}: it bounds memory after an outage`,
        limited ? {} : { eventsPerFlush: fullest.events },
      ),
      source: load.transport.source,
    },
    ...(limited
      ? [
          {
            name: 'batchSeconds',
            value: (batchLimit(load, question.maxBatch) * fullest.seconds) / fullest.events,
            unit: 's',
            formula:
              'events that a batch holds, by number and by bytes, ÷ events a second of the fullest reader: a longer cycle is cut in two',
            inputs: { batchEvents: batchLimit(load, question.maxBatch), perSecond: fullest.events / fullest.seconds },
            source: load.transport.source,
          },
        ]
      : []),
    {
      name: 'keysPerCall',
      value: perCall,
      unit: 'keys',
      formula:
        workers === 1
          ? 'the most of one call'
          : `keys of a flush ÷ (${CALLS_PER_WORKER} × calls at once), so that all of them end at about the same time`,
      inputs: workers === 1 ? {} : { keysPerFlush: mean.keys, workers },
      source,
    },
    {
      name: 'callTimeoutSeconds',
      value:
        Math.ceil(2 * (load.fixedSeconds + Math.min(perCall, load.keys) * load.keySeconds) - 1e-9) + CALL_SPARE_SECONDS,
      unit: 's',
      formula: `2 × (flush + keys of a call × seconds of a key), rounded up, + ${CALL_SPARE_SECONDS}: after that a call has failed`,
      inputs: { flushSeconds: load.fixedSeconds, keysPerCall: perCall, keySeconds: load.keySeconds },
      source: 'derived here: it ends before the flush does',
    },
  ];
}

function attemptKnobs(): Knob[] {
  return [
    chosenKnob(
      'attempts',
      ATTEMPTS,
      'attempts',
      'at one key while others succeed; then it is set aside, and the rest go on',
      HERE,
    ),
    chosenKnob('backoffSeconds', BACKOFF_SECONDS, 's', 'the longest wait before the second attempt; it doubles', HERE),
    chosenKnob(
      'backoffCapSeconds',
      BACKOFF_CAP_SECONDS,
      's',
      'the longest wait before an attempt; each is drawn at random below it',
      HERE,
    ),
  ];
}

function transportKnobs(question: MergingQuestion, load: Load, sizing: Sizing): Knob[] {
  const { transport = 'kinesis', outageSeconds = OUTAGE_SECONDS } = question;
  const flush: Knob = {
    name: 'flushTimeoutSeconds',
    value: flushTimeout(load, sizing, question.maxBatch),
    unit: 's',
    formula:
      '2 × (flush + keys of a full batch, each event another key as far as there are keys, × seconds of a key ÷ calls) + 10 s',
    inputs: {
      flushSeconds: load.fixedSeconds,
      keySeconds: load.keySeconds,
      distinctKeys: load.keys,
      workers: sizing.workers,
    },
    source: 'derived here: after an outage every batch is full',
  };
  if (transport === 'redis-stream') {
    const events = Math.ceil(2 * itemsDuringOutage(question.workload, outageSeconds));
    return [
      flush,
      {
        name: 'maxLength',
        value: events,
        unit: 'events',
        formula:
          '2 × events of an outage: the stream drops the oldest above it; merged events are deleted at once, so that only what waits counts',
        inputs: { outageSeconds, peakPerSecond: load.perSecond },
        source: 'Redis documentation, XADD: MAXLEN; twice, because an entry that is dropped is an event that is lost',
      },
      {
        name: 'memoryBytes',
        value: Math.ceil((events * (load.eventBytes + ENTRY_BYTES)) / sizing.shards) * sizing.shards,
        unit: 'bytes',
        formula: `maxLength × (bytes of an event + ${ENTRY_BYTES}): what Redis needs for a full stream`,
        inputs: { maxLength: events, eventBytes: load.eventBytes },
        source: 'measured, test/engines/coalescer.test.ts',
      },
      {
        name: 'terminationGracePeriodSeconds',
        value: flush.value + GRACE_SPARE_SECONDS,
        unit: 's',
        formula: `the longest flush + ${GRACE_SPARE_SECONDS} s: a merger that is told to end finishes its flush`,
        inputs: { flushTimeoutSeconds: flush.value },
        source: 'derived here; one that is killed repeats its flush, and loses nothing',
      },
      {
        name: 'stalledSeconds',
        value: Math.max(LEAST_STALLED_SECONDS, 2 * (flush.value + sizing.windowSeconds)),
        unit: 's',
        formula: `2 × (the longest flush + window), at least ${LEAST_STALLED_SECONDS} s: a merger that ended no cycle for as long hangs`,
        inputs: { flushTimeoutSeconds: flush.value, windowSeconds: sizing.windowSeconds },
        source: 'derived here',
      },
      chosenKnob('scrapeSeconds', 30, 's', 'a tenth of the window that rates are taken over', HERE),
      ...podProbeKnobs(),
      probeTimeoutKnob(),
    ];
  }
  const aside = chosenKnob(
    'asideRetentionSeconds',
    SQS_LIMITS.retentionSeconds.max,
    's',
    'as long as may be: what was set aside waits for a person',
    'Amazon SQS API reference, SetQueueAttributes: MessageRetentionPeriod, up to 14 days',
  );
  if (transport === 'sqs') return [flush, aside];
  const retentionSeconds = Math.min(
    52 * WEEK_SECONDS,
    Math.max(DAY_SECONDS, Math.ceil((2 * outageSeconds) / 3600) * 3600),
  );
  return [
    flush,
    aside,
    {
      name: 'retentionSeconds',
      value: retentionSeconds,
      unit: 's',
      formula: 'twice an outage in whole hours, at least a day',
      inputs: { outageSeconds },
      source: 'Amazon Kinesis Data Streams developer guide, data retention: 24 hours to 365 days',
    },
    {
      name: 'maxRecordAgeSeconds',
      value: Math.min(WEEK_SECONDS, retentionSeconds / 2),
      unit: 's',
      formula:
        'half the retention, at most 7 days: what could not be flushed until then is named in the dead-letter queue while it can still be read',
      inputs: { retentionSeconds },
      source: 'AWS Lambda API reference, CreateEventSourceMapping: MaximumRecordAgeInSeconds, 60 s to 7 days',
    },
  ];
}
