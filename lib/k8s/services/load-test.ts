/** A script for k6: half, all, twice and five times the capacity, and what the plan says of each. */
import { promisedPercentile } from '../../flow/services/alarms';
import { boundedForecast } from '../../flow/services/bounded';
import { boundedDeviation } from '../../flow/services/deviation';
import { gapSeconds, loadStages, STAGE_SECONDS } from '../../flow/services/load-test';
import type { BoundedStage } from '../../flow/services/waits';
import type { ServicePlan, ServiceWorkload } from '../../flow/services/workload';

/** Points by which the share that is refused may differ from the forecast beside chance: it is a formula, within 1.2 points. */
const SHED_MARGIN = 0.02;
/** Points of the share that ends otherwise. */
const FAILED_MARGIN = 0.01;
/** Standard deviations of what chance does in a stage: each limit is crossed once in 700 runs by a service that does as planned. */
const SPREADS = 3;
/** Of the requests that are served as planned, so many at least, beside chance. */
const SERVED_SHARE = 0.9;
/** Of the requests of a stage that k6 did not send, so many at most: with more, the load was not the one that is judged. */
const DROPPED_SHARE = 0.01;

/** Requests of one iteration at most that are sent at once: of a mean of one, more are never drawn. */
const MOST_AT_ONCE = 20;

/**
 * The text of the script. It reads the address of the service from the variable TARGET.
 *
 * k6 begins its iterations at regular times, and callers do not come so: at the full load a queue refuses a fraction of what it
 * refuses of theirs. So each iteration sends a number of requests that is drawn, one in the mean, and a stage is Poisson as the
 * plan takes it.
 *
 * Every request has one of three outcomes: served (200 to 399), refused (the status of a refusal), or failed, which is all the rest:
 * no answer within the caller's time-out, 504, 500, 404. Each has a threshold, so that a queue without a bound, a bound that refuses
 * too much, and a wrong address fail the run.
 */
export function loadTestScript(plan: ServicePlan, workload: ServiceWorkload): string {
  const value = (name: string) => plan.value(name);
  const stages = loadStages(plan);
  const callerMillis = Math.ceil(Number((1000 * value('callerTimeoutSeconds')).toFixed(6)));
  const scenarios = Object.fromEntries(
    stages.map(({ name, rate, seconds, startSeconds, users, mostUsers }) => [
      name,
      {
        executor: 'constant-arrival-rate',
        rate,
        timeUnit: '1s',
        duration: `${seconds}s`,
        startTime: `${startSeconds}s`,
        gracefulStop: `${gapSeconds(plan)}s`,
        preAllocatedVUs: users,
        maxVUs: mostUsers,
      },
    ]),
  );
  const thresholds = Object.fromEntries(
    stages
      .filter(({ isJudged }) => isJudged)
      .flatMap(({ name, rate }) =>
        Object.entries(thresholdsOf(plan, workload, rate)).map(([metric, limits]) => [
          `${metric}{scenario:${name}}`,
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

// Requests that come at once: Poisson, one in the mean. k6 alone would send at regular times, as no callers do.
function arrivals() {
  let count = 0;
  for (let product = Math.random(); product > Math.exp(-1); product *= Math.random()) count += 1;
  return count;
}

export default function () {
  const request = { method: 'GET', url: __ENV.TARGET, params: { timeout: '${callerMillis}ms' } };
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

/** What one instance gets of a load, as all of them run. */
function stageOf(plan: ServicePlan, workload: ServiceWorkload, rate: number): BoundedStage {
  const { serviceSeconds, serviceVariation = 1 } = workload;
  return {
    arrivalsPerSecond: rate / plan.value('maxInstances'),
    serviceSeconds,
    serviceVariation,
    slots: plan.value('slotsPerInstance'),
    queueBound: plan.value('queueBound'),
    waitSeconds: plan.value('waitSeconds'),
    deadlineSeconds: plan.value('serverDeadlineSeconds'),
  };
}

function thresholdsOf(plan: ServicePlan, workload: ServiceWorkload, rate: number): Record<string, readonly string[]> {
  const stage = stageOf(plan, workload, rate);
  const instances = plan.value('maxInstances');
  const forecast = boundedForecast(stage, plan.value('alarmLatencyQuantile'));
  const chance = boundedDeviation(stage, forecast, STAGE_SECONDS, instances);
  const { shedRatio, overdueRatio, goodputPerSecond } = forecast;
  const ratio = (share: number) => Number(Math.min(1, share).toFixed(4));
  const requests = rate * STAGE_SECONDS;
  const servedPlanned = STAGE_SECONDS * instances * goodputPerSecond;
  const shedMargin = SHED_MARGIN + SPREADS * chance.shedRatio;
  // A stage begins with empty queues, and nothing is refused until they are full.
  const takenIn = (instances * plan.value('concurrencyLimit')) / requests;
  const leastShed = ratio(shedRatio - takenIn - shedMargin);
  const leastServed = Math.floor(SERVED_SHARE * servedPlanned - SPREADS * chance.served);
  return {
    accepted_ms: [`p(${promisedPercentile(plan)})<=${1000 * plan.value('serverDeadlineSeconds')}`],
    served: [`count>=${Math.max(1, leastServed)}`],
    shed: [`rate<=${ratio(shedRatio + shedMargin)}`, ...(leastShed > 0 ? [`rate>=${leastShed}`] : [])],
    // Told at the deadline that it takes too long, as planned of so many.
    failed: [`rate<=${ratio((1 - shedRatio) * overdueRatio + FAILED_MARGIN + SPREADS * chance.failedRatio)}`],
    dropped_iterations: [`count<=${Math.floor(DROPPED_SHARE * requests)}`],
  };
}
