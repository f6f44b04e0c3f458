/** The numbers of a compaction's alarms, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import { DAY_SECONDS } from '../ranges';
import { type Load, mostPerSecond, spanOf, startFiles, tailOf, touchedBy } from './sizing';

const OWN = 'this library, docs/constructs/k8s-continuous-compaction.md';
const VACUUM_DAYS = 3;

/** Numbers of the alarms on scheduled runs. */
export function runAlarmKnobs(load: Load, interval: number, deadline: number): Knob[] {
  const { longestRunSeconds, smallFiles, fileBytes } = load;
  const files = mostPerSecond(load, interval) * spanOf(load, interval);
  const touched = touchedBy(load, interval);
  const longestTail = tailOf(load, interval, (files * fileBytes) / touched).most;
  return [
    {
      name: 'alarmSmallFiles',
      value: Math.ceil(smallFiles),
      unit: 'files',
      formula: 'the objective: a run found more, or skipped partitions',
      inputs: { smallFiles, startFiles: startFiles(load, interval) },
      source: OWN,
    },
    {
      name: 'alarmRunSeconds',
      value: Math.min(longestRunSeconds, Math.floor(0.9 * deadline)),
      unit: 's',
      formula: 'the objective, and below the deadline, after which there is no run to report',
      inputs: { longestRunSeconds, runDeadlineSeconds: deadline },
      source: OWN,
    },
    {
      name: 'alarmRewrittenBytes',
      value: Math.ceil(files * fileBytes + touched * longestTail),
      unit: 'bytes',
      formula:
        'files that a run finds at the planned load × bytes + partitions × the largest part-filled file: a run that rewrites more',
      inputs: { files, fileBytes, touched, longestTail },
      source: OWN,
    },
    {
      name: 'alarmConflictSeconds',
      value: 2 * interval,
      unit: 's',
      formula: '2 × interval: three runs in a row gave up a partition; one conflict is retried by the next run',
      inputs: { intervalSeconds: interval },
      source: OWN,
    },
    firstOneKnob('alarmConflicts', 'partitions', 'of those runs', OWN),
    firstOneKnob('alarmFailures', 'runs', 'a run that fails twice needs a person: permission, storage, memory', OWN),
    {
      name: 'alarmReportAgeSeconds',
      value: 2 * interval + deadline,
      unit: 's',
      formula:
        '2 × interval + deadline of a run: two starts were missed; without a report the other alarms have no data',
      inputs: { intervalSeconds: interval, runDeadlineSeconds: deadline },
      source: OWN,
    },
    chosenKnob(
      'alarmVacuumAgeSeconds',
      VACUUM_DAYS * DAY_SECONDS,
      's',
      '3 days without a vacuum, which is due once a day: rewritten files are not deleted',
      OWN,
    ),
  ];
}
