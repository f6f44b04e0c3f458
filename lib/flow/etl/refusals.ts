/** Why no setting keeps a promise, and changes that each would. */
import { duration, figure, roundedDown } from '../figures';
import { DAY_SECONDS, MOST_DOLLARS, WEEK_SECONDS } from '../ranges';
import { largestBelow, smallestAbove } from '../search';
import { batchOf, COMPUTE_SHARE, mostExecutors, type Obstacle, oldestOf, sizingOf, streamOf } from './batch';
import { monthlyCosts } from './costs';
import type { EtlObjective, EtlQuestion, EtlWorkload } from './workload';

/** The first thing that is in the way, with its numbers. */
export function refusal(question: EtlQuestion, obstacle: Obstacle): string {
  const stream = streamOf(question);
  const { peak, coreSeconds, fixedSeconds, freshness, headroom, windowSeconds, lateSeconds } = stream;
  const { platform, executorCores } = stream;
  const executors = question.executors ?? mostExecutors(stream);
  const cores = executors * executorCores;
  const withHeadroom = headroom > 1 ? `, with a head-room of ${figure(headroom)}` : '';
  const promised = `${duration(freshness)} are promised${withHeadroom}`;
  switch (obstacle) {
    case 'fixed':
      return `a batch takes ${duration(fixedSeconds)} before its first record and a record waits for the trigger as well: ${promised}`;
    case 'window':
      return `in append mode a window of ${duration(windowSeconds)} appears once the watermark of ${duration(lateSeconds)} has passed it: its first record is ${duration(windowSeconds + lateSeconds + fixedSeconds)} old at the very least, ${promised}`;
    case 'freshness': {
      const trigger = question.triggerSeconds ?? 1;
      const mode = question.outputMode ?? 'update';
      return `a trigger of ${duration(trigger)} and its batch make the oldest record ${duration(oldestOf(stream, { executors, cores, trigger, mode }, headroom))} old at ${figure(headroom)} × the peak, ${duration(freshness)} are promised`;
    }
    case 'offsets':
      return `maxOffsetsPerTrigger of ${figure(question.maxOffsetsPerTrigger ?? 0)} is less than arrives between two triggers at ${figure(headroom)} × the peak of ${figure(peak)}/s: the backlog never shrinks`;
    case 'trigger':
      return `the fixed part of a batch, ${duration(fixedSeconds)}, leaves no time for records between two triggers: ${promised}`;
    case 'batch':
      return `${figure(cores)} cores take ${figure(cores / coreSeconds)} records/s; with ${duration(fixedSeconds)} of each batch for what is fixed, a batch of ${figure(headroom)} × the peak of ${figure(peak)}/s does not end before the next trigger: ${promised}`;
    case 'catch-up':
      return `after ${duration(stream.outage)} away the job does not catch up within ${duration(question.objective.catchUpSeconds ?? WEEK_SECONDS)} at the peak, although a batch may be as long as a trigger interval`;
    case 'executors':
      return `${figure(peak)} records/s of ${duration(coreSeconds)} of a core each need ${figure(Math.ceil((peak * coreSeconds) / COMPUTE_SHARE / executorCores))} executors of ${executorCores} cores; ${platform.title} has ${figure(mostExecutors(stream))} at most`;
  }
}

/** Why a month costs too much; undefined when it does not. */
export function tooDear(question: EtlQuestion): string | undefined {
  const allowed = question.objective.monthlyCost;
  const sizing = sizingOf(question);
  if (allowed === undefined || typeof sizing === 'string') return undefined;
  const costs = monthlyCosts(question.platform ?? 'emr-serverless', streamOf(question), sizing);
  if (costs === undefined || costs.stream <= allowed) return undefined;
  return `${figure(sizing.executors)} ${sizing.executors === 1 ? 'executor' : 'executors'} of ${figure(streamOf(question).executorCores)} cores and the driver cost ${figure(costs.stream)} USD a month, ${figure(allowed)} are allowed`;
}

/** Whether a question has an answer. */
export function holds(question: EtlQuestion): boolean {
  return typeof sizingOf(question) !== 'string' && tooDear(question) === undefined;
}

/** Changes that each keep the promise; each has been tried. */
export function waysOut(question: EtlQuestion): string[] {
  const { workload, objective } = question;
  const load = (changed: Partial<EtlWorkload>) => holds({ ...question, workload: { ...workload, ...changed } });
  const promise = (changed: Partial<EtlObjective>) => holds({ ...question, objective: { ...objective, ...changed } });
  const ways: string[] = [];
  if (question.outputMode === 'append' && holds({ ...question, outputMode: 'update' })) {
    ways.push("the outputMode 'update': MERGE sets each window again in every batch");
  }
  const freshness = smallestUpTo(objective.freshnessSeconds, DAY_SECONDS, (one) => promise({ freshnessSeconds: one }));
  if (freshness !== undefined) ways.push(`freshnessSeconds of ${freshness}`);
  const seconds = largestBelow(
    workload.coreSecondsPerRecord,
    (one) => one >= 1e-9 && load({ coreSecondsPerRecord: roundedDown(one) }),
  );
  if (seconds !== undefined) ways.push(`coreSecondsPerRecord of ${roundedDown(seconds)}, by a cheaper transform`);
  const fixed = largestBelow(
    streamOf(question).fixedSeconds,
    (one) => one >= 0.1 && load({ batchSeconds: roundedDown(one) }),
  );
  if (fixed !== undefined) ways.push(`batchSeconds of ${roundedDown(fixed)}, by a smaller table or fewer files`);
  ways.push(...windowWays(question, load), ...promiseWays(question, promise));
  for (const name of ['executors', 'executorCores', 'triggerSeconds', 'maxOffsetsPerTrigger'] as const) {
    if (question[name] !== undefined && holds({ ...question, [name]: undefined })) ways.push(`leave ${name} out`);
  }
  return ways.length > 0 ? ways : [split(question)];
}

function windowWays({ workload, outputMode }: EtlQuestion, load: (changed: Partial<EtlWorkload>) => boolean): string[] {
  const { windowSeconds = 0, lateSeconds = 0 } = workload;
  if (outputMode !== 'append' || windowSeconds === 0) return [];
  const window = largestBelow(windowSeconds, (one) => one >= 1 && load({ windowSeconds: Math.floor(one) }));
  const late =
    lateSeconds === 0
      ? undefined
      : largestBelow(lateSeconds, (one) => one >= 1 && load({ lateSeconds: Math.floor(one) }));
  return [
    ...(window === undefined ? [] : [`windowSeconds of ${Math.floor(window)}`]),
    ...(late === undefined ? [] : [`lateSeconds of ${Math.floor(late)}`]),
  ];
}

function promiseWays({ objective }: EtlQuestion, promise: (changed: Partial<EtlObjective>) => boolean): string[] {
  const { catchUpSeconds, monthlyCost, headroom } = objective;
  const raised = (name: 'catchUpSeconds' | 'monthlyCost', value: number, most: number) => {
    const found = smallestUpTo(value, most, (one) => promise({ [name]: one }));
    return found === undefined ? [] : [`${name} of ${found}`];
  };
  return [
    ...(catchUpSeconds === undefined ? [] : raised('catchUpSeconds', catchUpSeconds, WEEK_SECONDS)),
    ...(monthlyCost === undefined ? [] : raised('monthlyCost', monthlyCost, MOST_DOLLARS)),
    ...(headroom !== 1 && promise({ headroom: 1 }) ? ['headroom of 1: nothing is left above the peak'] : []),
  ];
}

/** When no change of one number helps: the topic in parts, each with a job and a table of its own. */
function split(question: EtlQuestion): string {
  const { steadyPerSecond, peakPerSecond = steadyPerSecond } = question.workload;
  for (let parts = 2; parts <= 2 ** 20; parts *= 2) {
    const workload = {
      ...question.workload,
      steadyPerSecond: steadyPerSecond / parts,
      peakPerSecond: peakPerSecond / parts,
    };
    if (workload.steadyPerSecond >= 1e-9 && holds({ ...question, workload })) {
      return `${parts} topics, each with a job and a table of its own`;
    }
  }
  const records = batchOf(streamOf(question), 1, 1);
  return `another engine, such as Apache Flink: a micro-batch of one record takes ${duration(records)} on one core`;
}

/** About the smallest whole number above a value that holds; the most is tried as well. */
function smallestUpTo(value: number, most: number, holds: (one: number) => boolean): number | undefined {
  const found = smallestAbove(value, (one) => holds(Math.min(most, Math.ceil(one))));
  return found === undefined || value >= most ? undefined : Math.min(most, Math.ceil(found));
}
