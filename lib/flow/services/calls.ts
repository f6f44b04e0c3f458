/** How long a call to another service may take, so that all of its attempts end within the promise. */
import type { ServiceDownstream } from './workload';

/** What decides it. */
export interface Calling {
  readonly latencySeconds: number;
  readonly retryAttempts: number;
  readonly downstreams: readonly ServiceDownstream[];
}

const TIMEOUT_MARGIN = 1.5;
/** Resilience4j, Retry, waitDuration: the default. */
const LONGEST_WAIT_SECONDS = 0.5;
/** A wait is the tenth part of what an attempt may take: it costs little of the promise. */
const WAITS_OF_ATTEMPT = 10;

/** The time-out of one attempt: half longer than the P99 of a call, and within what a request has left after its longest wait. */
export function downstreamTimeout(asked: Calling, waitSeconds: number, downstream: ServiceDownstream): number {
  return Math.min(TIMEOUT_MARGIN * downstream.latencySeconds, callBudget(asked, waitSeconds, downstream));
}

/** Seconds that one attempt of a call may take, so that all of a request, and the waits between them, end within the promise. */
export function callBudget(asked: Calling, waitSeconds: number, downstream: ServiceDownstream): number {
  const { retryAttempts } = asked;
  const ofCall = (asked.latencySeconds - waitSeconds) / inTurn(downstream);
  return (ofCall - retryAttempts * retryWaitSeconds(asked, waitSeconds)) / (1 + retryAttempts);
}

/** Seconds from an attempt that failed to the next one, at most: a tenth of what an attempt has where the most calls are made. */
export function retryWaitSeconds(asked: Calling, waitSeconds: number): number {
  const { latencySeconds, retryAttempts } = asked;
  const attempts = mostInTurn(asked) * (1 + retryAttempts);
  return Math.min(LONGEST_WAIT_SECONDS, (latencySeconds - waitSeconds) / (WAITS_OF_ATTEMPT * attempts));
}

/** The most calls of one downstream that a request makes one after another. */
export function mostInTurn({ downstreams }: Calling): number {
  return Math.max(1, ...downstreams.map(inTurn));
}

function inTurn({ callsPerRequest = 1 }: ServiceDownstream): number {
  return Math.max(1, Math.ceil(callsPerRequest));
}

/** The first downstream whose own P99 is longer than the time that one attempt may take. */
export function unnested(asked: Calling, waitSeconds: number): ServiceDownstream | undefined {
  return asked.downstreams.find((one) => one.latencySeconds > callBudget(asked, waitSeconds, one));
}
