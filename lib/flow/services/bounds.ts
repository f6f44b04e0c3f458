/** The bounds of a service as variables; a program reads them with the gate's library, or by itself. */
import type { LimitName } from './limit';
import type { ServicePlan } from './workload';

/** Each by its name. */
export function boundsOf(plan: ServicePlan, service: string, limit: LimitName = 'fixed'): Record<string, string> {
  const text = (name: string) => String(plan.value(name));
  return {
    SERVICE: service,
    SLOTS: text('slotsPerInstance'),
    QUEUE: text('queueBound'),
    WAIT_SECONDS: text('waitSeconds'),
    SERVER_DEADLINE_SECONDS: text('serverDeadlineSeconds'),
    SHED_STATUS: text('shedStatus'),
    RETRY_AFTER_SECONDS: text('retryAfterSeconds'),
    RETRY_AFTER_JITTER: text('retryAfterJitter'),
    RETRY_ATTEMPTS: text('retryAttempts'),
    RETRY_BUDGET_RATIO: text('retryBudgetRatio'),
    RETRY_BUDGET_PER_SECOND: text('retryBudgetPerSecond'),
    ...(limit !== 'fixed' && {
      LIMIT: limit,
      LIMIT_INITIAL: text('limitInitial'),
      LIMIT_FLOOR: text('limitFloor'),
      LIMIT_CEILING: text('limitCeiling'),
      LIMIT_SERVICE_SECONDS: text('limitServiceSeconds'),
      LIMIT_TOLERANCE: text('limitTolerance'),
      LIMIT_WINDOW_REQUESTS: text('limitWindowRequests'),
    }),
    ...Object.fromEntries(
      plan.knobs.flatMap(({ name, value }) => {
        const [knob, downstream] = name.split('.');
        if (knob !== 'downstreamTimeoutSeconds') return [];
        return [[`TIMEOUT_SECONDS_${downstream.toUpperCase().replace(/-/g, '_')}`, String(value)]];
      }),
    ),
  };
}
