/** The numbers of a log shipper's alerts, each with its reason. */
import { chosenKnob, firstOneKnob, rateWindowKnob } from '../alarms';
import type { Knob } from '../plan';
import type { ResolvedLogs, Sized } from './sizing';

const OWN = 'this library, docs/constructs/k8s-log-shipping.md';
const MINUTE = 60;
/** A shipper that is down for longer is not just being updated: an assumption. */
const LONGEST_SILENCE_SECONDS = 900;

/** What the alerts compare with, and how long a condition holds before one fires. */
export function logAlarmKnobs({ peak, rotation }: ResolvedLogs, { queue, files, cap }: Sized): Knob[] {
  const readableSeconds = Math.floor(cap / peak);
  return [
    rateWindowKnob(),
    chosenKnob('alarmSampleSeconds', MINUTE, 's', 'one sample: Prometheus scrapes at least once a minute', OWN),
    {
      name: 'alarmRotationSeconds',
      value: 2 * rotation,
      unit: 's',
      formula: '2 × time between two runs of the rotator: one run may come just before a file is too large',
      inputs: { rotationSeconds: rotation },
      source: OWN,
    },
    {
      name: 'alarmDownSeconds',
      value: Math.min(LONGEST_SILENCE_SECONDS, Math.ceil(readableSeconds / 2)),
      unit: 's',
      formula: 'half of the time that a rotated file stays readable, at most 15 minutes: the rest is for the repair',
      inputs: { readableSeconds },
      source: OWN,
    },
    {
      name: 'alarmPromisedBytes',
      value: queue + files,
      unit: 'bytes',
      formula: 'queue + log files at their worst: what they do not use of it yet must be free',
      inputs: { diskQueueBytes: queue, logFileBytes: files },
      source: 'disk budget of this plan',
    },
    firstOneKnob('alarmDroppedLines', 'lines', 'a dropped line is lost', OWN),
    firstOneKnob('alarmUnreadableFiles', 'files', 'a file that cannot be read is deleted without being shipped', OWN),
    firstOneKnob('alarmUnavailablePods', 'pods', 'the disk of a node without a shipper fills', OWN),
  ];
}
