/** Where the backfill and the report of a collection run: what is set there, and the numbers of the alarms there are. */
import { chosenKnob, firstOneKnob } from '../alarms';
import type { Knob } from '../plan';
import { DAY_SECONDS } from '../ranges';
import { collectionAlarmKnobs, oneLateKnob, REPORT_SECONDS, reportDeadlineKnob, reportKnobs } from './alarms';
import type { RetentionPlatform } from './workload';

/** What of a plan depends on the platform. */
interface CollectionPlatform {
  /** Where the time after which a backfill is late has its rule from. */
  readonly late: Pick<Knob, 'name' | 'formula' | 'source'>;
  /** How report and backfill are run. */
  readonly runs: () => Knob[];
  readonly alarms: (lateSeconds: number, drainSeconds: number) => Knob[];
}

const OWN = 'this library, docs/constructs/ttl-collection.md';
/** A backfill is started as often as a report: one that died goes on within the hour. */
const START_SECONDS = 3600;
/** Three tries to renew it may fail before another run takes it. */
const LEASE_SECONDS = 120;
const LEASE_RENEWALS = 4;
const NEWEST_DOCUMENTS = 1000;

const kubernetes: CollectionPlatform = {
  late: {
    name: 'backfillDeadlineSeconds',
    formula: 'twice the prediction and an hour; the next run continues where it stopped',
    source: 'Kubernetes, Jobs, activeDeadlineSeconds; the factor is an assumption',
  },
  runs: reportKnobs,
  alarms: collectionAlarmKnobs,
};

/** Tasks that EventBridge Scheduler starts: nothing there keeps two from running at once. */
const fargate: CollectionPlatform = {
  late: {
    name: 'alarmBackfillSeconds',
    formula: 'twice the prediction and an hour',
    source: `${OWN}; the factor is an assumption`,
  },
  runs: () => [
    chosenKnob('reportSeconds', REPORT_SECONDS, 's', 'once an hour: a collection of days changes little in one', OWN),
    reportDeadlineKnob(`${OWN}: Amazon ECS ends no task, so the script ends itself`),
    chosenKnob(
      'startSeconds',
      START_SECONDS,
      's',
      'time between two starts of the backfill: one that died goes on within the hour, and one that is done reads a document and ends',
      OWN,
    ),
    chosenKnob(
      'leaseSeconds',
      LEASE_SECONDS,
      's',
      'a run that has not renewed its lease for so long has died; another may begin. A write of a batch takes seconds',
      `${OWN}; Amazon ECS starts a task whether or not another runs`,
    ),
    {
      name: 'leaseRenewalSeconds',
      value: LEASE_SECONDS / LEASE_RENEWALS,
      unit: 's',
      formula: `lease ÷ ${LEASE_RENEWALS}: three renewals may fail`,
      inputs: { leaseSeconds: LEASE_SECONDS },
      source: OWN,
    },
    chosenKnob(
      'undeliveredRetentionSeconds',
      14 * DAY_SECONDS,
      's',
      'starts that the scheduler could not deliver, with the reason: the longest that a queue keeps a message',
      'Amazon SQS Developer Guide, message quotas',
    ),
    chosenKnob(
      'newestDocuments',
      NEWEST_DOCUMENTS,
      'documents',
      'the report looks for a missing date in so many of the newest: Amazon DocumentDB finds a missing field by reading the whole collection',
      'Amazon DocumentDB Developer Guide, Best practices: $exists and indexes; the number is an assumption',
    ),
    chosenKnob(
      'stopTimeoutSeconds',
      30,
      's',
      'the default: a batch takes a second, and the next run continues where this one stopped',
      'Amazon ECS, Task definition parameters, stopTimeout',
    ),
  ],
  alarms: () => [
    oneLateKnob('alarmReportSeconds', 'reports', 'reportSeconds', REPORT_SECONDS, OWN),
    oneLateKnob('alarmStartSeconds', 'starts', 'startSeconds', START_SECONDS, OWN),
    chosenKnob('alarmReports', 1, 'reports', 'fires when there is none', OWN),
    chosenKnob('alarmStarts', 1, 'starts', 'fires when there is none', OWN),
    firstOneKnob('alarmUnexpiringDocuments', 'documents', 'a document without a date is never deleted', OWN),
    firstOneKnob('alarmUndeliveredStarts', 'starts', 'a role or a cluster that is gone does not come back', OWN),
    firstOneKnob('alarmIndexMissing', 'indexes', 'without the index nothing is deleted', OWN),
    firstOneKnob('alarmBackfillErrors', 'errors', 'most causes need a person: connection, permission, disk', OWN),
    chosenKnob('alarmBackfillStarts', 3, 'starts', 'three that failed within a day: one may meet a failover', OWN),
    {
      name: 'alarmBackfillPeriods',
      value: DAY_SECONDS / START_SECONDS,
      unit: 'periods',
      formula:
        'a day ÷ time between two starts: a start that fails may have worked for hours, so failures are not in a row',
      inputs: { daySeconds: DAY_SECONDS, startSeconds: START_SECONDS },
      source: `${OWN}; the day is an assumption`,
    },
  ],
};

const PLATFORMS: Readonly<Record<RetentionPlatform, CollectionPlatform>> = { kubernetes, fargate };

/** Their names, the default first. */
export const RETENTION_PLATFORMS = Object.keys(PLATFORMS) as RetentionPlatform[];

/** What a platform sets and watches. */
export function platformOf(platform: RetentionPlatform = RETENTION_PLATFORMS[0]): CollectionPlatform {
  return PLATFORMS[platform];
}
