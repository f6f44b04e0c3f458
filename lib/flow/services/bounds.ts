/** The bounds of a service as variables; a program reads them with the gate's library, or by itself. */
import type { Check } from '../errors';
import type { LimitName } from './limit';
import type { ServicePlan } from './workload';

/** Which knob each variable is, where it is one. */
const KNOBS = {
  SLOTS: 'slotsPerInstance',
  QUEUE: 'queueBound',
  WAIT_SECONDS: 'waitSeconds',
  SERVER_DEADLINE_SECONDS: 'serverDeadlineSeconds',
  IDLE_TIMEOUT_SECONDS: 'idleTimeoutSeconds',
  SHED_STATUS: 'shedStatus',
  RETRY_AFTER_SECONDS: 'retryAfterSeconds',
  RETRY_AFTER_JITTER: 'retryAfterJitter',
  RETRY_ATTEMPTS: 'retryAttempts',
  RETRY_WAIT_SECONDS: 'retryWaitSeconds',
  RETRY_BUDGET_RATIO: 'retryBudgetRatio',
  RETRY_BUDGET_PER_SECOND: 'retryBudgetPerSecond',
} as const;

/** Those of a limit that follows the work. */
const LIMIT_KNOBS = {
  LIMIT_INITIAL: 'limitInitial',
  LIMIT_FLOOR: 'limitFloor',
  LIMIT_CEILING: 'limitCeiling',
  LIMIT_SERVICE_SECONDS: 'limitServiceSeconds',
  LIMIT_TOLERANCE: 'limitTolerance',
  LIMIT_WINDOW_REQUESTS: 'limitWindowRequests',
} as const;

/**
 * Each by its name.
 *
 * @param healthPath where the program is asked how it is; default: the gate's own, `/healthz`
 */
export function boundsOf(
  plan: ServicePlan,
  service: string,
  limit: LimitName = 'fixed',
  healthPath?: string,
): Record<string, string> {
  const texts = (knobs: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(knobs).map(([variable, knob]) => [variable, String(plan.value(knob))]));
  return {
    SERVICE: service,
    ...(healthPath !== undefined && { HEALTH_PATH: healthPath }),
    ...texts(KNOBS),
    ...(limit !== 'fixed' && { LIMIT: limit, ...texts(LIMIT_KNOBS) }),
    ...Object.fromEntries(
      plan.knobs.flatMap(({ name, value }) => {
        const [knob, downstream] = name.split('.');
        return knob === 'downstreamTimeoutSeconds' ? [[timeoutVariable(downstream), String(value)]] : [];
      }),
    ),
  };
}

function timeoutVariable(downstream: string): string {
  return `TIMEOUT_SECONDS_${downstream.toUpperCase().replace(/-/g, '_')}`;
}

/** A limit that is not planned would be one as soon as its variables were there, so they are refused then as well. */
const OWN: readonly string[] = ['SERVICE', 'HEALTH_PATH', 'LIMIT', ...Object.keys(KNOBS), ...Object.keys(LIMIT_KNOBS)];

/**
 * That no variable of a program takes the place of a bound.
 *
 * @param prop what they are given with, such as `environment`
 * @param given by their names
 * @param downstreams what the service calls, unchecked
 */
export function boundsChecks(prop: string, given: object, downstreams: unknown): Check[] {
  const called: readonly ({ readonly name?: unknown } | null)[] = Array.isArray(downstreams) ? downstreams : [];
  const timeouts = called.flatMap((one) => (typeof one?.name === 'string' ? [timeoutVariable(one.name)] : []));
  return Object.keys(given).map((name) => ({
    refused: OWN.includes(name) || timeouts.includes(name),
    message: `${prop} ${name} must not be given: the plan sets it; give the prop it comes from, or call yours otherwise`,
  }));
}
