/**
 * Changes that make an infeasible queue feasible. Each is found by planning the changed question, and the number in its
 * sentence is the number that was tried.
 */
import { figure } from '../figures';
import { largestBelow, smallestAbove } from '../search';
import type { QueueQuestion } from './question';
import type { Sizing } from './sizing';
import type { Objective } from './workload';

/** One change that may make it fit. */
export interface WayOut {
  /** The change in words, with its numbers. */
  readonly sentence: string;
  /** The question as changed; absent for advice that no question can express. */
  readonly question?: QueueQuestion;
}

/** Whether a question has a plan. */
export type Fits = (question: QueueQuestion) => boolean;

/** A refused question, and what is needed to try others. */
export interface RefusedQueue {
  readonly question: QueueQuestion;
  /** The refused size; undefined where the question was refused before it was sized. */
  readonly sizing: Sizing | undefined;
  readonly fits: Fits;
  /** The size that a question leads to, refused or not; undefined where it is refused before. */
  readonly sized: (question: QueueQuestion) => Sizing | undefined;
  /** Changes that platform or broker suggest for a question that is refused. */
  readonly suggested?: (question: QueueQuestion) => (WayOut | undefined)[];
}

/** Ways out of a refused sizing: more instances, faster items, more latency, a smaller load, a higher bound. */
export function waysOut(refused: RefusedQueue): WayOut[] {
  return [
    moreInstances(refused),
    fasterItems(refused),
    moreLatency(refused),
    smallerLoad(refused),
    smallerBurst(refused),
    higherBound(refused),
  ].filter((way) => way !== undefined);
}

/** One change together with more latency, where no single change is enough; empty when that is not enough either. */
export function twoTogether(refused: RefusedQueue): WayOut[] {
  const { objective, consumer = {} } = refused.question;
  const boundless: QueueQuestion = {
    ...refused.question,
    partitions: undefined,
    objective: { ...objective, maxBacklog: undefined, monthlyCost: undefined },
    consumer: { ...consumer, minInstances: undefined, maxInstances: undefined, instanceLimit: undefined },
  };
  const patient = moreLatency({ ...refused, question: boundless });
  if (patient?.question === undefined) return [];
  const { latencySeconds } = patient.question.objective;
  const question = { ...refused.question, objective: { ...objective, latencySeconds } };
  const second = [
    ...waysOut({ ...refused, question, sizing: refused.sized(question) }),
    ...(refused.suggested?.(question) ?? []),
  ].filter((way) => way?.question !== undefined) as WayOut[];
  return second.map((way) => ({ ...way, sentence: `${patient.sentence} together with ${way.sentence}` }));
}

function moreInstances({ question, fits, sized }: RefusedQueue): WayOut | undefined {
  const { partitions, consumer = {} } = question;
  const { minInstances, maxInstances, instanceLimit } = consumer;
  if ([minInstances, maxInstances, instanceLimit, partitions].every((bound) => bound === undefined)) return undefined;
  const free: QueueQuestion = {
    ...question,
    partitions: undefined,
    consumer: { ...consumer, minInstances: undefined, maxInstances: undefined, instanceLimit: undefined },
  };
  const needed = sized(free)?.consumer;
  if (needed === undefined || !fits(free)) return undefined;
  const most = Math.max(needed.maxInstances, maxInstances ?? 0);
  const raised = (bound: number | undefined) => (bound === undefined ? undefined : Math.max(bound, most));
  const words = [
    ...(maxInstances !== undefined && maxInstances < most ? [`allow ${most} instances`] : []),
    ...(partitions !== undefined && partitions < most ? [`${most} partitions`] : []),
    ...(instanceLimit !== undefined && instanceLimit < most ? [`an instanceLimit of ${most}`] : []),
  ];
  const withMost: QueueQuestion = {
    ...question,
    partitions: raised(partitions),
    consumer: { ...consumer, maxInstances: raised(maxInstances), instanceLimit: raised(instanceLimit) },
  };
  if (words.length > 0 && fits(withMost)) return { question: withMost, sentence: words.join(' and ') };
  if (minInstances === undefined) return undefined;
  const least = needed.minInstances;
  const withBoth = { ...withMost, consumer: { ...withMost.consumer, minInstances: least } };
  if (!fits(withBoth)) return undefined;
  return { question: withBoth, sentence: [...words, `keep ${least} instances running`].join(' and ') };
}

/** Items that take less time. */
export function fasterItems({ question, fits }: Pick<RefusedQueue, 'question' | 'fits'>): WayOut | undefined {
  const changed = (serviceSeconds: number) => ({ ...question, workload: { ...question.workload, serviceSeconds } });
  const found = lower(question.workload.serviceSeconds, (s) => fits(changed(s)));
  return found === undefined ? undefined : { question: changed(found), sentence: `${figure(found)} s per item` };
}

function moreLatency({ question, sizing, fits }: Pick<RefusedQueue, 'question' | 'sizing' | 'fits'>) {
  const { latencySeconds } = question.objective;
  const found = leastLatency(question, Math.max(latencySeconds, sizing?.unhinderedSeconds ?? 0), fits);
  if (found === undefined) return undefined;
  return { question: promising(question, found), sentence: `${span(found)} of latency` };
}

/** The question with another promise. */
export function promising(question: QueueQuestion, latencySeconds: number): QueueQuestion {
  return { ...question, objective: { ...question.objective, latencySeconds } };
}

/** About the shortest promise above `start` that can be kept. */
export function leastLatency(question: QueueQuestion, start: number, fits: Fits): number | undefined {
  return higher(start, (s) => fits(promising(question, s)));
}

/** No more arrivals than so many a second, at the peak and outside of it. */
function smallerLoad({ question, fits }: RefusedQueue): WayOut | undefined {
  const { workload } = question;
  const { steadyPerSecond, peakPerSecond, peakSeconds = 0 } = workload;
  const peaked = peakPerSecond !== undefined && peakSeconds > 0;
  const changed = (rate: number): QueueQuestion => ({
    ...question,
    workload: {
      ...workload,
      steadyPerSecond: Math.min(rate, steadyPerSecond),
      ...(peakPerSecond === undefined ? {} : { peakPerSecond: Math.min(rate, peakPerSecond) }),
    },
  });
  const found = lower(peaked ? Math.max(steadyPerSecond, peakPerSecond) : steadyPerSecond, (r) => fits(changed(r)));
  return found === undefined ? undefined : { question: changed(found), sentence: `${figure(found)}/s at most` };
}

/** Fewer items at once. */
function smallerBurst({ question, fits }: RefusedQueue): WayOut | undefined {
  const { burstItems } = question.workload;
  if (!burstItems) return undefined;
  const changed = (items: number) => ({
    ...question,
    workload: { ...question.workload, burstItems: Math.floor(items) },
  });
  const found = lower(burstItems, (items) => fits(changed(items)));
  if (found === undefined || found < 1) return undefined;
  return { question: changed(found), sentence: `a burst of ${figure(Math.floor(found))} items at most` };
}

function higherBound({ question, sizing, fits }: RefusedQueue): WayOut | undefined {
  if (sizing === undefined) return undefined;
  const { mostMonthlyCost: monthlyCost = 0 } = sizing.forecast;
  const peakBacklog = question.objective.maxBacklog === undefined ? 0 : sizing.forecast.peakBacklog();
  const objective: Objective = { ...question.objective };
  const words: string[] = [];
  if (peakBacklog > (objective.maxBacklog ?? Number.POSITIVE_INFINITY) && Number.isFinite(peakBacklog)) {
    Object.assign(objective, { maxBacklog: roundUp(peakBacklog * 1.01) });
    words.push(`a backlog of ${figure(objective.maxBacklog ?? 0)} items`);
  }
  if (monthlyCost > (objective.monthlyCost ?? Number.POSITIVE_INFINITY) && Number.isFinite(monthlyCost)) {
    Object.assign(objective, { monthlyCost: roundUp(monthlyCost * 1.01) });
    words.push(`${figure(objective.monthlyCost ?? 0)} USD a month`);
  }
  const changed = { ...question, objective };
  return words.length > 0 && fits(changed) ? { question: changed, sentence: words.join(' and ') } : undefined;
}

/** About the largest number below `start` that holds, of two digits where that holds too, otherwise of four. */
export function lower(start: number, holds: (value: number) => boolean): number | undefined {
  const found = largestBelow(start, holds);
  if (found === undefined) return undefined;
  return [roundDown(found), digits(found, 4, Math.floor), roundDown(found * 0.9)].find(holds);
}

/** About the smallest number above `start` that holds, of two digits where that holds too, otherwise of four. */
export function higher(start: number, holds: (value: number) => boolean): number | undefined {
  const found = smallestAbove(start, holds);
  if (found === undefined) return undefined;
  return [roundUp(found), digits(found, 4, Math.ceil), roundUp(found * 1.1)].find(holds);
}

/** As `higher`, for a whole number that is `start` where that holds. */
export function higherFrom(start: number, holds: (value: number) => boolean): number | undefined {
  if (holds(start)) return start;
  const found = higher(start, holds);
  return found === undefined || holds(Math.ceil(found)) === false ? found : Math.ceil(found);
}

function roundUp(value: number): number {
  return digits(value, 2, Math.ceil);
}

function roundDown(value: number): number {
  return digits(value, 2, Math.floor);
}

/** So many significant digits; the number printed is the number tried. */
function digits(value: number, count: number, round: (value: number) => number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - count + 1);
  return Number((round(value / unit - 1e-9 * Math.sign(round(0.5) - 0.5)) * unit).toPrecision(count));
}

/** Seconds in words: whole minutes from two minutes on. */
function span(seconds: number): string {
  return seconds >= 120 && seconds % 60 === 0 ? `${figure(seconds / 60)} min` : `${figure(seconds)} s`;
}
