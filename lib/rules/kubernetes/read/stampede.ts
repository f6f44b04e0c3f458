/** CronJobs that start in the same minute, and their total requests. */

import { grouped } from '../../../flow/grouped';
import { cronSchedule, UNIX_CRON } from '../../../flow/schedule/cron';
import { fullestMinute, type Schedule } from '../../../flow/schedule/schedule';
import type { Resource } from '../../document';
import { oncePer } from '../../once-per';
import { own } from '../../own';
import { isQueued } from './kueue';
import { type Manifests, namespaceOf } from './manifests';

/** A CronJob whose schedule is decided. */
export interface Scheduled {
  readonly job: Resource;
  readonly schedule: Schedule;
}

/** CronJobs that start in one minute of some day. */
export interface Together {
  /** Minute of the day. */
  readonly minute: number;
  readonly jobs: readonly Resource[];
}

/** Everything that a controller starts when its schedule says so. */
export function startedBySchedule(manifests: Manifests): readonly Resource[] {
  return manifests.ofType(
    'batch/CronJob',
    'argoproj.io/CronWorkflow',
    'sparkoperator.k8s.io/ScheduledSparkApplication',
  );
}

/** When a CronJob starts; undefined when its schedule does not decide it. */
export function jobSchedule(job: Resource): Schedule | undefined {
  const several = job.at('spec', 'schedules').items();
  // Of a workflow with several schedules the first stands for all.
  const at = several.length > 0 ? several[0] : job.at('spec', 'schedule');
  return cronSchedule(UNIX_CRON, at.text() ?? '');
}

/** Every CronJob that starts work whenever its schedule says so: not suspended, and in no queue. */
export const scheduled = oncePer((manifests: Manifests): readonly Scheduled[] =>
  startedBySchedule(manifests).flatMap((job) => {
    const schedule = jobSchedule(job);
    if (!schedule || job.at('spec', 'suspend').flag(false) !== false || isQueued(job)) return [];
    return [{ job, schedule }];
  }),
);

/** Those with the same clock: without a zone, the controller's. */
export function byZone(jobs: readonly Scheduled[]): Iterable<readonly Scheduled[]> {
  const zones = jobs.map((each) => {
    const zone = each.job.at('spec', 'timeZone').text(each.job.at('spec', 'timezone').text(''));
    // An undecided zone is grouped with no other.
    return [zone ?? `? ${each.job.name} ${namespaceOf(each.job)}`, each] as const;
  });
  return grouped(zones).values();
}

/** The minute with the largest request, and its CronJobs; undefined when there is none. */
export function fullest(jobs: readonly Scheduled[], weight: (job: Resource) => number): Together | undefined {
  const schedules = jobs.map(({ schedule }) => schedule);
  const { minuteOfDay, firing } = fullestMinute(schedules, (place) => weight(jobs[place].job));
  return firing.length === 0 ? undefined : { minute: minuteOfDay, jobs: firing.map((place) => jobs[place].job) };
}

/** Pods of one Job at a time: never more than there is left to complete. */
export function parallelism(workload: Resource): number | undefined {
  const path = own(JOB_SPECS, workload.type);
  // Of a workflow the steps decide.
  if (!path) return undefined;
  const job = workload.at(...path);
  const atOnce = job.at('parallelism').number(1);
  const completions = job.at('completions').number(Number.POSITIVE_INFINITY);
  return atOnce === undefined || completions === undefined ? undefined : Math.min(atOnce, completions);
}

/** The way to the Job that each kind of workload starts. */
const JOB_SPECS: Readonly<Record<string, readonly string[]>> = {
  'batch/Job': ['spec'],
  'batch/CronJob': ['spec', 'jobTemplate', 'spec'],
  'keda.sh/ScaledJob': ['spec', 'jobTargetRef'],
};
