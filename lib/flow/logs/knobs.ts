/** The knobs of a log plan, each with its reason. */

import { type Knob, unlessGiven } from '../plan';
import { logAlarmKnobs } from './alarms';
import { logPodKnobs } from './pod';
import { FEWEST_FILES, MOST_FILES, queued, type ResolvedLogs, SEGMENTS, type Sized } from './sizing';

/** Filestream identifies a file by its first 1,024 bytes (`prospector.scanner.fingerprint.length`). */
const FINGERPRINT_BYTES = 1024;
/** Filestream's default `prospector.scanner.check_interval`. */
const SLOWEST_SCAN_SECONDS = 10;
/**
 * Filebeat's default `bulk_max_size` of the Kafka output, and the largest useful value: larger batches only wait
 * longer.
 */
const LARGEST_BATCH = 2048;
const SMALLEST_BATCH = 50;
const FLUSH_SECONDS = 1;

/** Every knob of the plan. */
export function knobsOf(question: ResolvedLogs, sized: Sized): Knob[] {
  return [
    ...rotationKnobs(question, sized),
    ...shippingKnobs(question, sized),
    ...diskKnobs(question, sized),
    ...logAlarmKnobs(question, sized),
    ...logPodKnobs(question),
  ];
}

function rotationKnobs(question: ResolvedLogs, { growth, smallestCap, cap, count, queue }: Sized): Knob[] {
  const { peak, rotation, shipperAway, logFiles, budget, compress, givenCap, givenCount } = question;
  return [
    {
      name: 'fileSizeCapBytes',
      value: cap,
      unit: 'bytes',
      ...unlessGiven(
        givenCap,
        '(budget − queue) ÷ most files − growth until a file is renamed; at least peak × time that the shipper may be down, because a compressed file is not read any more',
        { budget, queue, logFiles, fileCount: count, growth, atLeast: smallestCap },
      ),
      source: 'logrotate(8), maxsize: checked at every run, for a file of any age',
    },
    {
      name: 'fileCount',
      value: count,
      unit: 'files',
      ...unlessGiven(givenCount, `as many as the budget holds at the smallest cap, ${FEWEST_FILES} to ${MOST_FILES}`, {
        budget,
        queue,
        logFiles,
        smallestCap,
      }),
      source: 'logrotate(8), rotate',
    },
    {
      name: 'rotationSeconds',
      value: rotation,
      unit: 's',
      formula:
        'a run checks the sizes; until the next one and while gzip takes in the file before, files grow by peak × (interval + (cap + growth) ÷ gzip)',
      inputs: { peakBytesPerSecond: peak, growthBytes: growth, compressBytesPerSecond: compress },
      source: 'logrotate(8): it checks a file when it is run, and with delaycompress compresses before it renames',
    },
    {
      name: 'readableSeconds',
      value: Math.floor(cap / peak),
      unit: 's',
      formula: 'cap ÷ peak: with delaycompress a rotated file stays readable until the next rotation',
      inputs: { cap, peakBytesPerSecond: peak, shipperAwaySeconds: shipperAway },
      source: 'logrotate(8), delaycompress',
    },
  ];
}

function shippingKnobs(question: ResolvedLogs, { queue, cap }: Sized): Knob[] {
  const { peak, lineBytes, envelope, outage, lag } = question;
  const lines = peak / lineBytes;
  return [
    {
      name: 'diskQueueBytes',
      value: queue,
      unit: 'bytes',
      formula: `lines during the outage, the peak first × (line + envelope) × ${SEGMENTS} ÷ ${SEGMENTS - 1}: a segment is deleted when all of it is acknowledged`,
      inputs: { outageSeconds: outage, lineBytes, envelopeBytes: envelope },
      source: 'Filebeat, Configure the internal queue, queue.disk.max_size and segment_size',
    },
    {
      name: 'scanSeconds',
      value: Math.max(1, Math.min(SLOWEST_SCAN_SECONDS, Math.floor(Math.min(lag / 4, cap / peak / 4)))),
      unit: 's',
      formula: 'a quarter of the allowed lag or of the time a rotated file stays readable, 1 to 10',
      inputs: { lagSeconds: lag, readableSeconds: cap / peak },
      source: 'Filebeat, filestream, prospector.scanner.check_interval: default 10 s',
    },
    {
      name: 'fingerprintBytes',
      value: FINGERPRINT_BYTES,
      unit: 'bytes',
      formula: 'Filebeat’s default; a smaller file is neither shipped nor rotated yet',
      inputs: {},
      source: 'Filebeat, filestream, prospector.scanner.fingerprint.length; logrotate(8), minsize',
    },
    {
      name: 'bulkMaxSize',
      value: Math.min(LARGEST_BATCH, Math.max(SMALLEST_BATCH, Math.ceil(lines * FLUSH_SECONDS))),
      unit: 'events',
      formula: `lines of one flush at the peak, ${SMALLEST_BATCH} to ${LARGEST_BATCH}`,
      inputs: { linesPerSecond: lines, flushSeconds: FLUSH_SECONDS },
      source: 'Filebeat, output, bulk_max_size: default 2048 for Kafka',
    },
    {
      name: 'flushSeconds',
      value: FLUSH_SECONDS,
      unit: 's',
      formula: 'an assumption: a second is short beside any lag that is promised',
      inputs: { lagSeconds: lag },
      source: 'Filebeat, Kafka output, bulk_flush_frequency',
    },
    {
      name: 'lagSeconds',
      value: lag,
      unit: 's',
      formula: 'given, or a minute',
      inputs: {},
      source: 'the objective',
    },
  ];
}

/** What the disk holds when an alert on it fires. */
function diskKnobs(question: ResolvedLogs, { queue, files }: Sized): Knob[] {
  const { reaction } = question;
  const share = queued(question, reaction);
  const alarm = Math.floor(Math.min(queue / 2, queue - (share * SEGMENTS) / (SEGMENTS - 1)));
  return [
    {
      name: 'queueAlarmBytes',
      value: alarm,
      unit: 'bytes',
      formula: 'half of the queue, or less, so that the rest lasts for the reaction even at the peak',
      inputs: { queue, reactionSeconds: reaction },
      source: 'disk budget of this plan',
    },
    {
      name: 'logFileBytes',
      value: files,
      unit: 'bytes',
      formula: 'files × (count + 1) × (cap + growth) + the largest file again for gzip',
      inputs: { logFiles: question.logFiles },
      source: 'disk budget of this plan; beyond it the rotator has stopped or a writer does not reopen',
    },
    {
      name: 'diskWatermarkBytes',
      value: files + alarm,
      unit: 'bytes',
      formula: 'log files at their worst + the queue at its alarm',
      inputs: { logFileBytes: files, queueAlarmBytes: alarm },
      source: 'disk budget of this plan',
    },
  ];
}
