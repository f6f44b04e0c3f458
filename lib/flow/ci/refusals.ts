/** Why no pool of runners keeps a promise, and changes that each would. */
import { duration, figure, percent, roundedDown, roundedUp } from '../figures';
import { DEFAULT_HEADROOM } from '../headroom';
import { largestBelow, smallestAbove } from '../search';
import { MOST_RUNNERS } from './checks';
import { fewestJobs } from './described';
import { deployWait } from './load';
import { DEFAULT_START_SECONDS, PENDING_RUNS } from './platforms';
import { brokenBy, DEFAULT_QUANTILE, waitOf } from './sizing';
import type { CiObjective, CiQuestion, CiWorkload } from './workload';

/** The first thing that is in the way, with its numbers. */
export function refusal(question: CiQuestion, runners: number | undefined): string {
  const { objective, workload, quota = 0, maxRunners, runnerStartSeconds: start = DEFAULT_START_SECONDS } = question;
  const times = maxRunners === undefined ? (objective.headroom ?? DEFAULT_HEADROOM) : 1;
  const { deploysPerHourPeak = 0, deploySeconds = 0 } = workload;
  const promised = `${percent(objective.waitQuantile ?? DEFAULT_QUANTILE)} are promised to begin within ${duration(objective.waitSeconds)}`;
  const atLoad = times === 1 ? '' : ` at ${figure(times)} × the load`;
  switch (brokenBy(question, runners, times)) {
    case 'start':
      return `a runner takes ${duration(start)} to start, and ${promised}`;
    case 'deploys':
      return `deployments of ${duration(deploySeconds)} follow one another, and ${figure(deploysPerHourPeak)} an hour${atLoad} come faster than they end`;
    case 'pending':
      return `${figure(deploysPerHourPeak)} deployments an hour of ${duration(deploySeconds)}${atLoad} wait ${duration(deployWait(question, times))} on average, and a group keeps only ${PENDING_RUNS} of them`;
    case 'merges':
      return `${percent(workload.mergeFailureRatio ?? 0)} of ${figure(workload.mergesPerHourPeak ?? 0)} merges an hour${atLoad} fail in the merge queue, each starts those behind it again, and the next fails before they end`;
    case 'quota':
      return `${figure(runners!)} runners are needed, and the account may run ${figure(quota)} such builds at once`;
    default:
      return runners === undefined
        ? `no ${figure(MOST_RUNNERS)} runners keep the wait${atLoad}, and ${promised}`
        : `with ${figure(runners)} runners jobs wait ${duration(waitOf(question, runners, times))}, and ${promised}`;
  }
}

/** Changes that each keep the promise; each has been tried. */
export function waysOut(question: CiQuestion, holds: (question: CiQuestion) => boolean): string[] {
  const { workload, objective, maxRunners, quota, cancelOutdated, filterPaths } = question;
  const start = question.runnerStartSeconds ?? DEFAULT_START_SECONDS;
  const load = (changed: Partial<CiWorkload>) => holds({ ...question, workload: { ...workload, ...changed } });
  const promise = (changed: Partial<CiObjective>) => holds({ ...question, objective: { ...objective, ...changed } });
  const ways: string[] = [];
  const below = (name: string, value: number | undefined, least: number, keeps: (value: number) => boolean) => {
    if (value === undefined || value <= least) return;
    const found = largestBelow(
      value,
      (one) => roundedDown(one) >= least && roundedDown(one) > 0 && keeps(roundedDown(one)),
    );
    if (found !== undefined) ways.push(`${name} of ${roundedDown(found)}`);
  };
  if (quota !== undefined) {
    const enough = smallestAbove(Math.max(1, quota), (one) => holds({ ...question, quota: Math.ceil(one) }));
    if (enough !== undefined && Math.ceil(enough) <= MOST_RUNNERS)
      ways.push(`a quota of ${Math.ceil(enough)}, which AWS raises on request`);
  }
  if (cancelOutdated === false && holds({ ...question, cancelOutdated: true })) ways.push('cancelOutdated: true');
  if (filterPaths === false && holds({ ...question, filterPaths: true })) ways.push('filterPaths: true');
  if (maxRunners !== undefined && holds({ ...question, maxRunners: undefined })) ways.push('leave maxRunners out');
  const longer = smallestAbove(
    objective.waitSeconds,
    (one) => roundedUp(one) <= 86_400 && promise({ waitSeconds: roundedUp(one) }),
  );
  if (longer !== undefined) ways.push(`waitSeconds of ${roundedUp(longer)}`);
  below('runnerStartSeconds', start, 0, (one) => holds({ ...question, runnerStartSeconds: one }));
  below('deploysPerHourPeak', workload.deploysPerHourPeak, 0, (one) => load({ deploysPerHourPeak: one }));
  below('deploySeconds', workload.deploySeconds, 1, (one) => load({ deploySeconds: one }));
  below('mergesPerHourPeak', workload.mergesPerHourPeak, 0, (one) => load({ mergesPerHourPeak: one }));
  below('mergeFailureRatio', workload.mergeFailureRatio, 0, (one) => load({ mergeFailureRatio: one }));
  below('pushesPerHourPeak', workload.pushesPerHourPeak, 0, (one) => load({ pushesPerHourPeak: one }));
  below('runSeconds', workload.runSeconds, 1, (one) => load({ runSeconds: one }));
  for (const jobs of [8, 4, 2, 1]) {
    if (jobs >= (workload.jobsPerRun ?? 1) || !load({ jobsPerRun: jobs })) continue;
    // The pipelines have to start fewer, whatever the workload says.
    ways.push(jobs < fewestJobs(question) ? `pipelines with ${jobs} jobs in a run` : `jobsPerRun of ${jobs}`);
    break;
  }
  return ways.length > 0 ? ways : ['several repositories or runner sets, each with its share of the load'];
}
