/** Which CronJobs start in the same minute, and what they ask for together. */
import type { Resource } from '../document';
import { grouped, once } from '../once';
import { CALENDAR_DAYS, parseSchedule, type Schedule } from './cron-fields';
import { isQueued } from './kueue';
import { type Manifests, namespaceOf } from './manifests';
import { mebibytes, plain } from './quantities';
import { podRequest } from './requests';

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

/** Every CronJob that starts work whenever its schedule says so: not suspended, and in no queue. */
export const scheduled = once((manifests: Manifests): readonly Scheduled[] =>
  manifests.ofType('batch/CronJob').flatMap((job) => {
    const schedule = parseSchedule(job.at('spec', 'schedule').text());
    if (!schedule || job.at('spec', 'suspend').flag(false) !== false || isQueued(job)) return [];
    return [{ job, schedule }];
  }),
);

/** Those with the same clock: without a zone, the controller's. */
export function byZone(jobs: readonly Scheduled[]): Scheduled[][] {
  const zones = new Map<string, Scheduled[]>();
  for (const each of jobs) {
    const zone = each.job.at('spec', 'timeZone').text('');
    // A zone that is not decided is nobody else's.
    const key = zone ?? `? ${each.job.name} ${namespaceOf(each.job)}`;
    zones.set(key, [...(zones.get(key) ?? []), each]);
  }
  return [...zones.values()];
}

/** The minute in which most is asked for, and what starts in it; undefined when nothing does. */
export function fullest(jobs: readonly Scheduled[], weight: (job: Resource) => number): Together | undefined {
  const weights = new Map(jobs.map(({ job }) => [job, weight(job)]));
  let most: Together | undefined;
  let heaviest = 0;
  for (const { minute, members } of sameMinute(jobs)) {
    for (const together of sameDay(members)) {
      const sum = together.reduce((total, job) => total + weights.get(job)!, 0);
      if (most && sum <= heaviest) continue;
      most = { minute, jobs: together };
      heaviest = sum;
    }
  }
  return most;
}

/** Every set of CronJobs that share a minute of the day, with the first such minute. */
function sameMinute(jobs: readonly Scheduled[]): Iterable<{ minute: number; members: Scheduled[] }> {
  // Jobs with the same times share their minutes as one array, and there are fewer of those than of jobs.
  const times = [...new Set(jobs.map(({ schedule }) => schedule.minutes))];
  const at = grouped(times.flatMap((minutes) => minutes.map((minute) => [minute, minutes] as const)));
  const sets = new Map<string, { minute: number; members: Scheduled[] }>();
  for (const [minute, here] of [...at].sort(([a], [b]) => a - b)) {
    const key = here.map((minutes) => times.indexOf(minutes)).join(' ');
    if (sets.has(key)) continue;
    sets.set(key, { minute, members: jobs.filter(({ schedule }) => here.includes(schedule.minutes)) });
  }
  return sets.values();
}

/** Every set of them that share a day. */
function sameDay(jobs: readonly Scheduled[]): Iterable<Resource[]> {
  const calendars = [...new Set(jobs.map(({ schedule }) => schedule.days))];
  if (calendars.length === 1) return [jobs.map(({ job }) => job)];
  const sets = new Map<string, Resource[]>();
  for (let day = 0; day < CALENDAR_DAYS; day += 1) {
    const key = calendars.map((days) => Number(days[day])).join('');
    if (sets.has(key) || !key.includes('1')) continue;
    const here = jobs.filter(({ schedule }) => schedule.days[day]);
    sets.set(
      key,
      here.map(({ job }) => job),
    );
  }
  return sets.values();
}

/** What a quota counts. */
export interface Limit {
  /** The key as the quota writes it. */
  readonly key: string;
  /** An amount of it for a person to read. */
  show(amount: number): string;
  /** What one run of this workload uses of it at once; undefined when that is not decided. */
  use(manifests: Manifests, workload: Resource): number | undefined;
}

const pods: Limit = {
  key: 'pods',
  show: plain,
  use: (_, workload) => parallelism(workload),
};

const ask = (key: string, resource: 'cpu' | 'memory'): Limit => ({
  key,
  show: resource === 'memory' ? mebibytes : plain,
  use(manifests, workload) {
    const one = podRequest(manifests, workload, resource);
    const count = parallelism(workload);
    return one === undefined || count === undefined ? undefined : one * count;
  },
});

/** What is compared with a quota, by the names that a ResourceQuota has for it. */
export const LIMITS: readonly Limit[] = [
  pods,
  { ...pods, key: 'count/pods' },
  ask('cpu', 'cpu'),
  ask('requests.cpu', 'cpu'),
  ask('memory', 'memory'),
  ask('requests.memory', 'memory'),
];

/** The quotas that count every pod of this namespace. */
export function quotasOf(manifests: Manifests, namespace: string | undefined): readonly Resource[] {
  return manifests
    .ofType('ResourceQuota')
    .filter(
      (quota) =>
        namespaceOf(quota) === namespace &&
        quota.at('spec', 'scopes').absent &&
        quota.at('spec', 'scopeSelector').absent,
    );
}

/** Pods of one Job at a time: never more than there is left to complete. */
export function parallelism(workload: Resource): number | undefined {
  const job = workload.at(...JOB_SPECS[workload.type]);
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
