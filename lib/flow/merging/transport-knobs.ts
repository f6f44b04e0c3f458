/** The knobs of a flush and of what carries the events, with their reasons. */
import { chosenKnob } from '../alarms';
import { itemsDuringOutage } from '../arrivals';
import type { Knob } from '../plan';
import { podProbeKnobs, probeTimeoutKnob } from '../probes';
import { SQS_LIMITS } from '../queue/brokers/sqs';
import { WEEK_SECONDS } from '../ranges';
import { callTimeout, flushTimeout, HANGING_CALLS, SPARE_SECONDS } from './cycles';
import { fullestShare, type Load } from './load';
import { OUTAGE_SECONDS, retentionSeconds } from './outage';
import type { Sizing } from './sizing';
import type { MergingQuestion } from './workload';

const HERE = 'this library, docs/constructs/coalescing-queue.md';
/** Bytes that an entry of a Redis stream takes beside the event. */
const ENTRY_BYTES = 48;
/** Seconds that a merger has to end beside its flush. */
const GRACE_SPARE_SECONDS = 5;
const LEAST_STALLED_SECONDS = 120;

/** Of a flush, and of the transport. */
export function transportKnobs(question: MergingQuestion, load: Load, sizing: Sizing): Knob[] {
  const { transport = 'kinesis', outageSeconds = OUTAGE_SECONDS } = question;
  const flush = flushKnob(question, load, sizing);
  const spare = chosenKnob(
    'spareSeconds',
    SPARE_SECONDS,
    's',
    'of a flush: no call goes on after that; keys are set aside, and what was done is acknowledged',
    HERE,
  );
  if (transport === 'redis-stream') {
    return [flush, spare, ...streamKnobs(question, load, sizing), ...podKnobs(flush.value, sizing)];
  }
  const aside = chosenKnob(
    'asideRetentionSeconds',
    SQS_LIMITS.retentionSeconds.max,
    's',
    'as long as may be: what was set aside waits for a person',
    'Amazon SQS API reference, SetQueueAttributes: MessageRetentionPeriod, up to 14 days',
  );
  return transport === 'sqs' ? [flush, spare, aside] : [flush, spare, aside, ...retentionKnobs(outageSeconds)];
}

function flushKnob(question: MergingQuestion, load: Load, sizing: Sizing): Knob {
  const { inProgress } = load.invalidator;
  return {
    name: 'flushTimeoutSeconds',
    value: flushTimeout(load, sizing, question.maxBatch),
    unit: 's',
    formula: `2 × the work of a full batch, each event another key as far as there are keys, + ${HANGING_CALLS} calls that hang + their waits + ${SPARE_SECONDS} s to set aside and to answer${inProgress === undefined ? '' : `, + ${inProgress.seconds} s for every ${inProgress.keys} keys, which wait for those in progress`}`,
    inputs: {
      flushSeconds: load.fixedSeconds,
      callTimeoutSeconds: callTimeout(load, sizing),
      keySeconds: load.keySeconds,
      distinctKeys: load.keys,
      workers: sizing.workers,
    },
    source: 'derived here: after an outage every batch is full, and one key that hangs must not keep the others',
  };
}

/** What a Redis stream holds, and the memory that it takes. */
function streamKnobs(question: MergingQuestion, load: Load, { shards }: Sizing): Knob[] {
  const { workload, outageSeconds = OUTAGE_SECONDS } = question;
  const share = fullestShare(load.groups, shards);
  const perStream = Math.ceil(2 * itemsDuringOutage(workload, outageSeconds) * share);
  const events = perStream * shards;
  return [
    {
      name: 'maxLengthPerStream',
      value: perStream,
      unit: 'events',
      formula:
        '2 × events of an outage × the share of the fullest shard: a stream drops the oldest above it; merged events are deleted at once, so that only what waits counts',
      inputs: { outageSeconds, peakPerSecond: load.perSecond, fullestShare: share },
      source: 'Redis documentation, XADD: MAXLEN; twice, because an entry that is dropped is an event that is lost',
    },
    {
      name: 'maxLength',
      value: events,
      unit: 'events',
      formula: 'maxLengthPerStream × shards: of all streams together',
      inputs: { maxLengthPerStream: perStream, shards: shards },
      source: 'derived here',
    },
    {
      name: 'memoryBytes',
      value: events * (load.eventBytes + ENTRY_BYTES),
      unit: 'bytes',
      formula: `maxLength × (bytes of an event + ${ENTRY_BYTES}): what Redis needs for full streams`,
      inputs: { maxLength: events, eventBytes: load.eventBytes },
      source: 'measured, test/engines/coalescer.test.ts',
    },
  ];
}

/** How the pod of a merger lives. */
function podKnobs(flushTimeoutSeconds: number, { windowSeconds }: Sizing): Knob[] {
  return [
    {
      name: 'terminationGracePeriodSeconds',
      value: flushTimeoutSeconds + GRACE_SPARE_SECONDS,
      unit: 's',
      formula: `the longest flush + ${GRACE_SPARE_SECONDS} s: a merger that is told to end finishes its flush`,
      inputs: { flushTimeoutSeconds },
      source: 'derived here; one that is killed repeats its flush, and loses nothing',
    },
    {
      name: 'stalledSeconds',
      value: Math.max(LEAST_STALLED_SECONDS, 2 * (flushTimeoutSeconds + windowSeconds)),
      unit: 's',
      formula: `2 × (the longest flush + window), at least ${LEAST_STALLED_SECONDS} s: a merger that ended no cycle for as long hangs`,
      inputs: { flushTimeoutSeconds, windowSeconds },
      source: 'derived here',
    },
    chosenKnob('scrapeSeconds', 30, 's', 'a tenth of the window that rates are taken over', HERE),
    ...podProbeKnobs(),
    probeTimeoutKnob(),
  ];
}

/** How long Kinesis keeps events, and how long a batch is retried. */
function retentionKnobs(outageSeconds: number): Knob[] {
  const kept = retentionSeconds(outageSeconds);
  return [
    {
      name: 'retentionSeconds',
      value: kept,
      unit: 's',
      formula: 'twice an outage in whole hours, at least a day',
      inputs: { outageSeconds },
      source: 'Amazon Kinesis Data Streams developer guide, data retention: 24 hours to 365 days',
    },
    {
      name: 'maxRecordAgeSeconds',
      value: Math.min(WEEK_SECONDS, kept / 2),
      unit: 's',
      formula:
        'half the retention, at most 7 days: what could not be flushed until then is named in the dead-letter queue while it can still be read',
      inputs: { retentionSeconds: kept },
      source: 'AWS Lambda API reference, CreateEventSourceMapping: MaximumRecordAgeInSeconds, 60 s to 7 days',
    },
  ];
}
