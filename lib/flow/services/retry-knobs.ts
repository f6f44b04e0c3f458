/** The knobs of calls to other services that fail: attempts, waits between them, a budget for all, and a breaker. */
import { chosenKnob } from '../alarms';
import { given, type Knob } from '../plan';
import { mostInTurn, retryWaitSeconds } from './calls';
import { RETRY_BUDGET_RATIO } from './retries';
import type { Resolved, Sizes } from './sizing';
import type { ServiceQuestion } from './workload';

const OWN = 'docs/constructs/k8s-bounded-service.md';
const RESILIENCE = 'Resilience4j, CircuitBreaker; the numbers are assumptions';
const FINAGLE =
  'Finagle, RetryBudget: 20 % of requests, and 10 a second at least, which for a small instance would be more than its requests';
/** The part of what an instance serves that it may retry beside the ratio. */
const RESERVE_SHARE = 100;

/** Attempts, waits, budget and breaker. */
export function retryKnobs({ retryAttempts }: ServiceQuestion, asked: Resolved, sizes: Sizes): Knob[] {
  const { slots, ratedPerSecond, waitSeconds } = sizes;
  return [
    retryAttempts === undefined
      ? chosenKnob('retryAttempts', 1, 'attempts', 'after the first one, of a call to a downstream', OWN)
      : given('retryAttempts', retryAttempts, 'attempts'),
    {
      name: 'retryWaitSeconds',
      value: retryWaitSeconds(asked, waitSeconds),
      unit: 's',
      formula:
        'min(0.5, (latency − wait) ÷ (10 × calls × attempts)): before each retry, a tenth of what an attempt may take',
      inputs: {
        latencySeconds: asked.latencySeconds,
        waitSeconds,
        calls: mostInTurn(asked),
        attempts: 1 + asked.retryAttempts,
      },
      source: 'Resilience4j, Retry, waitDuration: 500 ms by default, longer than many a promise',
    },
    chosenKnob(
      'retryBudgetRatio',
      RETRY_BUDGET_RATIO,
      'ratio',
      'retries to requests: a storm adds a fifth, and the reserve beside it',
      FINAGLE,
    ),
    {
      name: 'retryBudgetPerSecond',
      value: ratedPerSecond / RESERVE_SHARE,
      unit: 'retries/s',
      formula: 'rated ÷ 100: allowed beside it, for an instance with few requests; at its rated load a hundredth more',
      inputs: { ratedPerSecond },
      source: FINAGLE,
    },
    chosenKnob('breakerWindowSeconds', 10, 's', 'of the calls that count', RESILIENCE),
    chosenKnob('breakerMinimumCalls', 20, 'calls', 'fewer say nothing', RESILIENCE),
    chosenKnob('breakerFailureRatio', 0.5, 'ratio', 'of failed or of slow calls', RESILIENCE),
    chosenKnob('breakerOpenSeconds', 10, 's', 'one window', RESILIENCE),
    {
      name: 'breakerHalfOpenCalls',
      value: Math.ceil(Math.sqrt(slots)),
      unit: 'calls',
      formula: '⌈√slots⌉: enough to judge by, too few to hurt',
      inputs: { slots },
      source: RESILIENCE,
    },
  ];
}
