/** A script for k6: all, twice, five times and half of the capacity, and what the plan says of each. */
import { promisedPercentile } from '../../flow/services/alarms';
import { type LoadStage, type PlannedStage, SPREADS } from '../../flow/services/load-test';
import type { ServicePlan } from '../../flow/services/workload';

/** Points beside chance: the forecast is within 1.2 points of the simulation, test/flow/services/bounded.test.ts. */
const SHED_MARGIN = 0.02;
/** Points of the share that ends otherwise. */
const FAILED_MARGIN = 0.01;
/** Of the requests that are served as planned, so many at least, beside chance. */
const SERVED_SHARE = 0.9;
/** Of the requests of a stage that k6 did not send, so many at most: with more, the load was not the one that is judged. */
const DROPPED_SHARE = 0.01;

/** Requests of one iteration at most that are sent at once: of a mean of one, more have a probability of 1 in 10²⁰. */
const MOST_AT_ONCE = 20;

/**
 * The text of the script. It reads the address of the service from the variable TARGET.
 *
 * k6 begins its iterations at regular times. At full load a queue then refuses far less than of callers who come by chance, as the
 * plan takes them. So each iteration draws how many requests it sends.
 *
 * Every request has one of three outcomes: served (200 to 399), refused (the status of a refusal), or failed, which is all the rest:
 * no answer within the caller's time-out, 504, 500, 404. Each has a threshold, so that a queue without a bound, a bound that refuses
 * too much, and a wrong address fail the run.
 */
export function loadTestScript(plan: ServicePlan, stages: readonly LoadStage[]): string {
  const value = (name: string) => plan.value(name);
  const callerMillis = Math.ceil(Number((1000 * value('callerTimeoutSeconds')).toFixed(6)));
  const scenarios = Object.fromEntries(
    stages.map(({ name, rate, iterations, seconds, startSeconds, users, mostUsers, planned }) => [
      name,
      {
        executor: 'constant-arrival-rate',
        rate: iterations,
        timeUnit: '1s',
        duration: `${seconds}s`,
        startTime: `${startSeconds}s`,
        gracefulStop: `${Math.ceil(value('callerTimeoutSeconds'))}s`,
        preAllocatedVUs: users,
        maxVUs: mostUsers,
        env: {
          // Of an iteration, in the mean.
          REQUESTS: String(rate / iterations),
          // Connections go to the pods that are there when they begin. Those of the warm-up end, so that others come to all.
          ...(planned === undefined && { CONNECTION: 'close' }),
        },
      },
    ]),
  );
  const thresholds = Object.fromEntries(
    stages.flatMap((stage) =>
      stage.planned === undefined
        ? []
        : Object.entries(thresholdsOf(plan, stage, stage.planned)).map(([metric, limits]) => [
            `${metric}{scenario:${stage.name}}`,
            limits,
          ]),
    ),
  );
  const options = {
    discardResponseBodies: true,
    batchPerHost: MOST_AT_ONCE,
    scenarios,
    thresholds: { ...thresholds, unmarked: ['count==0'] },
  };
  return `// k6 run -e TARGET=<address of the service> load-test.js
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';

export const options = ${JSON.stringify(options, undefined, 2)};

const accepted = new Trend('accepted_ms');
const served = new Counter('served');
const shed = new Rate('shed');
const failed = new Rate('failed');
const unmarked = new Counter('unmarked');

// Requests that come now: Poisson. k6 alone would send at regular times, as no callers do.
function arrivals() {
  const none = Math.exp(-Number(__ENV.REQUESTS));
  let count = 0;
  for (let product = Math.random(); product > none; product *= Math.random()) count += 1;
  return count;
}

export default function () {
  const headers = __ENV.CONNECTION ? { Connection: __ENV.CONNECTION } : {};
  const request = { method: 'GET', url: __ENV.TARGET, params: { timeout: '${callerMillis}ms', headers } };
  for (const response of http.batch(Array(arrivals()).fill(request))) {
    const isRefused = response.status === ${value('shedStatus')};
    const isServed = response.status >= 200 && response.status < 400;
    shed.add(isRefused);
    failed.add(!isRefused && !isServed);
    if (isRefused && !response.headers['Retry-After']) unmarked.add(1);
    if (isServed) {
      served.add(1);
      accepted.add(response.timings.duration);
    }
  }
}
`;
}

function thresholdsOf(
  plan: ServicePlan,
  { iterations, seconds }: LoadStage,
  { forecast, chance, takenIn, shedByConnections }: PlannedStage,
): Record<string, readonly string[]> {
  const { shedRatio, overdueRatio, goodputPerSecond } = forecast;
  const ratio = (share: number) => Number(Math.min(1, share).toFixed(4));
  const servedPlanned = seconds * plan.value('maxInstances') * goodputPerSecond;
  const shedMargin = SHED_MARGIN + SPREADS * chance.shedRatio;
  const leastShed = ratio(shedRatio - takenIn - shedMargin);
  const leastServed = Math.floor(SERVED_SHARE * servedPlanned - SPREADS * chance.served);
  return {
    accepted_ms: [`p(${promisedPercentile(plan)})<=${1000 * plan.value('serverDeadlineSeconds')}`],
    served: [`count>=${Math.max(1, leastServed)}`],
    shed: [`rate<=${ratio(shedByConnections + shedMargin)}`, ...(leastShed > 0 ? [`rate>=${leastShed}`] : [])],
    // Told at the deadline that it takes too long, as planned of so many.
    failed: [`rate<=${ratio((1 - shedRatio) * overdueRatio + FAILED_MARGIN + SPREADS * chance.failedRatio)}`],
    dropped_iterations: [`count<=${Math.floor(DROPPED_SHARE * iterations * seconds)}`],
  };
}
