/** A script for k6: half, all, twice and five times the capacity, and what the plan says of each. */
import { promisedPercentile } from '../../flow/services/alarms';
import { shedRatio } from '../../flow/services/bounded';
import type { ServicePlan, ServiceWorkload } from '../../flow/services/workload';

const TIMES = [0.5, 1, 2, 5];
const STAGE_SECONDS = 60;
const GAP_SECONDS = 15;

/** The text of the script. It reads the address of the service from the variable TARGET. */
export function loadTestScript(plan: ServicePlan, { serviceSeconds, serviceVariation = 1 }: ServiceWorkload): string {
  const { capacityPerSecond } = plan.predictions;
  const latencySeconds = plan.value('serverDeadlineSeconds');
  const scenarios = Object.fromEntries(
    TIMES.map((times, index) => {
      const rate = Math.max(1, Math.round(times * capacityPerSecond));
      // Each request that is under way has a user of its own: a refusal ends at once, the rest within the caller's time-out.
      const users = Math.ceil(rate * plan.value('callerTimeoutSeconds')) + 10;
      return [
        nameOf(times),
        {
          executor: 'constant-arrival-rate',
          rate,
          timeUnit: '1s',
          duration: `${STAGE_SECONDS}s`,
          startTime: `${index * (STAGE_SECONDS + GAP_SECONDS)}s`,
          preAllocatedVUs: users,
          maxVUs: 2 * users,
        },
      ];
    }),
  );
  const [slots, queueBound] = ['slotsPerInstance', 'queueBound'].map((name) => plan.value(name));
  const shed = (times: number) => {
    const arrivalsPerSecond = (times * slots) / serviceSeconds;
    return shedRatio({ arrivalsPerSecond, serviceSeconds, serviceVariation, slots, queueBound });
  };
  const thresholds = Object.fromEntries(
    TIMES.flatMap((times) => [
      [`accepted_ms{scenario:${nameOf(times)}}`, [`p(${promisedPercentile(plan)})<=${1000 * latencySeconds}`]],
      [`shed{scenario:${nameOf(times)}}`, [`rate<=${Number(Math.min(1, shed(times) + SHED_MARGIN).toFixed(4))}`]],
    ]),
  );
  const options = { discardResponseBodies: true, scenarios, thresholds: { ...thresholds, unmarked: ['count==0'] } };
  return `// k6 run -e TARGET=<address of the service> load-test.js
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';

export const options = ${JSON.stringify(options, undefined, 2)};

const accepted = new Trend('accepted_ms');
const shed = new Rate('shed');
const unmarked = new Counter('unmarked');

export default function () {
  const response = http.get(__ENV.TARGET, { timeout: '${Math.ceil(1000 * plan.value('callerTimeoutSeconds'))}ms' });
  const isRefused = response.status === ${plan.value('shedStatus')};
  shed.add(isRefused);
  if (isRefused && !response.headers['Retry-After']) unmarked.add(1);
  if (response.status > 0 && response.status < 400) accepted.add(response.timings.duration);
}
`;
}

/** Points of the share that is refused by which a run of a minute may stray. */
const SHED_MARGIN = 0.02;

function nameOf(times: number): string {
  return `load_${String(times).replace('.', '_')}`;
}
