/** What starts jobs at their minute: the form of a schedule, and the limits, once for plan, constructs and rules. */
import { type CronDialect, EVENTBRIDGE_CRON, UNIX_CRON } from './cron';

/** What can start jobs. */
export type SchedulerName = 'eventbridge' | 'kubernetes' | 'google';

/** One scheduler. */
export interface SchedulerFacts {
  /** Its name in sentences. */
  readonly title: string;
  /** How it reads cron expressions. */
  readonly dialect: CronDialect;
  /** Seconds that a run may be late before it is dropped: the least and the most that it takes. */
  readonly lateness: { readonly least: number; readonly most: number };
  /** Where that limit stands. */
  readonly source: string;
}

/** Every scheduler. */
export const SCHEDULERS: Readonly<Record<SchedulerName, SchedulerFacts>> = {
  eventbridge: {
    title: 'Amazon EventBridge Scheduler',
    dialect: EVENTBRIDGE_CRON,
    lateness: { least: 60, most: 86_400 },
    source: 'EventBridge Scheduler API reference, RetryPolicy: MaximumEventAgeInSeconds, 60 to 86,400',
  },
  kubernetes: {
    title: 'Kubernetes CronJobs',
    dialect: UNIX_CRON,
    // The controller looks every 10 s: a shorter deadline may pass between two looks.
    lateness: { least: 10, most: 86_400 },
    source: 'Kubernetes, CronJob: startingDeadlineSeconds; below 10 a job may never be scheduled',
  },
  google: {
    title: 'Google Cloud Scheduler',
    dialect: UNIX_CRON,
    // Cloud Tasks has no limit of its own; a day, as elsewhere.
    lateness: { least: 60, most: 86_400 },
    source: 'Google Cloud Tasks reference, RetryConfig: maxRetryDuration',
  },
};
