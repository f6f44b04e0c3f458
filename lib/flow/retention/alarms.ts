/** The numbers of a collection's alerts and of its report, each with its reason. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';

const OWN = 'this library, docs/constructs/k8s-ttl-collection.md';
/** Between two reports. */
export const REPORT_SECONDS = 3600;
/** A report counts documents through indexes: seconds, or minutes on a busy database. */
const REPORT_DEADLINE_SECONDS = 600;
const MISSING_REPORTS = 3;

/** What the alerts compare with, and how long a condition holds before one fires. */
export function collectionAlarmKnobs(backfillDeadlineSeconds: number, drainSeconds: number): Knob[] {
  return [
    {
      name: 'alarmSizeHoldSeconds',
      value: Math.max(2 * REPORT_SECONDS, backfillDeadlineSeconds + drainSeconds),
      unit: 's',
      formula:
        'deadline of the backfill + drain, at least 2 reports: until then old documents keep the size above the steady one, as predicted',
      inputs: { backfillDeadlineSeconds, drainSeconds, reportSeconds: REPORT_SECONDS },
      source: OWN,
    },
    {
      name: 'alarmReportAgeSeconds',
      value: MISSING_REPORTS * REPORT_SECONDS,
      unit: 's',
      formula: '3 × time between two reports: without a report the other alerts have no data',
      inputs: { reportSeconds: REPORT_SECONDS },
      source: OWN,
    },
    firstOneKnob('alarmUnexpiringDocuments', 'documents', 'a document without a date is never deleted', OWN),
    firstOneKnob('alarmBackfillFailures', 'attempts', 'most causes need a person: connection, permission', OWN),
  ];
}

/** How long a report may take. Another platform ends it by other means. */
export function reportDeadlineKnob(source: string): Knob {
  return chosenKnob(
    'reportDeadlineSeconds',
    REPORT_DEADLINE_SECONDS,
    's',
    'a report takes seconds, or minutes on a busy database; a longer one hangs',
    `${source}; the number is an assumption`,
  );
}

/** How often the report runs, how late it may start and how long it may take. */
export function reportKnobs(): Knob[] {
  return [
    chosenKnob(
      'reportSeconds',
      REPORT_SECONDS,
      's',
      'once an hour, at a minute from the hash of the name',
      'an assumption: a collection of days changes little in an hour',
    ),
    reportDeadlineKnob('Kubernetes, Jobs, activeDeadlineSeconds'),
    chosenKnob(
      'reportStartingDeadlineSeconds',
      REPORT_DEADLINE_SECONDS,
      's',
      'as long as a report may take: a later one would run into the next',
      'Kubernetes, CronJob, startingDeadlineSeconds; the number is an assumption',
    ),
    chosenKnob(
      'terminationGracePeriodSeconds',
      30,
      's',
      'the default: a batch takes a second, and the next run continues where this one stopped',
      'Kubernetes, Pod lifecycle, Termination of Pods',
    ),
  ];
}

/** Seconds without a report or a start until an alarm: one may be late. */
export function oneLateKnob(
  name: string,
  what: 'reports' | 'starts',
  input: string,
  seconds: number,
  source: string,
): Knob {
  return {
    name,
    value: 2 * seconds,
    unit: 's',
    formula: `2 × time between two ${what}: one may be late`,
    inputs: { [input]: seconds },
    source,
  };
}
