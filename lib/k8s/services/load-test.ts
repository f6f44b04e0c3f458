/** A script for k6: half, all, twice and five times the capacity, and what the plan says of each. */
import { promisedPercentile } from '../../flow/services/alarms';
import { type BoundedForecast, boundedForecast } from '../../flow/services/bounded';
import { loadStages, STAGE_SECONDS } from '../../flow/services/load-test';
import type { ServicePlan, ServiceWorkload } from '../../flow/services/workload';

/** Points of the share that is refused by which a run of a minute may stray. */
const SHED_MARGIN = 0.02;
/** Points of the share that ends otherwise. */
const FAILED_MARGIN = 0.01;
/** Of the requests that are served as planned, so many at least. */
const SERVED_SHARE = 0.9;
/** Of the requests of a stage that k6 did not send, so many at most: with more, the load was not the one that is judged. */
const DROPPED_SHARE = 0.01;

/**
 * The text of the script. It reads the address of the service from the variable TARGET.
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
        preAllocatedVUs: users,
        maxVUs: mostUsers,
      },
    ]),
  );
  const thresholds = Object.fromEntries(
    stages
      .filter(({ isJudged }) => isJudged)
      .flatMap(({ name, rate }) =>
        Object.entries(thresholdsOf(plan, rate, forecastOf(plan, workload, rate))).map(([metric, limits]) => [
          `${metric}{scenario:${name}}`,
          limits,
        ]),
      ),
  );
  const options = { discardResponseBodies: true, scenarios, thresholds: { ...thresholds, unmarked: ['count==0'] } };
  return `// k6 run -e TARGET=<address of the service> load-test.js
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';

export const options = ${JSON.stringify(options, undefined, 2)};

const accepted = new Trend('accepted_ms');
const served = new Counter('served');
const shed = new Rate('shed');
const failed = new Rate('failed');
const unmarked = new Counter('unmarked');

export default function () {
  const response = http.get(__ENV.TARGET, { timeout: '${callerMillis}ms' });
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
`;
}

/** What one instance makes of its share, as all of them run. */
function forecastOf(
  plan: ServicePlan,
  { serviceSeconds, serviceVariation = 1 }: ServiceWorkload,
  rate: number,
): BoundedForecast {
  const value = (name: string) => plan.value(name);
  const stage = {
    arrivalsPerSecond: rate / value('maxInstances'),
    serviceSeconds,
    serviceVariation,
    slots: value('slotsPerInstance'),
    queueBound: value('queueBound'),
    waitSeconds: value('waitSeconds'),
    deadlineSeconds: value('serverDeadlineSeconds'),
  };
  return boundedForecast(stage, value('alarmLatencyQuantile'));
}

function thresholdsOf(
  plan: ServicePlan,
  rate: number,
  { shedRatio, overdueRatio, goodputPerSecond }: BoundedForecast,
): Record<string, readonly string[]> {
  const ratio = (share: number) => Number(Math.min(1, share).toFixed(4));
  const requests = rate * STAGE_SECONDS;
  const servedPerSecond = plan.value('maxInstances') * goodputPerSecond;
  const leastShed = ratio(shedRatio - SHED_MARGIN);
  return {
    accepted_ms: [`p(${promisedPercentile(plan)})<=${1000 * plan.value('serverDeadlineSeconds')}`],
    served: [`count>=${Math.floor(SERVED_SHARE * STAGE_SECONDS * servedPerSecond)}`],
    shed: [`rate<=${ratio(shedRatio + SHED_MARGIN)}`, ...(leastShed > 0 ? [`rate>=${leastShed}`] : [])],
    // Told at the deadline that it takes too long, as planned of so many.
    failed: [`rate<=${ratio((1 - shedRatio) * overdueRatio + FAILED_MARGIN)}`],
    dropped_iterations: [`count<=${Math.floor(DROPPED_SHARE * requests)}`],
  };
}
