/**
 * How late a run may begin, and when it is ended: the two together are no longer than the time to its next run, so that a
 * late run never meets the next one. Where that cannot be, the plan says so.
 */
import { figure } from '../figures';
import { serviceQuantile } from '../numerics/gamma';
import { firstIndex } from '../search';
import { loadAt } from './placement';
import { DEFAULT_SCHEDULER, SCHEDULERS, type SchedulerName } from './schedulers';
import { type Chore, cpuRatioOf, mostCpuRatio, type Spread } from './spread';
import type { ScheduleObjective } from './workload';

/** Kubernetes, a node for a pending pod: Cluster Autoscaler FAQ, `--max-node-provision-time`. */
export const NODE_PROVISION_SECONDS = 900;
const HOUR_SECONDS = 3600;
const MINUTE_SECONDS = 60;
/** Runs that take longer than this share of all are ended. */
const LIMIT_QUANTILE = 0.999;
/** Names in a remark. */
const MOST_NAMED = 5;

/** What 99.9 % of the runs of a job take. */
export function longestSeconds({ job, variation }: Chore): number {
  return serviceQuantile(LIMIT_QUANTILE, job.durationSeconds, variation);
}

/** What they take in whole seconds, after the time of a new node; no longer than until the next run. */
export function secondsWithNode(chore: Chore): number {
  return Math.min(chore.recurrence.gapSeconds, Math.ceil(longestSeconds(chore)) + NODE_PROVISION_SECONDS);
}

/** How late a run may begin, in whole seconds, within the limits of the scheduler. */
export function lateness(chore: Chore, { startWithinSeconds }: ScheduleObjective, scheduler: SchedulerName): number {
  const { least, most } = SCHEDULERS[scheduler].lateness;
  if (startWithinSeconds !== undefined) {
    return Math.min(most, Math.max(least, MINUTE_SECONDS, Math.floor(startWithinSeconds)));
  }
  const left = chore.recurrence.gapSeconds - Math.ceil(longestSeconds(chore));
  // A pod may wait for its node; where there is no time for both, a minute of it is for the start.
  const free =
    scheduler === 'kubernetes' ? Math.max(left - NODE_PROVISION_SECONDS, Math.min(MINUTE_SECONDS, left)) : left;
  return Math.max(least, Math.floor(Math.min(HOUR_SECONDS, free)));
}

/** When a run on Kubernetes is ended, seconds after its Job was made. A run that is not late is never ended for one that is. */
export function activeDeadline(chore: Chore, late: number): number {
  const { gapSeconds } = chore.recurrence;
  const run = Math.ceil(longestSeconds(chore));
  return Math.min(gapSeconds, Math.max(run, Math.min(secondsWithNode(chore), gapSeconds - late)));
}

/** Late runs that may meet their next ones, pods that may be ended before a node comes, and starts after an outage. */
export function latenessRemarks(spread: Spread): string[] {
  const { question, chores } = spread;
  const { objective = {}, scheduler = DEFAULT_SCHEDULER } = question;
  const onKubernetes = scheduler === 'kubernetes';
  const timed = chores.map((chore) => {
    const late = lateness(chore, objective, scheduler);
    const ends = onKubernetes ? activeDeadline(chore, late) : Math.ceil(longestSeconds(chore));
    return { chore, late, ends };
  });
  const meet = timed.filter(({ chore, late, ends }) => late + ends > chore.recurrence.gapSeconds);
  const hurried = timed.filter(({ chore, ends }) => ends < Math.ceil(longestSeconds(chore)) + NODE_PROVISION_SECONDS);
  return [
    ...(meet.length === 0
      ? []
      : [`a run that begins as late as it may can last into its next one: ${namesOf(meet.map(({ chore }) => chore))}`]),
    ...(onKubernetes && hurried.length > 0
      ? [
          `a run is ended before a new node may be there, which takes up to ${NODE_PROVISION_SECONDS} s: ${namesOf(hurried.map(({ chore }) => chore))}`,
        ]
      : []),
    ...(onKubernetes ? outageRemark(spread) : []),
  ];
}

/**
 * When the controller of CronJobs comes back, every job whose last minute is no longer ago than it may be late starts at
 * once, beside those that started in time and still run. A queue holds them back; without one the promise about the host
 * breaks.
 */
function outageRemark({ question, chores, offsets }: Spread): string[] {
  const { host, objective = {}, queued = false } = question;
  const most = mostCpuRatio(host, objective);
  const promised = objective.cpuRatio !== undefined || objective.onlineLatencySeconds !== undefined;
  if (host === undefined || most === undefined || !promised || queued) return [];
  const lates = chores.map((chore) => lateness(chore, objective, 'kubernetes'));
  const together = (late: (index: number) => number) =>
    Math.max(
      ...loadAt(
        chores.map((chore, index) => {
          const minutes = Math.ceil(late(index) / MINUTE_SECONDS) + chore.lengthMinutes;
          return { ...chore, lengthMinutes: Math.min(chore.recurrence.cycleMinutes, minutes) };
        }),
        offsets,
      ),
    );
  const keeps = (cores: number) => cpuRatioOf(host, cores) <= most + 1e-9;
  const cores = together((index) => lates[index]);
  if (keeps(cores)) return [];
  // Given by hand, it holds for every job: it must not let one of them be later than it is now.
  const longest = Math.floor(Math.min(...lates) / MINUTE_SECONDS);
  const minutes = longest - firstIndex(longest, (fewer) => keeps(together(() => (longest - fewer) * MINUTE_SECONDS)));
  const shorter = minutes < 1 ? '' : `, or objective.startWithinSeconds of ${figure(minutes * MINUTE_SECONDS)}`;
  return [
    `when the controller of CronJobs comes back after an outage, the runs that may still begin start at once: with those that still run they take ${figure(cores)} cores, which breaks the promise; a queue of Kueue (ownQueue) holds them back${shorter}`,
  ];
}

function namesOf(chores: readonly Chore[]): string {
  const named = chores.slice(0, MOST_NAMED).map(({ name }) => name);
  return named.join(', ') + (chores.length > MOST_NAMED ? ` and ${chores.length - MOST_NAMED} more` : '');
}
