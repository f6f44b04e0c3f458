import type { Rule } from '../rule';
import { embeddedRule } from './trap';

/** `rate`, `self.rate`, `this._rate`. */
const RATE = '(?:self\\._?|this\\.[_#]?)?(?:rate|refill_?rate|refillRate)';

/** Rules about throttles: buckets, pools, breakers. */
export const EMBEDDED_THROTTLE_RULES: readonly Rule[] = [
  embeddedRule({
    id: 'BP-BUCKET-001',
    title: 'A token bucket that is clamped to its rate instead of its burst',
    why: 'The burst becomes one second of the rate; and below one token a second the bucket never holds a whole token, so no request is ever sent.',
    source: 'Token bucket: tokens = min(burst, tokens + Δt × rate); RFC 2697, section 3',
    severity: 'error',
    cases: [7],
    signs: [
      {
        pattern: new RegExp(
          `tokens\\s*=\\s*(?:Math\\.)?min\\(\\s*(?:${RATE}\\s*,|[^\\n]{0,300},\\s{0,9}${RATE}\\s*\\)\\s*;?\\s*$)`,
          'm',
        ),
        needs: /\bburst\b|\bcapacity\b/i,
        message: () =>
          'tokens are clamped to the rate: the burst is ignored, and below 1/s there is never a whole token',
        fix: 'clamp to the burst: min(burst, tokens + elapsed × rate)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-BUCKET-002',
    title: 'A token bucket that is refilled once per interval',
    why: 'All tokens of a second are used at its beginning, and none are left at its end. Two refills at the edge of a window are twice the limit for a receiver that counts in other windows.',
    source: 'RFC 2697, section 3: tokens are added one at a time, at the rate',
    severity: 'warning',
    cases: [4],
    signs: [
      {
        pattern:
          /setInterval\(\s*(?:async\s*)?(?:function\b|\(?\w*\)?\s*=>)(?:(?!setInterval)[\s\S]){0,300}?tokens[\s\S]{0,200}?\}?\s{0,99},\s{0,99}(\d{4,20})\s{0,99}\)/,
        message: (match) =>
          `tokens are added every ${Number(match[1]) / 1000} s: all are spent at once, and none are left until the next refill`,
        fix: 'refill when a token is asked for, from the time that has passed: min(burst, tokens + elapsed × rate)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-MYSQL-003',
    title: 'A throttle that only ever gets tighter',
    why: 'Each check of a lagging replica halves the rate, and nothing raises it. After a few minutes nothing is written, even when the replica has caught up.',
    source: 'Chiu & Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance" (1989): AIMD',
    severity: 'error',
    cases: [8],
    signs: [
      {
        pattern: /\.reduce\(\s*(0?\.\d+)\s*\)|\b(?:rate|limit|permits)\w*\s*\*=\s*(0?\.\d+)/i,
        needs: /lag|behind|delay/i,
        excuse: /\b(?:increase|recover|restore|raise|grow|relax)\w*|\+=/i,
        message: (match) =>
          `the rate is multiplied by ${match[1] ?? match[2]} while the replica lags, and nothing raises it again`,
        fix: 'add a fixed step whenever the lag is below its bound (additive increase, multiplicative decrease)',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-POOL-001',
    title: 'A full pool answers with a server error',
    why: 'AbortPolicy throws, and an uncaught exception is a 500: callers take it for a fault and retry at once, which overloads the full pool further.',
    source: 'Java, ThreadPoolExecutor.AbortPolicy: throws RejectedExecutionException; RFC 9110, 503 and Retry-After',
    severity: 'error',
    cases: [12],
    signs: [
      {
        pattern: /new\s+(?:ThreadPoolExecutor\.)?AbortPolicy\(\)/,
        excuse: /RejectedExecutionException/,
        message: () =>
          'AbortPolicy throws RejectedExecutionException, which is mapped nowhere: callers see 500 and retry',
        fix: 'catch RejectedExecutionException and answer 503 with Retry-After',
      },
    ],
  }),
  embeddedRule({
    id: 'BP-POOL-002',
    title: 'A circuit breaker without a time-out',
    why: 'A breaker counts calls that end. A dependency that does not answer ends no call: every thread waits, and the breaker stays closed.',
    source: 'Resilience4j, CircuitBreaker and TimeLimiter',
    severity: 'error',
    cases: [12],
    signs: [
      {
        pattern: /\bCircuitBreaker(?:Registry)?\.of(?:Defaults)?\(/,
        excuse: /TimeLimiter|\.orTimeout\(|completeOnTimeout|(?:read|call|request|connect|response|socket)_?Timeout/i,
        message: () => 'a CircuitBreaker and no time-out: a call that never returns is never counted',
        fix: "put a TimeLimiter, or the time-out of the client, below it: shorter than the caller's time-out",
      },
    ],
  }),
];
