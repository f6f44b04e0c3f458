/** Limits of Apache Kafka with which several subjects reckon. */
import { type Knob, unlessGiven } from './plan';
import { WEEK_SECONDS } from './ranges';

const QUOTAS =
  'Apache Kafka documentation, Design, Quotas: each broker holds a client to its quota by itself; Broker Configs: quota.window.num, 11 windows of a second, the last of them not over';
const HOUR_SECONDS = 3600;
/** Whole windows in which a broker counts the bytes of a user. */
export const QUOTA_WINDOW_SECONDS = 10;
/** Batches of the largest size that come within these without being throttled. An assumption. */
const LARGEST_AT_ONCE = 4;

/** Apache Kafka documentation, Broker Configs: `message.max.bytes`, the default. */
export const MESSAGE_BYTES = 1_048_588;
/** What a topic may be told to take: a broker reads requests of 100 MiB at most (`socket.request.max.bytes`). */
export const MESSAGE_RANGE = { least: 1024, most: 100 * 2 ** 20 - 2 ** 16 } as const;
/** Room for the headers of a record that is set aside: its own, and 5 KiB at most that say where it was and why it failed. */
export const DEAD_HEADER_BYTES = 8192;

/** Apache Kafka documentation, Topic Configs: `segment.ms`, the default. */
const DEFAULT_SEGMENT_SECONDS = WEEK_SECONDS;
/** A topic is deleted in so many parts. */
const SEGMENTS = 10;
/** Apache Kafka documentation, Broker Configs: `log.retention.check.interval.ms`, the default, and a minute until files are gone. */
const RETENTION_CHECK_SECONDS = 360;

/**
 * A quota of a user of Kafka.
 *
 * An answer with more bytes than the quota allows in its window is emptied, not counted, and asked for again: a batch that is
 * larger by itself is never read. A write that is larger mutes its connection for minutes.
 *
 * @param rate what the user needs besides, with its formula
 * @param largest the largest batch: the name of its input, its bytes, and what it is called
 */
export function byteRateKnob(
  name: 'consumerByteRate' | 'producerByteRate',
  rate: Pick<Knob, 'value' | 'formula' | 'inputs'>,
  largest: { readonly input: string; readonly bytes: number; readonly what: string },
): Knob {
  return {
    name,
    value: Math.ceil(Math.max(rate.value, leastByteRate(largest.bytes))),
    unit: 'bytes/s',
    formula: `max(${rate.formula}, ${LARGEST_AT_ONCE} ${largest.what} in ${QUOTA_WINDOW_SECONDS} s), of each broker: one may lead every partition, and what is above the quota of a window by itself is never let through`,
    inputs: { ...rate.inputs, [largest.input]: largest.bytes, windowSeconds: QUOTA_WINDOW_SECONDS },
    source: QUOTAS,
  };
}

/** Bytes a second with which some of the largest batches are within the quota of a window. */
export function leastByteRate(largestBytes: number): number {
  return (LARGEST_AT_ONCE * largestBytes) / QUOTA_WINDOW_SECONDS;
}

/**
 * The largest batch of records that a topic takes.
 *
 * @param existing whether the topic is there already, and takes what is not known here
 */
export function maxMessageKnob(given?: number, existing = false): Knob {
  return {
    name: 'maxMessageBytes',
    value: given ?? MESSAGE_BYTES,
    unit: 'bytes',
    ...unlessGiven(
      given,
      existing
        ? 'the default of Kafka, an assumption on a topic that is there'
        : 'the default of Kafka, set on the topic: that of a broker may be another one',
    ),
    source: 'Apache Kafka documentation, Topic Configs: max.message.bytes, of a batch of records as it is stored',
  };
}

/** The same of the topic of what is set aside. */
export function deadMessageKnob(maxMessageBytes: number): Knob {
  return {
    name: 'deadMaxMessageBytes',
    value: maxMessageBytes + DEAD_HEADER_BYTES,
    unit: 'bytes',
    formula: `that of the topic and ${DEAD_HEADER_BYTES} bytes of headers: a record that could not be set aside would hold up its partition`,
    inputs: { maxMessageBytes },
    source: 'Apache Kafka documentation, Topic Configs: max.message.bytes',
  };
}

/**
 * How long records are collected in a segment of a topic.
 *
 * @param existing whether the topic is there already, with a segment that is not known here
 */
export function segmentKnob(retentionSeconds: number, existing = false, name = 'segmentSeconds'): Knob {
  return {
    name,
    value: existing ? DEFAULT_SEGMENT_SECONDS : Math.max(HOUR_SECONDS, Math.ceil(retentionSeconds / SEGMENTS)),
    unit: 's',
    formula: existing
      ? 'the default of Kafka, an assumption on a topic that is there'
      : 'a tenth of the retention, at least an hour: records are deleted by whole segments, so that the first of one is kept as much longer',
    inputs: existing ? {} : { retentionSeconds },
    source: 'Apache Kafka documentation, Topic Configs: segment.ms, 7 days by default',
  };
}

/** The greatest age of a record: retention deletes a segment by its latest one. */
export function keptKnob(retentionSeconds: number, segmentSeconds: number): Knob {
  return {
    name: 'keptSeconds',
    value: retentionSeconds + segmentSeconds + RETENTION_CHECK_SECONDS,
    unit: 's',
    formula: `retention + segment + ${RETENTION_CHECK_SECONDS} s until it is looked for and deleted: the greatest age of a record`,
    inputs: { retentionSeconds, segmentSeconds },
    source:
      'Apache Kafka documentation, Broker Configs: log.retention.check.interval.ms, log.segment.delete.delay.ms; a segment is deleted by its latest record',
  };
}
