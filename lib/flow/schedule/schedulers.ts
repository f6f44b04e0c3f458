/** Schedulers, which start jobs at their minute: the form of a schedule, and the limits, once for plan, constructs and rules. */
import { type CronDialect, EVENTBRIDGE_CRON, UNIX_CRON } from './cron';

/** What can start jobs. */
export type SchedulerName = 'eventbridge' | 'kubernetes' | 'google';

/** One scheduler. */
export interface SchedulerFacts {
  /** Its name in sentences. */
  readonly title: string;
  /** How it reads cron expressions. */
  readonly dialect: CronDialect;
  /** Whether runs wait in a queue in front of the compute, so that a burst begins late instead of all at once. */
  readonly runsWait: boolean;
  /** Whether an hour that the clocks repeat repeats its runs. */
  readonly repeatsHours: boolean;
  /** Seconds that a run may be late before it is dropped: the least and the most that it takes. */
  readonly lateness: { readonly least: number; readonly most: number };
  /** Where that limit stands. */
  readonly source: string;
  /** Seconds after the beginning of its minute within which a run is started. */
  readonly startSpreadSeconds: number;
  /** Where that is said. */
  readonly startSpreadSource: string;
  /** Whether a run never meets the next one of its job. */
  readonly oneAtATime: boolean;
}

/** What starts the jobs where a question does not say. */
export const DEFAULT_SCHEDULER: SchedulerName = 'kubernetes';

/** Every scheduler. */
export const SCHEDULERS: Readonly<Record<SchedulerName, SchedulerFacts>> = {
  eventbridge: {
    title: 'Amazon EventBridge Scheduler',
    dialect: EVENTBRIDGE_CRON,
    runsWait: true,
    // EventBridge Scheduler User Guide, Schedule types, "Daylight savings time": a repeated hour runs once, a missing one is skipped.
    repeatsHours: false,
    lateness: { least: 60, most: 86_400 },
    source: 'EventBridge Scheduler API reference, RetryPolicy: MaximumEventAgeInSeconds, 60 to 86,400',
    startSpreadSeconds: 60,
    startSpreadSource:
      'EventBridge Scheduler User Guide, Schedule types: 60-second precision, a schedule for 1:00 fires between 1:00:00 and 1:00:59',
    oneAtATime: false,
  },
  kubernetes: {
    title: 'Kubernetes CronJobs',
    dialect: UNIX_CRON,
    // Unless a queue of the cluster does, which is said in the question.
    runsWait: false,
    // robfig/cron, which the controller reads expressions with: the next minute that fits, by the clock on the wall.
    repeatsHours: true,
    // The controller polls every 10 s: a shorter deadline may pass between two polls.
    lateness: { least: 10, most: 86_400 },
    source: 'Kubernetes, CronJob: startingDeadlineSeconds; below 10 a job may never be scheduled',
    startSpreadSeconds: 10,
    startSpreadSource: 'Kubernetes, CronJob: the controller checks every 10 s',
    oneAtATime: true,
  },
  google: {
    title: 'Google Cloud Scheduler',
    dialect: UNIX_CRON,
    runsWait: true,
    // Cloud Scheduler, Configure cron job schedules, advises UTC for such hours; assumed.
    repeatsHours: true,
    // Cloud Tasks has no limit of its own; a day, as elsewhere.
    lateness: { least: 60, most: 86_400 },
    source: 'Google Cloud Tasks reference, RetryConfig: maxRetryDuration',
    // Cloud Scheduler begins an attempt within seconds of its minute; a slow dispatch is retried from 5 s on.
    startSpreadSeconds: 5,
    startSpreadSource: 'Google Cloud Scheduler reference, RetryConfig: minBackoffDuration, 5 s by default',
    oneAtATime: false,
  },
};
