import { grouped } from '../../flow/grouped';
import { runsAtOnce } from '../../flow/schedule/schedule';
import { SCHEDULERS } from '../../flow/schedule/schedulers';
import { clock } from '../clock';
import type { Resource } from '../document';
import { listed } from '../listed';
import { oncePer } from '../once-per';
import type { Found, Rule } from '../rule';
import { type Manifests, namespaceOf } from './read/manifests';
import { quantity } from './read/quantities';
import { type Limit, limitsIn, ofRun, quotasOf } from './read/quotas';
import { serviceSeconds } from './read/service-time';
import { byZone, fullest, jobSchedule, scheduled, startedBySchedule, type Together } from './read/stampede';

/** CronJobs in one minute that count as a stampede for any request. */
const MANY = 5;

/** The controller may take as long as this to see a CronJob; a shorter deadline may never be met. */
const LEAST_STARTING_DEADLINE_SECONDS = SCHEDULERS.kubernetes.lateness.least;

/** A CronJob that starts more often than this is a poll. */
const FREQUENT_SECONDS = 900;

/** Finished Jobs of one kind that are worth keeping. */
const HISTORY_AT_MOST = 10;

/** Rules about CronJobs and their finished Jobs. */
export const CRON_RULES: readonly Rule<Manifests>[] = [
  {
    id: 'BP-CRON-001',
    title: 'Scheduled jobs start in the same minute',
    why: 'The sum of their requests decides the size of the cluster, which is idle for the rest of the hour; pods that do not fit are refused or take CPU from user requests.',
    source: 'Kubernetes, CronJob and Resource Quotas; kubernetes/kubernetes#91652: a CronJob has no jitter',
    severity: 'warning',
    cases: [4],
    *check(manifests) {
      for (const zone of byZone(scheduled(manifests))) {
        for (const [namespace, inside] of grouped(zone.map((each) => [namespaceOf(each.job), each] as const))) {
          const demand = demandOf(inside);
          for (const quota of quotasOf(manifests, namespace)) yield* beyondQuota(demand, quota);
        }
        // One that starts every few minutes meets all others wherever it is moved.
        const unbounded = zone.filter(
          ({ job, schedule }) =>
            schedule.shortestGapSeconds >= FREQUENT_SECONDS && quotasOf(manifests, namespaceOf(job)).length === 0,
        );
        const most = unbounded.length < MANY ? undefined : fullest(unbounded, () => 1);
        if (!most || most.jobs.length < MANY) continue;
        yield {
          at: most.jobs[0].at('spec', 'schedule'),
          message: `${most.jobs.length} CronJobs start at ${clock(most.minute)}: ${names(most.jobs)}`,
          fix: `give each its own minute, the one at which the fewest others run, as SpreadSchedule does: with ${most.jobs.length} of them, every ${Math.max(1, Math.floor(60 / most.jobs.length))} min`,
        };
      }
    },
  },
  {
    id: 'BP-CRON-002',
    title: 'A run may overlap the next one',
    why: 'With the default policy a new run starts while the last one is still running. Under load, each further run makes all of them slower.',
    source:
      'Kubernetes, CronJob, "Concurrency policy": Allow is the default, as it is of a CronWorkflow and a ScheduledSparkApplication',
    severity: 'warning',
    cases: [4, 17],
    *check(manifests) {
      for (const job of startedBySchedule(manifests)) {
        const policy = job.at('spec', 'concurrencyPolicy');
        const schedule = jobSchedule(job);
        const service = serviceSeconds(job);
        const run =
          service ??
          deadlineOf(job)
            .find((value) => value.present)
            ?.number();
        if (policy.text('Allow') !== 'Allow' || !schedule || run === undefined) continue;
        if (schedule.shortestGapSeconds >= run) continue;
        yield {
          at: policy,
          message: `starts every ${schedule.shortestGapSeconds} s, while a run ${service === undefined ? 'may take' : 'takes'} ${run} s: up to ${runsAtOnce(schedule.shortestGapSeconds, run)} run at once`,
          fix: `set concurrencyPolicy to Forbid, or start it every ${Math.ceil(run / 60)} min or less often`,
        };
      }
    },
  },
  {
    id: 'BP-CRON-003',
    title: 'A CronJob that hangs never recovers',
    why: 'A hanging run without a deadline keeps its resources, and blocks every later run if they may not overlap, or is joined by every later run if they may.',
    source: 'Kubernetes, Jobs, "Job termination and cleanup": activeDeadlineSeconds; CronJob, "Concurrency policy"',
    severity: 'warning',
    cases: [4],
    *check(manifests) {
      for (const job of manifests.ofType('batch/CronJob')) {
        const policy = job.at('spec', 'concurrencyPolicy').text('Allow');
        // With Replace the next start ends a run that hangs.
        if (policy === 'Replace' || !deadlineOf(job).every((value) => value.absent)) continue;
        const then =
          policy === 'Forbid'
            ? ', and with Forbid no other starts'
            : policy === 'Allow'
              ? ', and others start beside it'
              : '';
        yield {
          at: deadlineOf(job)[0],
          message: `no activeDeadlineSeconds: a run that hangs is never ended${then}`,
          fix: 'set jobTemplate.spec.activeDeadlineSeconds to a few times the duration of a run',
        };
      }
    },
  },
  {
    id: 'BP-CRON-004',
    title: 'Finished Jobs pile up',
    why: 'A finished Job keeps its pods and their logs. Each is an object that the API server lists and the controllers watch, and more than ten are rarely read.',
    source: 'Kubernetes, Jobs, "Clean up finished jobs automatically"; CronJob, "Jobs history limits"',
    severity: 'warning',
    cases: [16],
    *check(manifests) {
      for (const job of manifests.ofType('batch/Job')) {
        const ttl = job.at('spec', 'ttlSecondsAfterFinished');
        // A Job with a fixed name exists once, and its owner or the release removes it.
        const once = job.at('metadata', 'name').present || !job.at('metadata', 'generateName').present;
        if (once || !ttl.absent || !job.at('metadata', 'ownerReferences').absent || isHook(job)) continue;
        yield {
          at: ttl,
          message: 'no ttlSecondsAfterFinished, and a new name each time: every run leaves a Job and its pods',
          fix: 'set ttlSecondsAfterFinished, 86400 for a day',
        };
      }
      for (const job of manifests.ofType('batch/CronJob')) {
        if (!job.at('spec', 'jobTemplate', 'spec', 'ttlSecondsAfterFinished').absent) continue;
        for (const limit of ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit']) {
          const kept = job.at('spec', limit).number();
          if (kept === undefined || kept <= HISTORY_AT_MOST) continue;
          yield {
            at: job.at('spec', limit),
            message: `${limit} ${kept} keeps that many finished Jobs with their pods, above ${HISTORY_AT_MOST}`,
            fix: `set ${limit} to ${HISTORY_AT_MOST} or less, and ship the logs`,
          };
        }
      }
    },
  },
  {
    id: 'BP-CRON-006',
    title: 'A CronJob has less time to start than its controller takes',
    why: 'A start that comes later than startingDeadlineSeconds is skipped. The controller is seconds late when it has many CronJobs, and longer while it restarts.',
    source: 'Kubernetes, CronJob, "Deadline for delayed Job start": below 10 s the CronJob may not be scheduled',
    severity: 'warning',
    cases: [4],
    *check(manifests) {
      for (const job of manifests.ofType('batch/CronJob')) {
        const at = job.at('spec', 'startingDeadlineSeconds');
        const seconds = at.number();
        // With 0 it never starts: BP-CRON-008.
        if (seconds === undefined || seconds === 0 || seconds >= LEAST_STARTING_DEADLINE_SECONDS) continue;
        yield {
          at,
          message: `startingDeadlineSeconds ${seconds}, below the ${LEAST_STARTING_DEADLINE_SECONDS} s that the controller may need: starts are skipped, and it may never start`,
          fix: `set startingDeadlineSeconds to ${deadlineFor(jobSchedule(job)?.shortestGapSeconds)} or more`,
          instead: deadlineFor(jobSchedule(job)?.shortestGapSeconds),
        };
      }
    },
  },
  {
    id: 'BP-CRON-007',
    title: 'A time zone stands in the schedule of a CronJob',
    why: 'The API server refuses a CronJob whose schedule has TZ or CRON_TZ in it, so the job is not made; one that is there from before fails at its next change.',
    source:
      'Kubernetes, CronJob, "Unsupported TimeZone specification": refused from 1.29 on; `timeZone` is stable from 1.27 on',
    severity: 'error',
    cases: [4],
    *check(manifests) {
      for (const job of manifests.ofType('batch/CronJob')) {
        const at = job.at('spec', 'schedule');
        const [, name, zone, rest] = /^\s*((?:CRON_)?TZ)=(\S*)\s*(.*?)\s*$/.exec(at.text() ?? '') ?? [];
        if (name === undefined) continue;
        yield {
          at,
          message: `${name}=${zone} in the schedule: the API server refuses it`,
          fix: `set schedule to '${rest}' and timeZone to ${zone}`,
        };
      }
    },
  },
  {
    id: 'BP-CRON-008',
    title: 'A CronJob never starts',
    why: 'A start that comes later than startingDeadlineSeconds is skipped. The controller acts after the minute has come, so with 0 every start is skipped, without a failed Job that an alert would see.',
    source: 'Kubernetes, CronJob, "Deadline for delayed Job start"; the API server takes 0',
    severity: 'error',
    cases: [4],
    *check(manifests) {
      for (const job of manifests.ofType('batch/CronJob')) {
        const at = job.at('spec', 'startingDeadlineSeconds');
        if (at.number() !== 0) continue;
        yield {
          at,
          message: 'startingDeadlineSeconds 0: every start is too late, so it never starts',
          fix: `set startingDeadlineSeconds to ${deadlineFor(jobSchedule(job)?.shortestGapSeconds)} or more, or suspend: true to keep it from starting`,
        };
      }
    },
  },
];

/** Requests of the CronJobs of one time zone for a limit: all of them, and those of the fullest minute. */
interface Demand {
  readonly all: number;
  readonly most: () => { readonly together: Together | undefined; readonly asked: number };
}

/** The demand of some CronJobs, computed once for all quotas. */
function demandOf(jobs: Parameters<typeof fullest>[0]): (limit: Limit) => Demand {
  return oncePer((limit: Limit): Demand => {
    const use = (job: Resource) => ofRun(limit, job) ?? 0;
    const most = oncePer((_: Limit) => {
      const together = fullest(jobs, use);
      return { together, asked: (together?.jobs ?? []).reduce((sum, job) => sum + use(job), 0) };
    });
    return { all: jobs.reduce((sum, { job }) => sum + use(job), 0), most: () => most(limit) };
  });
}

function* beyondQuota(demand: (limit: Limit) => Demand, quota: Resource): Iterable<Found> {
  for (const limit of limitsIn(quota)) {
    const hard = quantity(quota.at('spec', 'hard', limit.key));
    // If all of them fit together, no minute can be too full.
    if (hard === undefined || demand(limit).all <= hard) continue;
    const { together: most, asked } = demand(limit).most();
    if (!most || most.jobs.length < 2 || asked <= hard) continue;
    yield {
      at: most.jobs[0].at('spec', 'schedule'),
      message: `${most.jobs.length} CronJobs start at ${clock(most.minute)} and request ${limit.key} ${limit.show(asked)} together, while ${quota.name} admits ${limit.show(hard)}: ${names(most.jobs)}`,
      fix: 'give each its own minute, or put them into a queue (Kueue), which lets them wait',
    };
    return;
  }
}

/** A deadline that the controller can meet: as long as nothing is missed, at most ten minutes. */
function deadlineFor(period: number | undefined): number {
  return Math.max(LEAST_STARTING_DEADLINE_SECONDS, Math.min(period ?? LEAST_STARTING_DEADLINE_SECONDS, 600));
}

/** The places in which a CronJob may say how long a run may take. */
function deadlineOf(job: Resource) {
  if (job.type === 'argoproj.io/CronWorkflow') return [job.at('spec', 'workflowSpec', 'activeDeadlineSeconds')];
  const spec = job.at('spec', 'jobTemplate', 'spec');
  return [spec.at('activeDeadlineSeconds'), spec.at('template', 'spec', 'activeDeadlineSeconds')];
}

function isHook(job: Resource): boolean {
  return ['helm.sh/hook', 'argocd.argoproj.io/hook'].some((key) => !job.at('metadata', 'annotations', key).absent);
}

function names(jobs: readonly Resource[]): string {
  return listed(jobs.map(({ name }) => name.slice(name.indexOf('/') + 1)));
}
