/** What a promise fails on, and changes that each lead to a plan. */
import type { Check } from '../errors';
import { figure, percent } from '../figures';
import { lastWhole } from '../search';
import { scheduleChecks } from './checks';
import { PERIOD_MINUTES } from './recurrence';
import {
  boundOf,
  busiestCores,
  type Chore,
  fullestAt,
  leavesEnough,
  meetingNext,
  mostCpuRatio,
  runsWait,
  type Spread,
  spreadOf,
} from './spread';
import { tooLate } from './waits';
import type { ScheduledJob, ScheduleHost, ScheduleObjective, ScheduleQuestion } from './workload';

/** Why a promise cannot be kept. */
export interface Refusal {
  readonly reason: string;
  /** Changes that are each enough: every one has been planned. */
  waysOut(): string[];
}

/** A change of the question, in words. */
interface Change {
  readonly text: string;
  readonly question: ScheduleQuestion;
}

/** Whether every promise is kept when the jobs at these places take so many times as long. */
export function keeps(spread: Spread, times: number): boolean {
  const { question } = spread;
  if (meetingNext(spread, times).length > 0) return false;
  if (!leavesEnough(spread, times)) return false;
  if (runsWait(question)) return tooLate(spread, times) === undefined;
  return question.maxConcurrent === undefined || fullestAt(spread, times) <= question.maxConcurrent;
}

/** The first promise that is broken; undefined when all are kept. */
export function refusalOf(spread: Spread): Refusal | undefined {
  return (
    meetsNext(spread) ?? neverCatchesUp(spread) ?? takesTooMuch(spread) ?? runsTooMany(spread) ?? beginsTooLate(spread)
  );
}

/** The multiple of the time of a run that is promised. */
function promised({ question }: Spread): number {
  return question.objective?.headroom ?? 1;
}

/** ", each of 1.5 × the time" where head-room is part of the promise. */
function ofTheTime({ headroom }: Spread): string {
  return headroom === 1 ? '' : `, each of ${figure(headroom)} × the time,`;
}

function meetsNext(spread: Spread): Refusal | undefined {
  const times = promised(spread);
  const meeting = meetingNext(spread, times);
  if (meeting.length === 0) return undefined;
  const [{ name, countedSeconds, recurrence }] = meeting;
  const others = meeting.length === 1 ? '' : `, and of ${meeting.length - 1} other jobs`;
  const { question } = spread;
  const names = new Set(meeting.map((chore) => chore.name));
  const meetingJobs = (change: (job: ScheduledJob) => ScheduledJob) => ({
    ...question,
    jobs: question.jobs.map((job) => (names.has(job.name) ? change(job) : job)),
  });
  return {
    reason: `runs of ${name}${others} meet the next one: 95 % of them take up to ${figure(countedSeconds)} s${times === 1 ? '' : `, with head-room ${figure(times * countedSeconds)} s`}, and the next run begins after ${figure(recurrence.gapSeconds)} s`,
    waysOut: () =>
      solved(
        shorterBy(question, names),
        steadierBy(meeting, meetingJobs),
        meeting.length === 1 ? rarer(meeting[0], times, meetingJobs) : undefined,
        // These alone may not be enough: the promise may be broken by others as well.
        names.size < question.jobs.length ? shorterBy(question) : undefined,
        lessHeadroom(question),
      ),
  };
}

function neverCatchesUp(spread: Spread): Refusal | undefined {
  const { question, mean } = spread;
  const { maxConcurrent } = question;
  if (maxConcurrent === undefined || mean <= maxConcurrent - 1e-9) return undefined;
  return {
    reason: `${figure(mean)} runs are active on average, maxConcurrent is ${maxConcurrent}: they would never catch up`,
    waysOut: () => solved(moreAtOnce(spread), shorterBy(question)),
  };
}

function takesTooMuch(spread: Spread): Refusal | undefined {
  const { question, headroom } = spread;
  const { host, objective = {} } = question;
  if (leavesEnough(spread, headroom)) return undefined;
  const busiest = busiestCores(spread, headroom);
  const most = mostCpuRatio(host, objective)!;
  const { cores, onlineUtilisation } = host!;
  const room = Math.max(0, (most - onlineUtilisation) * cores);
  return {
    reason: `${spread.fullestWithHeadroom} runs meet in the fullest minute${ofTheTime(spread)} and take ${figure(busiest)} cores; of ${figure(cores)} cores, ${percent(onlineUtilisation)} busy with requests, the promise leaves ${figure(room)}`,
    waysOut: () =>
      solved(
        widerWindow(question),
        moreCores(question, busiest, most),
        shorterBy(question),
        fewerRequests(question, busiest, most),
        lessHeadroom(question),
      ),
  };
}

/** Without a queue nothing holds a run back but its minute. */
function runsTooMany(spread: Spread): Refusal | undefined {
  const { question, fullestWithHeadroom } = spread;
  const { maxConcurrent } = question;
  if (maxConcurrent === undefined || runsWait(question) || fullestWithHeadroom <= maxConcurrent) return undefined;
  return {
    reason: `${fullestWithHeadroom} runs meet in the fullest minute${ofTheTime(spread)} where maxConcurrent is ${maxConcurrent} and CronJobs do not wait`,
    waysOut: () =>
      solved(
        moreAtOnce(spread),
        { text: 'a queue of Kueue, in which the others wait', question: { ...question, queued: true } },
        widerWindow(question),
        shorterBy(question),
        lessHeadroom(question),
      ),
  };
}

function beginsTooLate(spread: Spread): Refusal | undefined {
  const late = tooLate(spread, spread.headroom);
  if (late === undefined) return undefined;
  const { question, fullestWithHeadroom } = spread;
  return {
    reason: `${fullestWithHeadroom} runs meet in the fullest minute${ofTheTime(spread)} and ${boundOf(spread)} run at once: ${late.name} would begin ${figure(late.late)} s late, and it may ${figure(late.limit)} s`,
    waysOut: () => solved(moreAtOnce(spread), shorterBy(question), widerWindow(question), lessHeadroom(question)),
  };
}

/** The changes that lead to a plan. There is always one to name, though it may be of a kind that has no number. */
function solved(...changes: (Change | undefined)[]): string[] {
  const fit = changes.filter((change): change is Change => change !== undefined && fits(change.question));
  return fit.length > 0 ? fit.map(({ text }) => text) : ['fewer jobs, or shorter runs and more cores at once'];
}

/** Whether there is a plan for a question. */
function fits(question: ScheduleQuestion): boolean {
  const refused = ({ refused: is }: Check) => is;
  if (scheduleChecks(question).some(refused)) return false;
  return refusalOf(spreadOf(question, question.objective?.headroom ?? 1)) === undefined;
}

function withObjective(question: ScheduleQuestion, objective: ScheduleObjective): ScheduleQuestion {
  return { ...question, objective: { ...question.objective, ...objective } };
}

/** The largest whole percentage of the time of these runs, or of all, that fits. */
function shorterBy(question: ScheduleQuestion, names?: ReadonlySet<string>): Change | undefined {
  const shorter = (share: number) => ({
    ...question,
    jobs: question.jobs.map((job) =>
      names === undefined || names.has(job.name)
        ? { ...job, durationSeconds: (share / 100) * job.durationSeconds }
        : job,
    ),
  });
  if (!fits(shorter(1))) return undefined;
  const share = lastWhole(1, 100, (one) => fits(shorter(one)));
  const whose = names === undefined ? 'runs' : `runs of ${names.size === 1 ? [...names][0] : 'these jobs'}`;
  return { text: `${whose} in ${share} % of the time`, question: shorter(share) };
}

/** The largest variation, to a hundredth, at which runs end before their next one. */
function steadierBy(
  meeting: readonly Chore[],
  change: (of: (job: ScheduledJob) => ScheduledJob) => ScheduleQuestion,
): Change | undefined {
  const steadier = (hundredths: number) =>
    change((job) => ({
      ...job,
      durationVariation: Math.min(hundredths / 100, job.durationVariation ?? Number.POSITIVE_INFINITY),
    }));
  if (!fits(steadier(0))) return undefined;
  const most = Math.ceil(100 * Math.max(...meeting.map(({ variation }) => variation)));
  const hundredths = lastWhole(0, most, (one) => fits(steadier(one)));
  return { text: `a durationVariation of ${hundredths / 100}`, question: steadier(hundredths) };
}

/** The shortest period that a run ends within. */
function rarer(
  { job, countedSeconds }: Chore,
  times: number,
  change: (of: (job: ScheduledJob) => ScheduledJob) => ScheduleQuestion,
): Change | undefined {
  const minutes = PERIOD_MINUTES.find((period) => period * 60 >= times * countedSeconds);
  if (job.periodSeconds === undefined || minutes === undefined) return undefined;
  return {
    text: `a period of ${figure(minutes * 60)} s`,
    question: change((one) => ({ ...one, periodSeconds: minutes * 60 })),
  };
}

/** The least that may run at once. */
function moreAtOnce(spread: Spread): Change | undefined {
  const { question, fullestWithHeadroom, mean } = spread;
  const least = (question.maxConcurrent ?? 1) + 1;
  const most = Math.max(least, fullestWithHeadroom, Math.floor(mean + 1e-9) + 1);
  // Places do not depend on it.
  const enough = (maxConcurrent: number) =>
    refusalOf({ ...spread, question: { ...question, maxConcurrent } }) === undefined;
  if (!enough(most)) return undefined;
  const maxConcurrent = lastWhole(most, least - 1, enough);
  return { text: `maxConcurrent of at least ${maxConcurrent}`, question: { ...question, maxConcurrent } };
}

/** A window that is long enough: twice the given one, four times, and so on, up to each job's whole period. */
function widerWindow(question: ScheduleQuestion): Change | undefined {
  const { windowSeconds } = question.objective ?? {};
  if (windowSeconds === undefined) return undefined;
  const longest = Math.max(...spreadOf(question, 1).chores.map(({ recurrence }) => recurrence.places * 60));
  const doublings = Math.ceil(Math.log2(longest / windowSeconds));
  if (doublings < 1) return undefined;
  const wider = (times: number) =>
    withObjective(question, { windowSeconds: Math.min(longest, windowSeconds * 2 ** times) });
  if (!fits(wider(doublings))) return undefined;
  const times = lastWhole(doublings, 0, (one) => fits(wider(one)));
  const seconds = wider(times).objective!.windowSeconds!;
  return { text: `a window of ${figure(seconds)} s`, question: wider(times) };
}

/** Cores that suffice for the same requests and the same runs. */
function moreCores(question: ScheduleQuestion, busiest: number, most: number): Change | undefined {
  const host = question.host!;
  const online = host.cores * host.onlineUtilisation;
  const cores = Math.max(1, Math.ceil((online + busiest) / most - 1e-9));
  if (most <= 0 || cores <= host.cores) return undefined;
  const larger: ScheduleHost = { ...host, cores, onlineUtilisation: online / cores };
  return {
    text: `${figure(cores)} cores, of which the same requests keep ${percent(online / cores)} busy`,
    question: { ...question, host: larger },
  };
}

/** So few online requests that the runs fit beside them. */
function fewerRequests(question: ScheduleQuestion, busiest: number, most: number): Change | undefined {
  const host = question.host!;
  const share = Math.floor(100 * (most - busiest / host.cores) + 1e-9) / 100;
  if (share < 0) return undefined;
  return {
    text: `requests that keep ${percent(share)} of these cores busy`,
    question: { ...question, host: { ...host, onlineUtilisation: share } },
  };
}

/** The largest head-room, to a hundredth, or none. */
function lessHeadroom(question: ScheduleQuestion): Change | undefined {
  const { headroom } = question.objective ?? {};
  if (headroom === undefined) return undefined;
  const of = (hundredths: number) => withObjective(question, { headroom: hundredths / 100 });
  const most = Math.ceil(100 * headroom);
  if (most > 101 && fits(of(101))) {
    const hundredths = lastWhole(101, most, (one) => fits(of(one)));
    return { text: `a headroom of ${hundredths / 100}`, question: of(hundredths) };
  }
  return {
    text: 'no headroom: the plan then says at what multiple the promise breaks',
    question: withObjective(question, { headroom: undefined }),
  };
}
