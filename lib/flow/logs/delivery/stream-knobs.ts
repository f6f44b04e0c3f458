/** The knobs of a log delivery that concern its stream. */
import { type Knob, unlessGiven } from '../../plan';
import { BUFFERING, requestsOf } from './firehose';
import { type DeliverySizes, OBJECT_MARGIN, type ResolvedDelivery } from './sizing';

/** Why Firehose collects so much: given, of a stream that is there, or derived. */
function collectedReason(question: ResolvedDelivery, value: unknown, formula: string, inputs: Knob['inputs']) {
  return question.existingStream && value === undefined
    ? { formula: 'Firehose’s own default; give that of the stream where it has another', inputs: {} }
    : unlessGiven(value, formula, inputs);
}

/** What the stream takes, and what it collects for an object. */
export function streamKnobs(question: ResolvedDelivery, sizes: DeliverySizes): Knob[] {
  const { tasks, quota, ratio, smallestObject, givenMebibytes, givenSeconds, retentionDays } = question;
  const { lineBytes, envelope } = question;
  const { sentPerByte, peakSent, steadySent, requests, flush, bufferingMebibytes, bufferingSeconds } = sizes;
  return [
    {
      name: 'sentBytesPerLine',
      value: sentPerByte * lineBytes,
      unit: 'bytes',
      formula: question.lineOnly ? 'line + new line' : 'line + envelope, as JSON',
      inputs: { lineBytes, envelopeBytes: envelope },
      source: 'Fluent Bit, Amazon Kinesis Data Firehose, log_key',
    },
    {
      name: 'streamBytesPerSecond',
      value: quota,
      unit: 'bytes/s',
      formula: 'given, or the quota of most regions; the tasks send as much as the inputs say',
      inputs: { tasks, steadyBytesPerSecond: tasks * steadySent, peakBytesPerSecond: tasks * peakSent },
      source: 'Amazon Data Firehose developer guide, Quota: 5 MiB/s in N. Virginia, Oregon and Ireland, else 1 MiB/s',
    },
    {
      name: 'streamRequestsPerSecond',
      value: requestsOf(quota),
      unit: 'requests/s',
      formula: '400 for each MiB/s, 1,000 at least; the tasks make as many as the inputs say',
      inputs: { streamBytesPerSecond: quota, tasks, flushSeconds: flush, requestsPerSecond: requests },
      source:
        'Amazon Data Firehose developer guide, Quota: 2,000 with 5 MiB/s, 1,000 with 1 MiB/s; raised in proportion',
    },
    {
      name: 'bufferingMebibytes',
      value: bufferingMebibytes,
      unit: 'MiB',
      ...collectedReason(
        question,
        givenMebibytes,
        `${OBJECT_MARGIN} × the smallest object that is worth moving × gzip, ${BUFFERING.leastMebibytes} to ${BUFFERING.mostMebibytes}`,
        { smallestObjectBytes: smallestObject, compressionRatio: ratio },
      ),
      source: 'Amazon Data Firehose API reference, BufferingHints: before compression',
    },
    {
      name: 'bufferingSeconds',
      value: bufferingSeconds,
      unit: 's',
      ...collectedReason(
        question,
        givenSeconds,
        `whole minutes in which that much comes outside the peak, ${BUFFERING.mostSeconds} at most`,
        { bufferingMebibytes, bytesPerSecond: tasks * steadySent },
      ),
      source: 'Amazon Data Firehose API reference, BufferingHints',
    },
    {
      name: 'retentionDays',
      value: retentionDays,
      unit: 'days',
      formula: 'given, or a year',
      inputs: {},
      source: 'case 11: keep 365 days, then delete',
    },
  ];
}
