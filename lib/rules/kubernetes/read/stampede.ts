/** Which CronJobs start in the same minute, and what they ask for together. */
import type { Resource } from '../../document';
import { grouped, once } from '../../once';
import { CALENDAR_DAYS, parseSchedule, type Schedule } from './cron-fields';
import { isQueued } from './kueue';
import { byNamespace, type Manifests, namespaceOf } from './manifests';
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
export function byZone(jobs: readonly Scheduled[]): Iterable<readonly Scheduled[]> {
  const zones = jobs.map((each) => {
    const zone = each.job.at('spec', 'timeZone').text('');
    // A zone that is not decided is nobody else's.
    return [zone ?? `? ${each.job.name} ${namespaceOf(each.job)}`, each] as const;
  });
  return grouped(zones).values();
}

/** The minute in which most is asked for, and what starts in it; undefined when nothing does. */
export function fullest(jobs: readonly Scheduled[], weight: (job: Resource) => number): Together | undefined {
  const weights = new Map(jobs.map(({ job }) => [job, weight(job)]));
  let most: Together | undefined;
  let heaviest = 0;
  for (const { minute, members } of sameMinute(jobs)) {
    // Those of one day are some of those of the minute.
    if (most && members.reduce((total, { job }) => total + weights.get(job)!, 0) <= heaviest) continue;
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
function sameMinute(jobs: readonly Scheduled[]): Iterable<{ minute: number; members: readonly Scheduled[] }> {
  // Jobs with the same times share their minutes as one array, and there are fewer of those than of jobs.
  const byTimes = grouped(jobs.map((each, place) => [each.schedule.minutes, { ...each, place }] as const));
  const times = [...byTimes].map(([minutes, members], id) => ({ id, minutes, members }));
  const at = grouped(times.flatMap((each) => each.minutes.map((minute) => [minute, each] as const)));
  const sets = new Map<string, { minute: number; members: readonly Scheduled[] }>();
  for (const [minute, here] of [...at].sort(([a], [b]) => a - b)) {
    const key = here.map(({ id }) => id).join(' ');
    if (sets.has(key)) continue;
    const members = here.flatMap((each) => each.members);
    sets.set(key, { minute, members: members.sort((a, b) => a.place - b.place) });
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

const ask = (key: string, resource: 'cpu' | 'memory'): Limit => {
  // Every quota of a namespace asks for every workload in it.
  const used = once((workload: Resource) => {
    const one = podRequest(workload.document as Manifests, workload, resource);
    const count = parallelism(workload);
    return one === undefined || count === undefined ? undefined : one * count;
  });
  return { key, show: resource === 'memory' ? mebibytes : plain, use: (_, workload) => used(workload) };
};

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
export function quotasOf(manifests: Manifests, namespace: string): readonly Resource[] {
  return quotas(manifests).get(namespace) ?? [];
}

const quotas = once((manifests: Manifests) =>
  byNamespace(
    manifests
      .ofType('ResourceQuota')
      .filter((quota) => quota.at('spec', 'scopes').absent && quota.at('spec', 'scopeSelector').absent),
  ),
);

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
