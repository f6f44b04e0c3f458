/** The breakers, bulkhead and time-outs of a plan as Spring Boot's `application.yml` names them for Resilience4j. */
import type { ServicePlan } from './workload';

/** Settings of one circuit breaker. Names and units are those of Resilience4j 2. */
export interface CircuitBreakerSettings {
  /** `TIME_BASED`. */
  readonly slidingWindowType: string;
  /** Seconds of the window. */
  readonly slidingWindowSize: number;
  /** Calls in the window below which the breaker stays closed. */
  readonly minimumNumberOfCalls: number;
  /** Percent of the calls. */
  readonly failureRateThreshold: number;
  /** Percent of the calls. */
  readonly slowCallRateThreshold: number;
  /** Such as `120ms`. */
  readonly slowCallDurationThreshold: string;
  /** Calls that are let through to find out. */
  readonly permittedNumberOfCallsInHalfOpenState: number;
  /** Such as `10000ms`. */
  readonly waitDurationInOpenState: string;
  /** Whether the breaker goes on to half-open by itself. */
  readonly automaticTransitionFromOpenToHalfOpenEnabled: boolean;
}

/** Settings of a time limiter. */
export interface TimeLimiterSettings {
  /** Such as `120ms`. */
  readonly timeoutDuration: string;
  /** Whether the call is interrupted. */
  readonly cancelRunningFuture: boolean;
}

/** Settings of a retry. */
export interface RetrySettings {
  /** The first attempt and those after it. */
  readonly maxAttempts: number;
  /** From an attempt that failed to the next one, such as `12ms`. Resilience4j waits 500 ms unless it is told. */
  readonly waitDuration: string;
}

/** Settings of one instance for each downstream. */
export interface Resilience4jSettings {
  /** By the name of the downstream. */
  readonly circuitBreakers: { [name: string]: CircuitBreakerSettings };
  /** By the name of the downstream. */
  readonly timeLimiters: { [name: string]: TimeLimiterSettings };
  /** By the name of the downstream. */
  readonly retries: { [name: string]: RetrySettings };
}

const PREFIX = 'downstreamTimeoutSeconds.';

/** The settings of a plan; of a service that calls no other, none. */
export function resilience4jSettings(plan: ServicePlan): Resilience4jSettings {
  const value = (name: string) => plan.value(name);
  const names = plan.knobs.flatMap(({ name }) => (name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []));
  const each = <T>(settings: (timeout: string) => T) =>
    Object.fromEntries(names.map((name) => [name, settings(millis(value(`${PREFIX}${name}`)))]));
  return {
    circuitBreakers: each((timeout) => ({
      slidingWindowType: 'TIME_BASED',
      slidingWindowSize: value('breakerWindowSeconds'),
      minimumNumberOfCalls: value('breakerMinimumCalls'),
      failureRateThreshold: 100 * value('breakerFailureRatio'),
      slowCallRateThreshold: 100 * value('breakerFailureRatio'),
      slowCallDurationThreshold: timeout,
      permittedNumberOfCallsInHalfOpenState: value('breakerHalfOpenCalls'),
      waitDurationInOpenState: millis(value('breakerOpenSeconds')),
      automaticTransitionFromOpenToHalfOpenEnabled: true,
    })),
    // A thread that is not interrupted keeps its slot after the time-out.
    timeLimiters: each((timeout) => ({ timeoutDuration: timeout, cancelRunningFuture: true })),
    retries: each(() => ({
      maxAttempts: 1 + value('retryAttempts'),
      waitDuration: millis(value('retryWaitSeconds')),
    })),
  };
}

/** The same as the text of `application.yml`. */
export function resilience4jYaml(plan: ServicePlan): string {
  const { circuitBreakers, timeLimiters, retries } = resilience4jSettings(plan);
  const section = (name: string, instances: object) =>
    Object.keys(instances).length === 0 ? [] : [`  ${name}:`, '    instances:', ...lines(instances, 6)];
  const text = [
    ...section('circuitbreaker', circuitBreakers),
    ...section('timelimiter', timeLimiters),
    ...section('retry', retries),
  ];
  return text.length === 0 ? '' : ['resilience4j:', ...text, ''].join('\n');
}

/** Numbers, switches and times need no quotes. */
function lines(object: object, indent: number): string[] {
  const space = ' '.repeat(indent);
  return Object.entries(object).flatMap(([name, value]) =>
    typeof value === 'object'
      ? [`${space}${key(name)}:`, ...lines(value, indent + 2)]
      : [`${space}${key(name)}: ${value}`],
  );
}

/** YAML 1.1 reads some names as something else. */
function key(name: string): string {
  return /^(y|n|yes|no|on|off|true|false|null)$/i.test(name) ? `'${name}'` : name;
}

/** Whole milliseconds, at least one. */
function millis(seconds: number): string {
  return `${Math.max(1, Math.floor(1000 * seconds))}ms`;
}
