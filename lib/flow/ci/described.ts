/**
 * What pipelines say of the load: how many jobs an event starts, whether there is a merge queue, and what is deployed. A
 * workload may say more than its pipelines, as where other files use the same runners, and never less.
 */
import { type Check, shown } from '../errors';
import { percent } from '../figures';
import { deployingJobs } from './needs';
import type { CiJob, CiPipeline } from './pipelines';
import type { CiQuestion } from './workload';

/** What starts a run. */
const EVENTS = {
  push: {
    words: 'a push to a pull request',
    starts: ({ pullRequests = true }: CiPipeline) => pullRequests,
    counts: ({ deploysTo }: CiJob, deploying: boolean) => deploysTo === undefined && !deploying,
  },
  queued: {
    words: 'a merge in the merge queue',
    starts: ({ mergeQueue = false }: CiPipeline) => mergeQueue,
    counts: ({ deploysTo }: CiJob, deploying: boolean) => deploysTo === undefined && !deploying,
  },
  merge: {
    words: 'a merge',
    starts: ({ branches = ['main'] }: CiPipeline) => branches.length > 0,
    // Deployments have a rate of their own; what follows them has none.
    counts: ({ deploysTo }: CiJob) => deploysTo === undefined,
  },
} as const;

/** Jobs that one event starts, deployments aside. */
interface Started {
  readonly words: string;
  /** Where it touches the files of every pipeline. */
  readonly all: number;
  /** Where it touches those of the largest pipeline with `paths`; without `paths` a pipeline always runs. */
  readonly least: number;
}

/** Runs of one job: one for each combination of its matrix. */
export function combinationsOf({ matrix = {} }: CiJob): number {
  return Object.values(matrix).reduce((product, values) => product * values.length, 1);
}

function startedBy(event: keyof typeof EVENTS, pipelines: readonly CiPipeline[], filterPaths: boolean): Started {
  const { words, starts, counts } = EVENTS[event];
  const sizes = pipelines.filter(starts).map(({ jobs, paths }) => {
    const deploying = deployingJobs(jobs);
    const size = jobs
      .filter((job) => counts(job, deploying.has(job.name)))
      .reduce((sum, job) => sum + combinationsOf(job), 0);
    return { size, filtered: filterPaths && paths !== undefined };
  });
  const sum = (filtered: boolean) =>
    sizes.filter((one) => one.filtered === filtered).reduce((total, { size }) => total + size, 0);
  const largest = Math.max(0, ...sizes.filter(({ filtered }) => filtered).map(({ size }) => size));
  return { words, all: sum(false) + sum(true), least: sum(false) + largest };
}

/** What the events that have a rate start. */
function started({ pipelines = [], workload, filterPaths = true }: CiQuestion): Started[] {
  const merges = (workload.mergesPerHourPeak ?? 0) > 0;
  const events = merges ? (['push', 'queued', 'merge'] as const) : (['push'] as const);
  return events.map((event) => startedBy(event, pipelines, filterPaths));
}

/** The jobs that the largest event starts, where it touches the files of every pipeline. */
export function jobsStarted(question: CiQuestion): number {
  return Math.max(1, ...started(question).map(({ all }) => all));
}

/** The jobs of a run below which the plan would count less than the pipelines start. */
export function fewestJobs(question: CiQuestion): number {
  return Math.max(1, ...started(question).map(({ least }) => least));
}

/** Environments that the pipelines deploy to, one at least. */
export function environmentsIn(pipelines: readonly CiPipeline[] = []): number {
  const names = pipelines.flatMap(({ jobs }) => jobs.flatMap(({ deploysTo }) => deploysTo ?? []));
  return Math.max(1, new Set(names).size);
}

/** The longest time-out in minutes that a job has of its own; undefined where none has one. */
export function longestTimeout(pipelines: readonly CiPipeline[] = []): number | undefined {
  const minutes = pipelines.flatMap(({ jobs }) => jobs.flatMap(({ timeoutMinutes }) => timeoutMinutes ?? []));
  return minutes.length > 0 ? Math.max(...minutes) : undefined;
}

/** The question with what its pipelines say wherever the workload leaves it out. */
export function withPipelines(question: CiQuestion): CiQuestion {
  const { pipelines, workload } = question;
  if (pipelines === undefined) return question;
  const queued = pipelines.some(({ mergeQueue }) => mergeQueue);
  return {
    ...question,
    workload: {
      ...workload,
      jobsPerRun: workload.jobsPerRun ?? jobsStarted(question),
      mergeQueue: workload.mergeQueue ?? (queued || undefined),
    },
  };
}

/** Checks that the workload counts what the pipelines start. For pipelines that have passed their own checks. */
export function describedChecks(question: CiQuestion): Check[] {
  const { pipelines = [], workload, filterPaths = true } = question;
  const { jobsPerRun, skippableRatio = 0, mergesPerHourPeak, mergeQueue, deploysPerHourPeak } = workload;
  const largest = started(question).reduce((a, b) => (b.least > a.least ? b : a));
  const merged = pipelines.find((one) => EVENTS.merge.starts(one) || EVENTS.queued.starts(one));
  const queued = pipelines.find(EVENTS.queued.starts);
  const deploying = pipelines.find(({ jobs }) => jobs.some(({ deploysTo }) => deploysTo !== undefined));
  const whole = pipelines.find((one) => EVENTS.push.starts(one) && one.paths === undefined);
  return [
    {
      refused: typeof jobsPerRun === 'number' && jobsPerRun < largest.least,
      message: `jobsPerRun must be at least ${largest.least}, which is what ${largest.words} starts in the pipelines, got ${shown(jobsPerRun)}; leave it out, make the matrix smaller, or give the pipelines runners of their own`,
    },
    {
      refused: merged !== undefined && mergesPerHourPeak === undefined,
      message: `mergesPerHourPeak is missing: pipeline ${merged?.name} runs for each merge; give how many an hour, 0 where there are none at the peak, or branches: [] where merges start nothing`,
    },
    {
      refused: queued !== undefined && mergeQueue === false,
      message: `mergeQueue must not be false, because pipeline ${queued?.name} runs for the merge queue`,
    },
    {
      refused: deploying !== undefined && deploysPerHourPeak === undefined,
      message: `deploysPerHourPeak is missing: pipeline ${deploying?.name} deploys; give how many deployments an hour and their deploySeconds, or 0 where there are none at the peak`,
    },
    {
      refused: filterPaths && skippableRatio > 0 && whole !== undefined,
      message: `skippableRatio must be 0, because pipeline ${whole?.name} has no paths and runs for every push, got ${percent(skippableRatio)}; give it paths, or filterPaths: false`,
    },
  ];
}
