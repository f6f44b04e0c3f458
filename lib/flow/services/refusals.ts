/** Why no service keeps a promise, and changes that each would. */
import { duration, figure, percent, roundedDown, roundedUp } from '../figures';
import { YEAR_SECONDS } from '../ranges';
import { largestBelow, smallestAbove } from '../search';
import { callBudget, unnested } from './calls';
import { MOST_INSTANCES } from './checks';
import { callsWithRetries } from './retries';
import {
  boundWithin,
  brokenBy,
  limiting,
  type Resolved,
  resolved,
  type Sizes,
  shedAt,
  shedOfPeak,
  sizesOf,
} from './sizing';
import type { ServiceObjective, ServiceQuestion, ServiceWorkload } from './workload';

/** What may have been set by hand. */
const CHOSEN = ['limit', 'queueBound', 'maxInstances', 'minInstances', 'slotsPerInstance'] as const;

/** The first thing that is in the way, with its numbers. */
export function refusal(question: ServiceQuestion, sizes: Sizes): string {
  const asked = resolved(question);
  const { slots, queueBound, maxInstances, minInstances, ratedPerSecond, waitSeconds, reactionSeconds } = sizes;
  const { latencySeconds, peakPerSecond, errorRatio, serviceSeconds } = asked;
  const promised = `${duration(latencySeconds)} are promised`;
  switch (brokenBy(question, sizes)) {
    case 'service':
      return `the work alone takes ${duration(sizes.serviceQuantileSeconds)} at ${percent(asked.quantile)}${slower(asked)}, ${promised}`;
    case 'queue':
      return `a queue of ${queueBound} takes ${duration((queueBound * serviceSeconds) / slots)} to work off with ${slots} slots, ${duration(waitSeconds)} are left for it: ${boundWithin(slots, serviceSeconds, waitSeconds)} at most`;
    case 'slots':
      return `${slots} slots and a queue of ${queueBound} refuse more than ${percent(errorRatio)} at any load`;
    case 'instances':
      return `${figure(peakPerSecond)} requests/s need ${figure(maxInstances)} instances with ${figure(ratedPerSecond)}/s each, ${figure(MOST_INSTANCES)} are allowed`;
    case 'capacity':
      return `${figure(peakPerSecond)} requests/s find ${instances(maxInstances)} of ${figure(ratedPerSecond)}/s, and ${percent(shedAt(asked, sizes, peakPerSecond, maxInstances))} are refused; ${percent(errorRatio)} and ${promised}`;
    case 'reaction':
      return `with ${instances(minInstances)} at first ${percent(shedOfPeak(asked, sizes))} of a peak are refused until others have started, after ${duration(reactionSeconds)}; ${percent(errorRatio)} are allowed`;
    case 'limit':
      return limitText(asked);
    default:
      return timeoutText(asked, waitSeconds);
  }
}

/** How much slower the work becomes before a limit that follows falls. */
function slower({ tolerance }: Resolved): string {
  return tolerance > 1 ? `, and ${tolerance} times that before the limit falls` : '';
}

function limitText(asked: Resolved): string {
  const one = limiting(asked)!;
  const { name, callsPerRequest = 1, limitPerSecond } = one;
  const retried =
    asked.retryAttempts > 0 ? `, ${figure(asked.peakPerSecond * callsWithRetries(asked, one))} with retries` : '';
  return `${name} takes ${figure(limitPerSecond!)} calls/s, and the peak makes ${figure(asked.peakPerSecond * callsPerRequest)}${retried}`;
}

function timeoutText(asked: Resolved, waitSeconds: number): string {
  const one = unnested(asked, waitSeconds)!;
  return `a call of ${one.name} may take ${duration(callBudget(asked, waitSeconds, one))} so that all attempts and the waits between them end within the promise, and its P99 is ${duration(one.latencySeconds)}`;
}

/** Changes that each keep the promise; each has been tried. */
export function waysOut(question: ServiceQuestion): string[] {
  const { workload, objective } = question;
  const asked = resolved(question);
  const holds = (changed: ServiceQuestion) => brokenBy(changed, sizesOf(changed)) === undefined;
  const ways: string[] = [];
  const load = (name: 'serviceVariation' | 'serviceSeconds' | 'peakPerSecond', from: number) => {
    const tried = (value: number): ServiceWorkload => ({
      ...workload,
      [name]: value,
      ...(name === 'peakPerSecond' && { steadyPerSecond: Math.min(asked.steadyPerSecond, value) }),
    });
    const found = largestBelow(
      from,
      (one) => roundedDown(one) > 0 && holds({ ...question, workload: tried(roundedDown(one)) }),
    );
    if (found !== undefined) ways.push(`${name} of ${roundedDown(found)}`);
  };
  const promise = (name: 'latencySeconds' | 'errorRatio', from: number, most: number) => {
    const tried = (value: number): ServiceObjective => ({ ...objective, [name]: value });
    const found = smallestAbove(
      from,
      (one) => roundedUp(one) <= most && holds({ ...question, objective: tried(roundedUp(one)) }),
    );
    if (found !== undefined) ways.push(`${name} of ${roundedUp(found)}`);
  };
  for (const name of CHOSEN) {
    if (question[name] !== undefined && holds({ ...question, [name]: undefined })) ways.push(`leave ${name} out`);
  }
  const retries = range(asked.retryAttempts).find((one) => holds({ ...question, retryAttempts: one }));
  if (retries !== undefined) ways.push(`${retries} retryAttempts`);
  promise('latencySeconds', asked.latencySeconds, YEAR_SECONDS);
  if (asked.serviceVariation > 0) load('serviceVariation', asked.serviceVariation);
  load('serviceSeconds', asked.serviceSeconds);
  promise('errorRatio', asked.errorRatio, 0.999);
  load('peakPerSecond', asked.peakPerSecond);
  ways.push(...downstreamWays(question, holds));
  if (ways.length > 0) return ways;
  return [together(question, holds) ?? 'several services, each with its share of the requests'];
}

/** A downstream that takes more, or answers sooner. */
function downstreamWays(question: ServiceQuestion, holds: (changed: ServiceQuestion) => boolean): string[] {
  const { downstreams = [] } = question;
  const changed = (name: string, field: 'limitPerSecond' | 'latencySeconds', value: number) =>
    holds({
      ...question,
      downstreams: downstreams.map((one) => (one.name === name ? { ...one, [field]: value } : one)),
    });
  return downstreams.flatMap(({ name, limitPerSecond, latencySeconds }) => {
    const more =
      limitPerSecond && smallestAbove(limitPerSecond, (one) => changed(name, 'limitPerSecond', roundedUp(one)));
    const sooner = largestBelow(latencySeconds, (one) => changed(name, 'latencySeconds', roundedDown(one)));
    return [
      ...(more ? [`limitPerSecond of ${name} of ${roundedUp(more)}`] : []),
      ...(sooner ? [`latencySeconds of ${name} of ${roundedDown(sooner)}`] : []),
    ];
  });
}

/** No single change is enough: nothing by hand, no retries, and more time. */
function together(question: ServiceQuestion, holds: (changed: ServiceQuestion) => boolean): string | undefined {
  const { objective } = question;
  const chosen = CHOSEN.filter((name) => question[name] !== undefined);
  const base: ServiceQuestion = {
    ...question,
    ...Object.fromEntries(chosen.map((name) => [name, undefined])),
    retryAttempts: 0,
  };
  const tried = (latencySeconds: number) => holds({ ...base, objective: { ...objective, latencySeconds } });
  const found = smallestAbove(
    objective.latencySeconds,
    (one) => roundedUp(one) <= YEAR_SECONDS && tried(roundedUp(one)),
  );
  if (found === undefined) return undefined;
  return [
    ...chosen.map((name) => `leave ${name} out`),
    '0 retryAttempts',
    `latencySeconds of ${roundedUp(found)}`,
  ].join(' and ');
}

function instances(count: number): string {
  return count === 1 ? '1 instance' : `${count} instances`;
}

/** So many minus 1, down to 0. */
function range(from: number): number[] {
  return Array.from({ length: from }, (_, index) => from - 1 - index);
}
